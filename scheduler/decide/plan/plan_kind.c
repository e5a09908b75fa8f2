/* SPDX-License-Identifier: Apache-2.0 */
/* What each move is made for, once all are told: the first that holds of
 *   1. a person named its VM, or it makes way for one: manual;
 *   2. its VM must leave the host it was on: evacuation (grade 3 and 4), maintenance;
 *   3. the first tier that it changes gets better by it: repair, load, balance;
 *   4. it helps another, as its sentence says (makes room, changes places, goes on later): as that one;
 *   5. as the policy that says its sentence gains by the whole plan;
 *   6. the most pressing of the moves from and to its hosts, or of all. */
#include <string.h>

#include "scheduler/decide/plan/plan_parts.h"

#define KIND_OPEN ACTION_KINDS_NAMED

/* Of the first tier that changes; KIND_OPEN: nothing does, or for the worse, or what gets better only moves of the plan
 * itself broke. */
static ActionKind plan_kind_of_costs(const Planning *pl, const Costs *delta) {
        static const ActionKind kinds[TIER_N] = { [TIER_REPAIR] = ACTION_KIND_REPAIR,
                                                  [TIER_EVACUATE] = ACTION_KIND_MAINTENANCE,
                                                  [TIER_LOAD] = ACTION_KIND_LOAD,
                                                  [TIER_BALANCE] = ACTION_KIND_BALANCE };

        for (int t = 0; t < TIER_N; t++)
                if (delta->tier[t] != 0)
                        return delta->tier[t] < 0 && (t != TIER_REPAIR || pl->before.costs.tier[t] > 0)
                                       ? kinds[t]
                                       : KIND_OPEN;
        return KIND_OPEN;
}

/* By what is so of the VM and what the move changes alone. */
static ActionKind plan_kind_alone(const Planning *pl, const PlanMove *m) {
        const VmIx v = m->move.vm;

        if (pl->request.wish.vm)
                return ACTION_KIND_MANUAL;
        if (problem_leave(pl->first, v, pl->first->home[v]) > 0)
                return snapshot_vm_fault(pl->s, v, NULL) >= 3 ? ACTION_KIND_EVACUATION
                                                              : ACTION_KIND_MAINTENANCE;
        if (pl->movers && !pl->movers[v])
                return KIND_OPEN; /* it is there for another's sake, whatever it gains */
        return plan_kind_of_costs(pl, &m->delta);
}

/* The move of the VM in the wave: moves are sorted by wave, then by VM. */
static const PlanMove *plan_kind_find(const PlanMove *moves, uint32_t n, VmIx vm, int64_t wave) {
        uint32_t low = 0;

        for (uint32_t high = n; low < high;) {
                const uint32_t mid = low + (high - low) / 2;
                const PlanMove *m = &moves[mid];

                if (m->wave < wave || (m->wave == wave && m->move.vm < vm))
                        low = mid + 1;
                else
                        high = mid;
        }
        return low < n && moves[low].wave == wave && moves[low].move.vm == vm ? &moves[low] : NULL;
}

static Costs plan_kind_sum(const Costs *one, const Costs *other) {
        Costs sum;

        for (int t = 0; t < TIER_N; t++)
                sum.tier[t] = one->tier[t] + other->tier[t];
        return sum;
}

/* As the move that it helps, by its own sentence. */
static ActionKind plan_kind_of_other(const Planning *pl, const PlanMove *moves, uint32_t n,
                                     const PlanMove *m) {
        for (uint32_t i = 0; m->because && i < m->because->n_facts; i++) {
                const Fact *f = &m->because->facts[i];
                const PlanMove *other;
                Costs both;

                if (f->kind != CLAIM_GOES_ON && f->kind != CLAIM_COMES && f->kind != CLAIM_SWAPS)
                        continue;
                other = plan_kind_find(moves, n, f->vm, f->value);
                if (!other)
                        continue;
                if (f->kind != CLAIM_SWAPS || other->kind != KIND_OPEN)
                        return other->kind;
                both = plan_kind_sum(&m->delta, &other->delta);
                return plan_kind_of_costs(pl, &both);
        }
        return KIND_OPEN;
}

/* What all moves change of the policy that says the sentence. */
static ActionKind plan_kind_of_policy(const Planning *pl, const PlanMove *m) {
        const char *by = m->because ? m->because->by : NULL;

        for (uint32_t i = 0; by && i < pl->policies.n; i++) {
                Costs whole = pl->after.policy[i];

                if (strcmp(pl->policies.policies[i]->name, by) != 0)
                        continue;
                for (int t = 0; t < TIER_N; t++)
                        whole.tier[t] -= pl->before.policy[i].tier[t];
                return plan_kind_of_costs(pl, &whole);
        }
        return KIND_OPEN;
}

/* The most pressing that is said of a move between its hosts and others, or, not near, of any. */
static ActionKind plan_kind_beside(const PlanMove *moves, uint32_t n, const PlanMove *m, bool near) {
        ActionKind kind = KIND_OPEN;

        for (uint32_t i = 0; i < n && (near || kind > ACTION_KIND_EVACUATION); i++) {
                const Move *other = &moves[i].move;
                const bool touches = other->to == m->move.from || other->from == m->move.from ||
                                     other->to == m->move.to || other->from == m->move.to;

                if ((touches || !near) && moves[i].kind < kind)
                        kind = moves[i].kind;
        }
        return kind;
}

/* One of several that gain together, and nothing says which: as those about it. */
static ActionKind plan_kind_of_plan(const Planning *pl, const PlanMove *moves, uint32_t n,
                                    const PlanMove *m) {
        ActionKind kind = pl->movers ? KIND_OPEN : plan_kind_of_policy(pl, m);

        if (kind == KIND_OPEN)
                kind = plan_kind_beside(moves, n, m, true);
        if (kind == KIND_OPEN)
                kind = plan_kind_beside(moves, n, m, false);
        return kind == KIND_OPEN ? ACTION_KIND_BALANCE : kind;
}

void plan_kinds(const Planning *pl, PlanMove *moves, uint32_t n) {
        for (uint32_t i = 0; i < n; i++)
                moves[i].kind = plan_kind_alone(pl, &moves[i]);
        for (uint32_t i = n; i-- > 0;) /* what is helped comes later, but for an exchange */
                if (moves[i].kind == KIND_OPEN)
                        moves[i].kind = plan_kind_of_other(pl, moves, n, &moves[i]);
        for (uint32_t i = 0; i < n; i++)
                if (moves[i].kind == KIND_OPEN)
                        moves[i].kind = plan_kind_of_plan(pl, moves, n, &moves[i]);
}
