/* SPDX-License-Identifier: Apache-2.0 */
/* A frontier of the cluster as it is: many plans, each within another budget. For plimsoll frontier and report.
 *
 * Units: as frontier.h. Owner: all is in the arena. Errors: a negative errno of round_decide(). Threads: the main one.
 */
#pragma once

#include "scheduler/app/round/round.h"
#include "scheduler/app/text/frontier_text.h"

/* The limits of input->request hold for every point. Its snapshot is the one that the view is of. */
int frontier_walk(Arena *a, const RoundInput *input, FrontierPrice by, FrontierView *ret) must_check;
