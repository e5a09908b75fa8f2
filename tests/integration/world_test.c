/* SPDX-License-Identifier: Apache-2.0 */
/* The whole service in simulated time: a day of rounds of two services that share a cluster, with loads that
 * change, moves that fail, cool-downs, a host that breaks, and a leader that is frozen for a while. Redis is
 * a real one whose clock is ours (redis_clock.c). The same seed gives the same day, byte for byte.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <sys/mman.h>

#include "scheduler/app/service/service.h"
#include "scheduler/app/service/service_cluster.h"
#include "scheduler/app/state/move_journal.h"
#include "scheduler/base/log.h"
#include "scheduler/base/prng.h"
#include "scheduler/snapshot/wire/sample_wire.h"
#include "tests/integration/redis_fixture.h"
#include "tests/support/executor_simulated.h"

#define BEGIN  (INT64_C(1767225600) * SECOND) /* 2026-01-01 */
#define HOUR   (3600 * SECOND)
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

/* ---- time: one actor runs, until it sleeps; then the one that wakes first ---- */

typedef struct Actor {
        pthread_t thread;
        pthread_cond_t turn;
        usec_t wakes;
        bool ended;
} Actor;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static Actor actors[ACTORS];
static int running;
static _Atomic int64_t *now; /* mapped: the redis-server's clock too */
static _Thread_local int me = AGENTS;
static int to_freeze; /* the next time it rests; -1: nobody */

static void pass_on(void) {
        int first = -1;

        for (int i = 0; i < ACTORS; i++)
                if (!actors[i].ended && (first < 0 || actors[i].wakes < actors[first].wakes))
                        first = i;
        running = first;
        if (first < 0)
                return;
        if (actors[first].wakes > *now)
                *now = actors[first].wakes;
        (void) pthread_cond_signal(&actors[first].turn);
}

static void wait_turn(void) {
        while (running != me)
                (void) pthread_cond_wait(&actors[me].turn, &lock);
}

static usec_t sim_now(void *self) {
        (void) self;
        return *now;
}

static void sim_sleep(void *self, usec_t d) {
        (void) self;
        (void) pthread_mutex_lock(&lock);
        if (to_freeze == me &&
            d >= SECOND) { /* not in the middle of a move: that is waited for in short steps */
                to_freeze = -1;
                d += FOR;
        }
        actors[me].wakes = *now + d;
        pass_on();
        wait_turn();
        (void) pthread_mutex_unlock(&lock);
}

static const Clock clock_sim = { .now = sim_now, .monotonic = sim_now, .sleep = sim_sleep };

/* ---- the world ---- */

static Prng chance;
static int host_of[VMS];
static int64_t load_of[VMS]; /* thousandths of a core */
static usec_t days_end;

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
        return (SimulatedMove){ .end = prng_below(&chance, 12) == 0 ? SIMULATED_FAILS : SIMULATED_DONE,
                                .takes = (2 + prng_below(&chance, 20)) * SECOND,
                                .bytes = INT64_C(1) << 30,
                                .downtime_ms = 40 };
}

