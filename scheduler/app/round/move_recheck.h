/* SPDX-License-Identifier: Apache-2.0 */
/* May this move of a plan start now? The judge says it, by the facts of now, in which moves that failed are not made:
 * nobody keeps a list of what needs what.
 *
 *   now       the move and those that run are judged as one wave.
 *   the end   What a rule wants together cannot move at once, and is apart while it moves; what a move takes of the reserve
 *             another of its wave gives back. Where that is all there is against the move, it is judged with the moves that
 *             still wait, as far as these may move by now.
 *   others'   What the judge has against those that run already, and not against this one, its hosts or its rules,
 *             does not keep it back.
 *   flying    Those that run and could not start by now (their target fails since) are not judged any more: they are in
 *             flight, and have room on both hosts.
 *   unclear   While nobody knows where a VM is, no VM of a rule that names both moves.
 *   needed    One that is refused, and would not be had a move come about that did not, needed that one: it is left
 *             out and planned anew.
 *
 * Units: none. Owner: `arena` is scratch. Errors: -ENOMEM. Threads: any, each its own arena.
 */
#pragma once

#include "scheduler/act/run_waves.h"
#include "scheduler/model/settings.h"

typedef enum RecheckStep {
        RECHECK_WAITS,
        RECHECK_RUNS,
        RECHECK_MADE,
        RECHECK_MISSED,
        RECHECK_UNCLEAR,
} RecheckStep;

typedef struct MoveRecheck {
        Arena *arena;
        const Snapshot *facts; /* of now, with the moves that have come about */
        const Settings *settings;
        const MoveOrder *moves;   /* [n] sorted by wave */
        const RecheckStep *steps; /* [n] */
        uint32_t n;
} MoveRecheck;

/* 0: yes. 1: no; RUN_RECHECK_NEEDED: no, see above; why[size] says it. -ENOMEM. */
int move_recheck(const MoveRecheck *given, uint32_t move, char *why, size_t size) must_check;
