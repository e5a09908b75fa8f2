/* SPDX-License-Identifier: Apache-2.0 */
/* The judge: written from the definitions alone, sharing no cost, search or wave code with the optimizer.
 * It accepts a plan for a snapshot only when, at every instant of it — each wave running, in any order of its
 * moves' starts and ends — no host is overfilled that was not, no rule is broken that held, and no move ends
 * on a host that takes none. It is asked before anything acts, on fresh facts.
 *
 * Definitions (the optimizer's are in problem_build.h, in words of its own):
 *   room      On each resource, what may be on a host at once during a wave — what was there at its start
 *             and all that comes — is at most its capacity; a host that is over capacity takes nothing more
 *             of that resource. A VM that is off takes no CPU and no network, and its memory as if it ran.
 *   avoid     A VM comes to no domain where one of the others is, or may be before the wave ends.
 *   rules     "apart" and "spread" are broken no further at any instant than at the start of the wave;
 *             "together" and "near" no further at the end of the plan than at its start: no VM can move
 *             without being away from its group for a while. Rules that are a wish (must: false) are not
 *             judged.
 *   reserve   After each wave no more VMs lack a place, summed over all losses the reserve is for, than at
 *             the start of the plan (cost/reserve_cover.h says how a place is shown, here it is sought
 *             anew); moves of VMs that must leave their host, from overfull hosts and of broken rules may
 *             add to that, others may not.
 *
 * Units: as cluster.h. Owner: objections are in the arena. Errors: -ENOMEM, -ETIME from
 * plan_check_in_time(); 1 is no error. Threads: any, each
 * its own arena.
 */
#pragma once

#include "scheduler/base/time_limit.h"
#include "scheduler/model/move_order.h"
#include "scheduler/model/settings.h"

typedef enum Verdict {
        VERDICT_SAFE,
        VERDICT_UNKNOWN_VM,
        VERDICT_UNKNOWN_HOST,
        VERDICT_NOT_THERE,   /* the VM does not run where the plan says, or is to be moved to where it runs */
        VERDICT_MOVED_TWICE, /* in one wave */
        VERDICT_REFUSED,     /* `reason` says why */
        VERDICT_N,
} Verdict;

typedef struct Objection {
        Verdict verdict;
        Reason reason;
        uint32_t move;    /* index into the moves */
        const char *text; /* a sentence with names and numbers */
} Objection;

#define OBJECTIONS_KEPT 100

/* Judges all moves, in order of waves; of a MoveOrder names and wave count. 0: safe, *ret_n == 0. 1: objections; the first OBJECTIONS_KEPT are
 * kept, *ret_n counts all. -ENOMEM. Objections live in `a`. Uses of settings: sections "cluster"
 * and "reserve". */
int plan_check(Arena *a, const Snapshot *s, const Settings *settings, const MoveOrder *moves,
               uint32_t n_moves, const Objection **ret, uint32_t *ret_n) must_check;

typedef struct PlanToCheck {
        const Snapshot *s;
        const Settings *settings;
        const MoveOrder *moves;
        uint32_t n_moves;
        TimeLimit time;
} PlanToCheck;

/* The same within a time. -ETIME: that was up before all was judged; then the plan is not to be carried out. */
int plan_check_in_time(Arena *a, const PlanToCheck *in, const Objection **ret, uint32_t *ret_n) must_check;
