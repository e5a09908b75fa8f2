/* SPDX-License-Identifier: Apache-2.0 */
/* Why a VM is where it is and not elsewhere, and what a plan's moves and rules are worth: asked of the engine
 * that plans. Pure. Owner: the arena.
 *
 * Units: Cost: no unit. Errors: -ENOMEM, what problem_build() and planner_plan() return. Threads: any, each
 * its own arena.
 */
#pragma once

#include "scheduler/decide/plan/planner.h"
#include "scheduler/decide/query/remedy.h"

/* Refused hosts for which a remedy is sought: each costs a look at the whole cluster. */
#define EXPLAIN_REMEDIES 64

typedef struct ExplainVm {
        VmIx vm;
        Trial trial;
        const TrialHost
                *hosts; /* [n] its own first, then those open to it, cheapest first, then the others */
        const char *const *refusals; /* [n] in words, beside; NULL: not refused */
        const Remedy *remedies;      /* [n] beside; REMEDY_NONE: not refused, none found, or not sought */
        uint32_t n, n_open, n_sought;
        uint32_t best; /* the refused host that would be the cheapest with its remedy; n: none has one */
} ExplainVm;

/* only: one host is asked about, and its own; IX_NONE: all. 0; -ENOMEM; what problem_build() said. */
int explain_vm(Arena *a, const Snapshot *s, const Settings *settings, PolicySet policies, VmIx v, HostIx only,
               ExplainVm *ret) must_check;

typedef struct ExplainMove {
        uint32_t move;          /* index into the plan's moves */
        const Costs *by_policy; /* [policies.n] what it changes at its place in the order */
        bool can_stay;          /* with all other moves made, the VM could be where it was */
        Reason stay_reason;     /* else: why not */
        Costs without;          /* can_stay: what the plan would cost more (or less) without it */
        const Costs *without_by_policy;
} ExplainMove;

typedef struct ExplainRule {
        uint32_t rule; /* index into Snapshot.rules */
        Costs saved; /* the plan's cost less that of the best plan found without the rule, the rule's own cost
                        left out of both: what the rule costs. < 0: the search did worse without it */
        uint32_t n_moves;
} ExplainRule;

typedef struct ExplainPlan {
        const Plan *plan;
        const ExplainMove *moves;     /* [plan->n_moves] */
        const ExplainRule *rules;     /* [n_rules] priced, dearest first */
        uint32_t n_rules, n_unpriced; /* so many rules were not asked about: the time was up */
        PolicySet policies;
} ExplainPlan;

/* Of `plan` only the moves are read: in order, each from where its VM is then. What each of them buys, and
 * what each rule costs, as long as `request.stop` does not say so: rules are priced by planning without them,
 * one after the other. 0; -ENOMEM; what planner_plan() says. */
int explain_plan(Arena *a, const Snapshot *s, const Settings *settings, PolicySet policies, const Plan *plan,
                 const PlanRequest *request, ExplainPlan *ret) must_check;
