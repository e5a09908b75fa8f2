/* SPDX-License-Identifier: Apache-2.0 */
/* plimsoll stop and plimsoll resume: two services that share a cluster and empty a host, on a real Redis, with migrations
 * that take a while. Whatever is restarted or lost, nothing starts that was stopped.
 */
#include <pthread.h>
#include <stdatomic.h>

#include "scheduler/app/round/confirm_store.h"
#include "scheduler/app/service/service_cluster.h"
#include "scheduler/app/state/host_mark.h"
#include "scheduler/app/terminal/file.h"
#include "tests/integration/person_fixture.h"
#include "tests/integration/real_world.h"
#include "tests/integration/service_fixture.h"
#include "tests/support/executor_simulated.h"

enum { SERVICES = 2, HOSTS = 4, VMS = 24, STARTS_MOST = 400 };

/* ---- the world: real time, migrations of 0.4 s each ---- */

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int host_of[VMS];
static usec_t started[STARTS_MOST];
static uint32_t n_started;
static atomic_bool agents_end;
static atomic_bool ends[SERVICES];
static int numbers[SERVICES] = { 0, 1 };

static SimulatedMove script(void *arg, const MigrationRequest *request) {
        (void) arg;
        (void) request;
        (void) pthread_mutex_lock(&lock);
        cr_assert_lt(n_started, STARTS_MOST);
        started[n_started++] = clock_monotonic();
        (void) pthread_mutex_unlock(&lock);
        return (SimulatedMove){ .takes = 400 * USEC_PER_MSEC, .bytes = 1 << 20 };
}

static void moved(void *arg, const MoveOrder *order) {
        (void) arg;
        (void) pthread_mutex_lock(&lock);
        host_of[strtol(order->vm + 2, NULL, 10)] = (int) strtol(order->to + 1, NULL, 10) - 1;
        (void) pthread_mutex_unlock(&lock);
}

static int open_executor(void *self, Executor *ret) {
        (void) self;
        return executor_simulated_open(
                (ExecutorSimulatedOptions){ .clock = &real, .script = script, .moved = moved }, ret);
}

static uint64_t draw(void *self) {
        return (uint64_t) clock_monotonic() ^ (uint64_t) * (const int *) self;
}

static void identify(void *self, char *buf, size_t size) {
        (void) snprintf(buf, size, "%c/%d/%llx", 'a' + *(const int *) self, getpid(),
                        (unsigned long long) clock_now());
}

static StopRequest stop_request(void *arg) {
        return atomic_load(&ends[*(const int *) arg]) ? STOP_DRAIN : STOP_NONE;
}

/* ---- the agents ---- */

static void agent_report(Store *to, Arena *a, int h) {
        char host[8], names[VMS][8], uuids[VMS][40];
        const usec_t now = clock_now();
        Sample facts[] = { N(HOST_CPUS, "", 64), N(HOST_DAEMON, "", 1), N(HOST_CPU_BUSY, "", 1000) };
        Sample memory[] = { N(HOST_MEMORY_TOTAL, "", 65536), N(HOST_MEMORY_AVAILABLE, "", 65000) };
        Sample vms[VMS * 6];
        Section sections[3];
        Report r = { .host = host,
                     .sent_at = now,
                     .sequence = (uint64_t) now,
                     .interval = 5 * USEC_PER_SEC,
                     .sections = sections,
                     .n_sections = 3 };
        const char *text;
        uint32_t k = 0;
        size_t n;

        (void) snprintf(host, sizeof(host), "h%d", h + 1);
        (void) pthread_mutex_lock(&lock);
        for (int v = 0; v < VMS; v++) {
                if (host_of[v] != h)
                        continue;
                (void) snprintf(names[v], sizeof(names[v]), "vm%d", v);
                (void) snprintf(uuids[v], sizeof(uuids[v]), "00000000-0000-4000-8000-%012d", v + 1);
                vms[k++] = (Sample) T(VM_UUID, names[v], uuids[v]);
                vms[k++] = (Sample) T(VM_STATE, names[v], "running");
                vms[k++] = (Sample) N(VM_VCPUS, names[v], 1);
                vms[k++] = (Sample) N(VM_MEMORY, names[v], 512);
                vms[k++] = (Sample) N(VM_CPU, names[v], 10);
                vms[k++] = (Sample) N(VM_DIRTY, names[v], 0);
        }
        (void) pthread_mutex_unlock(&lock);
        sections[0] = (Section){ .collector = "host", .read_at = now, .samples = facts, .n_samples = 3 };
        sections[1] = (Section){ .collector = "memory", .read_at = now, .samples = memory, .n_samples = 2 };
        sections[2] = (Section){ .collector = "vms", .read_at = now, .samples = vms, .n_samples = k };
        cr_assert_eq(0, report_print(a, &r, &text, &n));
        (void) !store_put_report(to, host, text, n, 60 * USEC_PER_SEC); /* the store may be away */
}

