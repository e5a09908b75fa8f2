/* SPDX-License-Identifier: Apache-2.0 */
/* Rules about hosts that are broken in a ring: each VM's place is held by the next one, so that no single move and no
 * exchange of two mends anything. All such VMs are lifted off their hosts at once and set down again where they may be;
 * the order opens the ring through a third host (waves.c). Those that find no place stay, and the others are tried
 * without them. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "scheduler/decide/cost/evaluator_enter.h"
#include "scheduler/decide/plan/plan_parts.h"

/* How often those that found no place are left out, and the rest is tried anew. */
#define TRIES_MAX 16

typedef struct Lifted {
        VmIx vm;
        uint32_t hosts; /* that it may be on, whoever is there */
        int64_t mib;
} Lifted;

/* With fewest hosts first, then the largest. */
static int plan_rings_by_choice(const void *left, const void *right) {
        const Lifted *x = left, *y = right;

        if (x->hosts != y->hosts)
                return x->hosts < y->hosts ? -1 : 1;
        if (x->mib != y->mib)
                return x->mib > y->mib ? -1 : 1;
        return (x->vm > y->vm) - (x->vm < y->vm);
}

static bool plan_rings_misplaced(const Planning *pl, VmIx v) {
        const Problem *p = pl->stage;
        const HostIx h = pl->now[v];

        return p->pinned[v] == REASON_NONE && !p->roles[h].no_exit &&
               problem_class_denies(p, v, h) == REASON_RULE_HOSTS;
}

/* It may be there by itself, and no rule forbids it. */
static bool plan_rings_may_be(const Planning *pl, VmIx v, HostIx h) {
        return problem_denied(pl->stage, v, h) == REASON_NONE &&
               problem_class_denies(pl->stage, v, h) == REASON_NONE;
}

static int plan_rings_list(Planning *pl, Lifted **ret, uint32_t *ret_n) {
        Lifted *list = arena_new(&pl->scratch, Lifted, pl->stage->n_vms);
        uint32_t n = 0;

        if (!list)
                return -ENOMEM;
        for (VmIx v = 0; v < pl->stage->n_vms && !plan_time_is_up(pl, PLAN_PART_MEND); v++) {
                if (!plan_rings_misplaced(pl, v))
                        continue;
                list[n] = (Lifted){ .vm = v, .mib = problem_need(pl->stage, v)[RES_MEMORY] };
                for (HostIx h = 0; h < pl->stage->n_hosts; h++)
                        list[n].hosts += plan_rings_may_be(pl, v, h);
                n += list[n].hosts > 0;
        }
        qsort(list, n, sizeof(*list), plan_rings_by_choice);
        *ret = list;
        *ret_n = n;
        return 0;
}

/* The cheapest host for a VM that is on none; IX_NONE: none takes it. */
static HostIx plan_rings_place(const Planning *pl, const Evaluator *e, VmIx v) {
        HostIx best = IX_NONE;
        Costs least = { 0 };

        for (HostIx h = 0; h < pl->stage->n_hosts; h++) {
                Costs d;

                if (!plan_rings_may_be(pl, v, h) || evaluator_enter_refuse(e, v, h) != REASON_NONE)
                        continue;
                d = evaluator_enter_delta(e, v, h);
                if (best != IX_NONE && costs_compare(&d, &least) >= 0)
                        continue;
                best = h;
                least = d;
        }
        return best;
}

/* All off their hosts, and set down one by one. Those that found no place leave the list. How many; -ENOMEM. */
static int plan_rings_try(Planning *pl, Lifted *list, uint32_t *n, HostIx *host_of) {
        const ArenaMark mark = arena_mark(&pl->scratch);
        uint32_t kept = 0, lost;
        Evaluator *e = NULL;

        if (evaluator_build(&pl->scratch, pl->terms, pl->now, &e) < 0)
                return -ENOMEM;
        memcpy(host_of, pl->now, sizeof(*host_of) * pl->stage->n_vms);
        for (uint32_t i = 0; i < *n; i++)
                evaluator_leave(e, list[i].vm);
        for (uint32_t i = 0; i < *n; i++) {
                const HostIx h =
                        plan_time_is_up(pl, PLAN_PART_MEND) ? IX_NONE : plan_rings_place(pl, e, list[i].vm);

                if (h == IX_NONE)
                        continue;
                evaluator_enter(e, list[i].vm, h);
                host_of[list[i].vm] = h;
                list[kept++] = list[i];
        }
        lost = *n - kept;
        *n = kept;
        arena_rewind(&pl->scratch, mark);
        return (int) lost;
}

static int plan_rings_mend(Planning *pl) {
        const ArenaMark mark = arena_mark(&pl->scratch);
        HostIx *host_of = arena_new(&pl->scratch, HostIx, pl->stage->n_vms);
        Lifted *list = NULL;
        uint32_t n = 0;
        int r = host_of ? plan_rings_list(pl, &list, &n) : -ENOMEM;

        if (r == 0 && n > 0) {
                r = 1;
                for (int i = 0; i < TRIES_MAX && r > 0 && n > 0; i++)
                        r = plan_rings_try(pl, list, &n, host_of);
        }
        if (r == 0 && n > 0 && !plan_time_is_up(pl, PLAN_PART_MEND))
                r = plan_stages_to(pl, host_of);
        else if (r > 0)
                r = 0;
        arena_rewind(&pl->scratch, mark);
        return r;
}

int plan_rings(Planning *pl) {
        const int r = pl->movers ? 0 : plan_rings_mend(pl);

        return r > 0 ? plan_stages(pl) : r;
}
