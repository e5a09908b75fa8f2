/* SPDX-License-Identifier: Apache-2.0 */
/* A descent under a cap, and without one, on random problems: it stays within the cap, is never worse than
 * spending moves on the best change at hand, and sometimes better; its cost is what the definitions say.
 */
#include <criterion/criterion.h>

#include "policies/policies.h"
#include "scheduler/decide/search/search_state.h"
#include "tests/random_problem.h"
#include "tests/seeds.h"

#define SEEDS        PART_OF(400)
#define ANNEAL_SEEDS PART_OF(100) /* each takes as long as twenty of the others */

static unsigned char memory[4 << 20];

/* The cost is what a fresh evaluator says, and the cap is kept. */
static void state_holds(Arena *a, const SearchState *s, const SearchBudget *cap, uint64_t seed) {
        Evaluator *fresh = NULL;

        cr_assert_eq(0, evaluator_build(a, s->e->terms, s->e->x->host_of, &fresh));
        cr_assert_eq(0, costs_compare(&fresh->cost, &s->e->cost), "seed %llu", (unsigned long long) seed);
        cr_assert_leq(s->e->n_away, cap->max_moves, "seed %llu", (unsigned long long) seed);
        cr_assert_leq(s->e->mib_away, cap->max_mib, "seed %llu", (unsigned long long) seed);
}

static SearchBudget budget_of(uint64_t seed, bool by_moves) {
        return (SearchBudget){ .max_moves = by_moves ? (uint32_t) (seed % 7) : UINT32_MAX,
                               .max_mib = by_moves ? INT64_MAX : (int64_t) (seed % 11) * 40,
                               .tasks = 1 };
}

static void compare(bool by_moves, bool deviations, uint64_t seeds) {
        unsigned better = 0;

        for (uint64_t seed = 1; seed <= seeds; seed++) {
                const RandomShape shape = { .hosts = 6,
                                            .vms = 30,
                                            .res = 3,
                                            .rules = (uint32_t) (seed % 3),
                                            .deviations = deviations };
                const SearchBudget budget = budget_of(seed, by_moves);
                Arena a = arena_over(memory, sizeof(memory));
                Problem *p = random_problem(&a, seed, shape);
                SearchState plain, capped;
                Terms *t = NULL;
                int d;

                cr_assert_eq(0, policies_add_terms(&a, p, policies_all(), NULL, &t));
                cr_assert_eq(0, search_state_build(&a, t, NULL, budget, 1, &plain));
                cr_assert_eq(0, search_state_build(&a, t, NULL, budget, 1, &capped));
                cr_assert_eq(0, search_descend(&plain));
                cr_assert_eq(0, search_capped(&capped));
                state_holds(&a, &capped, &budget, seed);
                d = costs_compare(&capped.e->cost, &plain.e->cost);
                cr_assert_leq(d, 0, "seed %llu: worse than the plain descent", (unsigned long long) seed);
                better += d < 0;
        }
        cr_assert(better > 0 || PART_OF(4) < 4, "never better");
}

Test(search_capped, fewer_moves_are_better_chosen) {
        compare(true, false, SEEDS);
}

Test(search_capped, less_memory_is_better_chosen) {
        compare(false, false, SEEDS);
}

/* Where evenness is a standard deviation, the cap is spent by annealing. */
Test(search_capped, fewer_moves_against_deviation_are_better_chosen) {
        compare(true, true, ANNEAL_SEEDS);
}

Test(search_capped, less_memory_against_deviation_is_better_chosen) {
        compare(false, true, ANNEAL_SEEDS);
}

Test(search_capped, annealing_twice_ends_at_the_same) {
        for (uint64_t seed = 1; seed <= 6; seed++) {
                const RandomShape shape = { .hosts = 6, .vms = 30, .res = 3, .deviations = true };
                const SearchBudget budget = { .max_moves = 5, .max_mib = INT64_MAX, .tasks = 1 };
                Arena a = arena_over(memory, sizeof(memory));
                Problem *p = random_problem(&a, seed, shape);
                SearchState twice[2];
                Terms *t = NULL;

                cr_assert_eq(0, policies_add_terms(&a, p, policies_all(), NULL, &t));
                for (int i = 0; i < 2; i++) {
                        cr_assert_eq(0, search_state_build(&a, t, NULL, budget, seed, &twice[i]));
                        cr_assert_eq(0, search_capped(&twice[i]));
                }
                cr_assert_arr_eq(twice[0].e->x->host_of, twice[1].e->x->host_of, sizeof(HostIx) * p->n_vms);
        }
}

/* Ends of a search with at most so many moves. */
static SearchState search_within(Arena *a, const Terms *t, uint32_t max_moves) {
        const SearchBudget budget = { .max_moves = max_moves, .max_mib = INT64_MAX, .tasks = 1 };
        SearchState s;

        cr_assert_eq(0, search_state_build(a, t, NULL, budget, 1, &s));
        cr_assert_eq(0, search_capped(&s));
        return s;
}

/* With fewer moves, by a cap, it would cost no more. */
static bool is_dominated(Arena *a, const Terms *t, const SearchState *free) {
        for (uint32_t eighths = 4; eighths < 8; eighths++) {
                const SearchState s = search_within(a, t, free->e->n_away * eighths / 8);

                if (costs_compare(&s.e->cost, &free->e->cost) <= 0)
                        return true;
        }
        return false;
}

/* What no cap bounds is never worse than the plain descent, and seldom dominated by a plan of fewer moves. */
Test(search_capped, without_a_cap_fewer_moves_seldom_cost_less) {
        const SearchBudget none = { .max_moves = UINT32_MAX, .max_mib = INT64_MAX, .tasks = 1 };
        uint32_t n = 0, dominated = 0, dominated_before = 0, better = 0;

        for (uint64_t seed = 1; seed <= SEEDS; seed++) {
                const RandomShape shape = { .hosts = 8, .vms = 60, .res = 3, .rules = (uint32_t) (seed % 3) };
                Arena a = arena_over(memory, sizeof(memory));
                Problem *p = random_problem(&a, seed, shape);
                SearchState plain, free;
                Terms *t = NULL;

                cr_assert_eq(0, policies_add_terms(&a, p, policies_all(), NULL, &t));
                cr_assert_eq(0, search_state_build(&a, t, NULL, none, 1, &plain));
                cr_assert_eq(0, search_descend(&plain));
                free = search_within(&a, t, UINT32_MAX);
                state_holds(&a, &free, &none, seed);
                cr_assert_leq(costs_compare(&free.e->cost, &plain.e->cost), 0, "seed %llu",
                              (unsigned long long) seed);
                better += costs_compare(&free.e->cost, &plain.e->cost) < 0;
                n += plain.e->n_away >= 8;
                dominated += plain.e->n_away >= 8 && is_dominated(&a, t, &free);
                dominated_before += plain.e->n_away >= 8 && is_dominated(&a, t, &plain);
        }
        cr_assert_leq(dominated * 2, dominated_before, "%u of %u are dominated, %u by the descent alone",
                      dominated, n, dominated_before);
        cr_assert_gt(better * 5, n, "%u of %u are better", better, n);
}
