/* SPDX-License-Identifier: Apache-2.0 */
/* Ways that carried less in their last migrations than their links say, of a plan's moves: what its times rest on.
 *
 * Units: Mbit/s in the words. Owner: it keeps nothing. Errors: none. Threads: one.
 */
#pragma once

#include "scheduler/app/terminal/screen.h"
#include "scheduler/model/cluster.h"
#include "scheduler/model/plan.h"

/* A line for each, `indent` before it, SLOW_WAYS_SHOWN at most, and one for the rest. */
#define SLOW_WAYS_SHOWN 4U
void slow_ways_print(const Snapshot *s, const Plan *plan, const char *indent, const Screen *screen);
