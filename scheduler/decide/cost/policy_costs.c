/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/decide/cost/policy_costs.h"

#include <errno.h>

int policy_costs_build(Arena *a, const Problem *p, PolicySet set, const Settings *s, PolicyCosts *ret) {
        PolicyCosts k = { .set = set, .parts = arena_new(a, Evaluator *, set.n) };

        if (!k.parts)
                return -ENOMEM;
        for (uint32_t i = 0; i < set.n; i++) {
                Terms *t = NULL;
                int r = policies_add_terms(a, p, (PolicySet){ set.policies + i, 1 }, s, &t);

                if (r == 0 && !t->reserve)
                        r = evaluator_build(a, t, NULL, &k.parts[i]);
                if (r < 0)
                        return r;
        }
        *ret = k;
        return 0;
}

void policy_costs_delta(const PolicyCosts *k, Move m, const Costs *all, Costs *ret) {
        Costs rest = *all;
        uint32_t left = IX_NONE;

        for (uint32_t i = 0; i < k->set.n; i++) {
                ret[i] = (Costs){ 0 };
                if (!k->parts[i]) {
                        assert(left == IX_NONE); /* one policy at most keeps a reserve */
                        left = i;
                        continue;
                }
                ret[i] = evaluator_delta(k->parts[i], m);
                for (int t = 0; t < TIER_N; t++)
                        rest.tier[t] -= ret[i].tier[t];
        }
        if (left != IX_NONE)
                ret[left] = rest;
}

void policy_costs_move(PolicyCosts *k, Move m) {
        for (uint32_t i = 0; i < k->set.n; i++)
                if (k->parts[i])
                        evaluator_move(k->parts[i], m);
}
