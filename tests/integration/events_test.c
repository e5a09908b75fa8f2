/* SPDX-License-Identifier: Apache-2.0 */
/* What calls a round before its time, with the real service beside the test: the next round would be in an
 * hour. */
#include "scheduler/snapshot/wire/pulse.h"
#include "tests/integration/service_fixture.h"

static pid_t service_pid = -1;
static char log_path[96];

static void setup(void) {
        service_setup();
        (void) snprintf(log_path, sizeof(log_path), "%s/log", dir);
}

static void teardown(void) {
        if (service_pid > 0) {
                (void) kill(service_pid, SIGTERM);
                (void) waitpid(service_pid, NULL, 0);
        }
        service_teardown();
}

TestSuite(events, .init = setup, .fini = teardown, .timeout = 90);

static void start(void) {
        const char *const words[] = { "plimsolld",
                                      "--redis",
                                      url,
                                      "--cluster=t",
                                      "--mode=advise",
                                      "--interval=1h",
                                      "--set=cluster.hosts=*",
                                      "--set=service.hold=2s",
                                      "--set=snapshot.stale_after=4s",
                                      "--set=demand.estimator=last" };
        char copies[ARRAY_SIZE(words)][sizeof(url)];
        char *argv[ARRAY_SIZE(words) + 1] = { NULL };
        int log_fd;

        service_pid = fork();
        if (service_pid != 0)
                return;
        log_fd = open(log_path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
        if (log_fd < 0 || dup2(log_fd, STDERR_FILENO) < 0)
                _exit(1);
        for (size_t i = 0; i < ARRAY_SIZE(words); i++)
                (void) snprintf(copies[i], sizeof(copies[i]), "%s", words[i]);
        for (size_t i = 0; i < ARRAY_SIZE(words); i++)
                argv[i] = copies[i];
        _exit(service_main((int) ARRAY_SIZE(words), argv, stdout, stderr, NULL));
}

static void pulse(const char *host, int64_t cpu_permille, int64_t n_vms) {
        const Pulse p = { .sent_at = clock_now(),
                          .interval = USEC_PER_SEC,
                          .cpu_permille = cpu_permille,
                          .memory_permille = UNKNOWN,
                          .n_vms = n_vms,
                          .vms_hash = n_vms };
        char text[PULSE_SIZE];

        cr_assert_eq(0, store_put_pulse(store, host, text, pulse_print(&p, text)), "%s", store_error(store));
}

static bool log_has(const char *words) {
        char line[1024];
        bool has = false;
        FILE *f = fopen(log_path, "r");

        while (f && !has && fgets(line, sizeof(line), f))
                has = strstr(line, words) != NULL;
        if (f)
                (void) fclose(f);
        return has;
}

/* Both hosts' agents go on, h2's unless it is to be silent, until the service says these words. */
static bool until(const char *words, int64_t cpu_permille, int64_t n_vms, bool h2) {
        for (int i = 0; i < 100; i++) {
                if (log_has(words))
                        return true;
                pulse("h1", cpu_permille, n_vms);
                if (h2)
                        pulse("h2", 10, 0);
                clock_sleep(200 * USEC_PER_MSEC);
        }
        return false;
}

static void show_log(void) {
        char line[1024];
        FILE *f = fopen(log_path, "r");

        while (f && fgets(line, sizeof(line), f))
                (void) fputs(line, stderr);
        if (f)
                (void) fclose(f);
}

#define seen(it) cr_assert((it) || (show_log(), false), "%s", #it)

Test(events, load_above_the_line_and_a_vm_more_on_it) {
        report("h1", 4);
        report("h2", 0);
        start();
        seen(until("round.planned", 900, 4, true));
        seen(until("why=\"h1 has been above its load line for the hold time\"", 900, 4, true));
        seen(until("why=\"h1 has another VM and is above its load line\"", 900, 5, true));
}

Test(events, a_host_that_falls_silent) {
        report("h1", 1);
        report("h2", 0);
        start();
        seen(until("round.planned", 100, 1, true));
        seen(until("why=\"h2 has stopped reporting\"", 100, 1, false));
        cr_assert(!log_has("why=\"h1"));
}

static const char *report_text(const char *says, const char *extra) {
        return text_format(&arena, "plimsoll.report/1 %s sent=%lld seq=9 every=1000000\n@faults_d %lld\n%s",
                           says, (long long) clock_now(), (long long) clock_now(), extra);
}

static void put(const char *host, const char *text) {
        cr_assert_eq(0, store_put_report(store, host, text, strlen(text), 60 * USEC_PER_SEC));
}

static unsigned log_count(const char *words) {
        char line[1024];
        unsigned n = 0;
        FILE *f = fopen(log_path, "r");

        while (f && fgets(line, sizeof(line), f))
                n += strstr(line, words) != NULL;
        if (f)
                (void) fclose(f);
        return n;
}

/* For three seconds h2 rings all the time; how many rounds were called by then. */
static unsigned ring(void) {
        for (int i = 0; i < 15; i++) {
                cr_assert_eq(0, store_raise_alarm(store, "h2", clock_now()));
                pulse("h1", 100, 1);
                pulse("h2", 10, 0);
                clock_sleep(200 * USEC_PER_MSEC);
        }
        return log_count("round.called");
}

/* A host is believed about itself: that it rings is no reason while its own report says nothing worse, and one that got
 * worse is heard once. */
Test(events, a_ring_counts_when_the_hosts_own_report_got_worse) {
        report("h1", 1);
        report("h2", 0);
        start();
        seen(until("round.planned", 100, 1, true));
        cr_assert_eq(ring(), 0, "a ring for nothing called a round");
        put("h2", report_text("h2", "fault.grade\tsda\t4\nfault.why\tsda\tdying\n"));
        cr_assert_eq(0, store_raise_alarm(store, "h2", clock_now()));
        for (int i = 0; i < 40 && log_count("why=\"h2 got worse\"") == 0; i++) {
                cr_assert_eq(0, store_raise_alarm(store, "h2", clock_now()));
                clock_sleep(250 * USEC_PER_MSEC);
        }
        seen(log_count("why=\"h2 got worse\"") == 1);
        (void) ring();
        seen(log_count("why=\"h2 got worse\"") == 1);
}

/* An agent can write its own key only, and what stands there is about its own host only. */
Test(events, a_report_that_names_another_host_is_not_used) {
        report("h1", 1);
        put("h2", report_text("h1", ""));
        start();
        seen(until("notice=\"h2: its report names h1 as its host; not used\"", 100, 1, true));
}
