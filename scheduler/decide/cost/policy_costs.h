/* SPDX-License-Identifier: Apache-2.0 */
/* What moves change, told apart by policy: an evaluator for each, all at the same state.
 *
 * Owner: the arena. Threads: belongs to one. Pure.
 *
 * Units: Cost: no unit. Errors: -ENOMEM, what a policy's add_terms() returned, from policy_costs_build()
 * alone.
 */
#pragma once

#include "scheduler/decide/cost/evaluator.h"
#include "scheduler/decide/cost/policy.h"

typedef struct PolicyCosts {
        PolicySet set;
        Evaluator **parts; /* [set.n] NULL: the one that is told by what the others leave */
} PolicyCosts;

/* Every VM at home. A reserve is dear to ask: it is asked once, by the evaluator of all, and what the other
 * policies leave of a change is its policy's. In `a`. 0; -ENOMEM; what a policy's add_terms() returned. */
int policy_costs_build(Arena *a, const Problem *p, PolicySet set, const Settings *s,
                       PolicyCosts *ret) must_check;

/* ret[i]: what m, which changes `all`, changes of policy i. */
void policy_costs_delta(const PolicyCosts *k, Move m, const Costs *all, Costs *ret);

void policy_costs_move(PolicyCosts *k, Move m);
