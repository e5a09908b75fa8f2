/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "scheduler/act/executor_simulated.h"

typedef struct World {
        SimulatedMove move;
        char log[256];
} World;

static SimulatedMove script(void *arg, const MigrationRequest *request) {
        SimulatedMove m = ((World *) arg)->move;

        if (request->order->vm[0] == 's')
                m.takes *= 3; /* "slow…" */
        return m;
}

static void moved(void *arg, const MoveOrder *m) {
        World *w = arg;

        (void) snprintf(w->log + strlen(w->log), sizeof(w->log) - strlen(w->log), "%s:%s-%s ", m->vm, m->from,
                        m->to);
}

static Executor open_world(World *w) {
        Executor e;

        cr_assert_eq(0, executor_simulated_open(
                                (ExecutorSimulatedOptions){
                                        .start = 1000, .script = script, .moved = moved, .arg = w },
                                &e));
        return e;
}

static uint32_t start(const Executor *e, const char *vm, usec_t limit) {
        const MoveOrder order = { .vm = vm, .from = "h1", .to = "h2" };
        const MigrationRequest r = { .order = &order, .time_limit = limit };
        uint32_t id;

        cr_assert_eq(0, e->start(e->self, &r, &id));
        return id;
}

static MigrationStatus poll_one(const Executor *e, uint32_t id) {
        MigrationStatus s;

        e->poll(e->self, id, &s);
        return s;
}

Test(executor_simulated, time_stands_still_between_waits_and_stops_at_each_end) {
        World w = { .move = { .takes = 10 * USEC_PER_SEC, .bytes = 1000, .downtime_ms = 50 } };
        Executor e = open_world(&w);
        uint32_t slow = start(&e, "slow", 0), fast = start(&e, "fast", 0);

        cr_assert_eq(executor_simulated_now(&e), 1000);
        e.wait(e.self, 5 * USEC_PER_SEC);
        cr_assert_eq(poll_one(&e, fast).phase, MIGRATION_RUNNING);
        cr_assert_eq(poll_one(&e, fast).bytes_done, 500);
        e.wait(e.self, 3600 * USEC_PER_SEC);
        cr_assert_eq(executor_simulated_now(&e), 1000 + 10 * USEC_PER_SEC);
        cr_assert_eq(poll_one(&e, fast).phase, MIGRATION_DONE);
        cr_assert_eq(poll_one(&e, fast).downtime_ms, 50);
        cr_assert_eq(poll_one(&e, fast).bytes_done, 1000);
        cr_assert_eq(poll_one(&e, fast).bytes_left, 0);
        cr_assert_eq(poll_one(&e, slow).phase, MIGRATION_RUNNING);
        e.wait(e.self, 3600 * USEC_PER_SEC);
        cr_assert_eq(poll_one(&e, slow).ended, 1000 + 30 * USEC_PER_SEC);
        cr_assert_str_eq(w.log, "fast:h1-h2 slow:h1-h2 ");
        e.free(e.self);
}

Test(executor_simulated, advancing_passes_several_ends_in_their_order) {
        World w = { .move = { .takes = USEC_PER_SEC } };
        Executor e = open_world(&w);

        (void) start(&e, "slow", 0);
        (void) start(&e, "b", 0);
        (void) start(&e, "a", 0);
        executor_simulated_advance(&e, 10 * USEC_PER_SEC);
        cr_assert_eq(executor_simulated_now(&e), 1000 + 10 * USEC_PER_SEC);
        cr_assert_str_eq(w.log, "b:h1-h2 a:h1-h2 slow:h1-h2 ");
        e.free(e.self);
}

Test(executor_simulated, a_failure_moves_nothing_and_a_lie_claims_what_did_not_happen) {
        World w = { .move = { .end = SIMULATED_FAILS, .takes = USEC_PER_SEC, .message = "no route" } };
        Executor e = open_world(&w);
        uint32_t id = start(&e, "vm", 0);

        e.wait(e.self, 2 * USEC_PER_SEC);
        cr_assert_eq(poll_one(&e, id).phase, MIGRATION_FAILED);
        cr_assert_str_eq(poll_one(&e, id).message, "no route");
        w.move.end = SIMULATED_LIES;
        id = start(&e, "vm", 0);
        e.wait(e.self, 2 * USEC_PER_SEC);
        cr_assert_eq(poll_one(&e, id).phase, MIGRATION_DONE);
        cr_assert_str_eq(w.log, "");
        e.free(e.self);
}

