/* SPDX-License-Identifier: Apache-2.0 */
/* Is this move of a plan still worth it, where others of the plan did not come about? Asked of the planner's own costs, on the
 * facts that the plan was made on: what is safe by now the judge says (move_recheck.h). One half of a change of places, say,
 * may be safe, and only make its target fuller.
 *
 * Costs nothing while all goes well: the problem is built when a move has been missed, once a plan.
 *
 * Units: none. Owner: the caller, by move_worth_free(), which takes NULL; facts, settings and orders outlive it. Errors:
 * -ENOMEM. Threads: one.
 */
#pragma once

#include "scheduler/app/round/move_recheck.h"

typedef struct MoveWorth MoveWorth;

/* Of a plan: its facts, and its orders[n]. */
int move_worth_new(const Snapshot *facts, const Settings *settings, const MoveOrder *moves, uint32_t n,
                   MoveWorth **ret) must_check;
MoveWorth *move_worth_free(MoveWorth *w);

/* steps[n] as they are. 0: it is. RUN_RECHECK_NEEDED: not without what was missed; why[size] says it. */
int move_worth_look(MoveWorth *w, const RecheckStep *steps, uint32_t move, char *why, size_t size) must_check;
