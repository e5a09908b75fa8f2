/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <string.h>

#include "scheduler/base/prng.h"
#include "scheduler/milp/tree.h"

/* A random program of n whole columns, each 0 … 2 or 0 … 3, and a few rows; solved by trying all points. */
typedef struct Puzzle {
        Program *program;
        int64_t best; /* of the points judged */
        uint64_t judged;
} Puzzle;

static bool point_keeps_rows(const Program *g, const int64_t *x) {
        for (uint32_t i = 0; i < g->n_rows; i++) {
                int64_t sum = 0;

                for (uint32_t k = g->row_start[i]; k < g->row_start[i + 1]; k++)
                        sum += g->term_coef[k] * x[g->term_col[k]];
                if (sum < g->row_lo[i] || sum > g->row_hi[i])
                        return false;
        }
        return true;
}

static int64_t point_cost(const Program *g, const int64_t *x) {
        int64_t sum = 0;

        for (uint32_t j = 0; j < g->n_cols; j++)
                sum += g->cost[j] * x[j];
        return sum;
}

static int64_t puzzle_judge(void *arg, const double *x) {
        Puzzle *puzzle = arg;
        int64_t point[16] = { 0 };

        for (uint32_t j = 0; j < puzzle->program->n_cols; j++)
                point[j] = (int64_t) (x[j] + 0.5);
        puzzle->judged++;
        if (point_keeps_rows(puzzle->program, point) && point_cost(puzzle->program, point) < puzzle->best)
                puzzle->best = point_cost(puzzle->program, point);
        return puzzle->best;
}

static int puzzle_cut(void *arg, const double *x) {
        (void) arg;
        (void) x;
        return 0;
}

static int64_t all_points(const Program *g) {
        int64_t x[16] = { 0 }, best = INT64_MAX;
        uint32_t j = 0;

        for (j = 0; j < g->n_cols; j++)
                x[j] = g->lower[j];
        for (;;) {
                if (point_keeps_rows(g, x) && point_cost(g, x) < best)
                        best = point_cost(g, x);
                for (j = 0; j < g->n_cols && x[j] == g->upper[j]; j++)
                        x[j] = g->lower[j];
                if (j == g->n_cols)
                        return best;
                x[j]++;
        }
}

static Program *puzzle_make(Arena *a, uint64_t seed, int64_t scale) {
        Prng prng = prng_seeded(seed);
        uint32_t n = 2 + prng_below(&prng, 6), rows = 1 + prng_below(&prng, 5);
        Program *g;

        cr_assert_eq(program_new(a, &g), 0);
        for (uint32_t j = 0; j < n; j++) {
                cr_assert_geq(program_column(g, 0, 2 + prng_below(&prng, 2), true), 0);
                g->cost[j] = scale * ((int64_t) prng_below(&prng, 40) - 15) + prng_below(&prng, 7);
        }
        for (uint32_t i = 0; i < rows; i++) {
                int64_t at = prng_below(&prng, 60);

                cr_assert_geq(program_row(g, prng_below(&prng, 3) ? PROGRAM_NO_LOW : at / 2,
                                          prng_below(&prng, 4) ? at : PROGRAM_NO_HIGH),
                              0);
                for (uint32_t j = 0; j < n; j++)
                        cr_assert_eq(program_term(g, j, (int64_t) prng_below(&prng, 30) - 8), 0);
        }
        return g;
}

Test(tree, finds_the_best_of_all_points_and_proves_it) {
        uint64_t nodes = 0, solvable = 0;
        Arena a;

        cr_assert_eq(arena_open(64 << 20, &a), 0);
        for (uint64_t seed = 1; seed <= 400; seed++) {
                const int64_t scale = seed % 3 == 0 ? INT64_C(1000000007) : 1;
                Program *g = puzzle_make(&a, seed, scale);
                Puzzle puzzle = { .program = g, .best = INT64_MAX };
                TreeTask task = { .program = g,
                                  .n_decisive = g->n_cols,
                                  .cut = puzzle_cut,
                                  .judge = puzzle_judge,
                                  .arg = &puzzle,
                                  .at_least = INT64_MIN,
                                  .below = INT64_MAX,
                                  .nodes = 100000,
                                  .max_mib = 64 };
                TreeResult result;
                int64_t best = all_points(g);

                cr_assert_eq(tree_search(task, &result), 0);
                cr_assert_eq(puzzle.best, best, "seed %lu: %ld, but %ld exists", seed, puzzle.best, best);
                cr_assert(result.proven, "seed %lu", seed);
                nodes += result.nodes;
                solvable += best != INT64_MAX;
                arena_rewind(&a, 0);
        }
        cr_assert_gt(solvable, 200);
        cr_assert_lt(nodes, 400 * 60, "%lu relaxations", nodes);
        arena_close(&a);
}

Test(tree, a_spent_budget_leaves_a_bound_that_holds) {
        Arena a;

        cr_assert_eq(arena_open(64 << 20, &a), 0);
        for (uint64_t seed = 1; seed <= 200; seed++) {
                Program *g = puzzle_make(&a, seed, 1);
                Puzzle puzzle = { .program = g, .best = INT64_MAX };
                TreeTask task = { .program = g,
                                  .n_decisive = g->n_cols,
                                  .cut = puzzle_cut,
                                  .judge = puzzle_judge,
                                  .arg = &puzzle,
                                  .at_least = INT64_MIN,
                                  .below = INT64_MAX,
                                  .nodes = seed % 4,
                                  .max_mib = 64 };
                TreeResult result;

                cr_assert_eq(tree_search(task, &result), 0);
                cr_assert_leq(result.nodes, task.nodes);
                cr_assert_leq(result.bound, all_points(g), "seed %lu", seed);
                arena_rewind(&a, 0);
        }
        arena_close(&a);
}

static bool at_once(void *arg, unsigned part) {
        (void) arg;
        (void) part;
        return true;
}

Test(tree, the_guard_ends_it_and_is_recorded) {
        Arena a;
        Program *g;
        Puzzle puzzle = { .best = INT64_MAX };
        TreeTask task = { .cut = puzzle_cut,
                          .judge = puzzle_judge,
                          .arg = &puzzle,
                          .at_least = INT64_MIN,
                          .below = INT64_MAX,
                          .nodes = 1000,
                          .max_mib = 64,
                          .time = { .is_up = at_once } };
        TreeResult result;

        cr_assert_eq(arena_open(8 << 20, &a), 0);
        g = puzzle_make(&a, 5, 1);
        task.program = puzzle.program = g;
        task.n_decisive = g->n_cols;
        cr_assert_eq(tree_search(task, &result), 0);
        cr_assert(result.guard_fired);
        cr_assert_eq(result.nodes, 0);
        cr_assert_leq(result.bound, all_points(g));
        arena_close(&a);
}
