/* A descent under a cap, on random problems: it stays within the cap, is never worse than spending moves on
 * the best change at hand, and sometimes better; its cost is what the definitions say.
 */
#include <criterion/criterion.h>

#include "policies/policies.h"
#include "scheduler/decide/search_state.h"
#include "tests/random_problem.h"

#define SEEDS 400

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

static void compare(bool by_moves) {
        unsigned better = 0;

        for (uint64_t seed = 1; seed <= SEEDS; seed++) {
                const RandomShape shape = { .hosts = 6, .vms = 30, .res = 3, .rules = (uint32_t) (seed % 3) };
                const SearchBudget budget = budget_of(seed, by_moves);
                Arena a = arena_over(memory, sizeof(memory));
                Problem *p = random_problem(&a, seed, shape);
                SearchState plain, capped;
                Terms *t = NULL;
                int d;

                cr_assert_eq(0, policies_state(&a, p, policies_all(), NULL, &t));
                cr_assert_eq(0, search_state_build(&a, t, NULL, budget, 1, &plain));
                cr_assert_eq(0, search_state_build(&a, t, NULL, budget, 1, &capped));
                cr_assert_eq(0, search_descend(&plain));
                cr_assert_eq(0, search_capped(&capped));
                state_holds(&a, &capped, &budget, seed);
                d = costs_compare(&capped.e->cost, &plain.e->cost);
                cr_assert_leq(d, 0, "seed %llu: worse than the plain descent", (unsigned long long) seed);
                better += d < 0;
        }
        cr_assert_gt(better, 0, "never better");
}

Test(search_capped, fewer_moves_are_better_chosen) {
        compare(true);
}

Test(search_capped, less_memory_is_better_chosen) {
        compare(false);
}
