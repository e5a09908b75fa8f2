/* SPDX-License-Identifier: Apache-2.0 */
/* A service that idles writes nothing, whatever odd state it is in: what goes on is said when it begins, when it changes and
 * when it ends. So many lines at its begin, and after some rounds none: 60 rounds here, 1,000 with PLIMSOLL_ROUNDS=1000
 * (tests/long/quiet). Simulated time; Redis is a real one whose clock is ours (redis_clock.c). */

#include "scheduler/app/state/host_mark.h"
#include "scheduler/app/state/stop_entry.h"
#include "tests/integration/sim_world.h"

#define INTERVAL (30 * SECOND)
#define ROUNDS   60
#define SETTLED  (15 * INTERVAL) /* after its begin nothing is new any more */
#define LINES    40              /* until then: what it is and does, what is odd, and not more */

/* ---- the world: one thread; what others do happens while the service sleeps ---- */

static usec_t reported, settled_at;
static FILE *log_file;
static size_t log_settled; /* bytes that were written until then */
static Store *store;
static int hosts_there; /* whose agents report */
static void (*meanwhile)(void);

static void sleep_on(void *self, usec_t d) {
        (void) self;
        sim_advance(d);
        if (sim_now() >= settled_at && log_settled == 0)
                log_settled = (size_t) ftell(log_file);
        if (sim_now() >= reported + INTERVAL / 2) {
                reported = sim_now();
                meanwhile();
        }
}

static const Clock clock_alone = { .now = sim_clock_now, .monotonic = sim_clock_now, .sleep = sleep_on };

static int open_executor(void *self, Executor *ret) {
        (void) self;
        return executor_simulated_open((ExecutorSimulatedOptions){ .clock = &clock_alone }, ret);
}

static int look_there(void *self, LibvirtAt at, const char *uuid, usec_t at_most, DomainState *ret) {
        (void) self;
        (void) uuid;
        (void) at_most;
        *ret = (DomainState){ .presence = strstr(at.uri, "h2") ? PRESENCE_UNKNOWN : PRESENCE_RUNNING };
        (void) snprintf(ret->words, sizeof(ret->words), "%s",
                        strstr(at.uri, "h2") ? "cannot be asked: it is down" : "running");
        return 0;
}

static void identify(void *self, char *buf, size_t size) {
        (void) self;
        (void) snprintf(buf, size, "here/1/%llx", (unsigned long long) sim_now());
}

/* ---- agents ---- */

enum { HOSTS = 6, VMS_OF_H1 = 6 };
static const char *const host_names[HOSTS] = { "h1", "h2", "h3", "h4", "h5", "h6" };
static bool failing[HOSTS];
static bool pinned;

/* h1 is full, the others are empty. */
static void report(int h) {
        static const char *const names[VMS_OF_H1] = { "a", "b", "c", "d", "e", "f" };
        static const char *const uuids[VMS_OF_H1] = {
                "00000000-0000-4000-8000-000000000001", "00000000-0000-4000-8000-000000000002",
                "00000000-0000-4000-8000-000000000003", "00000000-0000-4000-8000-000000000004",
                "00000000-0000-4000-8000-000000000005", "00000000-0000-4000-8000-000000000006"
        };
        const SimHost host = { .name = host_names[h],
                               .cpus = 8,
                               .mib = 32768,
                               .own_mib = 2624,
                               .at = sim_now(),
                               .interval = INTERVAL / 2,
                               .expiry = store_report_expiry(INTERVAL / 2),
                               .broken = failing[h] };
        SimVm vms[VMS_OF_H1];

        for (int v = 0; v < VMS_OF_H1; v++)
                vms[v] = (SimVm){ .name = names[v],
                                  .uuid = uuids[v],
                                  .vcpus = 2,
                                  .mib = 1024,
                                  .mcores = 1200,
                                  .pinned = pinned ? "it uses a device of its host" : NULL };
        sim_report(store, &arena, &host, vms, h == 0 ? VMS_OF_H1 : 0);
}

static void agents_report(void) {
        for (int h = 0; h < hosts_there; h++)
                report(h);
}

/* ---- a service, for so long ---- */

static char *log_text;
static size_t log_size;

