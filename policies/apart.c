/* SPDX-License-Identifier: Apache-2.0 */
/* Rules "apart": no two VMs of a group share a host (rack, zone, neighbourhood). */
#include "scheduler/decide/cost/policy.h"

static void apart_total(const Problem *p, const Settings *s, const Assignment *x, Costs *ret) {
        (void) s;
        rules_total(p, RULE_APART, x, ret);
}

static int apart_state(const Problem *p, const Settings *s, Terms *t) {
        (void) s;
        return terms_add_rules(t, p, RULE_APART, REASON_RULE_APART);
}

const Policy policy_apart = {
        .name = "apart",
        .summary = "no two VMs of a group share a host (rack, zone, neighbourhood)",
        .state = apart_state,
        .total = apart_total,
};