static void *agents_run(void *arg) {
        Store *to = arg;
        Arena a;

        cr_assert_eq(0, arena_open((size_t) 16 << 20, &a));
        while (!atomic_load(&agents_end)) {
                arena_rewind(&a, 0);
                for (int h = 0; h < HOSTS; h++)
                        agent_report(to, &a, h);
                clock_sleep(300 * USEC_PER_MSEC); /* no condition: agents report so often */
        }
        arena_close(&a);
        return NULL;
}

/* ---- the services ---- */

static char redis_option[160], state_options[SERVICES][160];
static ClusterService *services[SERVICES];
static pthread_t threads[SERVICES], agents_thread;
static Store *agents_store;
static Options options[SERVICES];
static ServiceShare shares[SERVICES];
static ServiceWorld worlds[SERVICES];
static FILE *logs[SERVICES];
static char *log_texts[SERVICES];
static size_t log_sizes[SERVICES];
static char *argvs[SERVICES][20];

static void *service_actor(void *arg) {
        (void) cluster_service_run(services[*(const int *) arg]);
        return NULL;
}

static void service_start(int i) {
        char *const words[] = { (char[]){ "--cluster=t" },
                                (char[]){ "--mode=auto" },
                                (char[]){ "--set=cluster.hosts=*" },
                                (char[]){ "--interval=1s" },
                                (char[]){ "--settings=/dev/null" },
                                (char[]){ "--set=service.lease=2s" },
                                (char[]){ "--set=service.settle=0s" },
                                (char[]){ "--set=service.hold=0s" },
                                (char[]){ "--set=plan.moves_at_once=2" },
                                (char[]){ "--set=plan.exact_nodes=0" },
                                (char[]){ "--set=modes.balance=advise" },
                                (char[]){ "--set=modes.load=advise" } };
        ClusterServiceOptions o = { .options = &options[i], .share = &shares[i], .world = &worlds[i] };
        TextFault f;
        int n = 0;

        (void) snprintf(redis_option, sizeof(redis_option), "--redis=%s", url);
        (void) snprintf(state_options[i], sizeof(state_options[i]), "--state-dir=%s", dir);
        argvs[i][n++] = (char *) "plimsolld";
        argvs[i][n++] = redis_option;
        argvs[i][n++] = state_options[i];
        for (size_t k = 0; k < ARRAY_SIZE(words); k++)
                argvs[i][n++] = words[k];
        cr_assert_eq(0, options_parse(service_options, n, argvs[i], &options[i], &f), "%s", f.what);
        atomic_store(&ends[i], false);
        service_share_open(&shares[i]);
        logs[i] = open_memstream(&log_texts[i], &log_sizes[i]);
        o.log = logs[i];
        worlds[i] = (ServiceWorld){ .self = &numbers[i],
                                    .clock = NULL,
                                    .nap = 100 * USEC_PER_MSEC,
                                    .guards = true,
                                    .random = draw,
                                    .identify = identify,
                                    .open_store = service_world_real.open_store,
                                    .open_executor = open_executor,
                                    .look = look_there,
                                    .stop_request = stop_request,
                                    .stop_arg = &numbers[i],
                                    .reloads = service_world_real.reloads };
        cr_assert_eq(0, cluster_service_open(&o, &services[i]));
        cr_assert_eq(0, pthread_create(&threads[i], NULL, service_actor, &numbers[i]));
}

