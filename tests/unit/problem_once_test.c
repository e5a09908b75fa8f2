/* SPDX-License-Identifier: Apache-2.0 */
/* The problem of a round is built once: it is a tenth and more of a round of thousands of hosts. Every
 * call of problem_build() from another file goes through here (the linker's --wrap, see tests.cmake). */
#include <criterion/criterion.h>

#include "scheduler/app/round/round.h"
#include "scheduler/app/settings/app_settings.h"
#include "tests/random_cluster.h"

int __real_problem_build(Arena *a, const Snapshot *s, const Settings *settings, const Problem **ret);
int __wrap_problem_build(Arena *a, const Snapshot *s, const Settings *settings, const Problem **ret);

static unsigned built;

int __wrap_problem_build(Arena *a, const Snapshot *s, const Settings *settings, const Problem **ret) {
        built++;
        return __real_problem_build(a, s, settings, ret);
}

static Arena arena;

static void setup(void) {
        cr_assert_eq(0, arena_open((size_t) 1 << 30, &arena));
}

static void teardown(void) {
        arena_close(&arena);
}

TestSuite(problem_once, .init = setup, .fini = teardown);

static RoundInput input_of(uint64_t seed) {
        Settings *settings = NULL;
        RoundInput in = { .snapshot = random_cluster(&arena, seed, false), .request = PLAN_REQUEST_DEFAULT };

        cr_assert_eq(0, app_settings_new(&arena, &settings));
        in.settings = settings;
        return in;
}

Test(problem_once, a_round_builds_its_problem_once_and_plans_by_it) {
        for (uint64_t seed = 1; seed <= 20; seed++) {
                const ArenaMark mark = arena_mark(&arena);
                const RoundInput in = input_of(seed);
                Round round;

                built = 0;
                cr_assert_eq(0, round_decide(&arena, &in, &round));
                cr_assert_eq(1, built, "seed %llu: built %u times", (unsigned long long) seed, built);
                arena_rewind(&arena, mark);
        }
}

/* What cannot wait is planned without the rest, of the same facts: the second plan costs no second
 * problem, and is the one that a round of its own would make. */
Test(problem_once, another_request_of_the_same_facts_builds_none) {
        for (uint64_t seed = 1; seed <= 20; seed++) {
                const ArenaMark mark = arena_mark(&arena);
                RoundInput in = input_of(seed);
                Round round, alone;

                cr_assert_eq(0, round_decide(&arena, &in, &round));
                built = 0;
                in.request.threshold = PLAN_THRESHOLD_MIN;
                cr_assert_eq(0, round_plan(&arena, &in, &round));
                cr_assert_eq(0, built);
                cr_assert_eq(0, round_decide(&arena, &in, &alone));
                cr_assert_eq(alone.plan->n_moves, round.plan->n_moves);
                for (uint32_t i = 0; i < alone.plan->n_moves; i++) {
                        const PlanMove *a = &alone.plan->moves[i], *b = &round.plan->moves[i];

                        cr_assert(a->move.vm == b->move.vm && a->move.to == b->move.to && a->wave == b->wave);
                }
                arena_rewind(&arena, mark);
        }
}
