/* SPDX-License-Identifier: Apache-2.0 */
/* Urgent work does not wait for slow work: four moves of ten minutes run for the load of one host when another one begins to
 * fail. The whole service in simulated time, on the simulated executor, at 3, 40 and 1,000 hosts; facts, journal, records and
 * audit are in a real Redis.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <sys/mman.h>

#include "scheduler/app/service/service.h"
#include "scheduler/app/service/service_cluster.h"
#include "scheduler/app/state/host_mark.h"
#include "scheduler/app/state/move_journal.h"
#include "scheduler/snapshot/wire/sample_wire.h"
#include "tests/integration/redis_fixture.h"
#include "tests/support/executor_simulated.h"

#define MOST_HOSTS 1000
#define BIG        10 /* VMs of h0002, 16 GiB each: ten minutes, when four go over 1 Gbit/s */
#define SMALL      6  /* VMs of h0001, 2 GiB each */
#define MOST_VMS   (BIG + SMALL + 2 * MOST_HOSTS)
#define BEGIN      (INT64_C(1767225600) * SECOND) /* 2026-01-01 */
#define BREAKS     (200 * SECOND)                 /* after BEGIN */

/* ---- time: one actor runs until it sleeps; then the one that wakes first ---- */

enum { SERVICE, AGENTS, ACTORS };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t turn = PTHREAD_COND_INITIALIZER;
static _Atomic int64_t *now; /* mapped: the redis-server's clock too (redis_clock.c) */
static usec_t wakes[ACTORS], end_at;
static int running;
static _Thread_local int me;

static usec_t sim_now(void *self) {
        (void) self;
        return *now;
}

static void take_turn(void) {
        while (running != me)
                (void) pthread_cond_wait(&turn, &lock);
}

static void pass_on(void) {
        running = wakes[SERVICE] <= wakes[AGENTS] ? SERVICE : AGENTS;
        if (wakes[running] != INT64_MAX && wakes[running] > *now)
                *now = wakes[running];
        (void) pthread_cond_broadcast(&turn);
}

static void sim_sleep(void *self, usec_t d) {
        (void) self;
        (void) pthread_mutex_lock(&lock);
        wakes[me] = *now + d;
        pass_on();
        take_turn();
        (void) pthread_mutex_unlock(&lock);
}

static const Clock clock_sim = { .now = sim_now, .monotonic = sim_now, .sleep = sim_sleep };

/* ---- the world ---- */

typedef struct Guest {
        char name[16], uuid[40];
        int host;
        int64_t mib, mcores;
} Guest;

static Guest guests[MOST_VMS];
static int n_guests, n_hosts, broken; /* broken: the host that reports grade 4; -1: none yet */
static char host_names[MOST_HOSTS][8];
static Store *agents_store;
static bool quiet;      /* the host that breaks does not ring */
static usec_t deadline; /* > 0: the host does not break, an operator wants it empty within so long */

static void guest_add(const char *kind, int i, int host, int64_t mib, int64_t mcores) {
        Guest *g = &guests[n_guests];

        (void) snprintf(g->name, sizeof(g->name), "%s%04d", kind, i);
        (void) snprintf(g->uuid, sizeof(g->uuid), "00000000-0000-4000-8000-%012d", n_guests + 1);
        g->host = host;
        g->mib = mib;
        g->mcores = mcores;
        n_guests++;
}

static void world_make(int hosts) {
        n_guests = 0;
        broken = -1;
        n_hosts = hosts;
        for (int h = 0; h < hosts; h++)
                (void) snprintf(host_names[h], sizeof(host_names[h]), "h%04d", h + 1);
        for (int i = 0; i < BIG; i++)
                guest_add("big", i, 1, 16384, 1500);
        for (int i = 0; i < SMALL; i++)
                guest_add("small", i, 0, 2048, hosts > 3 ? 1450 : 1900);
        for (int h = 2; h < hosts && hosts > 3; h++)
                guest_add("usual", h, h, 4096, 6000);
}

static int host_by(const char *name) {
        for (int h = 0; h < n_hosts; h++)
                if (strcmp(host_names[h], name) == 0)
                        return h;
        return -1;
}

