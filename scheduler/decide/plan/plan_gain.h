/* SPDX-License-Identifier: Apache-2.0 */
/* Whether a plan made a while ago is still worth its moves, and which of them where others failed. Pure.
 *
 * Units: Cost: no unit. Owner: `a` is scratch. Errors: -ENOMEM; 1 is no error. Threads: any, each its own
 * arena.
 */
#pragma once

#include "scheduler/decide/cost/policy.h"
#include "scheduler/decide/judge/plan_check.h"

/* What it is measured by: the problem is what problem_build() made of the snapshot by these settings. */
typedef struct GainInput {
        const Snapshot *snapshot;
        const Problem *problem;
        const Settings *settings;
        PolicySet policies;
} GainInput;

typedef struct PlanGain {
        Costs after;         /* of the tiers that are a reason to move; 0 in the others */
        uint32_t over_limit; /* hosts above their load line after it */
} PlanGain;

/* Moves in their order, from a plan that plan_check() accepts for this snapshot. 1: after all of them the
 * costs that are a reason to move are lower than now, tier by tier; 0: they are not, or a name is not known.
 * -ENOMEM. *ret on 1. */
int plan_gains(Arena *a, const GainInput *in, const MoveOrder *moves, uint32_t n, PlanGain *ret) must_check;

typedef enum GainStep {
        GAIN_MADE, /* or on its way */
        GAIN_WAITS,
        GAIN_MISSED, /* it did not come about, and will not */
} GainStep;

/* Of a plan made on these facts some moves were missed: which of those that wait gain nothing any more, since they were to
 * gain together with those (two VMs that change places, a host that is emptied to be off)? Only moves that touch a host of
 * a missed one are asked, and those that touch theirs; one that has to be made (its host must be left, a rule, room for
 * another) gains. ret_idle[n]: true for these. 0 or -ENOMEM. */
int plan_idle_moves(Arena *a, const GainInput *in, const MoveOrder *moves, const GainStep *steps, uint32_t n,
                    bool *ret_idle) must_check;
