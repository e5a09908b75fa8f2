/* SPDX-License-Identifier: Apache-2.0 */
/* How good a plan can be: a bound on its cost, and the solver that closes what is left on small clusters. */
#include <string.h>

#include "scheduler/decide/plan/plan_parts.h"
#include "scheduler/decide/search/bound.h"

int plan_bound(Planning *pl) {
        return bound_aggregate(&pl->scratch, pl->terms, &pl->bound);
}

/* Whether it may be asked: EXACT_OPEN, or why not. */
static ExactUse exact_may(const Planning *pl, const Problem *p, uint64_t nodes) {
        const int64_t places = settings_int(pl->settings, "plan", "exact_places");

        if (!pl->request.solver || nodes == 0)
                return EXACT_OFF;
        if (!pl->request.solver->solve)
                return EXACT_ABSENT;
        if ((int64_t) p->n_vms * p->n_hosts > places)
                return EXACT_TOO_LARGE;
        if (p->reserve)
                return EXACT_RESERVE;
        if (p->pack)
                return EXACT_PACK;
        if (p->n_deviations > 0)
                return EXACT_MEASURE;
        return p->tiers_left > 0 ? EXACT_TIERS : EXACT_OPEN;
}

/* Of the first stage it is told: later ones start where that one led. */
static void exact_tell(Planning *pl, ExactUse use) {
        if (pl->n_steps == 0)
                pl->exact = use;
}

int plan_polish(Planning *pl, const Problem *p, const SearchBudget *budget, const HostIx **host_of) {
        SolverTask task = { .start = *host_of,
                            .max_moves = budget->max_moves,
                            .max_mib = budget->max_mib,
                            .nodes = (uint64_t) settings_int(pl->settings, "plan", "exact_nodes"),
                            .time = budget->time };
        const ExactUse may = exact_may(pl, p, task.nodes);
        SolverResult result;
        Terms *terms;
        int r;

        exact_tell(pl, may);
        if (may != EXACT_OPEN)
                return 0;
        r = policies_add_terms(&pl->scratch, p, pl->policies, pl->settings, &terms);
        if (r < 0)
                return r;
        task.terms = terms;
        r = pl->request.solver->solve(&pl->scratch, &task, &result);
        if (r != 0)
                exact_tell(pl, EXACT_FAILED);
        if (r != 0)
                return r < 0 ? r : 0; /* declined: the search's result stands */
        exact_tell(pl, result.proven ? EXACT_PROVEN : EXACT_OPEN);
        pl->guard_fired |= result.guard_fired;
        *host_of = result.host_of;
        /* Of later stages it bounds what their start can lead to, not the plan; and VMs held back for want of
         * an order could have moved, or hosts been filled further. */
        if (pl->n_steps == 0 && !p->fill &&
            memcmp(p->pinned, pl->first->pinned, sizeof(Reason) * p->n_vms) == 0 &&
            costs_compare(&result.bound, &pl->bound) > 0)
                pl->bound = result.bound;
        return 0;
}
