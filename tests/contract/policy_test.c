/* SPDX-License-Identifier: Apache-2.0 */
/* Every policy of policies.def, on random problems that it fills, with its default settings and others, keeps
 * the contract of policy.h. */
#include <criterion/criterion.h>
#include <criterion/logging.h>
#include <criterion/parameterized.h>

#include "tests/contract/policy_laws.h"

/* Parameters are indexes: Criterion runs each test in a process of its own. */
static struct criterion_test_params each_policy(void) {
        const uint32_t n = policies_all().n + 1; /* the last: all of them together */
        uint32_t *all = cr_malloc(n * sizeof(uint32_t));

        for (uint32_t i = 0; i < n; i++)
                all[i] = i;
        return cr_make_param_array(uint32_t, all, n);
}

ParameterizedTestParameters(policy, keeps_its_contract) {
        return each_policy();
}

ParameterizedTest(uint32_t *param, policy, keeps_its_contract) {
        const PolicySet all = policies_all();
        const bool one = *param < all.n;
        PolicyLaws l = policy_laws(one ? (PolicySet){ all.policies + *param, 1 } : all,
                                   one ? all.policies[*param]->name : "all");
        const char *broken = laws_broken(&l);

        cr_assert_null(broken, "%s", broken);
        cr_log_info("%s: of %u problems it costs in %u, changes in %u, refuses in %u, speaks in %u", l.name,
                    LAW_SEEDS, l.cost, l.delta, l.refused, l.said);
}

Test(policy, names_are_all_different) {
        const PolicySet all = policies_all();

        for (uint32_t i = 0; i < all.n; i++)
                for (uint32_t k = 0; k < i; k++)
                        cr_assert_str_neq(all.policies[i]->name, all.policies[k]->name);
}

/* What why_property_test.c does not see in plans is seen here. */
Test(policy, sentences_that_no_plan_needs_are_checked_too) {
        static const FactKind kinds[] = { FACT_SHORT, FACT_LACKING, FACT_REMOTE,  CLAIM_LAST,
                                          CLAIM_HELD, CLAIM_HOME,   CLAIM_NEARER, CLAIM_WATCHED };
        const PolicySet all = policies_all();
        uint32_t seen[FACT_KIND_N] = { 0 };

        for (uint32_t i = 0; i < all.n; i++) {
                PolicyLaws l = policy_laws((PolicySet){ all.policies + i, 1 }, all.policies[i]->name);

                for (uint64_t seed = 1; seed <= 60; seed++) {
                        laws_begin(&l, seed);
                        cr_expect(law_its_sentences_are_true(&l), "%s", l.broken);
                }
                for (uint32_t k = 0; k < FACT_KIND_N; k++)
                        seen[k] += l.seen[k];
        }
        for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
                cr_expect_gt(seen[kinds[i]], 0, "no fact of kind %d", (int) kinds[i]);
}
