/* SPDX-License-Identifier: Apache-2.0 */
/* The whole service in simulated time: a day of rounds of two services that share a cluster, with loads that
 * change, moves that fail, cool-downs, a host that breaks, and a leader that is frozen for a while. Redis is
 * a real one whose clock is ours (redis_clock.c). The same seed gives the same day, byte for byte.
 */
#include <pthread.h>

#include "scheduler/base/log.h"
#include "tests/integration/sim_world.h"

#define DAY    (hours() * HOUR)
#define FROZEN (DAY / 4) /* after BEGIN: the leader stops for FOR */
#define FOR    (300 * SECOND)
#define BROKEN (DAY / 2) /* after BEGIN: h1 reports a fault of grade 4 */

enum { HOSTS = 3, VMS = 12, SERVICES = 2, ACTORS = SERVICES + 1, AGENTS = SERVICES };

/* A day has six hours; in tests/long/world, 24. */
static int64_t hours(void) {
        const char *text = getenv("WORLD_HOURS");

        return text && atoi(text) > 0 ? atoi(text) : 6;
}

static int to_freeze; /* the next time it rests; -1: nobody */

/* Not in the middle of a move: that is waited for in short steps. */
static void rest(void *self, usec_t d) {
        (void) self;
        if (to_freeze == sim_me && d >= SECOND) {
                to_freeze = -1;
                d += FOR;
        }
        sim_sleep(d);
}

static const Clock clock_frozen = { .now = sim_clock_now, .monotonic = sim_clock_now, .sleep = rest };

/* ---- the world ---- */

static int host_of[VMS];
static int64_t load_of[VMS]; /* thousandths of a core */

static const char *const host_names[HOSTS] = { "h1", "h2", "h3" };
static const char *const host_uris[HOSTS] = { "test:///1", "test:///2", "test:///3" };
static const char *const vm_names[VMS] = { "vm01", "vm02", "vm03", "vm04", "vm05", "vm06",
                                           "vm07", "vm08", "vm09", "vm10", "vm11", "vm12" };
static const char *const vm_uuids[VMS] = {
        "00000000-0000-4000-8000-000000000001", "00000000-0000-4000-8000-000000000002",
        "00000000-0000-4000-8000-000000000003", "00000000-0000-4000-8000-000000000004",
        "00000000-0000-4000-8000-000000000005", "00000000-0000-4000-8000-000000000006",
        "00000000-0000-4000-8000-000000000007", "00000000-0000-4000-8000-000000000008",
        "00000000-0000-4000-8000-000000000009", "00000000-0000-4000-8000-000000000010",
        "00000000-0000-4000-8000-000000000011", "00000000-0000-4000-8000-000000000012"
};

static int index_of(const char *const *names, int n, const char *name) {
        for (int i = 0; i < n; i++)
                if (strcmp(names[i], name) == 0)
                        return i;
        return -1;
}

static void moved(void *arg, const MoveOrder *m) {
        const int v = index_of(vm_names, VMS, m->vm);

        (void) arg;
        cr_assert_str_eq(host_names[host_of[v]], m->from);
        host_of[v] = index_of(host_names, HOSTS, m->to);
}

static SimulatedMove script(void *arg, const MigrationRequest *request) {
        (void) arg;
        (void) request;
        return (SimulatedMove){ .end = prng_below(&sim_chance, 12) == 0 ? SIMULATED_FAILS : SIMULATED_DONE,
                                .takes = (2 + prng_below(&sim_chance, 20)) * SECOND,
                                .bytes = INT64_C(1) << 30,
                                .downtime_ms = 40 };
}

static int open_executor(void *self, Executor *ret) {
        (void) self;
        return executor_simulated_open(
                (ExecutorSimulatedOptions){ .clock = &clock_frozen, .script = script, .moved = moved }, ret);
}

static int look_there(void *self, LibvirtAt at, const char *uuid, usec_t at_most, DomainState *ret) {
        const int v = index_of(vm_uuids, VMS, uuid);
        const bool here = v >= 0 && host_of[v] == index_of(host_uris, HOSTS, at.uri);

        (void) self;
        (void) at_most;
        *ret = (DomainState){ .presence = here ? PRESENCE_RUNNING : PRESENCE_NONE, .defined = here };
        (void) snprintf(ret->words, sizeof(ret->words), "%s", here ? "running" : "not there");
        return 0;
}

