/* SPDX-License-Identifier: Apache-2.0 */
/* What moves are made for: the kinds of action a person may allow, be asked about, or forbid one by one.
 * Pure.
 *
 * Units: none. Owner: static, or in the arena. Errors: NULL: the arena is full. Threads: any.
 */
#pragma once

#include "scheduler/model/cluster.h"

/* The most pressing first. */
typedef enum ActionKind {
        ACTION_KIND_EVACUATION,
        ACTION_KIND_REPAIR,
        ACTION_KIND_MAINTENANCE,
        ACTION_KIND_LOAD,
        ACTION_KIND_BALANCE,
        ACTION_KIND_N,
} ActionKind;
extern const char *const action_kind_names[ACTION_KIND_N]; /* "evacuation" …: stable in JSON and settings */

/* SNAPSHOT_NO_…: the bit that leaves the kind for later. */
unsigned action_kind_bit(ActionKind kind);

#define ACTION_KINDS_ALL                                                                                     \
        ((unsigned) SNAPSHOT_NO_BALANCE | SNAPSHOT_NO_LOAD | SNAPSHOT_NO_EVACUATION | SNAPSHOT_NO_REPAIR |   \
         SNAPSHOT_NO_MAINTENANCE)

/* "evacuation, load". NULL: the arena is full. */
const char *action_kinds_text(Arena *a, unsigned bits);
