/* SPDX-License-Identifier: Apache-2.0 */
/* Costs by policy, the spread of load, hosts above their load lines: of an assignment, from scratch. */
#include <errno.h>
#include <string.h>

#include "scheduler/decide/plan/plan_parts.h"

/* Shares of hosts ten times over count as ten: then no sum below overflows. */
#define SPREAD_SHARE_MAX 10000

/* Of n < 2^42, rounded down. */
static int64_t square_root(int64_t n) {
        int64_t root = 0;

        for (int64_t bit = INT64_C(1) << 20; bit > 0; bit >>= 1)
                if ((root + bit) * (root + bit) <= n)
                        root += bit;
        return root;
}

/* Hosts that are there and not to be emptied: what their mean should be is the question. */
static bool plan_score_takes_part(const HostRole *role) {
        return !role->no_exit && role->evacuate == 0;
}

static void score_spread(const Assignment *x, uint32_t r, Spread *ret) {
        const Problem *p = x->problem;
        int64_t sum = 0, squares = 0, n = 0;

        ret->max_host = IX_NONE;
        for (HostIx h = 0; h < p->n_hosts; h++) {
                int64_t capacity = problem_capacity(p, h)[r], share;

                if (!plan_score_takes_part(&p->roles[h]) || capacity >= QUANTITY_MAX)
                        continue;
                share = load_permille(assignment_load(x, h)[r], capacity);
                share = share < SPREAD_SHARE_MAX ? share : SPREAD_SHARE_MAX;
                sum += share;
                squares += share * share;
                n++;
                if (ret->max_host == IX_NONE || share > ret->max) {
                        ret->max = share;
                        ret->max_host = h;
                }
        }
        if (n == 0)
                return;
        ret->mean = (sum + n / 2) / n;
        ret->sd = square_root((squares * n - sum * sum) / (n * n));
}

uint32_t hosts_over_limit(const Assignment *x) {
        const Problem *p = x->problem;
        uint32_t n = 0;

        for (HostIx h = 0; h < p->n_hosts; h++) {
                bool over = false;

                for (uint32_t r = 0; r < p->n_res && !p->roles[h].no_exit; r++)
                        over |= assignment_load(x, h)[r] > p->limit[(size_t) h * p->n_res + r];
                n += over;
        }
        return n;
}

int plan_score(Planning *pl, const HostIx *host_of, Score *ret) {
        const Problem *p = pl->first;
        Costs *policy = arena_new(pl->arena, Costs, pl->policies.n);
        ArenaMark mark = arena_mark(&pl->scratch);
        Assignment *x;
        int r = policy ? assignment_build(&pl->scratch, p, &x) : -ENOMEM;

        if (r < 0)
                return r;
        memset(ret, 0, sizeof(*ret));
        for (VmIx v = 0; v < p->n_vms; v++)
                if (host_of[v] != x->host_of[v])
                        assignment_move(x, (Move){ v, x->host_of[v], host_of[v] });
        for (uint32_t i = 0; i < pl->policies.n; i++) {
                pl->policies.policies[i]->total(p, pl->settings, x, &policy[i]);
                ret->costs = costs_add(ret->costs, policy[i]);
        }
        for (uint32_t k = 0; k < p->n_res; k++)
                score_spread(x, k, &ret->spread[k]);
        ret->over_limit = hosts_over_limit(x);
        ret->policy = policy;
        arena_rewind(&pl->scratch, mark);
        return 0;
}
