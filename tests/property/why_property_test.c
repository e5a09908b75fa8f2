/* SPDX-License-Identifier: Apache-2.0 */
/* What a move's sentence says is what the policies say: held against each policy's own change of cost. */
#include <criterion/criterion.h>

#include "scheduler/decide/query/explain.h"
#include "tests/random_cluster.h"

#define SEEDS 300

static bool at_once(void *arg) {
        (void) arg;
        return true;
}

static Cost change_by(const ExplainPlan *e, uint32_t move, const char *policy, Tier tier) {
        for (uint32_t i = 0; i < e->policies.n; i++)
                if (strcmp(e->policies.policies[i]->name, policy) == 0)
                        return e->moves[move].by_policy[i].tier[tier];
        cr_assert_fail("no policy %s", policy);
        return 0;
}

/* The most that one policy of rules and wishes gains. */
static Cost best_rule(const ExplainPlan *e, uint32_t move, Tier tier) {
        static const char *const rules[] = { "apart", "together", "spread", "near",
                                             "avoid", "wishes",   "traffic" };
        Cost best = 0;

        for (size_t i = 0; i < ARRAY_SIZE(rules); i++) {
                const Cost c = change_by(e, move, rules[i], tier);

                best = c < best ? c : best;
        }
        return best;
}

typedef struct Seen {
        uint32_t rules, wishes, balance, evacuations;
} Seen;

static void expect_true(const ExplainPlan *e, uint32_t move, uint64_t seed, Seen *seen) {
        const char *why = e->plan->moves[move].why;
        const Cost *delta = e->plan->moves[move].delta.tier;
        const bool rule = strstr(why, "which the rule ") || strncmp(why, "the rule ", 9) == 0;

        if (strstr(why, "move together") || strstr(why, "stop-over"))
                return;
        if (rule) {
                cr_expect_lt(delta[TIER_REPAIR], 0, "seed %lu: %s", seed, why);
                seen->rules++;
        } else if (strstr(why, "the wish ") || strstr(why, "it talks to ")) {
                cr_expect_lt(best_rule(e, move, TIER_BALANCE), 0, "seed %lu: %s", seed, why);
                cr_expect_lt(best_rule(e, move, TIER_BALANCE), change_by(e, move, "balance", TIER_BALANCE),
                             "seed %lu: %s", seed, why);
                seen->wishes++;
        } else if (strstr(why, "after it they are at")) {
                cr_expect_lt(change_by(e, move, "balance", TIER_BALANCE), 0, "seed %lu: %s", seed, why);
                cr_expect(delta[TIER_REPAIR] == 0 && delta[TIER_EVACUATE] == 0 && delta[TIER_LOAD] <= 0,
                          "seed %lu: %s", seed, why);
                seen->balance++;
        } else if (strstr(why, " is emptied; ")) {
                cr_expect_lt(delta[TIER_EVACUATE], 0, "seed %lu: %s", seed, why);
                seen->evacuations++;
        } else if (strstr(why, "above its load line of")) {
                cr_expect_lt(delta[TIER_LOAD], 0, "seed %lu: %s", seed, why);
        }
}

Test(why, names_what_the_policies_say) {
        Seen seen = { 0 };
        Arena arena;

        cr_assert_eq(0, arena_open((size_t) 256 << 20, &arena));
        for (uint64_t seed = 1; seed <= SEEDS; seed++) {
                const ArenaMark mark = arena_mark(&arena);
                const Settings *settings = default_settings(&arena);
                const Snapshot *s = random_cluster(&arena, seed + 3000, seed % 5 == 0);
                PlanRequest request = PLAN_REQUEST_DEFAULT;
                const Plan *plan = NULL;
                ExplainPlan e;

                cr_assert_eq(0, planner_plan(&arena, s, settings, policies_all(), request, &plan));
                request.stop = at_once;
                cr_assert_eq(0, explain_plan(&arena, s, settings, policies_all(), plan, &request, &e));
                for (uint32_t i = 0; i < plan->n_moves; i++)
                        expect_true(&e, i, seed, &seen);
                arena_rewind(&arena, mark);
        }
        cr_expect_gt(seen.rules, 20, "%u", seen.rules);
        cr_expect_gt(seen.wishes, 20, "%u", seen.wishes);
        cr_expect_gt(seen.balance, 50, "%u", seen.balance);
        cr_expect_gt(seen.evacuations, 50, "%u", seen.evacuations);
}
