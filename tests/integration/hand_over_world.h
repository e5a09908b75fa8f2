/* SPDX-License-Identifier: Apache-2.0 */
/* The world of hand_over_test: three hosts whose agents report, a service on a thread of its own that leads, migrations in
 * simulated time on the executor; all else is real, and a private Redis.
 */
#pragma once

#include <pthread.h>
#include <stdatomic.h>

#include "scheduler/app/round/audit_store.h"
#include "scheduler/app/round/cool_downs.h"
#include "scheduler/app/service/service_cluster.h"
#include "scheduler/app/state/asked_move.h"
#include "scheduler/app/state/host_mark.h"
#include "scheduler/snapshot/files/waiting_text.h"
#include "tests/integration/person_fixture.h"
#include "tests/integration/real_world.h"
#include "tests/integration/service_fixture.h"
#include "tests/support/executor_simulated.h"

enum { HOSTS = 3, VMS = 6 };

/* ---- the world: real time ---- */

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int host_of[VMS];
static usec_t takes[HOSTS]; /* a migration from there */
static bool fails_to_h3, fails_from_h3;
static int64_t memory_of_h3;
static atomic_bool agents_end, service_ends;

static int number(const char *name, size_t skip) {
        return (int) strtol(name + skip, NULL, 10);
}

static SimulatedMove script(void *arg, const MigrationRequest *request) {
        const bool fails = (fails_to_h3 && strcmp(request->order->to, "h3") == 0) ||
                           (fails_from_h3 && strcmp(request->order->from, "h3") == 0);

        (void) arg;
        return (SimulatedMove){ .end = fails ? SIMULATED_FAILS : SIMULATED_DONE,
                                .takes = takes[number(request->order->from, 1) - 1],
                                .bytes = 1 << 20,
                                .message = "the target has no such bridge" };
}

static void moved(void *arg, const MoveOrder *order) {
        (void) arg;
        (void) pthread_mutex_lock(&lock);
        host_of[number(order->vm, 2)] = number(order->to, 1) - 1;
        (void) pthread_mutex_unlock(&lock);
}

static bool is_on(int vm, int host) {
        bool is;

        (void) pthread_mutex_lock(&lock);
        is = host_of[vm] == host - 1;
        (void) pthread_mutex_unlock(&lock);
        return is;
}

static int open_executor(void *self, Executor *ret) {
        (void) self;
        return executor_simulated_open(
                (ExecutorSimulatedOptions){ .clock = &real, .script = script, .moved = moved }, ret);
}

static uint64_t draw(void *self) {
        (void) self;
        return (uint64_t) clock_monotonic();
}

static void identify(void *self, char *buf, size_t size) {
        (void) self;
        (void) snprintf(buf, size, "a/%d/%llx", getpid(), (unsigned long long) clock_now());
}

static StopRequest stop_request(void *arg) {
        (void) arg;
        return atomic_load(&service_ends) ? STOP_DRAIN : STOP_NONE;
}

/* ---- the agents ---- */

static void agent_report(Store *to, Arena *a, int h) {
        char host[8], uri[40], names[VMS][8], uuids[VMS][40];
        const usec_t now = clock_now();
        Sample facts[] = { N(HOST_CPUS, "", 16), N(HOST_DAEMON, "", 1), N(HOST_CPU_BUSY, "", 100),
                           T(HOST_URI, "", uri) };
        const int64_t mib = h == 2 ? memory_of_h3 : 65536;
        Sample memory[] = { N(HOST_MEMORY_TOTAL, "", mib), N(HOST_MEMORY_AVAILABLE, "", mib - 100) };
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
        (void) snprintf(uri, sizeof(uri), "test:///%d", h);
        (void) pthread_mutex_lock(&lock);
        for (int v = 0; v < VMS; v++) {
                if (host_of[v] != h)
                        continue;
                (void) snprintf(names[v], sizeof(names[v]), "vm%d", v);
                (void) snprintf(uuids[v], sizeof(uuids[v]), "00000000-0000-4000-8000-%012d", v + 1);
                vms[k++] = (Sample) T(VM_UUID, names[v], uuids[v]);
                vms[k++] = (Sample) T(VM_STATE, names[v], "running");
                vms[k++] = (Sample) N(VM_VCPUS, names[v], 1);
                vms[k++] = (Sample) N(VM_MEMORY, names[v], 1024);
                vms[k++] = (Sample) N(VM_CPU, names[v], 2000);
                facts[2].number += 2000;
                memory[1].number -= 900;
                vms[k++] = (Sample) N(VM_DIRTY, names[v], 0);
        }
        (void) pthread_mutex_unlock(&lock);
        sections[0] = (Section){ .collector = "host", .read_at = now, .samples = facts, .n_samples = 4 };
        sections[1] = (Section){ .collector = "memory", .read_at = now, .samples = memory, .n_samples = 2 };
        sections[2] = (Section){ .collector = "vms", .read_at = now, .samples = vms, .n_samples = k };
        cr_assert_eq(0, report_print(a, &r, &text, &n));
        cr_assert_eq(0, store_put_report(to, host, text, n, 60 * USEC_PER_SEC), "%s", store_error(to));
}

