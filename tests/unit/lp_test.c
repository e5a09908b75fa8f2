/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <errno.h>
#include <math.h>
#include <pthread.h>

#include "scheduler/milp/lp.h"

static const LpLimits no_limits = { .iterations = 1000, .cut_off = INFINITY };

/* 3x + 2y ≥ 7, x + 4y ≥ 6, 0 ≤ x, y ≤ 10; cost 5x + 4y: 11.8 at (1.6, 1.1). */
static Program *small_program(Arena *a) {
        Program *g;

        cr_assert_eq(program_new(a, &g), 0);
        cr_assert_eq(program_column(g, 0, 10, true), 0);
        cr_assert_eq(program_column(g, 0, 10, true), 1);
        g->cost[0] = 5;
        g->cost[1] = 4;
        cr_assert_eq(program_row(g, 7, PROGRAM_NO_HIGH), 0);
        cr_assert(program_term(g, 0, 3) == 0 && program_term(g, 1, 2) == 0);
        cr_assert_eq(program_row(g, 6, PROGRAM_NO_HIGH), 1);
        cr_assert(program_term(g, 0, 1) == 0 && program_term(g, 1, 4) == 0);
        return g;
}

Test(lp, its_multipliers_give_the_bound_in_whole_units) {
        Arena a;
        Program *g;
        owned(lp_free) Lp *lp = NULL;
        double x[2], y[2];
        int64_t bound;

        cr_assert_eq(arena_open(1 << 20, &a), 0);
        g = small_program(&a);
        cr_assert_eq(lp_open(g, 64, &lp), 0);
        cr_assert_eq(lp_solve(lp, g->lower, g->upper, no_limits, x, y), LP_OPTIMAL);
        cr_assert_float_eq(5 * x[0] + 4 * x[1], 12.4, 1e-6);
        cr_assert(program_bound(g, g->lower, g->upper, y, true, &bound));
        cr_assert_eq(bound, 13);
        arena_close(&a);
}

Test(lp, wrong_multipliers_give_a_weak_bound_never_a_wrong_one) {
        const double ys[][2] = { { 0, 0 }, { 1e6, -3 }, { -1, 1 }, { 0.3, 1e12 }, { 7, 7 }, { 1e300, 1 } };
        Arena a;
        Program *g;

        cr_assert_eq(arena_open(1 << 20, &a), 0);
        g = small_program(&a);
        for (size_t i = 0; i < ARRAY_SIZE(ys); i++) {
                int64_t bound = 0;

                if (program_bound(g, g->lower, g->upper, ys[i], true, &bound))
                        cr_assert_leq(bound, 13, "multipliers %zu", i);
        }
        arena_close(&a);
}

Test(lp, rows_added_later_count) {
        Arena a;
        Program *g;
        owned(lp_free) Lp *lp = NULL;
        double x[2], y[3];

        cr_assert_eq(arena_open(1 << 20, &a), 0);
        g = small_program(&a);
        cr_assert_eq(lp_open(g, 64, &lp), 0);
        cr_assert_eq(lp_solve(lp, g->lower, g->upper, no_limits, x, y), LP_OPTIMAL);
        cr_assert_eq(program_row(g, 5, PROGRAM_NO_HIGH), 2);
        cr_assert(program_term(g, 0, 1) == 0);
        cr_assert_eq(lp_update(lp), 0);
        cr_assert_eq(lp_solve(lp, g->lower, g->upper, no_limits, x, y), LP_OPTIMAL);
        cr_assert_float_eq(x[0], 5, 1e-6);
        arena_close(&a);
}

Test(lp, says_why_there_is_no_point_and_whole_numbers_prove_it) {
        const int64_t lower[2] = { 0, 0 }, upper[2] = { 1, 1 };
        Arena a;
        Program *g;
        owned(lp_free) Lp *lp = NULL;
        double x[2], y[2];
        int64_t bound;

        cr_assert_eq(arena_open(1 << 20, &a), 0);
        g = small_program(&a);
        cr_assert_eq(lp_open(g, 64, &lp), 0);
        cr_assert_eq(lp_solve(lp, lower, upper, no_limits, x, y), LP_INFEASIBLE);
        cr_assert(program_bound(g, lower, upper, y, false, &bound));
        cr_assert_gt(bound, 0);
        arena_close(&a);
}

/* GLPK aborts the process here when it is not contained. */
Test(lp, a_memory_limit_is_an_error_and_glpk_works_again_after_it) {
        Arena a;
        Program *g, *small;
        Lp *lp = NULL;
        owned(lp_free) Lp *again = NULL;
        double x[2], y[2];

        cr_assert_eq(arena_open(64 << 20, &a), 0);
        cr_assert_eq(program_new(&a, &g), 0);
        for (uint32_t j = 0; j < 20000; j++)
                cr_assert_geq(program_column(g, 0, 1, true), 0);
        for (uint32_t i = 0; i < 20; i++) {
                cr_assert_geq(program_row(g, 0, 1), 0);
                for (uint32_t j = 0; j < g->n_cols; j++)
                        cr_assert_eq(program_term(g, j, 1), 0);
        }
        cr_assert_eq(lp_open(g, 1, &lp), -ENOMEM);
        cr_assert_null(lp);
        small = small_program(&a);
        cr_assert_eq(lp_open(small, 64, &again), 0);
        cr_assert_eq(lp_solve(again, small->lower, small->upper, no_limits, x, y), LP_OPTIMAL);
        arena_close(&a);
}

/* A row that names a column twice ends in GLPK's error routine: the call fails, the process goes on. */
Test(lp, an_error_inside_glpk_is_an_error_here) {
        Arena a;
        Program *g;
        owned(lp_free) Lp *lp = NULL;

        cr_assert_eq(arena_open(1 << 20, &a), 0);
        g = small_program(&a);
        g->term_col[1] = 0;
        cr_assert_eq(lp_open(g, 64, &lp), -EIO);
        cr_assert_null(lp);
        g->term_col[1] = 1;
        cr_assert_eq(lp_open(g, 64, &lp), 0);
        g->cost[0] = 5;
        cr_assert_eq(program_row(g, 1, PROGRAM_NO_HIGH), 2);
        cr_assert(program_term(g, 0, 1) == 0 && program_term(g, 0, 1) == 0);
        cr_assert_eq(lp_update(lp), -EIO);
        cr_assert_neq(lp_fault(lp)[0], '\0', "it says what GLPK said");
        cr_assert_eq(lp_update(lp), -EIO, "and stays failed");
        arena_close(&a);
}

static void *solve_in_thread(void *arg) {
        Arena a;
        Program *g;
        double x[2], y[2];

        if (arena_open(1 << 20, &a) < 0)
                return NULL;
        g = small_program(&a);
        for (int i = 0; i < 200; i++) {
                owned(lp_free) Lp *lp = NULL;

                if (lp_open(g, 64, &lp) < 0 ||
                    lp_solve(lp, g->lower, g->upper, no_limits, x, y) != LP_OPTIMAL)
                        arg = NULL;
        }
        arena_close(&a);
        return arg;
}

/* Fails, or crashes, with a GLPK that was built without thread-local storage. */
Test(lp, threads_have_environments_of_their_own) {
        pthread_t threads[4];
        int token = 0;

        for (size_t i = 0; i < ARRAY_SIZE(threads); i++)
                cr_assert_eq(pthread_create(&threads[i], NULL, solve_in_thread, &token), 0);
        for (size_t i = 0; i < ARRAY_SIZE(threads); i++) {
                void *result;

                cr_assert_eq(pthread_join(threads[i], &result), 0);
                cr_assert_eq(result, &token);
        }
}