static int open_executor(void *self, Executor *ret) {
        (void) self;
        return executor_simulated_open(
                (ExecutorSimulatedOptions){ .clock = &clock_sim, .script = script, .moved = moved }, ret);
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

static uint64_t draw(void *self) {
        (void) self;
        return prng_next(&chance);
}

static void identify(void *self, char *buf, size_t size) {
        (void) snprintf(buf, size, "%c/1/%llx", 'A' + *(const int *) self, (unsigned long long) *now);
}

static int open_store(void *self, const StoreOptions *options, Store **ret, TextFault *reterr_fault) {
        (void) self;
        return store_open(options, ret, reterr_fault);
}

static StopRequest stop_request(void *stop_arg) {
        (void) stop_arg;
        return *now < days_end ? STOP_NONE : STOP_DRAIN;
}

static unsigned reloads(void *self) {
        (void) self;
        return 0;
}

/* ---- the agents ---- */

#define N(m, s, v)                                                                                           \
        { .metric = METRIC_##m, .subject = (s), .number = (v) }
#define T(m, s, v)                                                                                           \
        { .metric = METRIC_##m, .subject = (s), .text = (v) }

static void report(Store *store, Arena *a, int h) {
        const usec_t at = *now;
        const bool broken = h == 0 && at >= BEGIN + BROKEN;
        Sample facts[] = { N(HOST_CPUS, "", 8), N(HOST_DAEMON, "", 1), T(HOST_URI, "", host_uris[h]),
                           N(HOST_CPU_BUSY, "", 100) };
        Sample memory[] = { N(HOST_MEMORY_TOTAL, "", 32768), N(HOST_MEMORY_AVAILABLE, "", 32000) };
        Sample fault[] = { N(FAULT_GRADE, "psu", 4), T(FAULT_WHY, "psu", "it smokes") };
        Sample vms[VMS * 6];
        Section sections[4];
        Report r = { .host = host_names[h],
                     .sent_at = at,
                     .sequence = (uint64_t) (at - BEGIN),
                     .interval = 30 * SECOND,
                     .sections = sections,
                     .n_sections = broken ? 4 : 3 };
        const char *text;
        uint32_t k = 0;
        size_t n;

        for (int v = 0; v < VMS; v++) {
                if (host_of[v] != h)
                        continue;
                facts[3].number += load_of[v];
                memory[1].number -= 1024;
                vms[k++] = (Sample) T(VM_UUID, vm_names[v], vm_uuids[v]);
                vms[k++] = (Sample) T(VM_STATE, vm_names[v], "running");
                vms[k++] = (Sample) N(VM_VCPUS, vm_names[v], 4);
                vms[k++] = (Sample) N(VM_MEMORY, vm_names[v], 1024);
                vms[k++] = (Sample) N(VM_CPU, vm_names[v], load_of[v]);
                vms[k++] = (Sample) N(VM_DIRTY, vm_names[v], 0);
        }
        sections[0] = (Section){ .collector = "host", .read_at = at, .samples = facts, .n_samples = 4 };
        sections[1] = (Section){ .collector = "memory", .read_at = at, .samples = memory, .n_samples = 2 };
        sections[2] = (Section){ .collector = "vms", .read_at = at, .samples = vms, .n_samples = k };
        sections[3] = (Section){ .collector = "faults_d", .read_at = at, .samples = fault, .n_samples = 2 };
        cr_assert_eq(0, report_print(a, &r, &text, &n));
        cr_assert_eq(0, store_put_report(store, r.host, text, n, 90 * SECOND), "%s", store_error(store));
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
        const int64_t third = (*now - BEGIN) * 3 / (days_end - BEGIN);
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
        for (uint32_t i = 0; *now < days_end; i++) {
                if (i % (10 * hours()) == 0) /* twelve times a day */
                        for (int v = 0; v < VMS; v++)
                                load_of[v] = 100 + prng_below(&chance, 2800);
                arena_rewind(&a, 0);
                for (int h = 0; h < HOSTS; h++)
                        report(store, &a, h);
                if (!froze && *now >= BEGIN + FROZEN) {
                        freeze_leader(store);
                        froze = true;
                }
                if (!called && *now >= BEGIN + BROKEN) {
                        cr_assert_eq(0, store_raise_alarm(store, "h1"));
                        called = true;
                }
                memory_look();
                sim_sleep(NULL, 30 * SECOND);
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

static void actor_begin(int i) {
        me = i;
        (void) pthread_mutex_lock(&lock);
        wait_turn();
        (void) pthread_mutex_unlock(&lock);
}

static void *actor_end(void) {
        (void) pthread_mutex_lock(&lock);
        actors[me].ended = true;
        pass_on();
        (void) pthread_mutex_unlock(&lock);
        return NULL;
}

static void *service_actor(void *arg) {
        actor_begin(*(const int *) arg);
        cr_assert_eq(EXIT_DONE, cluster_service_run(services[me]));
        return actor_end();
}

static void *agents_actor(void *arg) {
        (void) arg;
        actor_begin(AGENTS);
        agents_run(agents_store);
        return actor_end();
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
        worlds[i] = (ServiceWorld){ .self = &numbers[i],
                                    .clock = &clock_sim,
                                    .nap = 20 * SECOND,
                                    .random = draw,
                                    .identify = identify,
                                    .open_store = open_store,
                                    .open_executor = open_executor,
                                    .look = look_there,
                                    .stop_request = stop_request,
                                    .reloads = reloads };
        cr_assert_eq(0, cluster_service_open(&o, &services[i]));
}

static void begin_world(uint64_t seed, usec_t length) {
        chance = prng_seeded(seed);
        *now = BEGIN;
        days_end = BEGIN + length;
        to_freeze = -1;
        for (int v = 0; v < VMS; v++)
                host_of[v] = v % 2; /* h3 is empty */
        for (int i = 0; i < ACTORS; i++) {
                actors[i] = (Actor){ .wakes = BEGIN + (i == AGENTS ? 0 : 100 + i) };
                (void) pthread_cond_init(&actors[i].turn, NULL);
        }
        running = AGENTS;
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

/* So long on a fresh store. */
static void live(uint64_t seed, usec_t length, Day *day) {
        FILE *logs[SERVICES];
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
                cr_assert_eq(0, pthread_create(&actors[i].thread, NULL, service_actor, &numbers[i]));
        cr_assert_eq(0, pthread_create(&actors[AGENTS].thread, NULL, agents_actor, NULL));
        for (int i = 0; i < ACTORS; i++)
                (void) pthread_join(actors[i].thread, NULL);
        for (int i = 0; i < SERVICES; i++) {
                services[i] = cluster_service_free(services[i]);
                service_share_close(&shares[i]);
                (void) fclose(logs[i]);
        }
        read_streams(day);
        agents_store = store_free(agents_store);
        server_kill();
}

static void setup(void) {
        char path[96];
        int fd;

        fixture_setup();
        log_threshold(LOG_DEBUG); /* each round, also where nothing is new */
        (void) snprintf(path, sizeof(path), "%s/clock", dir);
        fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
        cr_assert(fd >= 0 && ftruncate(fd, sizeof(*now)) == 0);
        now = mmap(NULL, sizeof(*now), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
        cr_assert_neq(MAP_FAILED, (void *) now);
        (void) close(fd);
        *now = BEGIN;
        /* For the redis-server alone: it is looked for when a program is started. */
        cr_assert_eq(0, setenv("REDIS_CLOCK", path, 1));
        cr_assert_eq(0, setenv("LD_PRELOAD", BUILD_DIR "/libredis_clock.so", 1));
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

/* One that was moved for balance stays for its cool-down; one that must leave h1 does not wait. */
static void check_cool_downs(const Day *day) {
        for (uint32_t i = 0; i < day->n_journal; i++)
                for (uint32_t k = i + 1; k < day->n_journal && is_done(&day->journal[i]); k++) {
                        const JournalEntry *a = &day->journal[i], *b = &day->journal[k];

                        if (is_done(b) && strcmp(a->order->vm, b->order->vm) == 0 &&
                            strcmp(b->order->from, "h1") != 0)
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