static void identify(void *self, char *buf, size_t size) {
        (void) snprintf(buf, size, "%c/1/%llx", 'A' + *(const int *) self, (unsigned long long) sim_now());
}

/* ---- the agents ---- */

static void report(Store *store, Arena *a, int h) {
        const SimHost host = { .name = host_names[h],
                               .uri = host_uris[h],
                               .cpus = 8,
                               .mib = 32768,
                               .own_mib = 768,
                               .at = sim_now(),
                               .interval = 30 * SECOND,
                               .expiry = 90 * SECOND,
                               .broken = h == 0 && sim_now() >= BEGIN + BROKEN };
        SimVm vms[VMS];
        uint32_t n = 0;

        for (int v = 0; v < VMS; v++)
                if (host_of[v] == h)
                        vms[n++] = (SimVm){ .name = vm_names[v],
                                            .uuid = vm_uuids[v],
                                            .vcpus = 4,
                                            .mib = 1024,
                                            .mcores = load_of[v] };
        sim_report(store, a, &host, vms, n);
}

/* Whoever leads is stopped, as a machine that is suspended: it wakes up after others have gone on. */
static void freeze_leader(Store *store) {
        char holder[160] = "";
        uint64_t token;

        cr_assert_eq(1, store_lease(store, "nobody", SECOND, &token, holder, sizeof(holder)));
        to_freeze = holder[0] - 'A';
        cr_assert(to_freeze >= 0 && to_freeze < SERVICES);
}

/* The most memory that this process had, KiB, in each third of a day: one round's is another's. */
static int64_t memory_most[3];

static void memory_look(void) {
        FILE *f = fopen("/proc/self/statm", "re");
        const int64_t third = (sim_now() - BEGIN) * 3 / (sim_end - BEGIN);
        long long pages = 0, resident = 0;

        cr_assert(f && fscanf(f, "%lld %lld", &pages, &resident) == 2);
        (void) fclose(f);
        resident = resident * sysconf(_SC_PAGESIZE) / 1024;
        if (third >= 0 && third < 3 && resident > memory_most[third])
                memory_most[third] = resident;
}

static void agents_run(Store *store) {
        bool called = false, froze = false;
        Arena a;

        cr_assert_eq(0, arena_open((size_t) 16 << 20, &a));
        for (uint32_t i = 0; sim_now() < sim_end; i++) {
                if (i % (10 * hours()) == 0) /* twelve times a day */
                        for (int v = 0; v < VMS; v++)
                                load_of[v] = 100 + prng_below(&sim_chance, 2800);
                arena_rewind(&a, 0);
                for (int h = 0; h < HOSTS; h++)
                        report(store, &a, h);
                if (!froze && sim_now() >= BEGIN + FROZEN) {
                        freeze_leader(store);
                        froze = true;
                }
                if (!called && sim_now() >= BEGIN + BROKEN) {
                        cr_assert_eq(0, store_raise_alarm(store, "h1", sim_now()));
                        called = true;
                }
                memory_look();
                rest(NULL, 30 * SECOND);
        }
        arena_close(&a);
}

/* ---- a day ---- */

typedef struct Day {
        char *logs[SERVICES];
        size_t sizes[SERVICES];
        JournalEntry journal[4000];
        uint32_t n_journal;
        StoredText *texts[3]; /* journal, records, audit */
        uint32_t n_texts[3];
} Day;

static Day days[2];
static ClusterService *services[SERVICES];
static int numbers[SERVICES];
static Store *agents_store;

static void *service_actor(void *arg) {
        sim_actor_begin(*(const int *) arg);
        cr_assert_eq(EXIT_DONE, cluster_service_run(services[sim_me]));
        return sim_actor_end();
}

static void *agents_actor(void *arg) {
        (void) arg;
        sim_actor_begin(AGENTS);
        agents_run(agents_store);
        return sim_actor_end();
}

