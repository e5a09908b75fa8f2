/* SPDX-License-Identifier: Apache-2.0 */
/* Where the search mends nothing of what is broken and a single move would: that move first, then all again.
 * The search gives every host its turn and makes what gains most, and the order of its moves may be
 * impossible where that of the one alone is not; that a mendable rule is mended must not hang on either. */
#include <errno.h>
#include <string.h>

#include "scheduler/decide/plan/plan_parts.h"

bool plan_mend_has_part(const Evaluator *e, VmIx v) {
        const HostIx h = e->x->host_of[v];

        return e->hosts[h].tier[TIER_REPAIR] > 0 || rule_counts_touch(&e->rules, v) ||
               (e->misplaceable && problem_class_denies(e->problem, v, h) == REASON_RULE_HOSTS);
}

static bool is_afforded(const Planning *pl, VmIx v) {
        return pl->request.max_moves > 0 && problem_mib(pl->first, v) <= pl->request.max_mib;
}

/* 1: it may be made alone, as the judge sees it; 0; -ENOMEM. */
static int stands_alone(Planning *pl, Move m) {
        const ArenaMark mark = arena_mark(&pl->scratch);
        WaveLimits limits = plan_wave_limits(pl);
        WaveOrder order;
        int r;

        limits.time = time_limit_of(limits.time, PLAN_PART_MEND);
        r = plan_order(pl, limits, pl->first, &m, 1, &order);

        if (r == 0)
                r = order.n == 1 && order.n_left_out == 0 ? plan_rules_no_worse(pl, order.host_of) : 0;
        arena_rewind(&pl->scratch, mark);
        return r;
}

/* The cheapest move of v that mends something, if it is cheaper than *best. */
static int best_of(Planning *pl, Evaluator *e, VmIx v, Move *best, Costs *least) {
        for (HostIx h = 0; h < pl->first->n_hosts; h++) {
                const Move m = { v, e->x->host_of[v], h };
                Costs d;
                int r;

                if (h == m.from || evaluator_refuse(e, m) != REASON_NONE)
                        continue;
                d = evaluator_delta(e, m);
                if (d.tier[TIER_REPAIR] >= 0 || costs_compare(&d, least) >= 0)
                        continue;
                if (plan_time_is_up(pl, PLAN_PART_MEND))
                        return 0;
                r = stands_alone(pl, m);
                if (r < 0)
                        return r;
                if (r > 0) {
                        *best = m;
                        *least = d;
                }
        }
        return 0;
}

int plan_mend(Planning *pl, Move *ret) {
        const ArenaMark mark = arena_mark(&pl->scratch);
        Move best = { .vm = IX_NONE };
        Costs least = { 0 };
        Evaluator *e = NULL;
        int r = evaluator_build(&pl->scratch, pl->terms, NULL, &e);

        for (VmIx v = 0; r == 0 && v < pl->first->n_vms && !plan_time_is_up(pl, PLAN_PART_MEND); v++)
                if (plan_mend_has_part(e, v) && is_afforded(pl, v))
                        r = best_of(pl, e, v, &best, &least);
        arena_rewind(&pl->scratch, mark);
        if (r < 0)
                return r;
        *ret = best;
        return best.vm != IX_NONE;
}
