/* SPDX-License-Identifier: Apache-2.0 */
/* Wishes about hosts and about staying: rules "on", "not-on", "never-move" and "move-only" that should hold.
 */
#include "scheduler/decide/cost/policy.h"

static void wishes_total(const Problem *p, const Settings *s, const Assignment *x, Costs *ret) {
        (void) s;
        for (VmIx v = 0; v < p->n_vms; v++) {
                const HostIx h = x->host_of[v];
                const int64_t *row = p->wish_of ? p->wish_cost[p->wish_of[v]] : NULL;

                if (h == IX_NONE)
                        continue;
                if (row)
                        ret->tier[TIER_BALANCE] += RULE_UNIT * row[h];
                if (p->stay_wish && h != p->home[v])
                        ret->tier[TIER_BALANCE] += RULE_UNIT * p->stay_wish[v];
        }
}

static int wishes_state(const Problem *p, const Settings *s, Terms *t) {
        int e = 0;

        (void) s;
        if (p->wish_of)
                e = terms_add_want(t, (WantTerm){ TIER_BALANCE, p->wish_of, p->wish_cost, RULE_UNIT });
        if (e >= 0 && p->stay_wish)
                e = terms_add_stay(t, (StayTerm){ TIER_BALANCE, p->stay_wish, RULE_UNIT });
        return e;
}

const Policy policy_wishes = {
        .name = "wishes",
        .summary = "hosts that VMs should or should not be on, and VMs that should stay where they are",
        .state = wishes_state,
        .total = wishes_total,
};
