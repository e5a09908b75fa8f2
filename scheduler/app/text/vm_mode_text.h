/* SPDX-License-Identifier: Apache-2.0 */
/* Moves that the service leaves to a person, and VMs that stay for it on a host they must leave (model/vm_mode.h), as text and
 * JSON.
 *
 * Units: none. Owner: the arena; JSON the caller's. Errors: -ENOMEM. Threads: any, each its own arena.
 */
#pragma once

#include <jansson.h>

#include "scheduler/app/terminal/screen.h"
#include "scheduler/base/arena.h"
#include "scheduler/model/plan.h"

/* A line a VM that stays, with the command that moves it; nothing where there are none. 0 or -ENOMEM. */
int vm_mode_print_kept(Arena *a, const Snapshot *s, const Screen *screen) must_check;

/* [{"vm", "host", "mode", "why"}] of these. NULL: no memory. */
json_t *vm_mode_json(Arena *a, const Snapshot *s);

/* Which of the plan's moves are left to a person, or wait for one that is, and why; nothing where none is. */
void vm_mode_print_moves(const Snapshot *s, const Plan *plan, const Screen *screen);
