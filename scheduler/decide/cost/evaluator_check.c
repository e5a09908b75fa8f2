/* SPDX-License-Identifier: Apache-2.0 */
/* What an evaluator remembers, against what it stands for, counted anew. In Debug builds alone. */
#include <assert.h>
#include <string.h>

#include "scheduler/decide/cost/evaluator_hot.h"

#ifndef NDEBUG
/* Where VMs are: how many are away from home, with how much memory, how many on each host. */
static void check_places(const Evaluator *e) {
        const Problem *p = e->problem;
        uint32_t away = 0, placed = 0;
        int64_t mib = 0;

        for (VmIx v = 0; v < p->n_vms; v++) {
                const HostIx h = e->x->host_of[v];

                placed += h != IX_NONE;
                if (h == IX_NONE || p->home[v] == IX_NONE || h == p->home[v])
                        continue;
                away++;
                mib += p->n_res > RES_MEMORY ? problem_mib(p, v) : 0;
        }
        assert(e->n_away == away);
        assert(e->mib_away == mib);
        for (HostIx h = 0; e->n_on && h < p->n_hosts; h++)
                placed -= e->n_on[h];
        assert(!e->n_on || placed == 0);
}

/* The cost of x from the terms of hosts, places, deviations, services and rules as they are now. */
static Costs check_cost(const Evaluator *e) {
        const Problem *p = e->problem;
        const Terms *t = e->terms;
        Costs c = { 0 };

        for (HostIx h = 0; h < p->n_hosts; h++) {
                const Costs now = hot_host(e, h, assignment_load(e->x, h));

                assert(memcmp(&now, &e->hosts[h], sizeof(now)) == 0);
                c = costs_add(c, now);
                for (uint32_t i = 0; e->n_on && i < t->n_use_costs; i++)
                        c.tier[t->use_costs[i].tier] += e->n_on[h] > 0 ? t->use_costs[i].weight[h] : 0;
        }
        for (VmIx v = 0; v < p->n_vms; v++)
                if (e->x->host_of[v] != IX_NONE)
                        c = costs_add(c, hot_place(e, v, e->x->host_of[v]));
        for (uint32_t i = 0; i < e->n_deviations; i++)
                c.tier[e->deviations[i].term.tier] += e->deviations[i].cost;
        for (uint32_t i = 0; i < t->n_service_moves; i++)
                c.tier[e->service_moves[i].term.tier] +=
                        e->service_moves[i].term.weight * e->service_moves[i].most;
        for (uint32_t i = 0; i < t->n_rules; i++)
                c.tier[t->rules[i].tier] += t->rules[i].weight * rule_broken(p, t->rules[i].rule, e->x);
        if (e->reserve)
                c.tier[TIER_LOAD] += reserve_cost(e->reserve);
        return c;
}

void evaluator_check(const Evaluator *e) {
        const Costs c = check_cost(e);

        check_places(e);
        for (int t = 0; t < TIER_N; t++)
                assert(c.tier[t] == e->cost.tier[t]);
}

void evaluator_check_often(Evaluator *e) {
        if (++e->unchecked < 64 + e->problem->n_vms + e->problem->n_hosts)
                return;
        e->unchecked = 0;
        evaluator_check(e);
}
#endif