static char redis_option[160];
static char *words[] = { (char[]){ "plimsolld" },
                         redis_option,
                         (char[]){ "--cluster=sim" },
                         (char[]){ "--mode=auto" },
                         (char[]){ "--interval=2m" },
                         (char[]){ "--settings=/dev/null" },
                         (char[]){ "--set=cluster.hosts=*" },
                         (char[]){ "--state-dir=/nonexistent" }, /* no day knows of the one before */
                         (char[]){ "--set=service.lease=2m" },
                         (char[]){ "--set=service.hold=5m" },
                         (char[]){ "--set=service.settle=1m" },
                         (char[]){ "--set=service.cool_down=1h" },
                         (char[]){ "--set=service.pause_after=0" },
                         (char[]){ "--set=plan.exact_nodes=0" } };

static ServiceShare shares[SERVICES];
static ServiceWorld worlds[SERVICES];

static void open_service(int i, const Options *options, FILE *log) {
        ClusterServiceOptions o = {
                .options = options, .share = &shares[i], .world = &worlds[i], .log = log
        };

        numbers[i] = i;
        service_share_open(&shares[i]);
        worlds[i] = (ServiceWorld){ SIM_WORLD, .self = &numbers[i], .nap = 20 * SECOND,
                                    .open_executor = open_executor };
        worlds[i].clock = &clock_frozen;
        worlds[i].identify = identify;
        worlds[i].look = look_there;
        cr_assert_eq(0, cluster_service_open(&o, &services[i]));
}

static void begin_world(uint64_t seed, usec_t length) {
        static const usec_t first[ACTORS] = { 100, 101, [AGENTS] = 0 };

        sim_chance = prng_seeded(seed);
        to_freeze = -1;
        for (int v = 0; v < VMS; v++)
                host_of[v] = v % 2; /* h3 is empty */
        sim_ends_by = STOP_DRAIN;
        sim_begin(ACTORS, first, length);
}

static void read_streams(Day *day) {
        StoredText **texts = day->texts;
        uint32_t *n = day->n_texts;

        cr_assert_eq(0, store_get_journal(agents_store, &arena, 4000, &texts[0], &n[0]));
        cr_assert_eq(0, store_get_records(agents_store, &arena, 4000, &texts[1], &n[1]));
        cr_assert_eq(0, store_get_audit(agents_store, &arena, 0, 4000, &texts[2], &n[2]));
        for (uint32_t i = 0; i < n[0]; i++)
                cr_assert_eq(0, journal_parse(&arena, texts[0][i].text, texts[0][i].n,
                                              &day->journal[n[0] - 1 - i]));
        day->n_journal = n[0];
}

/* What stands in the store after such a day, as a fixture for versions to come (tests/long/releases). */
static void dump_store(void) {
        const char *file = getenv("WORLD_DUMP");

        if (file)
                run_and_wait((const char *const[]){ SOURCE_DIR "/tests/releases/artefacts.py", "dump",
                                                    socket_path, file, NULL });
}

/* So long on a fresh store. */
static void live(uint64_t seed, usec_t length, Day *day) {
        FILE *logs[SERVICES];
        pthread_t threads[ACTORS];
        TextFault f = { 0 };
        Options options;

        begin_world(seed, length);
        server_start(NULL, NULL);
        (void) snprintf(redis_option, sizeof(redis_option), "--redis=%s", url);
        cr_assert_eq(0, options_parse(service_options, ARRAY_SIZE(words), words, &options, &f), "%s", f.what);
        cr_assert_eq(0, store_open(&(StoreOptions){ .url = url, .cluster = "sim" }, &agents_store, &f));
        for (int i = 0; i < SERVICES; i++) {
                logs[i] = open_memstream(&day->logs[i], &day->sizes[i]);
                open_service(i, &options, logs[i]);
        }
        for (int i = 0; i < SERVICES; i++)
                cr_assert_eq(0, pthread_create(&threads[i], NULL, service_actor, &numbers[i]));
        cr_assert_eq(0, pthread_create(&threads[AGENTS], NULL, agents_actor, NULL));
        for (int i = 0; i < ACTORS; i++)
                (void) pthread_join(threads[i], NULL);
        for (int i = 0; i < SERVICES; i++) {
                services[i] = cluster_service_free(services[i]);
                service_share_close(&shares[i]);
                (void) fclose(logs[i]);
        }
        read_streams(day);
        dump_store();
        agents_store = store_free(agents_store);
        server_kill();
}

