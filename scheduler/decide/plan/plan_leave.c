/* SPDX-License-Identifier: Apache-2.0 */
/* VMs that must leave their host and are still there, for the search wanted them, or others, where no order leads: each by
 * itself, after all that is planned, to the host where it costs least. */
#include <errno.h>
#include <string.h>

#include "scheduler/decide/plan/plan_parts.h"

static bool plan_leave_is_stuck(const Planning *pl, VmIx v) {
        return problem_leave(pl->first, v, pl->now[v]) > 0 && pl->stage->pinned[v] == REASON_NONE &&
               (!pl->movers || pl->movers[v]);
}

/* Where v would cost least, of hosts that were not tried; IX_NONE: nowhere less than where it is. */
static HostIx plan_leave_place(const Evaluator *e, VmIx v, const bool *tried) {
        HostIx best = IX_NONE;
        Costs least = { 0 };

        for (HostIx h = 0; h < e->problem->n_hosts; h++) {
                const Move m = { v, e->x->host_of[v], h };
                Costs d;

                if (h == m.from || tried[h] || evaluator_refuse(e, m) != REASON_NONE)
                        continue;
                d = evaluator_delta(e, m);
                if (costs_compare(&d, &least) >= 0)
                        continue;
                best = h;
                least = d;
        }
        return best;
}

/* e: where the steps lead. 1: a step for v was added; 0: no host takes it; a negative errno. */
static int plan_leave_one(Planning *pl, const Evaluator *e, VmIx v) {
        const ArenaMark mark = arena_mark(&pl->scratch);
        HostIx *host_of = arena_new(&pl->scratch, HostIx, pl->first->n_vms);
        bool *tried = arena_new(&pl->scratch, bool, pl->first->n_hosts);
        HostIx h;
        int r = host_of && tried ? 0 : -ENOMEM;

        while (r == 0 && !plan_time_is_up(pl, PLAN_PART_MEND) &&
               (h = plan_leave_place(e, v, tried)) != IX_NONE) {
                tried[h] = true;
                memcpy(host_of, pl->now, sizeof(*host_of) * pl->first->n_vms);
                host_of[v] = h;
                r = plan_stages_to(pl, host_of);
        }
        arena_rewind(&pl->scratch, mark);
        return r;
}

int plan_leave(Planning *pl) {
        const ArenaMark mark = arena_mark(&pl->scratch);
        Evaluator *e = NULL;
        bool any = false;
        int r = 0;

        for (VmIx v = 0; r >= 0 && v < pl->first->n_vms; v++) {
                if (!plan_leave_is_stuck(pl, v))
                        continue;
                if (!e)
                        r = evaluator_build(&pl->scratch, pl->terms, pl->now, &e);
                if (r >= 0)
                        r = plan_leave_one(pl, e, v);
                if (r > 0) { /* others are where they were, and hosts hold something else */
                        arena_rewind(&pl->scratch, mark);
                        e = NULL;
                        any = true;
                }
        }
        arena_rewind(&pl->scratch, mark);
        return r >= 0 && any ? plan_stages(pl) : r < 0 ? r : 0;
}
