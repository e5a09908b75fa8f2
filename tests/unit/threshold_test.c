/* SPDX-License-Identifier: Apache-2.0 */
/* What each threshold says in numbers (docs/threshold.md), with a usual VM between two usual hosts. */
#include <criterion/criterion.h>

#include "tests/random_cluster.h"

static Arena arena;

static void arena_for_test(void) {
        cr_assert_eq(0, arena_open((size_t) 64 << 20, &arena));
}

/* h1 holds `apart` permille of its CPU more than h2, `vm` permille of it in the one VM that may move. */
static uint32_t moves(uint32_t threshold, int64_t vm, int64_t apart) {
        Host hosts[2] = { { 0 }, { 0 } };
        Vm vms[2] = { { 0 }, { 0 } };
        Snapshot s = { .cluster = "two", .n_hosts = 2, .n_vms = 2, .hosts = hosts, .vms = vms };
        PlanRequest request = PLAN_REQUEST_DEFAULT;
        const ArenaMark mark = arena_mark(&arena);
        const Plan *plan = NULL;
        uint32_t n;

        for (int i = 0; i < 2; i++) {
                hosts[i] = (Host){ .name = i == 0 ? "h1" : "h2",
                                   .cpus = 100,
                                   .cpu_mhz = 2000,
                                   .memory_mib = 8 << 20,
                                   .cpu_busy_mcores = UNKNOWN,
                                   .memory_used_mib = UNKNOWN,
                                   .headroom_permille = { UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN } };
                vms[i] = (Vm){ .name = i == 0 ? "stays" : "moves",
                               .movable = i == 1,
                               .in_flight_to = IX_NONE,
                               .vcpus = 4,
                               .memory_mib = 8192,
                               .cpu_mcores = (i == 0 ? apart - vm : vm) * 100,
                               .memory_used_mib = UNKNOWN,
                               .rx_kbit = UNKNOWN,
                               .tx_kbit = UNKNOWN,
                               .dirty_kib_s = UNKNOWN,
                               .priority = 100 };
        }
        request.threshold = threshold;
        cr_assert_eq(0, planner_plan(&arena, &s, default_settings(&arena), policies_all(), request, &plan));
        cr_assert_eq(plan->threshold, threshold);
        n = plan->n_moves;
        arena_rewind(&arena, mark);
        return n;
}

TestSuite(threshold, .init = arena_for_test);

/* From so many tenths of a point on a VM of 1, 2, 5 and 10 percent of a host moves for balance. */
Test(threshold, balance_is_worth_a_move_from_the_difference_that_the_manual_says) {
        static const int64_t sizes[] = { 10, 20, 50, 100 };
        static const struct {
                uint32_t threshold;
                int64_t from[4];
        } said[] = { { 3, { 109, 70, 70, 110 } }, { 4, { 40, 35, 56, 103 } }, { 5, { 15, 23, 51, 101 } } };

        for (size_t i = 0; i < ARRAY_SIZE(said); i++)
                for (size_t k = 0; k < ARRAY_SIZE(sizes); k++) {
                        cr_expect_eq(0, moves(said[i].threshold, sizes[k], said[i].from[k] - 2), "%u, %lld",
                                     said[i].threshold, (long long) sizes[k]);
                        cr_expect_eq(1, moves(said[i].threshold, sizes[k], said[i].from[k] + 2), "%u, %lld",
                                     said[i].threshold, (long long) sizes[k]);
                }
}

Test(threshold, below_three_balance_is_no_reason) {
        cr_assert_eq(0, moves(1, 50, 800));
        cr_assert_eq(0, moves(2, 50, 800));
        cr_assert_eq(0, moves(1, 50, 900), "h1 is above its load line of 80 %%");
        cr_assert_eq(1, moves(2, 50, 900));
}
