/* SPDX-License-Identifier: Apache-2.0 */
/* What emptying hosts came to: who is idle after the plan, who of them may be powered off, and why the others
 * stay on. */
#include <errno.h>

#include "scheduler/decide/cost/idle.h"
#include "scheduler/decide/plan/plan_parts.h"

int plan_idle(Planning *pl, Plan *plan) {
        const Problem *p = pl->first;
        const ArenaMark mark = arena_mark(&pl->scratch);
        IdleHost *hosts;
        HostIx *idle;
        bool *off;
        uint32_t n = 0, on = 0;
        int r;

        plan->goal = p->pack ? PLAN_GOAL_PACK : PLAN_GOAL_SPREAD;
        if (!p->pack)
                return 0;
        idle = arena_new(&pl->scratch, HostIx, p->n_hosts);
        off = arena_new(&pl->scratch, bool, p->n_hosts);
        if (!idle || !off)
                return -ENOMEM;
        r = idle_list(&pl->scratch, p, pl->now, idle, &n);
        if (r == 0)
                r = idle_may_be_off(&pl->scratch, p, pl->now, idle, n, off);
        hosts = arena_new(pl->arena, IdleHost, n);
        if (r < 0 || !hosts)
                return -ENOMEM;
        for (uint32_t i = 0; i < n; i++) {
                hosts[i] = (IdleHost){ idle[i], off[idle[i]] ? IDLE_MAY_BE_OFF : IDLE_FOR_RESERVE };
                on += !off[idle[i]];
        }
        for (uint32_t i = n; i-- > 0 && on < p->pack->keep_free;)
                if (hosts[i].why == IDLE_MAY_BE_OFF) {
                        hosts[i].why = IDLE_SPARE;
                        on++;
                }
        plan->idle = hosts;
        plan->n_idle = n;
        arena_rewind(&pl->scratch, mark);
        return 0;
}