static void idle(const char *mode) {
        char redis_option[160], mode_option[32];
        char *words[] = { (char[]){ "plimsolld" },
                          redis_option,
                          mode_option,
                          (char[]){ "--cluster=quiet" },
                          (char[]){ "--interval=30s" },
                          (char[]){ "--settings=/dev/null" },
                          (char[]){ "--set=cluster.hosts=*" },
                          (char[]){ "--state-dir=/nonexistent" },
                          (char[]){ "--set=plan.exact_nodes=0" },
                          (char[]){ "--set=service.hold=0s" },
                          (char[]){ "--set=service.confirm_for=30d" }, /* its end would be news */
                          (char[]){ "--set=service.lease=2m" } };
        const char *rounds = getenv("PLIMSOLL_ROUNDS");
        ServiceWorld world = { SIM_WORLD, .nap = INTERVAL / 2, .open_executor = open_executor };
        ClusterServiceOptions o = { .world = &world };
        ClusterService *service = NULL;
        Options options;
        TextFault f = { 0 };

        world.clock = &clock_alone;
        world.identify = identify;
        world.look = look_there;
        sim_ends_by = STOP_DRAIN;
        (void) snprintf(redis_option, sizeof(redis_option), "--redis=%s", url);
        (void) snprintf(mode_option, sizeof(mode_option), "--mode=%s", mode);
        cr_assert_eq(0, options_parse(service_options, ARRAY_SIZE(words), words, &options, &f), "%s", f.what);
        log_file = o.log = open_memstream(&log_text, &log_size);
        o.options = &options;
        settled_at = sim_now() + SETTLED;
        if (hosts_there > 0)
                agents_report();
        sim_end = sim_now() + (rounds ? atoi(rounds) : ROUNDS) * INTERVAL;
        cr_assert_eq(0, cluster_service_open(&o, &service));
        cr_assert_eq(EXIT_DONE, cluster_service_run(service));
        service = cluster_service_free(service);
        (void) fclose(log_file);
        if (getenv("PLIMSOLL_SHOW"))
                (void) fputs(log_text, stderr);
        for (char *at = log_text + log_settled; *at;) /* that it stops is news */
                if (strstr(at, "service.stopped") && !strchr(strchr(at, '\n') + 1, '\n'))
                        break;
                else
                        cr_assert_fail("said when nothing was new:\n%.2000s\n--- before:\n%.6000s", at,
                                       log_text);
}

static uint32_t count(const char *what) {
        uint32_t n = 0;

        for (const char *at = log_text; (at = strstr(at, what)); at += strlen(what))
                n++;
        return n;
}

#define expect_quiet(says)                                                                                   \
        do {                                                                                                 \
                cr_assert_geq(count(says), 1, "nothing says %s:\n%s", says, log_text);                       \
                cr_assert_leq(count("\n"), LINES, "%u lines:\n%.8000s", count("\n"), log_text);              \
        } while (0)

static void setup(void) {
        TextFault f = { 0 };

        sim_setup();
        server_start(NULL, NULL);
        cr_assert_eq(0, store_open(&(StoreOptions){ .url = url, .cluster = "quiet" }, &store, &f), "%s",
                     f.what);
        meanwhile = agents_report;
        hosts_there = 2;
}

static void teardown(void) {
        free(log_text);
        store = store_free(store);
        fixture_teardown();
}

TestSuite(quiet, .init = setup, .fini = teardown, .timeout = 280);

static void mark(const char *host, HostState state) {
        const OperatorMark m = { .state = state, .by = "root@here", .at = sim_now() };
        const char *text;

        cr_assert_eq(0, host_mark_print(&arena, &m, &text));
        cr_assert_eq(0, store_set_mark(store, host, text));
}

Test(quiet, with_nothing_to_do) {
        mark("h2", HOST_CORDONED); /* so that h1's VMs stay */
        idle("auto");
        expect_quiet("round.planned");
}

static void exits_later(void) {
        if (sim_now() > BEGIN + 100 * SECOND && sim_now() < BEGIN + 120 * SECOND)
                cr_assert_eq(0, store_set_mark(store, "h2", "-carol@desk"));
        agents_report();
}

Test(quiet, who_enters_maintenance_and_who_exits_is_named) {
        pinned = true;
        mark("h2", HOST_MAINTENANCE);
        meanwhile = exits_later;
        idle("auto");
        expect_quiet("host.marked host=h2 state=maintenance by=root@here since=");
        cr_assert_eq(1, count("host.marked"), "%s", log_text);
        cr_assert_eq(1, count("host.unmarked host=h2 by=carol@desk after="), "%s", log_text);
}

