/* SPDX-License-Identifier: Apache-2.0 */
/* Where a VM may run by itself, whoever else is there: pins, roles of hosts, networks, pools, CPU models, and
 * rules "on" and "not-on". Only a rule counts as broken where the VM is now: if it runs there, the rest
 * evidently works.
 */
#include <errno.h>

#include "scheduler/decide/cost/policy.h"

static bool allowed_misplaced(const Problem *p, VmIx v, HostIx h) {
        return p->n_classes > 0 && problem_class_denies(p, v, h) == REASON_RULE_HOSTS;
}

static void allowed_total(const Problem *p, const Settings *s, const Assignment *x, Costs *ret) {
        (void) s;
        for (VmIx v = 0; v < p->n_vms; v++)
                ret->tier[TIER_REPAIR] += x->host_of[v] != IX_NONE && allowed_misplaced(p, v, x->host_of[v]);
}

static int allowed_state(const Problem *p, const Settings *s, Terms *t) {
        (void) p;
        (void) s;
        return terms_add_allowed(t, (AllowedTerm){ .tier = TIER_REPAIR, .weight = 1 });
}

const Policy policy_allowed = {
        .name = "allowed",
        .summary =
                "VMs run only on hosts that can take them: state, networks, pools, CPU, rules on and not-on",
        .state = allowed_state,
        .total = allowed_total,
};