static void setup(void) {
        sim_setup();
        log_threshold(LOG_DEBUG); /* each round, also where nothing is new */
}

TestSuite(world, .init = setup, .fini = fixture_teardown, .timeout = 280);

/* ---- what such a day is like ---- */

static uint32_t count(const char *text, const char *what) {
        uint32_t n = 0;

        for (const char *at = text; (at = strstr(at, what)); at += strlen(what))
                n++;
        return n;
}

static bool is_done(const JournalEntry *e) {
        return e->event == JOURNAL_DONE;
}

/* One that was moved is not moved for balance within its cool-down; evacuation, repair and relief do not wait. */
static void check_cool_downs(const Day *day) {
        for (uint32_t i = 0; i < day->n_journal; i++)
                for (uint32_t k = i + 1; k < day->n_journal && is_done(&day->journal[i]); k++) {
                        const JournalEntry *a = &day->journal[i], *b = &day->journal[k];

                        if (!is_done(b) || strcmp(a->order->vm, b->order->vm) != 0)
                                continue;
                        cr_assert_not_null(b->order->kind, "%s", b->order->vm);
                        if (strcmp(b->order->kind, action_kind_names[ACTION_KIND_BALANCE]) == 0)
                                cr_assert_geq(b->at - a->at, HOUR, "%s", a->order->vm);
                }
}

static void check_journal(const Day *day) {
        const JournalEntry *open = NULL;
        uint32_t n_open = 0, done = 0, failed = 0;

        for (uint32_t i = 0; i < day->n_journal; i++) {
                const JournalEntry *e = &day->journal[i];

                done += is_done(e);
                failed += e->event == JOURNAL_FAILED;
                if (e->at > BEGIN + BROKEN)
                        cr_assert_str_neq("h1", e->order->to, "nothing goes onto a host that fails");
        }
        cr_assert_gt(done, 10);
        cr_assert_gt(failed, 0);
        cr_assert_eq(0, journal_open_ones(&arena, day->journal, day->n_journal, &open, &n_open));
        check_cool_downs(day);
}

static void check_leaders(const Day *day) {
        const uint32_t a = count(day->logs[0], "lease.taken"), b = count(day->logs[1], "lease.taken");

        cr_assert_eq(1, a, "%s", day->logs[0]);
        cr_assert_eq(1, b, "%s", day->logs[1]);
        cr_assert_eq(1, count(day->logs[0], "lease.lost"), "it was frozen, and knows it");
}

static void check_same(const Day *a, const Day *b) {
        for (int i = 0; i < SERVICES; i++) {
                cr_assert_str_eq(a->logs[i], b->logs[i]);
                cr_assert_gt(a->sizes[i], 100);
        }
        for (int k = 0; k < 3; k++) {
                cr_assert_eq(a->n_texts[k], b->n_texts[k]);
                for (uint32_t i = 0; i < a->n_texts[k]; i++) {
                        cr_assert_str_eq(a->texts[k][i].name, b->texts[k][i].name);
                        cr_assert_eq(a->texts[k][i].n, b->texts[k][i].n);
                        cr_assert_eq(0, memcmp(a->texts[k][i].text, b->texts[k][i].text, a->texts[k][i].n));
                }
        }
}

Test(world, a_day_in_simulated_time_is_the_same_with_the_same_seed) {
        live(1, DAY, &days[0]);
        check_leaders(&days[0]);
        check_journal(&days[0]);
        for (int v = 0; v < VMS; v++)
                cr_assert_neq(0, host_of[v], "all have left the host that broke");
        cr_assert_gt(count(days[0].logs[0], "round.planned") + count(days[0].logs[1], "round.planned"),
                     29 * hours());
#ifndef SANITIZED /* which keeps what was freed */
        cr_assert_lt(memory_most[2], memory_most[1] + 6 * 1024, "%lld, %lld and %lld KiB",
                     (long long) memory_most[0], (long long) memory_most[1], (long long) memory_most[2]);
#endif
        live(1, DAY, &days[1]);
        check_same(&days[0], &days[1]);
}

Test(world, another_seed_gives_another_day) {
        live(2, HOUR / 2, &days[0]);
        live(3, HOUR / 2, &days[1]);
        cr_assert_str_neq(days[0].logs[0], days[1].logs[0]);
}
