/* SPDX-License-Identifier: Apache-2.0 */
/* Whatever reports say, there is a plan of it, and a sound one: nothing aborts, no total overflows (the sanitizers' build
 * looks), and the judge accepts it. */
#include <criterion/criterion.h>
#include <errno.h>

#include "tests/extreme_reports.h"

static Arena arena;

static void arena_for_test(void) {
        cr_assert_eq(0, arena_open((size_t) 256 << 20, &arena));
}

TestSuite(extreme, .init = arena_for_test);

static uint64_t seeds(void) {
        const char *text = getenv("PLIMSOLL_SEEDS");

        return text ? strtoull(text, NULL, 10) : SEEDS_OF(400);
}

/* No total is a wrapped one: what is lost or held is never below nothing. */
static void expect_whole(const Plan *plan, uint64_t seed) {
        for (int t = 0; t < TIER_BALANCE; t++) {
                cr_assert_geq(plan->before.costs.tier[t], 0, "seed %lu, tier %d", (unsigned long) seed, t);
                cr_assert_geq(plan->after.costs.tier[t], 0, "seed %lu, tier %d", (unsigned long) seed, t);
        }
        cr_assert(costs_compare(&plan->after.costs, &plan->before.costs) <= 0, "seed %lu",
                  (unsigned long) seed);
}

Test(extreme, whatever_reports_say_there_is_a_plan_that_the_judge_accepts) {
        uint64_t moving = 0;

        for (uint64_t seed = 1; seed <= seeds(); seed++) {
                ArenaMark mark = arena_mark(&arena);
                Dice d = { .prng = prng_seeded(seed), .arena = &arena };
                const Snapshot *s = extreme_cluster(&d);
                const Settings *settings = extreme_settings(&d);
                const Objection *objections = NULL;
                const Plan *plan = NULL;
                int r;

                cr_assert_not_null(s);
                r = planner_plan(&arena, s, settings, policies_all(), PLAN_REQUEST_DEFAULT, &plan);
                cr_assert_eq(r, 0, "seed %lu: planner_plan gives %d", (unsigned long) seed, r);
                cr_assert_eq(objections_to(&arena, s, settings, plan, &objections), 0, "seed %lu: %s",
                             (unsigned long) seed, objections ? objections[0].text : "");
                expect_whole(plan, seed);
                moving += plan->n_moves > 0;
                arena_rewind(&arena, mark);
        }
        cr_assert_geq(moving * 5, seeds(), "only %lu of %lu plans move a VM: too little is tried",
                      (unsigned long) moving, (unsigned long) seeds());
}
