/* SPDX-License-Identifier: Apache-2.0 */
/* What policies cost, in figures: the contract test holds a policy's terms against its total(), and would not see it if
 * both were wrong alike. */
#include <criterion/criterion.h>

#include "tests/random_cluster.h"

static Arena arena;

static void setup(void) {
        cr_assert_eq(0, arena_open((size_t) 8 << 20, &arena));
}

TestSuite(policy_figures, .init = setup);

extern const Policy policy_stay;

/* One VM that went from host 0 to host 1, which are 7 apart. */
static Cost moving_costs_of(const int64_t *move_price, const char *price, bool one_tier) {
        static const HostIx home[] = { 0 };
        static const int64_t distance[] = { 0, 7, 7, 0 };
        const Problem p = { .n_vms = 1,
                            .n_hosts = 2,
                            .home = home,
                            .distance = distance,
                            .distance_weight = 3,
                            .move_price = move_price,
                            .move_weight = 2,
                            .one_tier = one_tier };
        HostIx host_of[] = { 1 };
        const Assignment x = { .problem = &p, .host_of = host_of };
        Settings *s = (Settings *) (uintptr_t) default_settings(&arena);
        Costs costs = { 0 };

        if (price)
                setting(s, "stay.price", price);
        policy_stay.total(&p, s, &x, &costs);
        return costs.tier[TIER_BALANCE];
}

static Cost moving_costs(const char *price, bool one_tier) {
        static const int64_t half[] = { 50 };

        return moving_costs_of(half, price, one_tier);
}

Test(policy_figures, a_vm_without_a_price_costs_what_a_usual_one_does) {
        static const int64_t usual[] = { 100 };

        cr_assert_eq(moving_costs_of(NULL, NULL, false), moving_costs_of(usual, NULL, false));
        cr_assert_eq(moving_costs_of(NULL, "7", true), moving_costs_of(usual, "7", true));
}

Test(policy_figures, a_move_costs_its_price_and_its_way_by_the_percentage_that_is_set) {
        cr_assert_eq(moving_costs(NULL, false), 2 * 50 + 3 * 7, "all of it is the default");
        cr_assert_eq(moving_costs("100", false), 2 * 50 + 3 * 7);
        cr_assert_eq(moving_costs("200", false), 2 * (2 * 50 + 3 * 7));
        cr_assert_eq(moving_costs("100000", false), 1000 * (2 * 50 + 3 * 7), "to the last digit");
        cr_assert_eq(moving_costs("0", false), 0);
        cr_assert_eq(moving_costs("0", true), 2 * 50 + 3 * 7, "where there are no tiers prices are given");
}
