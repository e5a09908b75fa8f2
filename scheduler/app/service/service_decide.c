/* SPDX-License-Identifier: Apache-2.0 */
/* A round's plans, each for some kinds of action, and whether they have been wanted for long enough. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "scheduler/app/service/service_parts.h"
#include "scheduler/base/hash.h"
#include "scheduler/base/log.h"

/* Which moves: a plan that says the same of the same moves again is no news, and a line for who asks for all of them. */
static uint64_t service_decide_moves(const Plan *plan) {
        uint64_t hash = FNV1A_START;

        for (uint32_t i = 0; i < plan->n_moves; i++)
                hash = fnv1a(hash, &plan->moves[i].move, sizeof(plan->moves[i].move));
        return hash;
}

static void service_decide_log(const ServiceRound *given, ServiceMode mode, const Round *round) {
        const Plan *p = round->plan;
        const Snapshot *facts = round->snapshot;
        Said *states = &given->memory->said.states;
        char name[64], words[256];
        SaidStep step;

        assert(p);
        (void) snprintf(name, sizeof(name), "round.planned %s", service_mode_names[mode]);
        (void) snprintf(words, sizeof(words), "%d %u %u %u %u %u %u %u %llx", (int) p->status, facts->n_hosts,
                        snapshot_excluded(facts), snapshot_n_vms(facts), p->n_waves, p->n_refused_all,
                        p->before.over_limit, p->after.over_limit,
                        (unsigned long long) service_decide_moves(p));
        step = said_look(states, name, words, round_monotonic(given));
        log_event(step == SAID_GOES_ON ? LOG_DEBUG : LOG_INFO, "round.planned",
                  "status=%s hosts=%u excluded=%u vms=%u moves=%u waves=%u refused=%u over_load_line=%u "
                  "after=%u "
                  "took_ms=%lld before=%llu",
                  plan_status_names[p->status], facts->n_hosts, snapshot_excluded(facts),
                  snapshot_n_vms(facts), p->n_moves, p->n_waves, p->n_refused_all, p->before.over_limit,
                  p->after.over_limit, (long long) (round->took / USEC_PER_MSEC),
                  step == SAID_CHANGES ? (unsigned long long) said_find(states, name)->before : 0);
}

/* VMs whose moves want more of a person than this mode gives. */
static VmMode service_decide_hold_from(ServiceMode mode) {
        return mode == MODE_AUTO ? VM_MODE_CONFIRM : mode == MODE_CONFIRM ? VM_MODE_ADVISE : VM_MODE_AUTO;
}

int service_decide(RoundState *s, ServiceMode mode, unsigned not_now, uint32_t threshold) {
        const ServiceRound *x = s->given;
        Round round = { 0 };
        int r;

        cluster_metrics_thinks(x->metrics, true);
        s->found.input.hold_from = service_decide_hold_from(mode);
        r = service_facts_pose(x, &s->found, s->found.deferred | not_now);
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
        cluster_metrics_thinks(x->metrics, false);
        if (r < 0)
                return r;
        service_live_write(x, &s->shown, true);
        cluster_metrics_phase(x->metrics, ROUND_PLAN, round.took);
        service_figures_put(s);
        service_loads_keep(s);
        service_decide_log(x, mode, &round);
        return 0;
}

/* ---- the hold time ---- */

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

/* What leaves hardware of grade 4 shares no wave with what only balances. */
static bool service_decide_is_mixed(const RoundState *s) {
        const MoveUrgency *urgency = NULL;

        return service_urgent_moves(s->given->arena, &s->wanted.round, s->given->run != NULL, &urgency) ==
                       0 &&
               service_urgent_mixed(urgency, s->wanted.round.plan->n_moves);
}

int service_hold_back(RoundState *s, unsigned not_now) {
        RoundDecision *wanted = &s->wanted;
        char moves[16];
        SaidThing was;
        int r = 0;

        if (!service_decide_is_held(s->given, wanted)) {
                (void) said_end(&s->given->memory->said.states, "round.held", &was);
                if (!service_decide_is_mixed(s))
                        return 0;
        }
        wanted->urgent_only = round_is_urgent(wanted->round.plan);
        if (wanted->urgent_only)
                r = service_decide(s, wanted->mode, not_now, PLAN_THRESHOLD_MIN);
        if (r < 0 || round_is_urgent(wanted->round.plan))
                return r;
        (void) snprintf(moves, sizeof(moves), "%u", wanted->round.plan->n_moves);
        if (said_look(&s->given->memory->said.states, "round.held", moves, round_monotonic(s->given)) !=
            SAID_GOES_ON)
                log_event(LOG_INFO, "round.held", "moves=%s hold_s=%lld", moves,
                          (long long) (s->given->hold / USEC_PER_SEC));
        return 1;
}