Test(executor_simulated, what_hangs_ends_at_its_limit_or_when_told) {
        World w = { .move = { .end = SIMULATED_HANGS, .takes = USEC_PER_SEC } };
        Executor e = open_world(&w);
        uint32_t limited = start(&e, "vm", 60 * USEC_PER_SEC), told = start(&e, "vm", 0);

        e.abort(e.self, told);
        executor_simulated_advance(&e, 0);
        cr_assert_eq(poll_one(&e, told).phase, MIGRATION_ABORTED);
        executor_simulated_advance(&e, 59 * USEC_PER_SEC);
        cr_assert_eq(poll_one(&e, limited).phase, MIGRATION_RUNNING);
        executor_simulated_advance(&e, USEC_PER_SEC);
        cr_assert_eq(poll_one(&e, limited).phase, MIGRATION_ABORTED);
        cr_assert_str_eq(poll_one(&e, limited).message, "out of time");
        e.free(e.self);
}

Test(executor_simulated, what_is_deaf_is_unclear_in_the_end) {
        World w = { .move = { .end = SIMULATED_DEAF, .takes = USEC_PER_SEC } };
        Executor e = open_world(&w);
        uint32_t id = start(&e, "vm", 0);

        e.abort(e.self, id);
        executor_simulated_advance(&e, SIMULATED_GIVE_UP - 1);
        e.abort(e.self, id); /* asking again does not put it off */
        cr_assert_eq(poll_one(&e, id).phase, MIGRATION_RUNNING);
        executor_simulated_advance(&e, 1);
        cr_assert_eq(poll_one(&e, id).phase, MIGRATION_UNCLEAR);
        e.free(e.self);
}

Test(executor_simulated, no_memory_is_an_error_of_start) {
        World w = { .move = { .end = SIMULATED_NO_MEMORY, .takes = 1 } };
        const MoveOrder order = { .vm = "vm", .from = "h1", .to = "h2" };
        const MigrationRequest r = { .order = &order };
        Executor e = open_world(&w);
        uint32_t id = 7;

        cr_assert_eq(-ENOMEM, e.start(e.self, &r, &id));
        cr_assert_eq(id, 7);
        e.free(e.self);
}

/* A world's clock: it goes on while others sleep, too. */
static usec_t worlds_time;

static usec_t world_now(void *self) {
        (void) self;
        return worlds_time;
}

static void world_sleep(void *self, usec_t d) {
        (void) self;
        worlds_time += d;
}

static const Clock worlds_clock = { .now = world_now, .monotonic = world_now, .sleep = world_sleep };

Test(executor_simulated, in_a_worlds_time_what_should_have_ended_has) {
        World w = { .move = { .takes = 10 * USEC_PER_SEC, .bytes = 1000 } };
        const ExecutorSimulatedOptions options = {
                .clock = &worlds_clock, .script = script, .moved = moved, .arg = &w
        };
        Executor e;
        uint32_t slow, fast;

        worlds_time = 5000;
        cr_assert_eq(0, executor_simulated_open(options, &e));
        slow = start(&e, "slow", 0);
        fast = start(&e, "fast", 0);
        e.wait(e.self, 60 * USEC_PER_SEC);
        cr_assert_eq(worlds_time, 5000 + 10 * USEC_PER_SEC, "until the next event");
        cr_assert_eq(poll_one(&e, fast).phase, MIGRATION_DONE);
        worlds_time += 60 * USEC_PER_SEC; /* somebody else has slept */
        cr_assert_eq(poll_one(&e, slow).phase, MIGRATION_DONE);
        cr_assert_eq(poll_one(&e, slow).ended, 5000 + 30 * USEC_PER_SEC,
                     "when it was due, not when it was seen");
        e.wait(e.self, USEC_PER_SEC);
        cr_assert_eq(worlds_time, 5000 + 71 * USEC_PER_SEC, "nothing comes: as long as told");
        e.free(e.self);
}
