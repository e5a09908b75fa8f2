/* SPDX-License-Identifier: Apache-2.0 */
/* What cannot wait, and what may be told to stop for it. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "scheduler/app/service/service_parts.h"

#define GRADE_NOW 4
#define SOON      4 /* rounds: until reports do not show any more what was told to stop */

static bool service_urgent_leaves(const Round *round, VmIx v) {
        return problem_leave(round->problem, v, round->snapshot->vms[v].host) > 0;
}

static bool service_urgent_is_now(const Round *round, VmIx v) {
        return service_urgent_leaves(round, v) && snapshot_vm_fault(round->snapshot, v, NULL) >= GRADE_NOW;
}

static bool service_urgent_any_now(const Round *round) {
        for (uint32_t i = 0; i < round->plan->n_moves; i++)
                if (service_urgent_is_now(round, round->plan->moves[i].move.vm))
                        return true;
        return false;
}

int service_urgent_moves(Arena *a, const Round *round, bool beside, const MoveUrgency **ret) {
        const Plan *plan = round->plan;
        MoveUrgency *list = arena_new(a, MoveUrgency, plan->n_moves);
        const bool any_now = service_urgent_any_now(round);

        if (!list)
                return -ENOMEM;
        for (uint32_t i = 0; i < plan->n_moves; i++) {
                const PlanMove *m = &plan->moves[i];
                const bool leaves = service_urgent_leaves(round, m->move.vm);
                const Host *host = &round->snapshot->hosts[round->snapshot->vms[m->move.vm].host];

                list[i] = (MoveUrgency){ .spared = beside || leaves || m->delta.tier[TIER_REPAIR] < 0 ||
                                                   m->delta.tier[TIER_EVACUATE] < 0,
                                         .now = any_now && (beside ? !leaves : false),
                                         .leave_by = leaves ? host->leave_by : 0 };
                list[i].now |= service_urgent_is_now(round, m->move.vm);
        }
        *ret = list;
        return 0;
}

bool service_urgent_mixed(const MoveUrgency *urgency, uint32_t n) {
        bool now = false, others = false;

        for (uint32_t i = 0; i < n; i++) {
                now |= urgency[i].now;
                others |= !urgency[i].spared;
        }
        return now && others;
}

usec_t service_urgent_deadline(const Snapshot *s, usec_t now) {
        usec_t next = 0;

        for (VmIx v = 0; v < s->n_vms; v++) {
                const Host *host = &s->hosts[s->vms[v].host];

                if (host->state == HOST_MAINTENANCE && host->leave_by > now &&
                    (next == 0 || host->leave_by < next))
                        next = host->leave_by;
        }
        return next;
}

static bool service_urgent_must_leave(const Snapshot *s, VmIx v) {
        return s->hosts[s->vms[v].host].state == HOST_MAINTENANCE || snapshot_vm_fault(s, v, NULL) >= 3;
}

/* Whether the end of the hold is worth a round: its VM is still where it was to leave, or one must leave whose source or target
 * is held. */
static bool service_urgent_hold_matters(const Snapshot *s, const MoveHold *hold) {
        const VmIx v = hold->vm ? snapshot_vm(s, hold->vm) : IX_NONE;

        if (v != IX_NONE)
                return !s->vms[v].in_flight && s->vms[v].host != IX_NONE &&
                       (!hold->from || strcmp(hold->from, s->hosts[s->vms[v].host].name) == 0 ||
                        service_urgent_must_leave(s, v));
        for (VmIx u = 0; !hold->vm && u < s->n_vms; u++)
                if (s->vms[u].host != IX_NONE && service_urgent_must_leave(s, u) &&
                    (!hold->from || strcmp(hold->from, s->hosts[s->vms[u].host].name) == 0))
                        return true;
        return false;
}

usec_t service_urgent_retry(const Snapshot *s, usec_t now) {
        usec_t next = 0;

        for (uint32_t i = 0; i < s->holds.n; i++)
                if (s->holds.at[i].until > now && (next == 0 || s->holds.at[i].until < next) &&
                    service_urgent_hold_matters(s, &s->holds.at[i]))
                        next = s->holds.at[i].until;
        return next;
}

bool service_urgent_is_new(const ServiceRun *run, const Round *round) {
        for (uint32_t i = 0; i < round->plan->n_moves; i++)
                if (!mover_waits(run->mover, round->snapshot->vms[round->plan->moves[i].move.vm].name))
                        return true;
        return false;
}

/* ---- what runs ---- */

static bool service_urgent_host_is_left(const Host *host) {
        return host->state == HOST_MAINTENANCE || host->fault_grade >= 3;
}

/* It would come to a host that is to be empty by then, and have to leave it again. */
static bool service_urgent_is_too_late(const Host *to, const MoveUnderWay *m, usec_t now) {
        const int64_t left = move_urgency_left(m);

        return to->state == HOST_MAINTENANCE && to->leave_by > 0 &&
               left > (to->leave_by - now) / USEC_PER_MSEC - m->order->predicted.ms;
}

