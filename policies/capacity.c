/* SPDX-License-Identifier: Apache-2.0 */
/* No host holds more than it has, of any resource. A host that is over already is to be relieved, and nothing
 * that uses the scarce resource may enter it. With TRANSIENT_TOGETHER, VMs under way hold the transient
 * resources on both sides.
 */
#include <errno.h>

#include "scheduler/decide/cost/move_view.h"
#include "scheduler/decide/cost/policy.h"

/* One host's worth of any resource costs about this. */
#define HOST_COST (INT64_C(1) << 16)

static int64_t capacity_weight(int64_t mean) {
        const int64_t w = HOST_COST / mean;

        return w > 0 ? w : 1;
}

static void capacity_total(const Problem *p, const Settings *s, const Assignment *x, Costs *ret) {
        (void) s;
        for (uint32_t r = 0; r < p->n_res; r++) {
                const int64_t w = capacity_weight(problem_mean_capacity(p, r));

                for (HostIx h = 0; h < p->n_hosts; h++) {
                        const int64_t over = assignment_load(x, h)[r] - problem_capacity(p, h)[r];

                        if (over > 0)
                                ret->tier[TIER_REPAIR] += w * over;
                }
        }
}

static int capacity_add_terms(const Problem *p, const Settings *s, Terms *t) {
        (void) s;
        for (uint32_t r = 0; r < p->n_res; r++) {
                const int e = terms_add_line(t, (LineCost){ TIER_REPAIR, r, p->capacity,
                                                            capacity_weight(problem_mean_capacity(p, r)) });

                if (e < 0)
                        return e;
        }
        t->capacity = true;
        return 0;
}

/* Use of a host while VMs move: its load, with TRANSIENT_TOGETHER also what VMs away from it still hold. */
static int64_t capacity_held(const Assignment *x, HostIx h, uint32_t r) {
        const Problem *p = x->problem;
        int64_t sum = assignment_load(x, h)[r];

        for (VmIx v = 0; p->transient_mode == TRANSIENT_TOGETHER && p->transient[r] && v < p->n_vms; v++)
                if (p->home[v] == h && x->host_of[v] != h)
                        sum += problem_need(p, v)[r];
        return sum;
}

static bool capacity_refuses(const Problem *p, const Settings *s, Assignment *x, Move m) {
        bool over = false;

        (void) s;
        for (uint32_t r = 0; r < p->n_res; r++) {
                const int64_t before = capacity_held(x, m.to, r);
                int64_t after;

                assignment_move(x, m);
                after = capacity_held(x, m.to, r);
                assignment_move(x, (Move){ m.vm, m.to, m.from });
                over |= after > before && after > problem_capacity(p, m.to)[r];
        }
        return over;
}

/* Hosts of all sizes, some smaller than what runs there. */
static int capacity_sample(Arena *a, Prng *g, Problem *p) {
        const size_t n = (size_t) p->n_hosts * p->n_res;
        const int64_t *capacity = sample_row(a, g, n, 500, (int64_t) prng_below(g, 2) * 400);
        int64_t *limit = sample_row(a, g, n, 500, 0);

        if (!capacity || !limit)
                return -ENOMEM;
        for (size_t i = 0; i < n; i++)
                limit[i] = limit[i] < capacity[i] ? limit[i] : capacity[i];
        p->capacity = capacity;
        p->limit = limit;
        return 0;
}

/* The resource of which the move takes most off what is too much. */
/* What the move changes of the excess of r on both its hosts, < 0: it gains. */
static Cost capacity_gain(const MoveView *view, uint32_t r) {
        const HostIx hosts[] = { view->m->from, view->m->to };
        int64_t change = 0;

        for (uint32_t i = 0; i < ARRAY_SIZE(hosts); i++)
                for (int after = 0; after < 2; after++) {
                        const int64_t over =
                                view_load(view, hosts[i], r, after) - problem_capacity(view->p, hosts[i])[r];

                        change += over > 0 ? (after ? over : -over) : 0;
                }
        return capacity_weight(view->words[r].mean) * change;
}

static void capacity_clause(const MoveView *view, uint32_t r, Cost gain, SentenceDraft *d) {
        const HostIx from = view->m->from;
        const Fact host = fact_host(view, from), resource = fact_resource(view, r),
                   over = { .kind = CLAIM_OVERFULL, .host = from, .r = r };

        if (problem_capacity(view->p, from)[r] <= 0)
                SENTENCE_CLAUSE(d, "{} has none of the {} that VMs on it need", host, resource, over,
                                claim_most(r, gain));
        else if (view_looks_same(view, from, r))
                SENTENCE_CLAUSE(d, "{} is overfull: its {} is at {}", host, resource,
                                fact_share(view, from, r, false), over, claim_most(r, gain));
        else
                SENTENCE_CLAUSE(d, "{} is overfull: its {} goes from {} to {}", host, resource,
                                fact_share(view, from, r, false), fact_share(view, from, r, true), over,
                                claim_most(r, gain));
}

static bool capacity_why(const MoveView *view, SentenceDraft *d) {
        Cost most = 0;
        uint32_t worst = IX_NONE;

        for (uint32_t r = 0; view->alone && r < view->p->n_res; r++) {
                const Cost gain = capacity_gain(view, r);

                if (gain >= most || !view_relief_lasts(view, r))
                        continue;
                most = gain;
                worst = r;
        }
        if (worst == IX_NONE)
                return false;
        capacity_clause(view, worst, most, d);
        clause_target(view, worst, d);
        return true;
}

const Policy policy_capacity = {
        .name = "capacity",
        .summary = "no host is given more than it has, even while VMs move",
        .add_terms = capacity_add_terms,
        .total = capacity_total,
        .refuses = capacity_refuses,
        .why = capacity_why,
        .sample = capacity_sample,
};