static void agents_report(Store *to, Arena *a) {
        arena_rewind(a, 0);
        for (int h = 0; h < HOSTS; h++)
                agent_report(to, a, h);
}

static void *agents_run(void *arg) {
        Arena a;

        cr_assert_eq(0, arena_open((size_t) 16 << 20, &a));
        while (!atomic_load(&agents_end)) {
                agents_report(arg, &a);
                clock_sleep(200 * USEC_PER_MSEC); /* no condition: agents report so often */
        }
        arena_close(&a);
        return NULL;
}

/* ---- the service ---- */

static char redis_option[160], state_option[160], mode_option[80];
static ClusterService *service;
static pthread_t service_thread, agents_thread;
static Store *agents_store;
static Options options;
static ServiceShare share;
static ServiceWorld world;
static FILE *service_log;
static char *log_text;
static size_t log_size;

static char *service_words[] = { (char[]){ "plimsolld" },
                                 redis_option,
                                 state_option,
                                 mode_option,
                                 (char[]){ "--cluster=t" },
                                 (char[]){ "--set=cluster.hosts=*" },
                                 (char[]){ "--interval=30s" },
                                 (char[]){ "--settings=/dev/null" },
                                 (char[]){ "--set=service.lease=2s" },
                                 (char[]){ "--set=service.settle=0s" },
                                 (char[]){ "--set=plan.moves_at_once=4" },
                                 (char[]){ "--set=balance.cpu=0" },
                                 (char[]){ "--set=balance.memory=0" } };

static void *service_actor(void *arg) {
        (void) cluster_service_run(arg);
        return NULL;
}

static void service_begin(const char *mode) {
        ClusterServiceOptions o = { .options = &options, .share = &share, .world = &world };
        TextFault f;

        (void) snprintf(redis_option, sizeof(redis_option), "--redis=%s", url);
        (void) snprintf(state_option, sizeof(state_option), "--state-dir=%s", dir);
        (void) snprintf(mode_option, sizeof(mode_option), "%s", mode);
        cr_assert_eq(0,
                     options_parse(service_options, ARRAY_SIZE(service_words), service_words, &options, &f),
                     "%s", f.what);
        atomic_store(&service_ends, false);
        service_share_open(&share);
        service_log = open_memstream(&log_text, &log_size);
        o.log = service_log;
        world = (ServiceWorld){ .nap = 100 * USEC_PER_MSEC,
                                .guards = true,
                                .random = draw,
                                .identify = identify,
                                .open_store = service_world_real.open_store,
                                .open_executor = open_executor,
                                .look = look_there,
                                .stop_request = stop_request,
                                .reloads = service_world_real.reloads };
        cr_assert_eq(0, cluster_service_open(&o, &service));
        cr_assert_eq(0, pthread_create(&service_thread, NULL, service_actor, service));
}

static void service_end(void) {
        if (!service)
                return;
        atomic_store(&service_ends, true);
        (void) pthread_join(service_thread, NULL);
        service = cluster_service_free(service);
        service_share_close(&share);
        (void) fclose(service_log);
        service_log = NULL;
}

static bool log_has(const char *what) {
        if (service_log)
                (void) fflush(service_log);
        return log_text && strstr(log_text, what);
}

#define UNTIL(condition)                                                                                     \
        do {                                                                                                 \
                for (int i_ = 0; i_ < 400 && !(condition); i_++)                                             \
                        clock_sleep(50 * USEC_PER_MSEC);                                                     \
                cr_assert((condition), "%s", log_text ? log_text : "");                                      \
        } while (0)

static void service_leads(const char *mode) {
        service_begin(mode);
        UNTIL(log_has("round.planned"));
}

static void setup(void) {
        static const int homes[VMS] = { 0, 0, 0, 0, 1, 1 };
        Arena a;
        TextFault f;

        service_setup();
        person_option = "--set=cluster.hosts=*";
        memcpy(host_of, homes, sizeof(homes));
        for (int h = 0; h < HOSTS; h++)
                takes[h] = 200 * USEC_PER_MSEC;
        fails_to_h3 = fails_from_h3 = false;
        memory_of_h3 = 65536;
        atomic_store(&agents_end, false);
        cr_assert_eq(0, store_open(&(StoreOptions){ .url = url, .cluster = "t" }, &agents_store, &f));
        cr_assert_eq(0, arena_open((size_t) 16 << 20, &a));
        agents_report(agents_store, &a);
        arena_close(&a);
        cr_assert_eq(0, pthread_create(&agents_thread, NULL, agents_run, agents_store));
}

static void teardown(void) {
        service_end();
        atomic_store(&agents_end, true);
        (void) pthread_join(agents_thread, NULL);
        agents_store = store_free(agents_store);
        service_teardown();
}
