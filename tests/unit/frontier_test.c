/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "scheduler/app/text/frontier_text.h"
#include "scheduler/base/prng.h"

static FrontierPoint plan_of(int64_t moves, int64_t load, int64_t balance) {
        FrontierPoint p = { .moves = (uint32_t) moves, .found_with = moves };

        p.price[FRONTIER_MOVES] = moves;
        p.price[FRONTIER_MIB] = moves * 1024;
        p.costs.tier[TIER_LOAD] = load;
        p.costs.tier[TIER_BALANCE] = balance;
        return p;
}

static uint32_t settle(FrontierPoint *points, const int64_t *budgets, uint32_t n, const FrontierPoint *pool,
                       uint32_t n_pool) {
        for (uint32_t i = 0; i < n; i++)
                points[i] = (FrontierPoint){ .budget = budgets[i] };
        return frontier_settle(points, n, pool, n_pool, FRONTIER_MOVES);
}

Test(frontier, budgets_are_0_and_1_2_5_times_powers_of_ten) {
        static const int64_t want[] = { 0, 1, 2, 5, 10, 20, 50, 100, 200 };

        for (uint32_t i = 0; i < ARRAY_SIZE(want); i++)
                cr_expect_eq(want[i] * 1024, frontier_budget(i, 1024));
        for (uint32_t i = 1; i < FRONTIER_POINTS - 1; i++)
                cr_expect_gt(frontier_budget(i, 1), frontier_budget(i - 1, 1));
        cr_expect_eq(FRONTIER_NO_CAP, frontier_budget(FRONTIER_POINTS - 2, INT64_MAX / 4));
}

Test(frontier, a_worse_plan_for_more_money_gives_way_to_a_better_one_for_less) {
        const FrontierPoint pool[] = { plan_of(0, 9, 100), plan_of(2, 3, 80), plan_of(5, 4, 10),
                                       plan_of(7, 3, 80) };
        const int64_t budgets[] = { 0, 2, 5, 10 };
        FrontierPoint points[4];

        (void) settle(points, budgets, 4, pool, 4);
        cr_expect_eq(0, points[0].moves);
        cr_expect_eq(2, points[1].moves);
        cr_expect_eq(2, points[2].moves, "an earlier tier counts first");
        cr_expect_eq(5, points[2].budget);
        cr_expect_eq(2, points[3].moves, "of two as good the cheaper one");
}

Test(frontier, the_knee_is_furthest_above_the_line) {
        const FrontierPoint pool[] = { plan_of(0, 0, 100), plan_of(1, 0, 60), plan_of(2, 0, 30),
                                       plan_of(5, 0, 20), plan_of(10, 0, 0) };
        const int64_t budgets[] = { 0, 1, 2, 5, FRONTIER_NO_CAP };
        FrontierPoint points[5];

        cr_expect_eq(2, settle(points, budgets, 5, pool, 5));
        cr_expect_eq(0, points[0].gained);
        cr_expect_eq(FRONTIER_ALL * 7 / 10, points[2].gained);
        cr_expect_eq(FRONTIER_ALL, points[4].gained);
}

Test(frontier, a_straight_or_hollow_curve_has_no_knee) {
        const FrontierPoint straight[] = { plan_of(0, 0, 100), plan_of(5, 0, 50), plan_of(10, 0, 0) };
        const FrontierPoint hollow[] = { plan_of(0, 0, 100), plan_of(5, 0, 90), plan_of(10, 0, 0) };
        const FrontierPoint nothing[] = { plan_of(0, 0, 100) };
        const int64_t budgets[] = { 0, 5, FRONTIER_NO_CAP };
        FrontierPoint points[3];

        cr_expect_eq(3, settle(points, budgets, 3, straight, 3));
        cr_expect_eq(3, settle(points, budgets, 3, hollow, 3));
        cr_expect_eq(3, settle(points, budgets, 3, nothing, 1));
        cr_expect_eq(0, points[2].gained);
}

Test(frontier, each_tier_that_gains_is_an_equal_part) {
        const FrontierPoint pool[] = { plan_of(0, 10, 100), plan_of(1, 0, 150), plan_of(9, 0, 20) };
        const int64_t budgets[] = { 0, 1, 9 };
        FrontierPoint points[3];

        (void) settle(points, budgets, 3, pool, 3);
        cr_expect_eq(FRONTIER_ALL / 2, points[1].gained, "load lines are kept, balance is worse");
        cr_expect_eq(FRONTIER_ALL, points[2].gained);
}

Test(frontier, more_money_never_buys_less) {
        Prng rng = prng_seeded(7);

        for (int round = 0; round < 500; round++) {
                FrontierPoint pool[24] = { 0 }, points[20];
                int64_t budgets[20];
                uint32_t knee;

                for (uint32_t i = 1; i < 24; i++)
                        pool[i] = plan_of((int64_t) prng_below(&rng, 3000), (int64_t) prng_below(&rng, 4),
                                          (int64_t) prng_below(&rng, 1000));
                pool[0] = plan_of(0, 5, 500);
                for (uint32_t i = 0; i < 20; i++)
                        budgets[i] = frontier_budget(i, 1);
                knee = settle(points, budgets, 20, pool, 24);
                cr_assert(knee == 20 || (knee > 0 && knee < 19));
                for (uint32_t i = 0; i < 20; i++) {
                        cr_assert_leq(points[i].price[FRONTIER_MOVES], budgets[i]);
                        for (uint32_t j = 0; j < 24; j++)
                                cr_assert(pool[j].price[FRONTIER_MOVES] > budgets[i] ||
                                          costs_compare(&points[i].costs, &pool[j].costs) <= 0);
                        cr_assert(i == 0 || costs_compare(&points[i].costs, &points[i - 1].costs) <= 0);
                        cr_assert(i == 0 || points[i].gained >= points[i - 1].gained);
                }
        }
}

static Arena arena;

/* What is printed of the curve of the_knee_is_furthest_above_the_line. */
static void print(bool live, char *text, size_t size) {
        const FrontierPoint pool[] = { plan_of(0, 0, 100), plan_of(1, 0, 60), plan_of(2, 0, 30),
                                       plan_of(5, 0, 20), plan_of(10, 0, 0) };
        const int64_t budgets[] = { 0, 1, 2, 5, FRONTIER_NO_CAP };
        const Snapshot cluster = { .cluster = "demo" };
        FrontierPoint points[5];
        FrontierView view = { .snapshot = &cluster, .points = points, .n = 5, .by = FRONTIER_MOVES };
        Screen screen = { .out = tmpfile(), .live = live, .width = 60 };

        cr_assert_not_null(screen.out);
        cr_assert_eq(0, arena_open(1 << 20, &arena));
        view.knee = settle(points, budgets, 5, pool, 5);
        cr_assert_eq(0, frontier_text_print(&arena, &view, &screen));
        rewind(screen.out);
        text[fread(text, 1, size - 1, screen.out)] = '\0';
        (void) fclose(screen.out);
        arena_close(&arena);
}

Test(frontier, a_terminal_shows_the_curve_and_a_file_the_table_alone) {
        char text[8192];

        print(true, text, sizeof(text));
        cr_expect(strstr(text, "gained\n  100 % |"), "%s", text);
        cr_expect(strstr(text, "K....."), "%s", text);
        print(false, text, sizeof(text));
        cr_expect_null(strstr(text, "gained\n"), "%s", text);
        cr_expect(strstr(text, "70.0 %"), "%s", text);
        cr_expect(strstr(text, "knee: 2 moves gain 70 % of what all 10 moves gain"), "%s", text);
}
