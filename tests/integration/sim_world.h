/* SPDX-License-Identifier: Apache-2.0 */
/* One world for tests of the whole service: simulated time, agents that report hosts and their VMs, and what a service is given.
 * Facts, journal and records are in a real Redis, whose clock is ours, too (redis_clock.c).
 *
 * Time passes only while all sleep: of the actors (services, agents) one runs until it sleeps, then the one that wakes first.
 * A test of one thread has no actors: it advances the time itself (sim_advance()).
 *
 * Units: usec_t, in microseconds; MiB, thousandths of a core by suffix. Owner: the test. Errors: a test that fails. Threads: the
 * actors, one at a time.
 */
#pragma once

#include <pthread.h>
#include <stdatomic.h>
#include <sys/mman.h>

#include "scheduler/app/service/service.h"
#include "scheduler/app/service/service_cluster.h"
#include "scheduler/app/state/move_journal.h"
#include "scheduler/base/prng.h"
#include "scheduler/snapshot/wire/sample_wire.h"
#include "tests/integration/redis_fixture.h"
#include "tests/support/executor_simulated.h"

#define BEGIN  (INT64_C(1767225600) * USEC_PER_SEC) /* 2026-01-01 */
#define MINUTE (60 * USEC_PER_SEC)
#define HOUR   (60 * MINUTE)

/* ---- time ---- */

enum { SIM_ACTORS_MOST = 8 };

typedef struct SimActor {
        usec_t wakes;
        bool ended;
} SimActor;

static pthread_mutex_t sim_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t sim_turn = PTHREAD_COND_INITIALIZER;
static _Atomic int64_t *sim_at;              /* mapped: the redis-server's clock too */
static usec_t sim_end;                       /* when services are told to stop … */
static StopRequest sim_ends_by = STOP_ABORT; /* … and how */
static SimActor sim_actors[SIM_ACTORS_MOST];
static int sim_n_actors, sim_running;
static _Thread_local int sim_me;

static inline usec_t sim_now(void) {
        return *sim_at;
}

static inline void sim_advance(usec_t d) {
        *sim_at += d;
}

static inline usec_t sim_clock_now(void *self) {
        (void) self;
        return *sim_at;
}

static inline void sim_pass_on(void) {
        int first = -1;

        for (int i = 0; i < sim_n_actors; i++)
                if (!sim_actors[i].ended && (first < 0 || sim_actors[i].wakes < sim_actors[first].wakes))
                        first = i;
        sim_running = first;
        if (first >= 0 && sim_actors[first].wakes > *sim_at)
                *sim_at = sim_actors[first].wakes;
        (void) pthread_cond_broadcast(&sim_turn);
}

static inline void sim_take_turn(void) {
        while (sim_running != sim_me)
                (void) pthread_cond_wait(&sim_turn, &sim_lock);
}

static inline void sim_sleep(usec_t d) {
        (void) pthread_mutex_lock(&sim_lock);
        sim_actors[sim_me].wakes = *sim_at + d;
        sim_pass_on();
        sim_take_turn();
        (void) pthread_mutex_unlock(&sim_lock);
}

static inline void sim_clock_sleep(void *self, usec_t d) {
        (void) self;
        sim_sleep(d);
}

static const Clock clock_sim = { .now = sim_clock_now, .monotonic = sim_clock_now, .sleep = sim_clock_sleep };

/* The time is BEGIN; n actors, who wake so long after it the first time. */
static inline void sim_begin(int n, const usec_t *first, usec_t length) {
        *sim_at = BEGIN;
        sim_end = BEGIN + length;
        sim_n_actors = n;
        for (int i = 0; i < n; i++)
                sim_actors[i] = (SimActor){ .wakes = BEGIN + first[i] };
        sim_pass_on();
}

/* What an actor's thread begins and ends with. */
static inline void sim_actor_begin(int i) {
        sim_me = i;
        (void) pthread_mutex_lock(&sim_lock);
        sim_take_turn();
        (void) pthread_mutex_unlock(&sim_lock);
}

static inline void *sim_actor_end(void) {
        (void) pthread_mutex_lock(&sim_lock);
        sim_actors[sim_me].ended = true;
        sim_pass_on();
        (void) pthread_mutex_unlock(&sim_lock);
        return NULL;
}