Test(quiet, without_agents) {
        hosts_there = 0;
        idle("auto");
        expect_quiet("round.blind");
        cr_assert_eq(1, count("round.blind"), "%s", log_text);
}

static void server_goes(void) {
        if (sim_now() > BEGIN + 100 * SECOND)
                server_kill();
        else
                agents_report();
}

Test(quiet, with_a_store_that_is_away) {
        meanwhile = server_goes;
        idle("advise");
        expect_quiet("store.away");
}

Test(quiet, with_a_store_that_is_away_in_auto) {
        meanwhile = server_goes;
        pinned = true;
        idle("auto");
        expect_quiet("store.away");
}

static void agents_die(void) {
        if (sim_now() < BEGIN + 100 * SECOND)
                agents_report();
}

static void agent_of_h1_dies(void) {
        if (sim_now() < BEGIN + 100 * SECOND)
                report(0);
        report(1);
}

Test(quiet, with_hosts_that_are_all_silent) {
        meanwhile = agents_die;
        pinned = true;
        idle("auto");
        expect_quiet("service.blind");
        cr_assert_eq(2, count("agent.silent"), "once of each host:\n%s", log_text);
}

static void agent_of_h1_comes_back(void) {
        if (sim_now() < BEGIN + 100 * SECOND || sim_now() > BEGIN + 250 * SECOND)
                report(0);
        report(1);
}

Test(quiet, an_agent_that_comes_back_is_said_once) {
        pinned = true;
        meanwhile = agent_of_h1_comes_back;
        idle("auto");
        expect_quiet("agent.silent host=h1");
        cr_assert_eq(1, count("host.back host=h1 silent_for="), "%s", log_text);
}

Test(quiet, while_all_moves_are_stopped) {
        const StopEntry stop = { .stopped = true, .by = "root@here", .at = sim_now(), .why = "a test" };
        StoredText is = { 0 };

        cr_assert_eq(0, stop_entry_print(&arena, &stop, &is.text, &is.n));
        cr_assert_eq(0, store_change_stop(store, (StoredText){ .text = "" }, is));
        idle("auto");
        expect_quiet("stop.begin");
}

Test(quiet, while_the_brake_holds_hosts) {
        hosts_there = HOSTS;
        pinned = true;
        for (int h = 1; h < HOSTS; h++)
                failing[h] = true;
        failing[0] = true;
        idle("auto");
        expect_quiet("brake.begin");
}

Test(quiet, while_vms_cannot_leave) {
        pinned = true;
        mark("h1", HOST_MAINTENANCE);
        idle("auto");
        expect_quiet("status=blocked");
}

Test(quiet, while_a_host_that_must_be_left_is_silent) {
        mark("h1", HOST_MAINTENANCE);
        pinned = true;
        meanwhile = agent_of_h1_dies;
        idle("auto");
        expect_quiet("agent.silent");
        cr_assert_eq(1, count("agent.silent host=h1 since=\"2026-01-01T00:01:30Z\""), "%s", log_text);
        cr_assert_eq(2, count("status=blocked"), "before and after:\n%s", log_text);
        cr_assert_eq(0, count("service.blind"), "%s", log_text);
}

Test(quiet, in_advise_with_a_plan_that_nobody_carries_out) {
        idle("advise");
        expect_quiet("round.planned");
        cr_assert_eq(1, count("lease.taken"), "%s", log_text);
        cr_assert(strstr(log_text, "status=repaired") || strstr(log_text, "status=improved"), "%s", log_text);
}

Test(quiet, while_a_plan_waits_for_a_person) {
        idle("confirm");
        expect_quiet("plan.waits");
}

Test(quiet, while_how_a_move_ended_is_not_known) {
        const char *const entry = "{\"event\": \"started\", \"id\": \"x/1/1\", \"vm\": \"a\", "
                                  "\"uuid\": \"00000000-0000-4000-8000-000000000001\", \"from\": \"h1\", "
                                  "\"to\": \"h2\", \"at\": 1767225600000000, \"message\": \"\"}";

        pinned = true;
        run_and_wait((const char *const[]){ "redis-cli", "-s", socket_path, "xadd",
                                            "plimsoll:{quiet}:journal", "*", "text", entry, NULL });
        idle("auto");
        expect_quiet("move.settled");
        cr_assert_eq(1, count("move.settled"), "%s", log_text);
}