static void moved(void *arg, const MoveOrder *m) {
        (void) arg;
        for (int i = 0; i < n_guests; i++)
                if (strcmp(guests[i].name, m->vm) == 0)
                        guests[i].host = host_by(m->to);
}

static SimulatedMove script(void *arg, const MigrationRequest *request) {
        (void) arg;
        return (SimulatedMove){ .end = SIMULATED_DONE,
                                .takes = request->order->predicted.ms * USEC_PER_MSEC,
                                .bytes = request->order->predicted.bytes,
                                .downtime_ms = 40 };
}

static int open_executor(void *self, Executor *ret) {
        (void) self;
        return executor_simulated_open(
                (ExecutorSimulatedOptions){ .clock = &clock_sim, .script = script, .moved = moved }, ret);
}

static int look_there(void *self, LibvirtAt at, const char *uuid, usec_t at_most, DomainState *ret) {
        (void) self;
        (void) at;
        (void) uuid;
        (void) at_most;
        *ret = (DomainState){ .presence = PRESENCE_UNKNOWN, .words = "nobody is asked here" };
        return 0;
}

static uint64_t draw(void *self) {
        (void) self;
        return 4711;
}

static void identify(void *self, char *buf, size_t size) {
        (void) self;
        (void) snprintf(buf, size, "A/1/1");
}

static int open_store(void *self, const StoreOptions *options, Store **ret, TextFault *reterr_fault) {
        (void) self;
        return store_open(options, ret, reterr_fault);
}

