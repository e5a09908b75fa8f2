/* SPDX-License-Identifier: Apache-2.0 */
/* Rules "near": each VM of one group has one of another group in its neighbourhood (host, rack, zone). */
#include "scheduler/decide/cost/policy.h"

static void near_total(const Problem *p, const Settings *s, const Assignment *x, Costs *ret) {
        (void) s;
        rules_total(p, RULE_NEAR, x, ret);
}

static int near_state(const Problem *p, const Settings *s, Terms *t) {
        (void) s;
        return terms_add_rules(t, p, RULE_NEAR, REASON_RULE_NEAR);
}

const Policy policy_near = {
        .name = "near",
        .summary = "each VM of one group has one of another group in its neighbourhood (host, rack, zone)",
        .state = near_state,
        .total = near_total,
};