/* After fixture_setup(): servers that are started from now on have this clock. */
static inline void sim_setup(void) {
        char path[96];
        int fd;

        fixture_setup();
        (void) snprintf(path, sizeof(path), "%s/clock", dir);
        fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
        cr_assert(fd >= 0 && ftruncate(fd, sizeof(*sim_at)) == 0);
        sim_at = mmap(NULL, sizeof(*sim_at), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
        cr_assert_neq(MAP_FAILED, (void *) sim_at);
        (void) close(fd);
        *sim_at = BEGIN;
        /* For the redis-server alone: it is looked for when a program is started. */
        cr_assert_eq(0, setenv("REDIS_CLOCK", path, 1));
        cr_assert_eq(0, setenv("LD_PRELOAD", BUILD_DIR "/libredis_clock.so", 1));
}

/* ---- agents ---- */

typedef struct SimVm {
        const char *name, *uuid;
        int64_t vcpus, mib, mcores;
        const char *pinned; /* why; NULL: it is not */
} SimVm;

typedef struct SimHost {
        const char *name, *uri; /* uri NULL: it does not say */
        int64_t cpus, mib, own_mib;
        usec_t at, interval, expiry; /* at: when it was read and sent */
        bool broken;                 /* its power supply smokes: grade 4 */
} SimHost;

#define SIM_NUMBER(m, s, v)                                                                                  \
        { .metric = METRIC_##m, .subject = (s), .number = (v) }
#define SIM_TEXT(m, s, v)                                                                                    \
        { .metric = METRIC_##m, .subject = (s), .text = (v) }

/* As its agent would: the host with these n VMs, and a tenth of a core of its own. */
static inline void sim_report(Store *to, Arena *a, const SimHost *host, const SimVm *vms, uint32_t n_vms) {
        Sample facts[] = { SIM_NUMBER(HOST_CPUS, "", host->cpus), SIM_NUMBER(HOST_DAEMON, "", 1),
                           SIM_NUMBER(HOST_CPU_BUSY, "", 100), SIM_TEXT(HOST_URI, "", host->uri) };
        Sample memory[] = { SIM_NUMBER(HOST_MEMORY_TOTAL, "", host->mib),
                            SIM_NUMBER(HOST_MEMORY_AVAILABLE, "", host->mib - host->own_mib) };
        Sample fault[] = { SIM_NUMBER(FAULT_GRADE, "psu", 4), SIM_TEXT(FAULT_WHY, "psu", "it smokes") };
        const ArenaMark mark = arena_mark(a);
        Sample *list = arena_new(a, Sample, 7 * (size_t) n_vms);
        Section sections[] = {
                { .collector = "host",
                  .read_at = host->at,
                  .samples = facts,
                  .n_samples = host->uri ? 4 : 3 },
                { .collector = "memory", .read_at = host->at, .samples = memory, .n_samples = 2 },
                { .collector = "vms", .read_at = host->at, .samples = list },
                { .collector = "faults_d", .read_at = host->at, .samples = fault, .n_samples = 2 }
        };
        Report r = { .host = host->name,
                     .sent_at = host->at,
                     .sequence = (uint64_t) host->at,
                     .interval = host->interval,
                     .sections = sections,
                     .n_sections = host->broken ? 4 : 3 };
        const char *text;
        uint32_t k = 0;
        size_t n;

        cr_assert_not_null(list);
        for (uint32_t i = 0; i < n_vms; i++) {
                const SimVm *vm = &vms[i];

                facts[2].number += vm->mcores;
                memory[1].number -= vm->mib;
                list[k++] = (Sample) SIM_TEXT(VM_UUID, vm->name, vm->uuid);
                list[k++] = (Sample) SIM_TEXT(VM_STATE, vm->name, "running");
                list[k++] = (Sample) SIM_NUMBER(VM_VCPUS, vm->name, vm->vcpus);
                list[k++] = (Sample) SIM_NUMBER(VM_MEMORY, vm->name, vm->mib);
                list[k++] = (Sample) SIM_NUMBER(VM_CPU, vm->name, vm->mcores);
                list[k++] = (Sample) SIM_NUMBER(VM_DIRTY, vm->name, 0);
                if (vm->pinned)
                        list[k++] = (Sample) SIM_TEXT(VM_PINNED, vm->name, vm->pinned);
        }
        sections[2].n_samples = k;
        cr_assert_eq(0, report_print(a, &r, &text, &n));
        cr_assert_eq(0, store_put_report(to, r.host, text, n, host->expiry), "%s", store_error(to));
        arena_rewind(a, mark);
}

/* ---- what a service is given: each part as it usually is; a test puts others in their places ---- */

static Prng sim_chance;

static inline uint64_t sim_draw(void *self) {
        (void) self;
        return prng_next(&sim_chance);
}

static inline void sim_identify(void *self, char *buf, size_t size) {
        (void) self;
        (void) snprintf(buf, size, "A/1/1");
}

static inline int sim_open_store(void *self, const StoreOptions *options, Store **ret,
                                 TextFault *reterr_fault) {
        (void) self;
        return store_open(options, ret, reterr_fault);
}

static inline int sim_look(void *self, LibvirtAt at, const char *uuid, usec_t at_most, DomainState *ret) {
        (void) self;
        (void) at;
        (void) uuid;
        (void) at_most;
        *ret = (DomainState){ .presence = PRESENCE_UNKNOWN, .words = "nobody is asked here" };
        return 0;
}

static inline StopRequest sim_stop_request(void *arg) {
        (void) arg;
        return *sim_at < sim_end ? STOP_NONE : sim_ends_by;
}

static inline unsigned sim_reloads(void *self) {
        (void) self;
        return 0;
}

#define SIM_WORLD                                                                                            \
        .clock = &clock_sim, .random = sim_draw, .identify = sim_identify, .open_store = sim_open_store,     \
        .look = sim_look, .stop_request = sim_stop_request, .reloads = sim_reloads
