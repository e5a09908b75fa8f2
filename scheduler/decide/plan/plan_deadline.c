/* SPDX-License-Identifier: Apache-2.0 */
/* Deadlines of a plan: who leaves first where not all may make it, and who will not. */
#include <errno.h>
#include <string.h>

#include "scheduler/decide/migration/migration_net.h"
#include "scheduler/decide/migration/move_strategy.h"
#include "scheduler/decide/order/deadline.h"
#include "scheduler/decide/plan/plan_parts.h"
#include "scheduler/model/host_silence.h"

/* A deadline of an operator
 * is a time; that of failing hardware counts from now, since nobody knows when it dies. */
int64_t plan_within_ms(const Planning *pl, VmIx v) {
        const Host *h = &pl->s->hosts[pl->s->vms[v].host];
        const int64_t grade = snapshot_vm_fault(pl->s, v, NULL);
        int64_t ms = INT64_MAX;

        if (h->state == HOST_MAINTENANCE && h->leave_by > 0 && pl->s->taken_at > 0)
                ms = h->leave_by > pl->s->taken_at ? (h->leave_by - pl->s->taken_at) / USEC_PER_MSEC : 0;
        if (grade >= 3) {
                const int64_t soon =
                        settings_int(pl->settings, "plan", grade >= 4 ? "drain_now_within" : "drain_within") /
                        USEC_PER_MSEC;

                ms = soon < ms ? soon : ms;
        }
        return ms;
}

/* With the way for itself; where that is too long, in the swiftest way that the VM's policy allows. */
static int64_t alone_ms(const Planning *pl, Move m, int64_t within) {
        const MigrationRoute route = migration_route(&pl->net, m.from, m.to);
        const MovePolicy all = move_policy(pl->settings);
        const MovePolicy policy = move_policy_of(&all, &pl->s->vms[m.vm]);
        bool known = false;
        const int64_t kbit = migration_route_free(&pl->net, &route, &known);
        const MigrationFacts facts = migration_facts(&pl->net, m.vm, m.from, m.to, kbit);
        const int64_t ms = migration_forecast(facts).predicted.ms;

        return ms <= within ? ms : move_least_ms(facts, &policy);
}

int plan_deadline_order(Planning *pl, const Move *moves, uint32_t n, const uint32_t **ret) {
        DeadlineJob *jobs = arena_new(&pl->scratch, DeadlineJob, n);
        uint32_t *rank = arena_new(&pl->scratch, uint32_t, n);
        uint32_t *of_vm = arena_new(&pl->scratch, uint32_t, pl->first->n_vms);
        bool *saved = arena_new(&pl->scratch, bool, n), any = false;
        int r;

        *ret = NULL;
        if (!jobs || !rank || !saved || !of_vm)
                return -ENOMEM;
        for (uint32_t i = 0; i < n; i++) {
                const VmIx v = moves[i].vm;

                jobs[i] = (DeadlineJob){ .move = moves[i],
                                         .within = plan_within_ms(pl, v),
                                         .weight = deadline_weight(&pl->s->vms[v]) };
                any |= jobs[i].within != INT64_MAX;
        }
        if (!any)
                return 0;
        for (uint32_t i = 0; i < n; i++)
                jobs[i].ms = alone_ms(pl, moves[i], jobs[i].within);
        r = deadline_choose(&pl->scratch, jobs, n, pl->first->n_hosts, rank, saved);
        for (uint32_t i = 0; r == 0 && i < n; i++)
                of_vm[moves[i].vm] = rank[i];
        if (r == 0)
                *ret = of_vm;
        return r;
}

/* When each wave starts, ms from the plan's: after the longest move of each one before. */
static int wave_starts(Planning *pl, const Plan *plan, int64_t **ret) {
        int64_t *start = arena_new(&pl->scratch, int64_t, (size_t) plan->n_waves + 2);

        if (!start)
                return -ENOMEM;
        for (uint32_t i = 0; i < plan->n_moves; i++) {
                const PlanMove *m = &plan->moves[i];

                if (m->predicted.ms > start[m->wave + 1])
                        start[m->wave + 1] = m->predicted.ms;
        }
        for (uint32_t w = 1; w <= plan->n_waves; w++)
                start[w] += start[w - 1];
        *ret = start;
        return 0;
}

/* One that is on its way already leaves, and nobody predicts when: it is not said to stay. */
static bool plan_deadline_is_late(const Planning *pl, VmIx v, int64_t out) {
        return (!pl->movers || pl->movers[v]) &&
               (problem_leave(pl->first, v, pl->first->home[v]) > 0 || vm_is_stranded(pl->s, v)) &&
               !pl->s->vms[v].in_flight && plan_within_ms(pl, v) != INT64_MAX && out > plan_within_ms(pl, v);
}

int plan_late(Planning *pl, Plan *plan) {
        const uint32_t n_vms = pl->first->n_vms;
        int64_t *out = arena_new(&pl->scratch, int64_t, n_vms), *start = NULL;
        PlanLate *late;
        uint32_t n = 0;
        int r = out ? wave_starts(pl, plan, &start) : -ENOMEM;

        if (r < 0)
                return r;
        for (VmIx v = 0; v < n_vms; v++)
                out[v] = INT64_MAX; /* it stays */
        for (uint32_t i = 0; i < plan->n_moves; i++) {
                const PlanMove *m = &plan->moves[i];

                if (m->move.from == pl->first->home[m->move.vm]) /* a second leg does not save it */
                        out[m->move.vm] = start[m->wave] + m->predicted.ms;
        }
        for (VmIx v = 0; v < n_vms; v++)
                n += plan_deadline_is_late(pl, v, out[v]);
        late = arena_new(pl->arena, PlanLate, n);
        if (!late)
                return -ENOMEM;
        n = 0;
        for (VmIx v = 0; v < n_vms; v++)
                if (plan_deadline_is_late(pl, v, out[v]))
                        late[n++] = (PlanLate){ .vm = v,
                                                .ms = out[v] == INT64_MAX ? UNKNOWN : out[v],
                                                .within_ms = plan_within_ms(pl, v) };
        plan->late = late;
        plan->n_late = n;
        return 0;
}
