/* SPDX-License-Identifier: Apache-2.0 */
/* How much of each host that moves touch is in use before the plan and after it. */
#include <errno.h>

#include "scheduler/decide/plan/plan_parts.h"

/* It has none of it, or how much is not known. */
static bool plan_hosts_is_unknown(int64_t capacity) {
        return capacity <= 0 || capacity >= QUANTITY_MAX;
}

/* Of the hosts that are marked, [host × res] permille of capacity; what has no capacity that is known: UNKNOWN. */
static void plan_hosts_fill(const Assignment *x, const bool *touched, int64_t *ret) {
        const Problem *p = x->problem;

        for (HostIx h = 0; h < p->n_hosts; h++)
                for (uint32_t r = 0; r < p->n_res && touched[h]; r++) {
                        const int64_t capacity = problem_capacity(p, h)[r];

                        ret[(size_t) h * p->n_res + r] =
                                plan_hosts_is_unknown(capacity)
                                        ? UNKNOWN
                                        : load_permille(assignment_load(x, h)[r], capacity);
                }
}

static int64_t plan_hosts_line(const Problem *p, HostIx h, uint32_t r) {
        const int64_t capacity = problem_capacity(p, h)[r];

        return plan_hosts_is_unknown(capacity)
                       ? UNKNOWN
                       : p->limit[(size_t) h * p->n_res + r] * 1000 / capacity; /* as status has it */
}

int plan_hosts(Planning *pl, Plan *plan) {
        const Problem *p = pl->first;
        const size_t n = (size_t) p->n_hosts * p->n_res;
        ArenaMark mark = arena_mark(&pl->scratch);
        bool *touched = arena_new(&pl->scratch, bool, p->n_hosts);
        int64_t *before = arena_new(&pl->scratch, int64_t, n), *after = arena_new(&pl->scratch, int64_t, n);
        Assignment *x = NULL;
        PlanHost *hosts = NULL;
        PlanLoad *loads = NULL;
        uint32_t n_hosts = 0;
        int r = touched && before && after ? assignment_build(&pl->scratch, p, &x) : -ENOMEM;

        if (r < 0)
                return r;
        for (uint32_t i = 0; i < plan->n_moves; i++)
                touched[plan->moves[i].move.from] = touched[plan->moves[i].move.to] = true;
        plan_hosts_fill(x, touched, before);
        for (uint32_t i = 0; i < plan->n_moves; i++)
                assignment_move(x, plan->moves[i].move);
        plan_hosts_fill(x, touched, after);
        for (HostIx h = 0; h < p->n_hosts; h++)
                n_hosts += touched[h];
        hosts = arena_new(pl->arena, PlanHost, n_hosts);
        loads = arena_new(pl->arena, PlanLoad, (size_t) n_hosts * p->n_res);
        if (!hosts || !loads)
                return -ENOMEM;
        plan->hosts = hosts;
        plan->n_hosts = n_hosts;
        for (HostIx h = 0; h < p->n_hosts; h++) {
                if (!touched[h])
                        continue;
                *hosts++ = (PlanHost){ .host = h, .load = loads };
                for (uint32_t k = 0; k < p->n_res; k++)
                        *loads++ = (PlanLoad){ before[(size_t) h * p->n_res + k],
                                               after[(size_t) h * p->n_res + k], plan_hosts_line(p, h, k) };
        }
        arena_rewind(&pl->scratch, mark);
        return 0;
}
