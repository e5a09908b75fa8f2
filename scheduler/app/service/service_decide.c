/* SPDX-License-Identifier: Apache-2.0 */
/* A round's plans, each for some kinds of action, and whether they have been wanted for long enough. */
#include <errno.h>
#include <string.h>

#include "scheduler/app/service/service_parts.h"
#include "scheduler/base/log.h"

static void service_decide_log(const Round *round) {
        const Plan *p = round->plan;

        assert(p);
        log_event(LOG_INFO, "round.planned",
                  "status=%s hosts=%u excluded=%u vms=%u moves=%u waves=%u refused=%u over_load_line=%u "
                  "after=%u "
                  "took_ms=%lld",
                  plan_status_names[p->status], round->snapshot->n_hosts, snapshot_excluded(round->snapshot),
                  round->snapshot->n_vms, p->n_moves, p->n_waves, p->n_refused_all, p->before.over_limit,
                  p->after.over_limit, (long long) (round->took / USEC_PER_MSEC));
}

int service_decide(RoundState *s, ServiceMode mode, unsigned not_now, uint32_t threshold) {
        const ServiceRound *x = s->given;
        Round round = { 0 };
        int r = service_facts_pose(x, &s->found, s->found.deferred | not_now);

        s->wanted.mode = mode;
        s->found.input.request.threshold = threshold;
        if (r == 0) {
                round = s->found.posed;
                r = round_plan(x->arena, &s->found.input, &round);
        }
        if (r == 0) {
                s->wanted.round = round;
                r = service_live_plan(x->arena, &s->shown, &round);
        }
        if (r < 0)
                return r;
        service_live_write(x, &s->shown, true);
        service_decide_log(&round);
        return 0;
}

/* ---- the hold time ---- */

static bool service_decide_is_urgent(const Plan *plan) {
        for (int t = TIER_REPAIR; t <= TIER_EVACUATE; t++)
                if (plan->after.costs.tier[t] < plan->before.costs.tier[t])
                        return true;
        return false;
}

/* A first look is no proof: what only balances waits until it was wanted for the hold time. Only the load
 * line's and balance's tiers wait. */
static bool service_decide_is_held(const ServiceRound *round, RoundDecision *wanted) {
        usec_t *since = &round->memory->wanted_since;
        const usec_t now = round_monotonic(round);

        if (wanted->round.plan->n_moves == 0)
                return false;
        wanted->wanted = true;
        if (*since == 0)
                *since = now;
        return now - *since < round->hold;
}

int service_hold_back(RoundState *s, unsigned not_now) {
        RoundDecision *wanted = &s->wanted;
        int r = 0;

        if (!service_decide_is_held(s->given, wanted))
                return 0;
        wanted->urgent_only = service_decide_is_urgent(wanted->round.plan);
        if (wanted->urgent_only)
                r = service_decide(s, wanted->mode, not_now, PLAN_THRESHOLD_MIN);
        if (r < 0 || service_decide_is_urgent(wanted->round.plan))
                return r;
        log_event(LOG_INFO, "round.held", "moves=%u hold_s=%lld", wanted->round.plan->n_moves,
                  (long long) (s->given->hold / USEC_PER_SEC));
        return 1;
}
