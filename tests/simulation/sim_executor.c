/* SPDX-License-Identifier: Apache-2.0 */
/* Migrations are the world's: one whose leader died goes on, as those that hosts make among themselves do. */
#include <stdlib.h>
#include <string.h>

#include "tests/simulation/simulation.h"

#define LOOKS_EVERY (2 * SECOND) /* a service that is waited for looks no more often: rounds are to be many */
#define HANGS_FOR   (30 * MINUTE)

static usec_t move_takes(const SimVm *vm) {
        return 2 * SECOND + vm->mib * (200 + prng_below(&world.chance, 1000)); /* 1 to 5 GiB/s */
}

static SimEnd move_draws_end(const SimVm *vm) {
        if (vm->stuck)
                return END_REFUSED;
        if (world.mutant == MUTANT_NOTHING_LEAVES && world.hosts[vm->host].mark == HOST_MAINTENANCE)
                return END_FAILS;
        if (world.hangs > 0 && prng_below(&world.chance, 3) == 0)
                return END_HANGS;
        if (world.unclear > 0 && prng_below(&world.chance, 2) == 0)
                return END_UNCLEAR;
        if (world.fails > 0 && prng_below(&world.chance, 2) == 0)
                return END_FAILS;
        return END_DONE;
}

static void move_finish(SimMove *m, MigrationPhase phase, MoveMiss miss, MissBlame blame, const char *words) {
        if (world.vms[m->vm].move == (int32_t) (m - world.moves))
                world.vms[m->vm].move = -1;
        m->status.phase = phase;
        m->status.ended = sim_now();
        m->status.miss = miss;
        m->status.blame = blame;
        (void) snprintf(m->status.message, sizeof(m->status.message), "%s", words);
}

static void move_arrives(SimMove *m) {
        world.vms[m->vm].host = m->to;
        world.result.done++;
}

void move_ends(uint32_t number) {
        SimMove *m = &world.moves[number];

        if (migration_has_ended(m->status.phase))
                return;
        switch (m->end) {
        case END_DONE:
                if (world.mutant != MUTANT_DONE_IS_A_LIE || sim_now() > world.quiet || number % 2 == 0)
                        move_arrives(m);
                m->status.bytes_done = m->bytes;
                m->status.bytes_left = 0;
                m->status.downtime_ms = 40;
                move_finish(m, MIGRATION_DONE, 0, BLAME_NONE, "");
                break;
        case END_UNCLEAR: /* it came to pass, or not; who asked is not told */
                if (number % 2 == 0)
                        move_arrives(m);
                move_finish(m, MIGRATION_UNCLEAR, 0, BLAME_NONE, "no reply to Finish");
                break;
        case END_HANGS:
                move_finish(m, MIGRATION_ABORTED, MISS_DEADLINE, BLAME_PAIR, "out of time");
                break;
        case END_REFUSED:
                move_finish(m, MIGRATION_FAILED, MISS_REFUSED, BLAME_VM,
                            "Requested operation is not valid: cannot migrate domain with 1 snapshots");
                break;
        case END_FAILS:
                move_finish(m, MIGRATION_FAILED, MISS_FAILED, BLAME_PAIR, "internal error: QEMU broke off");
                break;
        }
}

void moves_of_crashed(uint32_t h) {
        for (uint32_t i = 0; i < world.n_moves; i++) {
                SimMove *m = &world.moves[i];

                if (migration_has_ended(m->status.phase) || (m->from != h && m->to != h))
                        continue;
                if (m->from == h)
                        move_finish(m, MIGRATION_UNCLEAR, 0, BLAME_NONE, "its source does not answer");
                else
                        move_finish(m, MIGRATION_FAILED, MISS_UNREACHED, BLAME_TARGET, "no route to host");
        }
}

