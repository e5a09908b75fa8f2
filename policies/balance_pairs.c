/* SPDX-License-Identifier: Apache-2.0 */
/* What is left over fits together: free CPU without free memory is of no use. Each pair wants at least
 * `target` units free of the second resource per unit free of the first (the ROADEF/EURO 2012 "balance
 * cost").
 */
#include <errno.h>

#include "scheduler/decide/cost/policy.h"

static void balance_pairs_total(const Problem *p, const Settings *s, const Assignment *x, Costs *ret) {
        (void) s;
        for (uint32_t i = 0; i < p->n_pairs; i++) {
                const BalancePair *b = &p->pairs[i];

                for (HostIx h = 0; h < p->n_hosts; h++) {
                        const int64_t *capacity = problem_capacity(p, h), *load = assignment_load(x, h);
                        const int64_t free1 = capacity[b->r1] - load[b->r1];
                        const int64_t free2 = capacity[b->r2] - load[b->r2];

                        if (b->target * free1 > free2)
                                ret->tier[TIER_BALANCE] += b->weight * (b->target * free1 - free2);
                }
        }
}

static int balance_pairs_add_terms(const Problem *p, const Settings *s, Terms *t) {
        (void) s;
        for (uint32_t i = 0; i < p->n_pairs; i++) {
                const int e = terms_add_pair(t, (PairCost){ TIER_BALANCE, p->pairs[i] });

                if (e < 0)
                        return e;
        }
        return 0;
}

static int balance_pairs_sample(Arena *a, Prng *g, Problem *p) {
        BalancePair *pairs = arena_new(a, BalancePair, 2);

        if (!pairs)
                return -ENOMEM;
        for (uint32_t i = 0; i < 2; i++)
                pairs[i] = (BalancePair){ prng_below(g, p->n_res), prng_below(g, p->n_res), prng_below(g, 4),
                                          1 + prng_below(g, 10) };
        p->pairs = pairs;
        p->n_pairs = prng_below(g, 3);
        return 0;
}

const Policy policy_balance_pairs = {
        .name = "balance_pairs",
        .summary = "what is free of one resource is matched by what is free of another",
        .add_terms = balance_pairs_add_terms,
        .total = balance_pairs_total,
        .sample = balance_pairs_sample,
};
