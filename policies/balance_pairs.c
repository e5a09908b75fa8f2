/* SPDX-License-Identifier: Apache-2.0 */
/* What is left over fits together: free CPU without free memory is of no use. Each pair wants at least
 * `target` units free of the second resource per unit free of the first (the ROADEF/EURO 2012 "balance
 * cost").
 */
#include <errno.h>

#include "scheduler/decide/cost/move_view.h"
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

/* What is short of the pair on both hosts of the move. */
static int64_t balance_pairs_short(const MoveView *view, const BalancePair *b, bool after) {
        const HostIx hosts[] = { view->m->from, view->m->to };
        int64_t sum = 0;

        for (uint32_t i = 0; i < ARRAY_SIZE(hosts); i++) {
                const int64_t *capacity = problem_capacity(view->p, hosts[i]);
                const int64_t free1 = capacity[b->r1] - view_load(view, hosts[i], b->r1, after);
                const int64_t free2 = capacity[b->r2] - view_load(view, hosts[i], b->r2, after);

                sum += b->target * free1 > free2 ? b->target * free1 - free2 : 0;
        }
        return sum;
}

static int64_t balance_pairs_gain(const MoveView *view, const BalancePair *b) {
        return b->weight * (balance_pairs_short(view, b, true) - balance_pairs_short(view, b, false));
}

static Fact balance_pairs_fact(const MoveView *view, uint32_t i, bool after) {
        return (Fact){ .kind = FACT_SHORT,
                       .r = i,
                       .after = after,
                       .value = balance_pairs_short(view, &view->p->pairs[i], after) };
}

static bool balance_pairs_why(const MoveView *view, SentenceDraft *d) {
        const BalancePair *b;
        uint32_t best = 0;

        for (uint32_t i = 1; view->alone && i < view->p->n_pairs; i++)
                if (balance_pairs_gain(view, &view->p->pairs[i]) <
                    balance_pairs_gain(view, &view->p->pairs[best]))
                        best = i;
        if (!view->alone || view->p->n_pairs == 0)
                return false;
        b = &view->p->pairs[best];
        SENTENCE_CLAUSE(d,
                        "free {} on {} and {} is better matched by free {}, of which {} is missing before it "
                        "and {} after",
                        fact_resource(view, b->r1), fact_host(view, view->m->from),
                        fact_host(view, view->m->to), fact_resource(view, b->r2),
                        balance_pairs_fact(view, best, false), balance_pairs_fact(view, best, true),
                        claim_gain(view), claim_most(best, balance_pairs_gain(view, b)));
        return true;
}

const Policy policy_balance_pairs = {
        .name = "balance_pairs",
        .summary = "keep free amounts of two resources in proportion",
        .add_terms = balance_pairs_add_terms,
        .total = balance_pairs_total,
        .why = balance_pairs_why,
        .sample = balance_pairs_sample,
};