static int executor_start(void *self, const MigrationRequest *request, uint32_t *ret_id) {
        const int life = *(const int *) self, v = vm_by_name(request->order->vm);
        SimVm *vm = &world.vms[v];
        SimMove *m = &world.moves[world.n_moves];
        const int from = host_by_name(request->order->from), to = host_by_name(request->order->to);
        usec_t takes = move_takes(vm);

        must(v >= 0 && from >= 0 && to >= 0, "orders for what is there");
        check_start(request, life);
        must(world.n_moves < SIM_MOVES, "fewer moves");
        *m = (SimMove){ .vm = (uint32_t) v,
                        .from = (uint32_t) from,
                        .to = (uint32_t) to,
                        .life = life,
                        .at = sim_now(),
                        .end = move_draws_end(vm),
                        .bytes = vm->mib << 20,
                        .status = { .phase = MIGRATION_RUNNING,
                                    .started = sim_now(),
                                    .bytes_total = vm->mib << 20,
                                    .bytes_left = vm->mib << 20,
                                    .dirty_kib_s = UNKNOWN,
                                    .downtime_ms = UNKNOWN,
                                    .iteration = 1 } };
        m->status.bytes_per_s = m->bytes * SECOND / takes;
        *ret_id = world.n_moves++;
        world.result.moves++;
        world.last_start = sim_now();
        if (m->end == END_FAILS)
                takes = 1 + takes * prng_below(&world.chance, 100) / 100;
        if (m->end == END_REFUSED)
                takes = SECOND;
        if (m->end == END_HANGS)
                takes = request->time_limit > 0 ? request->time_limit : HANGS_FOR;
        m->ends = sim_now() + takes;
        if (vm->host != (uint32_t) from || vm->move >= 0 || !vm->running) {
                move_finish(m, MIGRATION_FOREIGN, MISS_REFUSED, BLAME_VM, "it is not as it was planned on");
                return 0;
        }
        if (!world.hosts[to].up || !world.hosts[from].up) {
                move_finish(m, MIGRATION_FAILED, MISS_UNREACHED,
                            world.hosts[to].up ? BLAME_SOURCE : BLAME_TARGET, "no route to host");
                return 0;
        }
        vm->move = (int32_t) *ret_id;
        if (world.mutant == MUTANT_MOVES_UNSEEN && v < 8) { /* so it is said, and it goes on */
                m->status.phase = MIGRATION_FAILED;
                m->status.ended = sim_now();
                m->status.miss = MISS_FAILED;
                m->status.blame = BLAME_PAIR;
        }
        event_put(m->ends, EVENT_MOVE, *ret_id, NULL);
        return 0;
}

static void executor_poll(void *self, uint32_t id, MigrationStatus *ret) {
        SimMove *m = &world.moves[id];

        (void) self;
        if (m->status.phase == MIGRATION_RUNNING) {
                const usec_t all = m->ends - m->at;

                m->status.bytes_done = m->bytes / 1000 * ((sim_now() - m->at) * 1000 / (all > 0 ? all : 1));
                m->status.bytes_left = m->bytes - m->status.bytes_done;
        }
        *ret = m->status;
}

static void executor_abort(void *self, uint32_t id) {
        (void) self;
        if (!migration_has_ended(world.moves[id].status.phase))
                move_finish(&world.moves[id], MIGRATION_ABORTED, 0, BLAME_NONE, "told to stop");
}

static usec_t executor_now(void *self) {
        (void) self;
        return sim_now();
}

/* Until one of its own ends. */
static void executor_wait(void *self, usec_t at_most) {
        const int life = *(const int *) self;
        usec_t until = sim_now() + (at_most > LOOKS_EVERY ? at_most : LOOKS_EVERY);

        for (uint32_t i = 0; i < world.n_moves; i++)
                if (world.moves[i].life == life && world.moves[i].status.phase == MIGRATION_RUNNING &&
                    world.moves[i].ends < until)
                        until = world.moves[i].ends;
        sim_sleep(until - sim_now());
}

static void executor_forget(void *self, uint32_t id) {
        (void) self;
        (void) id;
}

static void executor_free(void *self) {
        free(self);
}

int sim_executor_open(int life, Executor *ret) {
        int *self = malloc(sizeof(*self));

        must(self != NULL, "memory");
        *self = life;
        *ret = (Executor){ .name = "simulated",
                           .self = self,
                           .start = executor_start,
                           .poll = executor_poll,
                           .abort = executor_abort,
                           .now = executor_now,
                           .wait = executor_wait,
                           .forget = executor_forget,
                           .free = executor_free };
        return 0;
}

/* As libvirt on that host would say. */
int sim_look(void *self, LibvirtAt at, const char *uuid, usec_t at_most, DomainState *ret) {
        char name[16] = "";
        const char *host = strstr(at.uri, "://");
        int h;

        (void) self;
        (void) at_most;
        (void) snprintf(name, sizeof(name), "%.*s", (int) strcspn(host + 3, "/"), host + 3);
        h = host_by_name(name);
        must(h >= 0, "a host that is asked for");
        *ret = (DomainState){ .presence = PRESENCE_NONE, .words = "not there" };
        if (!world.hosts[h].up) {
                *ret = (DomainState){ .presence = PRESENCE_UNKNOWN, .words = "cannot be asked" };
                return 0;
        }
        for (uint32_t v = 0; v < world.n_vms; v++) {
                const SimVm *vm = &world.vms[v];

                if (strcmp(vm->uuid, uuid) != 0)
                        continue;
                if (vm->host == (uint32_t) h && vm->running)
                        *ret = (DomainState){ .presence = PRESENCE_RUNNING,
                                              .defined = true,
                                              .idle = vm->move < 0 || world.mutant == MUTANT_MOVES_UNSEEN,
                                              .words = "running" };
                else if (vm->move >= 0 && world.moves[vm->move].to == (uint32_t) h)
                        *ret = (DomainState){ .presence = PRESENCE_OTHER, .words = "paused, incoming" };
        }
        return 0;
}
