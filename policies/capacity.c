/* SPDX-License-Identifier: Apache-2.0 */
/* No host holds more than it has, of any resource. A host that is over already is to be relieved, and nothing
 * that uses the scarce resource may enter it. With TRANSIENT_TOGETHER, VMs under way hold the transient
 * resources on both sides.
 */
#include <errno.h>

#include "scheduler/decide/cost/policy.h"

/* One host's worth of any resource costs about this. */
#define HOST_COST (INT64_C(1) << 16)

static int64_t capacity_weight(const Problem *p, uint32_t r) {
        const int64_t w = HOST_COST / problem_mean_capacity(p, r);

        return w > 0 ? w : 1;
}

static void capacity_total(const Problem *p, const Settings *s, const Assignment *x, Costs *ret) {
        (void) s;
        for (uint32_t r = 0; r < p->n_res; r++) {
                const int64_t w = capacity_weight(p, r);

                for (HostIx h = 0; h < p->n_hosts; h++) {
                        const int64_t over = assignment_load(x, h)[r] - problem_capacity(p, h)[r];

                        if (over > 0)
                                ret->tier[TIER_REPAIR] += w * over;
                }
        }
}

static int capacity_state(const Problem *p, const Settings *s, Terms *t) {
        (void) s;
        for (uint32_t r = 0; r < p->n_res; r++) {
                const int e =
                        terms_add_line(t, (LineTerm){ TIER_REPAIR, r, p->capacity, capacity_weight(p, r) });

                if (e < 0)
                        return e;
        }
        t->capacity = true;
        return 0;
}

const Policy policy_capacity = {
        .name = "capacity",
        .summary = "no host is given more than it has, also while VMs move",
        .state = capacity_state,
        .total = capacity_total,
};
