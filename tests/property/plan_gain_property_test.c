/* SPDX-License-Identifier: Apache-2.0 */
/* Of plans of random clusters some moves are missed: which of the others gain nothing any more? Laws, by the definition of
 * the costs alone: without these moves nothing costs more than with them; none of them is of a VM that must leave its host;
 * where nothing is missed there are none. */
#include <criterion/criterion.h>

#include "scheduler/decide/plan/plan_gain.h"
#include "tests/random_cluster.h"

#define SEEDS 400

static Arena arena;

static void setup(void) {
        cr_assert_eq(0, arena_open((size_t) 256 << 20, &arena));
}

static void teardown(void) {
        arena_close(&arena);
}

TestSuite(plan_gain_property, .init = setup, .fini = teardown, .timeout = 120);

typedef struct Case {
        GainInput in;
        const Plan *plan;
        MoveOrder *orders;
        GainStep *steps;
        bool *idle;
        uint32_t n;
} Case;

static Case case_of(uint64_t seed, uint32_t missed) {
        Case c = { .in = { .snapshot = random_cluster(&arena, seed, seed % 4 == 1),
                           .settings = random_settings(&arena, seed),
                           .policies = policies_all() } };
        Dice d = { .prng = prng_seeded(seed * 13 + 5), .arena = &arena };

        cr_assert_eq(0, problem_build(&arena, c.in.snapshot, c.in.settings, &c.in.problem));
        cr_assert_eq(0, planner_decide(&arena, c.in.snapshot, c.in.problem, c.in.settings, c.in.policies,
                                       PLAN_REQUEST_DEFAULT, &c.plan));
        c.n = c.plan->n_moves;
        c.orders = arena_new(&arena, MoveOrder, c.n);
        c.steps = arena_new(&arena, GainStep, c.n);
        c.idle = arena_new(&arena, bool, c.n);
        for (uint32_t i = 0; i < c.n; i++) {
                bool follows = false;

                c.orders[i] = move_order_of(c.in.snapshot, &c.plan->moves[i]);
                for (uint32_t k = 0; k < i; k++)
                        follows |= c.steps[k] != GAIN_MADE && strcmp(c.orders[k].vm, c.orders[i].vm) == 0;
                c.steps[i] = dice_below(&d, 100) < missed      ? GAIN_MISSED
                             : follows || dice_percent(&d, 60) ? GAIN_WAITS
                                                               : GAIN_MADE;
        }
        cr_assert_eq(0, plan_idle_moves(&arena, &c.in, c.orders, c.steps, c.n, c.idle));
        return c;
}

/* Once all is made that is made and waits; without: but for those that gain nothing. */
static Costs total_of(const Case *c, bool without) {
        Assignment *x = NULL;
        Costs costs;

        cr_assert_eq(0, assignment_build(&arena, c->in.problem, &x));
        for (uint32_t i = 0; i < c->n; i++) {
                const Move m = c->plan->moves[i].move;

                if (c->steps[i] != GAIN_MISSED && !(without && c->idle[i]) && x->host_of[m.vm] != m.to)
                        assignment_move(x, (Move){ m.vm, x->host_of[m.vm], m.to });
        }
        costs = policies_total(c->in.policies, c->in.problem, c->in.settings, x);
        for (int t = (int) problem_last_tier(c->in.problem) + 1; t < TIER_N; t++)
                costs.tier[t] = 0;
        return costs;
}

Test(plan_gain_property, without_what_gains_nothing_any_more_nothing_costs_more) {
        uint32_t idle = 0, waits = 0;

        for (uint64_t seed = 0; seed < SEEDS_OF(SEEDS); seed++) {
                const ArenaMark mark = arena_mark(&arena);
                const Case c = case_of(seed, 30);
                const Costs with = total_of(&c, false), without = total_of(&c, true);

                cr_assert_leq(costs_compare(&without, &with), 0, "seed %llu", (unsigned long long) seed);
                for (uint32_t i = 0; i < c.n; i++) {
                        const VmIx v = c.plan->moves[i].move.vm;
                        const Host *from = &c.in.snapshot->hosts[c.in.snapshot->vms[v].host];

                        waits += c.steps[i] == GAIN_WAITS;
                        idle += c.idle[i];
                        cr_assert(!c.idle[i] || c.steps[i] == GAIN_WAITS);
                        cr_assert(!c.idle[i] || from->state != HOST_MAINTENANCE || c.steps[i] != GAIN_WAITS ||
                                          c.plan->moves[i].move.from != c.in.snapshot->vms[v].host ||
                                          /* what was missed leaves its target without the room */
                                          without.tier[TIER_REPAIR] < with.tier[TIER_REPAIR],
                                  "seed %llu: %s must leave", (unsigned long long) seed, c.orders[i].vm);
                }
                arena_rewind(&arena, mark);
        }
        (void) fprintf(stderr, "%u of %u gain nothing any more\n", idle, waits);
        cr_assert_gt(idle, 5);
        cr_assert_lt(idle * 3, waits);
}

Test(plan_gain_property, where_nothing_is_missed_all_is_worth_it) {
        for (uint64_t seed = 0; seed < SEEDS_OF(SEEDS) / 4; seed++) {
                const ArenaMark mark = arena_mark(&arena);
                const Case c = case_of(seed, 0);

                for (uint32_t i = 0; i < c.n; i++)
                        cr_assert_not(c.idle[i], "seed %llu: %s", (unsigned long long) seed, c.orders[i].vm);
                arena_rewind(&arena, mark);
        }
}
