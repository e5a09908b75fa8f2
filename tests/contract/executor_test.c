/* SPDX-License-Identifier: Apache-2.0 */
/* What executor.h promises, kept by each executor. */
#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "scheduler/act/libvirt/executor_libvirt.h"
#include "tests/support/executor_dry.h"
#include "tests/support/executor_simulated.h"

static int open_dry(Executor *ret) {
        return executor_dry_open((ExecutorDryOptions){ 0 }, ret);
}

static int open_simulated(Executor *ret) {
        return executor_simulated_open((ExecutorSimulatedOptions){ 0 }, ret);
}

static SimulatedMove hang(void *arg, const MigrationRequest *request) {
        (void) arg;
        (void) request;
        return (SimulatedMove){ .end = SIMULATED_HANGS, .takes = 1 };
}

static int open_simulated_hanging(Executor *ret) {
        return executor_simulated_open((ExecutorSimulatedOptions){ .script = hang }, ret);
}

static int open_libvirt(Executor *ret) {
        ExecutorLibvirtOptions quick = { .connect_at_most = USEC_PER_SEC,
                                         .verify_at_most = 100 * USEC_PER_MSEC,
                                         .give_up = 5 * USEC_PER_SEC };

        return executor_libvirt_open(quick, ret);
}

typedef struct Row {
        char name[32];
        int (*open)(Executor *ret);
} Row;

static const Row rows[] = {
        { "dry", open_dry },
        { "simulated", open_simulated },
        { "simulated, hanging", open_simulated_hanging },
        { "libvirt", open_libvirt },
};

/* The index of a row: Criterion runs each in a process of its own. */
static struct criterion_test_params all_rows(void) {
        static size_t indexes[ARRAY_SIZE(rows)];

        for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
                indexes[i] = i;
        return cr_make_param_array(size_t, indexes, ARRAY_SIZE(rows));
}

#define EXECUTOR_TEST(name)                                                                                  \
        ParameterizedTestParameters(executor, name) {                                                        \
                return all_rows();                                                                           \
        }                                                                                                    \
        ParameterizedTest(size_t *row, executor, name)

/* The order and its strings are overwritten after start(): an executor must have copied them. */
typedef struct Texts {
        char vm[32], from[32], to[32], from_uri[32], to_uri[32];
} Texts;

static uint32_t start_with_own_copies(const Executor *e, const char *vm) {
        Texts t = { .from = "h1", .to = "h2", .from_uri = "test:///default", .to_uri = "test:///default" };
        MoveOrder order = {
                .vm = t.vm, .from = t.from, .to = t.to, .from_uri = t.from_uri, .to_uri = t.to_uri
        };
        const MigrationRequest r = { .order = &order };
        uint32_t id = UINT32_MAX;

        (void) snprintf(t.vm, sizeof(t.vm), "%s", vm);
        cr_assert_eq(0, e->start(e->self, &r, &id));
        memset(&t, 'x', sizeof(t) - 1);
        memset(&order, 0, sizeof(order));
        return id;
}

static MigrationStatus until_ended(const Executor *e, uint32_t id) {
        MigrationStatus s;

        for (int i = 0; i < 100; i++) {
                e->poll(e->self, id, &s);
                if (migration_has_ended(s.phase))
                        return s;
                e->wait(e->self, 100 * USEC_PER_MSEC);
        }
        cr_assert_fail("it does not end");
        return s;
}

EXECUTOR_TEST(each_start_has_an_id_of_its_own_and_all_end_when_told_to) {
        uint32_t ids[20];
        Executor e;

        cr_assert_eq(0, rows[*row].open(&e));
        cr_assert_neq(e.name[0], '\0');
        for (unsigned i = 0; i < ARRAY_SIZE(ids); i++) {
                char vm[16];

                (void) snprintf(vm, sizeof(vm), "vm%u", i);
                ids[i] = start_with_own_copies(&e, vm);
                for (unsigned j = 0; j < i; j++)
                        cr_assert_neq(ids[i], ids[j]);
        }
        for (unsigned i = 0; i < ARRAY_SIZE(ids); i++)
                e.abort(e.self, ids[i]);
        for (unsigned i = 0; i < ARRAY_SIZE(ids); i++) {
                MigrationStatus s = until_ended(&e, ids[i]);

                cr_assert_geq(s.ended, s.started);
                e.forget(e.self, ids[i]);
        }
        e.free(e.self);
}

EXECUTOR_TEST(an_end_is_final_and_says_why_when_it_is_not_done) {
        MigrationStatus first, again;
        Executor e;
        uint32_t id;

        cr_assert_eq(0, rows[*row].open(&e));
        id = start_with_own_copies(&e, "vm");
        e.wait(e.self, USEC_PER_SEC);
        e.abort(e.self, id);
        first = until_ended(&e, id);
        cr_assert_eq(first.phase == MIGRATION_DONE, first.message[0] == '\0');
        e.abort(e.self, id);
        e.wait(e.self, 100 * USEC_PER_MSEC);
        e.poll(e.self, id, &again);
        cr_assert_eq(first.phase, again.phase);
        cr_assert_eq(first.ended, again.ended);
        cr_assert_str_eq(first.message, again.message);
        e.free(e.self);
}

EXECUTOR_TEST(free_takes_what_still_runs_and_what_was_not_forgotten) {
        Executor e;

        cr_assert_eq(0, rows[*row].open(&e));
        (void) start_with_own_copies(&e, "one");
        (void) start_with_own_copies(&e, "two");
        e.free(e.self);
}

EXECUTOR_TEST(forgetting_one_leaves_the_others) {
        uint32_t a, b, c;
        Executor e;

        cr_assert_eq(0, rows[*row].open(&e));
        a = start_with_own_copies(&e, "a");
        b = start_with_own_copies(&e, "b");
        e.abort(e.self, a);
        e.abort(e.self, b);
        (void) until_ended(&e, a);
        e.forget(e.self, a);
        c = start_with_own_copies(&e, "c");
        cr_assert_neq(c, b);
        e.abort(e.self, c);
        (void) until_ended(&e, b);
        (void) until_ended(&e, c);
        e.free(e.self);
}

Test(executor, phases_have_names_and_the_last_ones_are_ends) {
        for (int p = 0; p < MIGRATION_PHASE_N; p++) {
                cr_assert_not_null(migration_phase_names[p]);
                cr_assert_eq(migration_has_ended((MigrationPhase) p), p >= MIGRATION_DONE);
        }
        cr_assert_not(migration_has_ended(MIGRATION_VERIFYING));
}

Test(executor, a_copied_request_has_texts_of_its_own_and_none_for_people) {
        MoveOrder order = { .vm = "web",
                            .from = "h1",
                            .to = "h2",
                            .why = "it is hot",
                            .manner = { .reason = "it writes much" } };
        const MigrationRequest request = { .order = &order,
                                           .migrate_uri = "tcp://h2",
                                           .manner = { .reason = "it writes much" } };
        MigrationRequest *copy = migration_request_copy(&request);

        cr_assert(copy);
        cr_assert_str_eq("web", copy->order->vm);
        cr_assert_neq((const void *) order.vm, (const void *) copy->order->vm);
        cr_assert_str_eq("tcp://h2", copy->migrate_uri);
        cr_assert_null(copy->order->why);
        cr_assert_null(copy->order->manner.reason);
        cr_assert_null(copy->manner.reason);
        cr_assert_null(copy->order->from_uri, "what was not given");
        free(copy);
}