static void service_end(int i) {
        if (!services[i])
                return;
        atomic_store(&ends[i], true);
        (void) pthread_join(threads[i], NULL);
        services[i] = cluster_service_free(services[i]);
        service_share_close(&shares[i]);
        (void) fclose(logs[i]);
}

static bool log_has(int i, const char *what) {
        (void) fflush(logs[i]);
        return log_texts[i] && strstr(log_texts[i], what);
}

static void both_start(void) {
        for (int i = 0; i < SERVICES; i++)
                service_start(i);
}

static void both_end(void) {
        for (int i = 0; i < SERVICES; i++)
                service_end(i);
}

/* ---- a person ---- */

static void empty_h1(void) {
        const OperatorMark mark = { .state = HOST_MAINTENANCE, .by = "root@h9", .at = clock_now() };
        const char *text = NULL;

        cr_assert_eq(0, host_mark_print(&arena, &mark, &text));
        cr_assert_eq(0, store_set_mark(store, "h1", text));
        cr_assert_eq(0, store_call_round(store));
}

static void redis_cli(const char *first, const char *second, const char *third) {
        run_and_wait((const char *const[]){ "redis-cli", "-s", socket_path, first, second, third, NULL });
}

/* ---- what is looked at ---- */

static uint32_t starts(void) {
        uint32_t n;

        (void) pthread_mutex_lock(&lock);
        n = n_started;
        (void) pthread_mutex_unlock(&lock);
        return n;
}

static void wait_for_starts(uint32_t n) {
        for (int i = 0; i < 300 && starts() < n; i++)
                clock_sleep(100 * USEC_PER_MSEC);
        cr_assert_geq(starts(), n);
}

static bool has_stop(const char *what) {
        const char *text = NULL;
        usec_t now = 0;
        size_t n = 0;

        return store_get_stop(store, &arena, &text, &n, &now) == 0 && strstr(text, what);
}

static void wait_for_stop(const char *what) {
        for (int i = 0; i < 30 && !has_stop(what); i++)
                clock_sleep(100 * USEC_PER_MSEC);
        cr_assert(has_stop(what));
}

/* Nothing starts later than a second after `since`, for so long. */
static void nothing_starts(usec_t since, usec_t during) {
        clock_sleep(during); /* no condition: nothing is to happen */
        (void) pthread_mutex_lock(&lock);
        for (uint32_t i = 0; i < n_started; i++)
                cr_expect_leq(started[i], since + USEC_PER_SEC, "a move started %lld ms after the stop",
                              (long long) ((started[i] - since) / USEC_PER_MSEC));
        (void) pthread_mutex_unlock(&lock);
}

static void setup(void) {
        TextFault f;

        service_setup();
        memset(host_of, 0, sizeof(host_of));
        n_started = 0;
        atomic_store(&agents_end, false);
        cr_assert_eq(0, store_open(&(StoreOptions){ .url = url, .cluster = "t" }, &agents_store, &f));
        cr_assert_eq(0, pthread_create(&agents_thread, NULL, agents_run, agents_store));
        clock_sleep(500 * USEC_PER_MSEC); /* no condition: the agents report */
        empty_h1();
}

static void teardown(void) {
        both_end();
        atomic_store(&agents_end, true);
        (void) pthread_join(agents_thread, NULL);
        agents_store = store_free(agents_store);
        service_teardown();
}

TestSuite(stop, .init = setup, .fini = teardown, .timeout = 120);

/* ---- the stories ---- */

