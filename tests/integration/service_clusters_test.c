/* SPDX-License-Identifier: Apache-2.0 */
/* One plimsolld serves several clusters, several share them, and one that dies is replaced: real processes on
 * a real private Redis. */
#include <sys/stat.h>

#include "scheduler/app/state/live_state.h"
#include "scheduler/app/terminal/file.h"
#include "scheduler/snapshot/wire/sample_wire.h"
#include "tests/integration/redis_fixture.h"

enum { DAEMONS = 2 };

static Store *stores[2]; /* of clusters a and b */
static const char *const names[] = { "a", "b" };
static pid_t daemons[DAEMONS] = { -1, -1 };

static Store *store_of(const char *cluster) {
        Store *s = NULL;
        TextFault f;

        cr_assert_eq(0, store_open(&(StoreOptions){ .url = url, .cluster = cluster }, &s, &f), "%s", f.what);
        return s;
}

#define N(m, s, v)                                                                                           \
        { .metric = METRIC_##m, .subject = (s), .number = (v) }

/* An idle host that stays fresh for the whole test. */
static void report(Store *store, const char *host) {
        const usec_t now = clock_now();
        Sample facts[] = { N(HOST_CPUS, "", 4), N(HOST_DAEMON, "", 1), N(HOST_CPU_BUSY, "", 100) };
        Sample memory[] = { N(HOST_MEMORY_TOTAL, "", 16384), N(HOST_MEMORY_AVAILABLE, "", 16000) };
        Section sections[] = {
                { .collector = "host", .read_at = now, .samples = facts, .n_samples = ARRAY_SIZE(facts) },
                { .collector = "memory", .read_at = now, .samples = memory, .n_samples = ARRAY_SIZE(memory) },
                { .collector = "vms", .read_at = now },
        };
        Report r = { .host = host,
                     .sent_at = now,
                     .sequence = 1,
                     .interval = 60 * SECOND,
                     .sections = sections,
                     .n_sections = ARRAY_SIZE(sections) };
        const char *text;
        size_t n;

        cr_assert_eq(0, report_print(&arena, &r, &text, &n));
        cr_assert_eq(0, store_put_report(store, host, text, n, 600 * SECOND), "%s", store_error(store));
}

static void setup(void) {
        fixture_setup();
        server_start(NULL, NULL);
        for (int i = 0; i < 2; i++) {
                stores[i] = store_of(names[i]);
                report(stores[i], "h1");
                report(stores[i], "h2");
        }
}

static void end(int i, int how) {
        if (daemons[i] <= 0)
                return;
        (void) kill(daemons[i], how);
        (void) waitpid(daemons[i], NULL, 0);
        daemons[i] = -1;
}

static void teardown(void) {
        for (int i = 0; i < DAEMONS; i++)
                end(i, SIGKILL);
        for (int i = 0; i < 2; i++)
                stores[i] = store_free(stores[i]);
        fixture_teardown();
}

TestSuite(service_clusters, .init = setup, .fini = teardown, .timeout = 120);

static const char *in_dir(const char *name) {
        const char *path = text_format(&arena, "%s/%s", dir, name);

        cr_assert_not_null(path);
        return path;
}

static void write_file(const char *name, const char *text) {
        TextFault f;

        cr_assert_eq(0, file_write(in_dir(name), text, strlen(text), &f), "%s", f.what);
}

/* Its log is DIR/logI. */
static void start(int i, const char *clusters) {
        const char *redis = text_format(&arena, "--redis=%s", url);
        const char *which = text_format(&arena, "--clusters=%s", clusters);
        const char *settings = text_format(&arena, "--settings=%s/plimsoll.yaml", dir);
        const char *log = in_dir(i == 0 ? "log0" : "log1");

        daemons[i] = fork();
        if (daemons[i] != 0)
                return;
        if (!freopen(log, "a", stderr))
                _exit(126);
        (void) execl(BUILD_DIR "/plimsolld", "plimsolld", redis, which, settings, NULL);
        _exit(127);
}

/* The leading service as its last round wrote it; pid 0: none. */
static pid_t leader_of(int cluster, const char **ret_mode) {
        LiveState s = { 0 };
        const char *text, *slash;
        TextFault f;
        size_t n;

        if (store_get_state(stores[cluster], &arena, LIVE_STATE_NAME, &text, &n) != 0)
                return 0;
        cr_assert_eq(0, live_state_parse(&arena, text, n, &s, &f), "%s", f.what);
        if (ret_mode)
                *ret_mode = s.mode;
        slash = strchr(s.leader, '/');
        return slash ? (pid_t) strtol(slash + 1, NULL, 10) : 0;
}

static bool lead_both(pid_t pid) {
        return leader_of(0, NULL) == pid && leader_of(1, NULL) == pid;
}

static bool each_leads_one(void) {
        const pid_t a = leader_of(0, NULL), b = leader_of(1, NULL);

        return (a == daemons[0] && b == daemons[1]) || (a == daemons[1] && b == daemons[0]);
}

/* Waits as long as the test may last. */
#define wait_until(condition)                                                                                \
        while (!(condition))                                                                                 \
        clock_sleep(100 * USEC_PER_MSEC)

static bool log_has(const char *log, const char *what) {
        const char *text;
        TextFault f;
        size_t n;

        return file_read(&arena, in_dir(log), &text, &n, &f) == 0 && strstr(text, what);
}

static uint32_t log_count(const char *log, const char *what) {
        const char *text;
        uint32_t count = 0;
        TextFault f;
        size_t n;

        if (file_read(&arena, in_dir(log), &text, &n, &f) < 0)
                return 0;
        for (; (text = strstr(text, what)); text++)
                count++;
        return count;
}

static const char fast[] =
        "service: { mode: auto, interval: 1s, lease: 2s, settle: 0s }\ncluster: { hosts: ['*'] }\n";

Test(service_clusters, the_store_knows_its_clusters) {
        Store *braces = store_of("c d");
        const char *const *found = NULL;
        uint32_t n = 0;

        report(braces, "x}:hosts");
        cr_assert_eq(0, store_get_clusters(stores[0], &arena, &found, &n), "%s", store_error(stores[0]));
        cr_assert_eq(3, n);
        cr_assert_str_eq("a", found[0]);
        cr_assert_str_eq("b", found[1]);
        cr_assert_str_eq("c d", found[2]);
        (void) store_free(braces);
}

Test(service_clusters, one_service_serves_all_of_them_and_those_that_come_later) {
        Store *later;

        write_file("plimsoll.yaml", fast);
        start(0, "all");
        wait_until(lead_both(daemons[0]));
        cr_assert(log_has("log0", " cluster=a\n"));
        cr_assert(log_has("log0", " cluster=b\n"));
        later = store_of("c");
        report(later, "h1");
        wait_until(log_has("log0", " cluster=c\n"));
        (void) store_free(later);
        end(0, SIGTERM);
        cr_assert(log_has("log0", "service.stopped reason=signal cluster=b\n"));
}

Test(service_clusters, what_is_said_of_one_cluster_is_read_over_what_is_said_of_all) {
        const char *mode = "", *other = "";

        write_file("plimsoll.yaml", "service:\n  mode: advise\n  interval: 1s\ncluster: { hosts: ['*'] }\n");
        cr_assert_eq(0, mkdir(in_dir("clusters"), 0700));
        write_file("clusters/b.yaml", "service.mode: auto\n");
        start(0, "a,b");
        wait_until(lead_both(daemons[0]));
        (void) leader_of(0, &mode);
        (void) leader_of(1, &other);
        cr_assert_str_eq("advise", mode);
        cr_assert_str_eq("auto", other);
        write_file("clusters/b.yaml", "service.mode: advise\n");
        cr_assert_eq(0, kill(daemons[0], SIGHUP));
        wait_until((leader_of(1, &other), strcmp(other, "advise") == 0));
}

Test(service_clusters, one_that_is_broken_holds_up_no_other) {
        write_file("plimsoll.yaml", fast);
        run_and_wait(
                (const char *const[]){ "redis-cli", "-s", socket_path, "del", "plimsoll:{b}:hosts", NULL });
        run_and_wait((const char *const[]){ "redis-cli", "-s", socket_path, "set", "plimsoll:{b}:hosts", "?",
                                            NULL });
        start(0, "a,b");
        wait_until(leader_of(0, NULL) == daemons[0]);
        wait_until(log_has("log0", "store.away"));
        cr_assert(log_has("log0", "WRONGTYPE"));
        wait_until(log_has("log0", "round.planned"));
        clock_sleep(3 * USEC_PER_SEC); /* no condition: it is asked again and again in that time */
        cr_assert_eq(1, log_count("log0", "store.away"), "said once");
}

Test(service_clusters, two_services_share_them_and_the_one_that_stays_leads_both) {
        write_file("plimsoll.yaml", fast);
        start(0, "a,b");
        wait_until(lead_both(daemons[0]));
        start(1, "a,b");
        wait_until(each_leads_one());
        cr_assert(log_has("log0", "lease.handed_over"));
        end(0, SIGKILL);
        wait_until(lead_both(daemons[1]));
        start(0, "a,b");
        wait_until(each_leads_one());
}
