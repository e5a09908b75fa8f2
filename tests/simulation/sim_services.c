/* SPDX-License-Identifier: Apache-2.0 */
/* Lives of services: each a thread, with a name, a log and a connection of its own; killed, it just never runs again. */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "scheduler/app/service/service.h"
#include "scheduler/base/log.h"
#include "tests/simulation/simulation.h"

#define FIRST_AFTER (40 * SECOND)

typedef struct Life {
        int index, number; /* which service's */
        char name[40];
        ServiceWorld world;
        Clock clock;
        ServiceShare share;
        ClusterService *service;
        Options options;
        char words[28][200];
        char *argv[28];
} Life;

static Life *lives[SIM_LIVES];
static int n_lives;

const char *life_name(int life) {
        return lives[life]->name;
}

int life_number(int life) {
        return lives[life]->number;
}

static usec_t life_now(void *self) {
        return sim_now() + world.clock_of[((const Life *) self)->number];
}

static usec_t life_monotonic(void *self) {
        (void) self;
        return sim_now();
}

static void life_sleep(void *self, usec_t d) {
        (void) self;
        sim_sleep(d);
}

static uint64_t life_draws(void *self) {
        (void) self;
        return prng_next(&world.chance);
}

static void life_identifies(void *self, char *buf, size_t size) {
        (void) snprintf(buf, size, "%s", ((const Life *) self)->name);
}

static int life_opens_store(void *self, const StoreOptions *options, Store **ret, TextFault *reterr_fault) {
        (void) self;
        return store_open(options, ret, reterr_fault);
}

static int life_opens_executor(void *self, Executor *ret) {
        return sim_executor_open(((const Life *) self)->index, ret);
}

static StopRequest life_goes_on(void *arg) {
        (void) arg;
        return STOP_NONE;
}

static unsigned life_reloads(void *self) {
        (void) self;
        return 0;
}

/* Other settings than those that the world asks for. */
static int mutant_options(Life *life, int n) {
        static const char *const options[MUTANT_N][3] = {
                [MUTANT_ALL_ADMITTED] = { "--set=cluster.hosts=*" },
                [MUTANT_NO_LIMITS] = { "--set=plan.moves_in=9", "--set=plan.moves_out=9",
                                       "--set=plan.moves_at_once=40" },
        };

        for (int i = 0; i < 3 && options[world.mutant][i]; i++)
                (void) snprintf(life->words[n++], sizeof(life->words[0]), "%s", options[world.mutant][i]);
        return n;
}

static void life_options(Life *life) {
        static const char *const fixed[] = {
                "plimsolld",
                "--cluster=sim",
                "--mode=auto",
                "--interval=2m",
                "--set=cluster.hosts=h*",
                "--set=service.lease=2m",
                "--set=service.hold=4m",
                "--set=service.settle=1m",
                "--set=service.cool_down=20m",
                "--set=service.pause_after=0",
                "--set=service.uri=sim://{host}/system",
                "--set=snapshot.stale_after=90s",
                "--set=plan.exact_nodes=0",
                "--set=plan.moves_in=2",
                "--set=plan.moves_out=2",
                "--set=plan.moves_at_once=5",
        };
        TextFault f = { 0 };
        int n = 0;

        for (size_t i = 0; i < ARRAY_SIZE(fixed); i++)
                (void) snprintf(life->words[n++], sizeof(life->words[0]), "%s", fixed[i]);
        (void) snprintf(life->words[n++], sizeof(life->words[0]), "--redis=unix://%s/redis.sock", world.dir);
        (void) snprintf(life->words[n++], sizeof(life->words[0]), "--settings=%s/settings.yaml", world.dir);
        (void) snprintf(life->words[n++], sizeof(life->words[0]), "--state-dir=%s/state%d", world.dir,
                        life->number);
        n = mutant_options(life, n);
        for (int i = 0; i < n; i++)
                life->argv[i] = life->words[i];
        if (options_parse(service_options, n, life->argv, &life->options, &f) != 0)
                must(false, f.what);
}

static FILE *life_log(const Life *life) {
        char path[200];
        FILE *f;

        (void) snprintf(path, sizeof(path), "%s/log.%c", world.dir, 'A' + life->number);
        f = fopen(path, "ae");
        must(f != NULL, "a log");
        (void) setvbuf(f, NULL, _IOLBF, 0);
        return f;
}

static void *life_run(void *arg) {
        Life *life = arg;

        sim_actor_begin(life->index + 1);
        (void) !cluster_service_run(life->service);
        violation("a service has ended by itself");
        return NULL;
}

void service_begin(int number) {
        Life *life = calloc(1, sizeof(*life));
        pthread_t thread;
        usec_t wakes;
        int r;

        must(life && n_lives < SIM_LIVES, "memory for a service");
        life->index = n_lives;
        life->number = number;
        (void) snprintf(life->name, sizeof(life->name), "%c/%d/1", 'A' + number, n_lives + 1);
        life->clock =
                (Clock){ .self = life, .now = life_now, .monotonic = life_monotonic, .sleep = life_sleep };
        life->world = (ServiceWorld){ .self = life,
                                      .clock = &life->clock,
                                      .nap = 20 * SECOND,
                                      .random = life_draws,
                                      .identify = life_identifies,
                                      .open_store = life_opens_store,
                                      .open_executor = life_opens_executor,
                                      .look = sim_look,
                                      .stop_request = life_goes_on,
                                      .reloads = life_reloads };
        lives[n_lives++] = life;
        life_options(life);
        service_share_open(&life->share);
        r = cluster_service_open(&(ClusterServiceOptions){ .options = &life->options,
                                                           .share = &life->share,
                                                           .world = &life->world,
                                                           .log = life_log(life) },
                                 &life->service);
        must(r == 0, "a service that starts");
        /* At first when all hosts have reported. */
        wakes = sim_now() + 1 + number + (sim_now() == BEGIN ? FIRST_AFTER : 0);
        must(sim_actor_new(wakes) == life->index + 1, "an actor for each life");
        must(pthread_create(&thread, NULL, life_run, life) == 0, "a thread");
        world.life_of[number] = life->index;
}

void service_kill(int number) {
        if (world.life_of[number] < 0)
                return;
        sim_actor_dies(world.life_of[number] + 1);
        world.life_of[number] = -1;
}

int service_leader(void) {
        StoreLease lease;

        if (!world.store_up || store_get_lease(world.store, &lease) != 0)
                return -1;
        return lease.holder[0] == 'A' || lease.holder[0] == 'B' ? lease.holder[0] - 'A' : -1;
}