Test(stop, in_the_middle_of_waves_nothing_more_starts_and_what_runs_ends) {
        JournalEntry entries[32];
        usec_t at;
        uint32_t n, before;

        both_start();
        wait_for_starts(3);
        cr_assert_eq(EXIT_DONE, PLIMSOLL("stop", "--why", "the switch burns"), "%s", said);
        at = clock_monotonic();
        before = starts();
        SAYS("all moves are stopped since ");
        SAYS("the switch burns");
        nothing_starts(at, 4 * USEC_PER_SEC);
        cr_expect_leq(starts(), before, "the store itself refuses what is begun after it");
        n = journal(entries);
        cr_assert_eq(JOURNAL_DONE, entries[0].event, "what ran has ended well (%u entries)", n);
        cr_assert(log_has(0, "stop.begin by=") && log_has(1, "stop.begin by="), "both know it");
        cr_assert(log_has(0, "the switch burns"));

        cr_assert_eq(EXIT_BLOCKED, PLIMSOLL("status"));
        SAYS("all moves are stopped since ");
        SAYS("plimsoll resume");
        cr_assert_eq(EXIT_BLOCKED, PLIMSOLL("status", "--json"));
        SAYS("\"why\": \"the switch burns\"");
        cr_assert_eq(EXIT_BLOCKED, PLIMSOLL("maintenance", "status"));
        SAYS("all moves are stopped");
        (void) PLIMSOLL("plan");
        SAYS("all moves are stopped since ");

        before = starts();
        cr_assert_eq(EXIT_DONE, PLIMSOLL("resume"));
        SAYS("moves may start again");
        wait_for_starts(before + 2);
        cr_assert(log_has(0, "stop.end by=") && log_has(1, "stop.end by="));
        cr_assert_eq(EXIT_DONE, PLIMSOLL("resume"));
        SAYS("moves are not stopped");
}

Test(stop, outlives_services_that_are_restarted) {
        usec_t at;

        both_start();
        wait_for_starts(1);
        cr_assert_eq(EXIT_DONE, PLIMSOLL("stop", "--why", "x"));
        at = clock_monotonic();
        both_end();
        both_start();
        nothing_starts(at, 4 * USEC_PER_SEC);
}

Test(stop, outlives_a_store_that_lost_it_while_a_service_lives) {
        usec_t at;

        both_start();
        wait_for_starts(1);
        cr_assert_eq(EXIT_DONE, PLIMSOLL("stop", "--why", "the switch burns"));
        at = clock_monotonic();
        clock_sleep(USEC_PER_SEC); /* no condition: each service has seen it */
        redis_cli("FLUSHALL", NULL, NULL);
        empty_h1();
        wait_for_stop("the switch burns");
        nothing_starts(at, 4 * USEC_PER_SEC);
}

Test(stop, outlives_a_restart_of_all_services_and_a_lost_store_at_once) {
        usec_t at;

        both_start();
        wait_for_starts(1);
        cr_assert_eq(EXIT_DONE, PLIMSOLL("stop", "--why", "the switch burns"));
        at = clock_monotonic();
        clock_sleep(USEC_PER_SEC); /* no condition: each service has seen it */
        both_end();
        redis_cli("FLUSHALL", NULL, NULL);
        clock_sleep(500 * USEC_PER_MSEC); /* no condition: the agents report */
        empty_h1();
        both_start();
        nothing_starts(at, 4 * USEC_PER_SEC);
        cr_assert(has_stop("the switch burns"), "and it is in the store again");
}

Test(stop, that_was_resumed_does_not_come_back_out_of_an_old_file) {
        both_start();
        cr_assert_eq(EXIT_DONE, PLIMSOLL("stop", "--why", "x"));
        clock_sleep(USEC_PER_SEC); /* no condition: each service has seen it */
        both_end();
        cr_assert_eq(EXIT_DONE, PLIMSOLL("resume"));
        both_start();
        wait_for_starts(1);
}

