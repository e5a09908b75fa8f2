/* SPDX-License-Identifier: Apache-2.0 */
/* Empties hosts in maintenance or with failing hardware: each VM on one costs the host's weight. Where what
 * fails serves only some of the VMs (a data disk), those leave and the others may stay: moving them would
 * save nobody, and take time and links from those that must go. */
#include <errno.h>

#include "scheduler/decide/cost/policy.h"

static void evacuate_total(const Problem *p, const Settings *s, const Assignment *x, Costs *ret) {
        (void) s;
        for (VmIx v = 0; v < p->n_vms; v++)
                ret->tier[TIER_EVACUATE] += x->host_of[v] != IX_NONE ? problem_leave(p, v, x->host_of[v]) : 0;
}

static int evacuate_add_terms(const Problem *p, const Settings *s, Terms *t) {
        int64_t *weight = arena_new(t->arena, int64_t, p->n_hosts);
        bool any = false;

        (void) s;
        if (!weight)
                return -ENOMEM;
        for (HostIx h = 0; h < p->n_hosts; h++) {
                weight[h] = p->leave && p->roles[h].evacuate > 0 ? 1 : p->roles[h].evacuate;
                any |= weight[h] != 0;
        }
        return any ? terms_add_host_cost(t, (HostCost){ TIER_EVACUATE, weight, p->leave }) : 0;
}

static int evacuate_sample(Arena *a, Prng *g, Problem *p) {
        static const int64_t weights[] = { 0, 1, 7, 100 };
        HostRole *roles = arena_new(a, HostRole, p->n_hosts);
        int64_t *leave = prng_below(g, 2) ? arena_new(a, int64_t, p->n_vms) : NULL;

        if (!roles)
                return -ENOMEM;
        for (HostIx h = 0; h < p->n_hosts; h++) {
                roles[h] = p->roles[h];
                roles[h].evacuate = prng_below(g, 4) == 0 ? 7 : 0;
        }
        for (VmIx v = 0; leave && v < p->n_vms; v++)
                leave[v] = weights[prng_below(g, ARRAY_SIZE(weights))];
        p->roles = roles;
        p->leave = leave;
        return 0;
}

const Policy policy_evacuate = {
        .name = "evacuate",
        .summary = "hosts in maintenance are emptied, and VMs leave failing hardware",
        .add_terms = evacuate_add_terms,
        .total = evacuate_total,
        .sample = evacuate_sample,
};