static StopRequest stop_request(void *stop_arg) {
        (void) stop_arg;
        return *now < end_at ? STOP_NONE : STOP_ABORT;
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

static void report(Arena *a, int h) {
        char uri[32];
        Sample facts[] = { N(HOST_CPUS, "", 16), N(HOST_DAEMON, "", 1), T(HOST_URI, "", uri),
                           N(HOST_CPU_BUSY, "", 100) };
        Sample memory[] = { N(HOST_MEMORY_TOTAL, "", 1 << 20),
                            N(HOST_MEMORY_AVAILABLE, "", (1 << 20) - 1024) };
        Sample fault[] = { N(FAULT_GRADE, "psu", 4), T(FAULT_WHY, "psu", "it smokes") };
        Sample vms[(BIG + SMALL + 4) * 6];
        Section sections[4];
        Report r = { .host = host_names[h],
                     .sent_at = *now,
                     .sequence = (uint64_t) (*now - BEGIN),
                     .interval = 5 * SECOND,
                     .sections = sections,
                     .n_sections = h == broken ? 4 : 3 };
        const char *text;
        uint32_t k = 0;
        size_t n;

        (void) snprintf(uri, sizeof(uri), "test:///%d", h);
        for (int i = 0; i < n_guests; i++) {
                const Guest *g = &guests[i];

                if (g->host != h)
                        continue;
                facts[3].number += g->mcores;
                memory[1].number -= g->mib;
                vms[k++] = (Sample) T(VM_UUID, g->name, g->uuid);
                vms[k++] = (Sample) T(VM_STATE, g->name, "running");
                vms[k++] = (Sample) N(VM_VCPUS, g->name, 4);
                vms[k++] = (Sample) N(VM_MEMORY, g->name, g->mib);
                vms[k++] = (Sample) N(VM_CPU, g->name, g->mcores);
                vms[k++] = (Sample) N(VM_DIRTY, g->name, 0);
        }
        sections[0] = (Section){ .collector = "host", .read_at = *now, .samples = facts, .n_samples = 4 };
        sections[1] = (Section){ .collector = "memory", .read_at = *now, .samples = memory, .n_samples = 2 };
        sections[2] = (Section){ .collector = "vms", .read_at = *now, .samples = vms, .n_samples = k };
        sections[3] = (Section){ .collector = "faults_d", .read_at = *now, .samples = fault, .n_samples = 2 };
        cr_assert_eq(0, report_print(a, &r, &text, &n));
        cr_assert_eq(0, store_put_report(agents_store, r.host, text, n, 3600 * SECOND), "%s",
                     store_error(agents_store));
}

static void report_all(Arena *a) {
        arena_rewind(a, 0);
        for (int h = 0; h < n_hosts; h++)
                report(a, h);
}

static void break_down(Arena *a, const char *host) {
        broken = host_by(host);
        report_all(a);
        cr_assert_eq(0, store_raise_alarm(agents_store, host));
}

/* Its report says it, and it does not ring. */
static void break_quietly(Arena *a, const char *host) {
        broken = host_by(host);
        report_all(a);
}

static void enter_maintenance(Arena *a, const char *host) {
        const OperatorMark mark = {
                .state = HOST_MAINTENANCE, .by = "root@h9", .at = *now, .leave_by = *now + deadline
        };
        const char *text;

        broken = n_hosts; /* nobody is */
        report_all(a);
        cr_assert_eq(0, host_mark_print(a, &mark, &text));
        cr_assert_eq(0, store_change_mark(agents_store, host, "", text));
        cr_assert_eq(0, store_call_round(agents_store));
}

/* Reports as long as the story lasts; a host breaks, and rings. */
static void *agents_run(void *arg) {
        Arena a;

        me = AGENTS;
        (void) pthread_mutex_lock(&lock);
        take_turn();
        (void) pthread_mutex_unlock(&lock);
        cr_assert_eq(0, arena_open((size_t) 256 << 20, &a));
        while (*now < end_at) {
                if (*now >= BEGIN + BREAKS && broken < 0) {
                        if (quiet)
                                break_quietly(&a, arg);
                        else if (deadline > 0)
                                enter_maintenance(&a, arg);
                        else
                                break_down(&a, arg);
                } else {
                        report_all(&a);
                }
                sim_sleep(NULL, *now < BEGIN + BREAKS ? 10 * SECOND : 20 * SECOND);
        }
        (void) pthread_mutex_lock(&lock);
        wakes[me] = INT64_MAX;
        pass_on();
        (void) pthread_mutex_unlock(&lock);
        arena_close(&a);
        return NULL;
}

/* ---- a story ---- */

typedef struct Story {
        char *log;
        size_t size;
        JournalEntry journal[400]; /* oldest first */
        uint32_t n;
        char audit[200000]; /* its entries, one after the other */
} Story;

static char redis_option[160];
static char *words[] = { (char[]){ "plimsolld" },
                         redis_option,
                         (char[]){ "--cluster=sim" },
                         (char[]){ "--mode=auto" },
                         (char[]){ "--settings=/dev/null" },
                         (char[]){ "--state-dir=/nonexistent" },
                         (char[]){ "--set=cluster.hosts=*" },
                         (char[]){ "--set=service.lease=2m" },
                         (char[]){ "--set=service.hold=0s" },
                         (char[]){ "--set=migration.bandwidth=1Gbit/s" },
                         (char[]){ "--set=plan.moves_in=4" },
                         (char[]){ "--set=plan.moves_out=4" } };

static void *service_run(void *arg) {
        me = SERVICE;
        (void) pthread_mutex_lock(&lock);
        take_turn();
        (void) pthread_mutex_unlock(&lock);
        (void) !cluster_service_run(arg);
        (void) pthread_mutex_lock(&lock);
        wakes[me] = INT64_MAX;
        pass_on();
        (void) pthread_mutex_unlock(&lock);
        return NULL;
}

/* The host `breaks` begins to fail at BREAKS; all lasts `length`. */
static void live(int hosts, const char *breaks, usec_t length, Story *ret) {
        ServiceWorld world = { .clock = &clock_sim,
                               .nap = USEC_PER_SEC / 2,
                               .random = draw,
                               .identify = identify,
                               .open_store = open_store,
                               .open_executor = open_executor,
                               .look = look_there,
                               .stop_request = stop_request,
                               .reloads = reloads };
        ClusterServiceOptions o = { .world = &world };
        pthread_t threads[ACTORS];
        ClusterService *service;
        StoredText *texts;
        TextFault f = { 0 };
        Options options;
        FILE *log = open_memstream(&ret->log, &ret->size);
        uint32_t n = 0;
        size_t used = 0;

        *now = BEGIN;
        end_at = BEGIN + length;
        wakes[SERVICE] = BEGIN + SECOND;
        wakes[AGENTS] = BEGIN;
        running = AGENTS;
        world_make(hosts);
        server_start(NULL, NULL);
        (void) snprintf(redis_option, sizeof(redis_option), "--redis=%s", url);
        cr_assert_eq(0, options_parse(service_options, ARRAY_SIZE(words), words, &options, &f), "%s", f.what);
        cr_assert_eq(0, store_open(&(StoreOptions){ .url = url, .cluster = "sim" }, &agents_store, &f));
        o.options = &options;
        o.log = log;
        cr_assert_eq(0, cluster_service_open(&o, &service));
        cr_assert_eq(0, pthread_create(&threads[SERVICE], NULL, service_run, service));
        cr_assert_eq(0, pthread_create(&threads[AGENTS], NULL, agents_run, (void *) (uintptr_t) breaks));
        for (int i = 0; i < ACTORS; i++)
                (void) pthread_join(threads[i], NULL);
        (void) cluster_service_free(service);
        (void) fclose(log);
        cr_assert_eq(0, store_get_journal(agents_store, &arena, ARRAY_SIZE(ret->journal), &texts, &ret->n));
        for (uint32_t i = 0; i < ret->n; i++)
                cr_assert_eq(0,
                             journal_parse(&arena, texts[i].text, texts[i].n, &ret->journal[ret->n - 1 - i]));
        cr_assert_eq(0, store_get_audit(agents_store, &arena, 0, 400, &texts, &n));
        for (uint32_t i = 0; i < n && used + texts[i].n + 2 < sizeof(ret->audit); i++)
                used += (size_t) snprintf(ret->audit + used, sizeof(ret->audit) - used, "%.*s\n",
                                          (int) texts[i].n, texts[i].text);
        agents_store = store_free(agents_store);
        server_kill();
}

static uint32_t run_at(const Story *s, usec_t at, const char *from) {
        uint32_t n = 0;

        for (uint32_t i = 0; i < s->n; i++) {
                const JournalEntry *e = &s->journal[i];

                if (e->at > at || (from && strcmp(e->order->from, from) != 0))
                        continue;
                n += e->event == JOURNAL_INTENT;
                n -= !journal_is_open(e->event);
        }
        return n;
}

/* When the first move that leaves `host` began, after `since`; -1: never. */
static usec_t first_from(const Story *s, const char *host, usec_t since) {
        for (uint32_t i = 0; i < s->n; i++)
                if (s->journal[i].event == JOURNAL_INTENT && s->journal[i].at >= since &&
                    strcmp(s->journal[i].order->from, host) == 0)
                        return s->journal[i].at;
        return -1;
}

static void setup(void) {
        char path[96];
        int fd;

        fixture_setup();
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

TestSuite(urgent, .init = setup, .fini = fixture_teardown, .timeout = 280);

static Story story;

static uint32_t count_in(const char *text, const char *what) {
        uint32_t n = 0;

        for (const char *at = text; (at = strstr(at, what)); at += strlen(what))
                n++;
        return n;
}

static uint32_t said(const char *what) {
        return count_in(story.log, what);
}

static void check_first(int hosts) {
        const usec_t breaks = BEGIN + BREAKS;
        usec_t first;

        live(hosts, "h0001", BREAKS + 60 * SECOND, &story);
        cr_assert_eq(4, run_at(&story, breaks - SECOND, "h0002"), "%s", story.log);
        first = first_from(&story, "h0001", breaks);
        cr_assert(first >= 0, "%s", story.log);
        cr_assert_leq(first - breaks, 5 * SECOND, "%s", story.log);
}

Test(urgent, the_first_evacuation_starts_within_five_seconds_at_three_hosts) {
        check_first(3);
}

Test(urgent, the_first_evacuation_starts_within_five_seconds_at_forty_hosts) {
        check_first(40);
}

Test(urgent, the_first_evacuation_starts_within_five_seconds_at_a_thousand_hosts) {
        check_first(1000);
}

/* What was cut short is written down as that wherever it is told of, and is no failure: it is moved again later. */
Test(urgent, what_is_cut_short_says_for_what_and_is_moved_again_when_the_host_is_empty) {
        uint32_t cut = 0, again = 0;

        live(3, "h0001", BREAKS + 1800 * SECOND, &story);
        for (int i = 0; i < n_guests; i++)
                cr_assert_neq(0, guests[i].host, "%s has left the host that broke\n%s", guests[i].name,
                              story.log);
        for (uint32_t i = 0; i < story.n; i++) {
                const JournalEntry *e = &story.journal[i];

                if (e->event != JOURNAL_ABORTED || e->at < BEGIN + BREAKS ||
                    strncmp(e->message, "cut short: ", 11) != 0)
                        continue;
                cut++;
                cr_assert_str_eq("h0002", e->order->from, "what leaves the host that broke is not cut short");
        }
        cr_assert_geq(cut, 1, "%s", story.log);
        cr_assert_eq(cut, said("end=cut-short "), "%s", story.log);
        cr_assert_geq(count_in(story.audit, "\"cut-short\""), cut, "%s", story.audit);
        cr_assert_null(strstr(story.log, "balance.paused"), "%s", story.log);
        for (uint32_t i = 0; i < story.n; i++)
                again += story.journal[i].event == JOURNAL_INTENT && story.journal[i].at > BEGIN + BREAKS &&
                         strcmp(story.journal[i].order->from, "h0002") == 0;
        cr_assert_geq(again, 1, "%s", story.log);
}

Test(urgent, what_leaves_the_failing_host_itself_is_left_to_go_on) {
        live(40, "h0002", BREAKS + 120 * SECOND, &story);
        cr_assert_eq(4, run_at(&story, BEGIN + BREAKS - SECOND, "h0002"), "%s", story.log);
        cr_assert_eq(0, said("cut-short"), "%s", story.log);
        cr_assert_geq(run_at(&story, BEGIN + BREAKS + 60 * SECOND, "h0002"), 4, "%s", story.log);
}

/* An operator's maintenance waits for a slow move that is in its way, unless its deadline would be missed. */
Test(urgent, a_move_is_cut_short_for_a_deadline_that_can_be_met) {
        deadline = 300 * SECOND;
        live(3, "h0001", BREAKS + 290 * SECOND, &story);
        cr_assert_geq(said("end=cut-short "), 1, "%s", story.log);
        cr_assert_geq(said(" before its deadline, which it would miss"), 1, "%s", story.log);
        cr_assert_eq(0, said("maintenance.late "), "%s", story.log);
        for (int i = 0; i < n_guests; i++)
                cr_assert_neq(0, guests[i].host, "%s is late\n%s", guests[i].name, story.log);
}

Test(urgent, a_deadline_that_passes_is_said_once_and_its_end) {
        deadline = 20 * SECOND;
        live(3, "h0001", BREAKS + 1200 * SECOND, &story);
        cr_assert_eq(1, said("maintenance.late host=h0001 "), "%s", story.log);
        cr_assert_eq(1, said("maintenance.late_ended host=h0001 "), "%s", story.log);
        cr_assert_eq(0, said(" before its deadline"), "nothing is stopped for what is late anyway\n%s",
                     story.log);
        cr_assert_eq(said("end=cut-short "), said("could not leave its target, h0001, again"), "%s",
                     story.log);
}

Test(urgent, while_all_that_is_planned_runs_a_round_looks_again_each_interval) {
        usec_t first;

        quiet = true;
        live(40, "h0001", BREAKS + 60 * SECOND, &story);
        cr_assert_eq(4, run_at(&story, BEGIN + BREAKS - SECOND, "h0002"), "%s", story.log);
        first = first_from(&story, "h0001", BEGIN + BREAKS);
        cr_assert(first >= 0, "%s", story.log);
        cr_assert_leq(first - (BEGIN + BREAKS), 35 * SECOND, "%s", story.log);
}

Test(urgent, what_goes_to_the_failing_host_is_cut_short_at_once) {
        live(3, "h0003", BREAKS + 20 * SECOND, &story);
        cr_assert_eq(4, run_at(&story, BEGIN + BREAKS - SECOND, "h0002"), "%s", story.log);
        cr_assert_eq(2, said("its target, h0003, has a fault of grade 4"), "%s", story.log);
        for (uint32_t i = 0; i < story.n; i++)
                cr_assert(story.journal[i].at < BEGIN + BREAKS ||
                                  strcmp(story.journal[i].order->to, "h0003") != 0 ||
                                  story.journal[i].event == JOURNAL_ABORTED,
                          "%s", story.log);
}