Test(stop, a_later_stop_stands_when_the_store_falls_back_to_an_older_end) {
        const char *text = NULL, *older;
        usec_t now = 0, at;
        size_t n = 0;

        cr_assert_eq(EXIT_DONE, PLIMSOLL("stop", "--why", "first"));
        cr_assert_eq(EXIT_DONE, PLIMSOLL("resume"));
        cr_assert_eq(0, store_get_stop(store, &arena, &text, &n, &now));
        older = text;
        both_start();
        wait_for_starts(1);
        cr_assert_eq(EXIT_DONE, PLIMSOLL("stop", "--why", "second"));
        at = clock_monotonic();
        clock_sleep(USEC_PER_SEC);                    /* no condition: each service has seen it */
        redis_cli("SET", "plimsoll:{t}:stop", older); /* a replica that was behind */
        wait_for_stop("second");
        nothing_starts(at, 3 * USEC_PER_SEC);
}

Test(stop, ends_by_itself_when_its_time_is_over) {
        usec_t at;

        cr_assert_eq(EXIT_DONE, PLIMSOLL("stop", "--why", "x", "--for", "3s"));
        SAYS(" until ");
        at = clock_monotonic();
        both_start();
        wait_for_starts(1);
        cr_assert_geq(started[0], at + 2500 * USEC_PER_MSEC, "not before");
        cr_assert(log_has(0, "its time is over") || log_has(1, "its time is over"));
}

Test(stop, what_is_said_of_it_and_cannot_be_read_stops) {
        usec_t at;
        uint32_t before;

        redis_cli("SET", "plimsoll:{t}:stop", "gibberish");
        at = clock_monotonic();
        both_start();
        nothing_starts(at - USEC_PER_SEC, 4 * USEC_PER_SEC);
        cr_assert_eq(EXIT_BLOCKED, PLIMSOLL("status"));
        SAYS("cannot be read");
        before = starts();
        cr_assert_eq(EXIT_DONE, PLIMSOLL("resume"));
        wait_for_starts(before + 1);
}

/* The key is of a type that a stop never has: the store answers, and not what was asked. */
Test(stop, nothing_starts_while_it_cannot_be_asked_whether_there_is_one) {
        usec_t at;

        redis_cli("LPUSH", "plimsoll:{t}:stop", "x");
        at = clock_monotonic();
        both_start();
        nothing_starts(at - USEC_PER_SEC, 4 * USEC_PER_SEC);
        cr_assert_eq(EXIT_FAILED, PLIMSOLL("apply", "--yes", "--set=cluster.hosts=*"), "%s", said);
        SAYS("cannot read whether all moves are stopped");
}

Test(stop, without_a_reason_is_refused) {
        cr_assert_eq(EXIT_BAD_INPUT, PLIMSOLL("stop"));
        SAYS("Give --why TEXT");
        cr_assert_eq(EXIT_BAD_INPUT, PLIMSOLL("stop", "--why", ""));
        cr_assert_eq(EXIT_BAD_INPUT, PLIMSOLL("stop", "--why", "two\nlines"));
        cr_assert_not(has_stop(""));
}

/* ---- the store itself ---- */

static int intend(uint64_t token) {
        return store_journal_intent(store, token, "{}", 2);
}

static void put_stop(const char *text) {
        run_and_wait((const char *const[]){ "redis-cli", "-s", socket_path, "SET", "plimsoll:{t}:stop", text,
                                            NULL });
}

TestSuite(stop_store, .init = service_setup, .fini = service_teardown, .timeout = 60);

