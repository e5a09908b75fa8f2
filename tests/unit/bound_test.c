/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>

#include "policies/policies.h"
#include "scheduler/decide/cost/evaluator.h"
#include "scheduler/decide/search/bound.h"
#include "scheduler/decide/search/search.h"
#include "tests/random_problem.h"

static Arena arena;

static void arena_for_test(void) {
        cr_assert_eq(0, arena_open((size_t) 64 << 20, &arena));
}

TestSuite(bound, .init = arena_for_test);

/* Hosts of one resource and 100 units each, the load line at 60; VMs of `need` each, all on host 0. */
static Problem *row_of_hosts(uint32_t n_hosts, uint32_t n_vms, int64_t need) {
        Problem *p = arena_new(&arena, Problem, 1);
        int64_t *capacity = arena_new(&arena, int64_t, n_hosts), *limit = arena_new(&arena, int64_t, n_hosts);
        int64_t *needs = arena_new(&arena, int64_t, n_vms), *weight = arena_new(&arena, int64_t, 1);

        cr_assert(p && capacity && limit && needs && weight);
        for (uint32_t h = 0; h < n_hosts; h++) {
                capacity[h] = 100;
                limit[h] = 60;
        }
        for (uint32_t v = 0; v < n_vms; v++)
                needs[v] = need;
        *weight = 10;
        *p = (Problem){ .n_hosts = n_hosts,
                        .n_vms = n_vms,
                        .n_res = 1,
                        .capacity = capacity,
                        .limit = limit,
                        .need = needs,
                        .home = arena_new(&arena, HostIx, n_vms),
                        .pinned = arena_new(&arena, Reason, n_vms),
                        .roles = arena_new(&arena, HostRole, n_hosts),
                        .n_domains = { n_hosts },
                        .one_tier = true,
                        .load_weight = weight };
        return p;
}

static Costs bound_of(const Problem *p) {
        Costs bound;
        Terms *t;

        cr_assert_eq(0, policies_add_terms(&arena, p, policies_all(), NULL, &t));
        cr_assert_eq(0, bound_aggregate(&arena, t, &bound));
        return bound;
}

Test(bound, of_the_load_line_is_what_exceeds_all_lines_together) {
        const Problem *p = row_of_hosts(3, 20, 10); /* 200 on lines of 180 */

        cr_assert_eq(bound_of(p).tier[TIER_BALANCE], 20 * 10);
        cr_assert_eq(bound_of(p).tier[TIER_REPAIR], 0);
}

Test(bound, knows_that_nothing_enters_a_cordoned_host) {
        Problem *p = row_of_hosts(3, 20, 10);
        HostRole *roles = arena_new(&arena, HostRole, 3);

        roles[2].no_entry = REASON_HOST_CORDONED;
        p->roles = roles;
        cr_assert_eq(bound_of(p).tier[TIER_BALANCE], 80 * 10);
}

Test(bound, counts_what_is_pinned_where_it_is) {
        Problem *p = row_of_hosts(3, 9, 10);
        Reason *pinned = arena_new(&arena, Reason, 9);

        for (VmIx v = 0; v < 9; v++)
                pinned[v] = REASON_VM_PINNED;
        p->pinned = pinned;
        cr_assert_eq(bound_of(p).tier[TIER_BALANCE], 30 * 10);
}

Test(bound, of_an_evacuation_names_what_has_no_room_elsewhere) {
        Problem *p = row_of_hosts(2, 14, 10); /* 140 are to leave, 100 fit */
        HostRole *roles = arena_new(&arena, HostRole, 2);

        roles[0] = (HostRole){ .no_entry = REASON_HOST_MAINTENANCE, .evacuate = 7 };
        p->roles = roles;
        cr_assert_eq(bound_of(p).tier[TIER_EVACUATE], 4 * 7);
}

Test(bound, of_balance_is_reached_when_all_hosts_are_equally_full) {
        const int64_t weight = 100;
        Problem *p = row_of_hosts(4, 32, 5);
        HostIx *home = arena_new(&arena, HostIx, 32);
        Evaluator *e;
        Terms *t;
        Cost bound;

        for (VmIx v = 0; v < 32; v++)
                home[v] = v % 4;
        p->home = home;
        p->one_tier = false;
        p->balance_weight = &weight;
        cr_assert_eq(0, policies_add_terms(&arena, p, policies_all(), NULL, &t));
        cr_assert_eq(0, evaluator_build(&arena, t, NULL, &e));
        bound = bound_of(p).tier[TIER_BALANCE];
        cr_assert_leq(bound, e->cost.tier[TIER_BALANCE]);
        cr_assert_geq(bound, e->cost.tier[TIER_BALANCE] * 999 / 1000);
}

Test(bound, of_rules_counts_vms_beyond_the_domains) {
        Problem *p = row_of_hosts(3, 5, 1);
        const VmIx vms[] = { 0, 1, 2, 3, 4 };
        const Group group = { vms, 5 };
        const GroupRule rules[] = { { .kind = RULE_APART, .level = LEVEL_HOST, .must = true },
                                    { .kind = RULE_SPREAD, .level = LEVEL_HOST, .k = 4, .must = true } };

        p->groups = &group;
        p->n_groups = 1;
        p->rules = rules;
        p->n_rules = 2;
        cr_assert_eq(bound_of(p).tier[TIER_REPAIR], 2 + 1);
}

Test(bound, is_below_whatever_moves_and_search_lead_to) {
        for (uint64_t seed = 1; seed <= 400; seed++) {
                const Problem *p = random_problem(&arena, seed,
                                                  (RandomShape){ .hosts = 12,
                                                                 .vms = 40,
                                                                 .res = 4,
                                                                 .rules = 6,
                                                                 .pack = true,
                                                                 .deviations = true,
                                                                 .one_tier = seed % 3 == 0 });
                const SearchBudget budget = {
                        .evaluations = 2000, .max_moves = UINT32_MAX, .max_mib = INT64_MAX, .tasks = 1
                };
                const Costs bound = bound_of(p);
                SearchResult found;

                cr_assert_eq(
                        0, search_run(&arena,
                                      &(SearchInput){ p, policies_all(), NULL, budget, seed, &workers_none },
                                      &found));
                for (int t = 0; t < TIER_N; t++) {
                        cr_assert_geq(bound.tier[t], 0);
                        cr_assert_leq(bound.tier[t], found.before.tier[t], "seed %lu", (unsigned long) seed);
                        cr_assert_leq(bound.tier[t], found.after.tier[t], "seed %lu: %s",
                                      (unsigned long) seed, tier_names[t]);
                }
                arena_rewind(&arena, 0);
        }
}