void service_urgent_look(const ServiceRun *run, const Snapshot *s) {
        const usec_t now = round_now(run->first);
        MoveUnderWay m = { 0 };

        for (uint32_t i = 0; mover_under_way(run->mover, i, &m); i++) {
                const HostIx from = m.order ? snapshot_host(s, m.order->from) : IX_NONE;
                const HostIx to = m.order ? snapshot_host(s, m.order->to) : IX_NONE;
                const VmIx v = m.order ? snapshot_vm(s, m.order->vm) : IX_NONE;
                char why[256];

                if (from == IX_NONE || to == IX_NONE)
                        continue;
                if (service_urgent_host_is_left(&s->hosts[from]) ||
                    (v != IX_NONE && s->vms[v].host == from && snapshot_vm_fault(s, v, NULL) >= 3)) {
                        mover_spare(run->mover, i);
                        continue;
                }
                if (s->hosts[to].fault_grade >= GRADE_NOW)
                        (void) snprintf(why, sizeof(why),
                                        "ended early: its target, %.100s, has a fault of grade %lld",
                                        m.order->to, (long long) s->hosts[to].fault_grade);
                else if (service_urgent_is_too_late(&s->hosts[to], &m, now))
                        (void) snprintf(
                                why, sizeof(why),
                                "ended early: it could not leave its target, %.100s, before the deadline of its maintenance",
                                m.order->to);
                else
                        continue;
                (void) mover_cut(run->mover, i, why); /* said as it ends */
        }
}

/* ---- room that it takes ---- */

static bool service_urgent_moves_it(const Plan *plan, VmIx v) {
        for (uint32_t i = 0; i < plan->n_moves; i++)
                if (plan->moves[i].move.vm == v)
                        return true;
        return false;
}

/* How many VMs on hardware of grade 4 the plan leaves where they are. */
static uint32_t service_urgent_left(const Round *round) {
        uint32_t n = 0;

        for (VmIx v = 0; v < round->snapshot->n_vms; v++)
                n += !round->snapshot->vms[v].in_flight && service_urgent_is_now(round, v) &&
                     !service_urgent_moves_it(round->plan, v);
        return n;
}

static bool service_urgent_may_stop(const ServiceRun *run, const char *vm) {
        MoveUnderWay m = { 0 };

        for (uint32_t i = 0; mover_under_way(run->mover, i, &m); i++)
                if (m.order && strcmp(m.order->vm, vm) == 0 && move_urgency_may_stop(&m))
                        return true;
        return false;
}

/* The input as if what may be told to stop were not under way. *ret_n: how much that is. */
static int service_urgent_suppose(const RoundState *s, RoundInput *io, uint32_t *ret_n) {
        Arena *a = s->given->arena;
        Snapshot *copy = arena_new(a, Snapshot, 1);
        Vm *vms = arena_new(a, Vm, io->snapshot->n_vms);
        CoolDown *held = arena_new(a, CoolDown, io->n_cool_downs);
        uint32_t n = 0, kept = 0;

        if (!copy || !vms || !held)
                return -ENOMEM;
        *copy = *io->snapshot;
        for (VmIx v = 0; v < copy->n_vms; v++) {
                vms[v] = io->snapshot->vms[v];
                if (!service_urgent_may_stop(s->given->run, vms[v].name))
                        continue;
                vms[v].in_flight = false;
                vms[v].in_flight_to = IX_NONE;
                n++;
        }
        for (uint32_t i = 0; i < io->n_cool_downs; i++)
                if (!io->cool_downs[i].open || !service_urgent_may_stop(s->given->run, io->cool_downs[i].vm))
                        held[kept++] = io->cool_downs[i];
        copy->vms = vms;
        io->snapshot = copy;
        io->cool_downs = held;
        io->n_cool_downs = kept;
        *ret_n = n;
        return 0;
}

/* Of those under way to this host that may be told to stop the one that would last longest; UINT32_MAX: none. */
static uint32_t service_urgent_longest_to(const ServiceRun *run, const char *host) {
        uint32_t best = UINT32_MAX;
        MoveUnderWay m = { 0 };
        int64_t most = 0;

        for (uint32_t i = 0; mover_under_way(run->mover, i, &m); i++) {
                if (!m.order || strcmp(m.order->to, host) != 0 || !move_urgency_may_stop(&m) ||
                    move_urgency_left(&m) <= most)
                        continue;
                most = move_urgency_left(&m);
                best = i;
        }
        return best;
}

/* For each VM that would have room then one move makes way, to where it would go. Whether one does. */
static bool service_urgent_clear(const ServiceRun *run, const Round *round, const Round *supposed) {
        const Snapshot *s = supposed->snapshot;
        bool any = false;

        for (uint32_t k = 0; k < supposed->plan->n_moves; k++) {
                const Move *move = &supposed->plan->moves[k].move;
                MoveUnderWay m = { 0 };
                char why[256];
                uint32_t i;

                if (!service_urgent_is_now(supposed, move->vm) ||
                    service_urgent_moves_it(round->plan, move->vm))
                        continue;
                i = service_urgent_longest_to(run, s->hosts[move->to].name);
                if (i == UINT32_MAX || !mover_under_way(run->mover, i, &m))
                        continue;
                (void) snprintf(why, sizeof(why),
                                "ended early: %.80s must leave %.60s now, and needs its room on %.60s",
                                s->vms[move->vm].name, s->hosts[move->from].name, m.order->to);
                any |= mover_cut(run->mover, i, why);
        }
        return any;
}

int service_urgent_make_room(RoundState *s, unsigned not_now) {
        const uint32_t left = service_urgent_left(&s->wanted.round);
        RoundInput input = s->found.input;
        Round supposed = { 0 };
        uint32_t n = 0;
        int r = left > 0 ? service_urgent_suppose(s, &input, &n) : 0;

        if (r < 0 || n == 0)
                return r;
        input.not_now = s->found.deferred | not_now;
        input.request.threshold = PLAN_THRESHOLD_MIN;
        r = round_decide(s->given->arena, &input, &supposed);
        if (r == 0 && service_urgent_left(&supposed) < left &&
            service_urgent_clear(s->given->run, &s->wanted.round, &supposed))
                s->given->run->soon = SOON;
        return r;
}