/* Between a look and a start there is no gap: who writes an intent is refused in the step that would write it. */
Test(stop_store, refuses_intents_while_a_stop_is_in_force_or_cannot_be_read) {
        static const char *const stops[] = {
                "gibberish",
                "{}",
                "{\"schema\":\"plimsoll.stop/2\",\"stopped\":false}",
                "{\"schema\":\"plimsoll.stop/1\"}",
                "{\"schema\":\"plimsoll.stop/1\",\"stopped\":true}",
                "{\"schema\":\"plimsoll.stop/1\",\"stopped\":true,\"until\":0}",
                "{\"schema\":\"plimsoll.stop/1\",\"stopped\":true,\"until\":8000000000000000}",
                "{\"schema\":\"plimsoll.stop/1\",\"stopped\":true,\"until\":\"1\"}",
        };
        char holder[64];
        uint64_t token = 0;
        StoredText *texts;
        uint32_t n = 0;

        cr_assert_eq(0, store_lease(store, "me", 60 * USEC_PER_SEC, &token, holder, sizeof(holder)));
        cr_assert_eq(0, intend(token));
        cr_assert_eq(1, intend(token + 1), "another leads");
        for (size_t i = 0; i < ARRAY_SIZE(stops); i++) {
                put_stop(stops[i]);
                cr_expect_eq(2, intend(token), "%s", stops[i]);
                cr_expect_eq(0, store_journal(store, token, "{}", 2),
                             "how a move ends is written all the same");
        }
        put_stop("{\"schema\":\"plimsoll.stop/1\",\"stopped\":false}");
        cr_expect_eq(0, intend(token));
        put_stop("{\"schema\":\"plimsoll.stop/1\",\"stopped\":true,\"until\":1}");
        cr_expect_eq(0, intend(token), "its time is over");
        cr_assert_eq(0, store_get_journal(store, &arena, 100, &texts, &n));
        cr_assert_eq(3 + ARRAY_SIZE(stops), n, "what was refused was not written");
}

/* ---- each command that starts moves ---- */

typedef struct Starter {
        const char *command, *words[6];
} Starter;

static const Starter starters[] = {
        { "apply", { "--yes" } },
        { "move", { "vm0", "--yes" } },
        { "evacuate", { "h2", "--yes" } },
        { "maintenance", { "enter", "h2" } },
        { "maintenance", { "enter", "h1", "--wait" } },
        { "maintenance", { "roll", "h3", "--run", "/bin/true" } },
        { "release", { "--all" } },
        { "retry", { "--all" } },
        { "confirm", { "abcde", "--yes" } },
};

static bool is_tried(const char *command) {
        for (size_t i = 0; i < ARRAY_SIZE(starters); i++)
                if (strcmp(starters[i].command, command) == 0)
                        return true;
        return false;
}

Test(stop, each_command_that_starts_moves_is_tried_here) {
#define STARTS(name, how, beside)                                                                            \
        cr_expect(is_tried(#name), #name " is in starts_moves.def, and nobody tries it under a stop");
#include "scheduler/app/commands/starts_moves.def"
#undef STARTS
}

Test(stop, each_command_that_starts_moves_starts_none) {
        StoredText *marks, *answers;
        Waiting *list = NULL;
        uint32_t n = 0;

        cr_assert_eq(EXIT_DONE, serve("confirm"));
        cr_assert_eq(0, confirm_store_read(store, &arena, &list, &n));
        cr_assert_eq(1, n, "a plan waits");
        cr_assert_eq(EXIT_DONE, PLIMSOLL("stop", "--why", "the switch burns"));
        for (size_t i = 0; i < ARRAY_SIZE(starters); i++) {
                Starter *s = &(Starter){ 0 };
                int status;

                *s = starters[i];
                if (strcmp(s->command, "confirm") == 0)
                        s->words[0] = list[0].plan.id;
                status = plimsoll(s->command, s->words);
                cr_expect_eq(EXIT_BLOCKED, status, "%s %s: %d %s", s->command, s->words[0], status, said);
                cr_expect(strstr(said, "the switch burns"), "%s %s: %s", s->command, s->words[0], said);
                cr_assert_eq(0, store_get_marks(store, &arena, &marks, &n));
                cr_expect_eq(i >= 3 ? 2 : 1, n, "%s %s changes marks only where it says so", s->command,
                             s->words[0]);
        }
        cr_assert_eq(0, starts());
        cr_assert_eq(0, store_get_answers(store, &arena, &answers, &n));
        cr_assert_eq(0, n, "the plan was not accepted");
        cr_assert_eq(EXIT_DONE, PLIMSOLL("confirm", list[0].plan.id, "--reject"), "no is always taken: %s",
                     said);
}
