/* SPDX-License-Identifier: Apache-2.0 */
/* What moves are made for: the kinds of action a person may allow, be asked about, or forbid one by one.
 * Pure.
 *
 * Units: none. Owner: static, or in the arena. Errors: NULL: the arena is full, or there is no such kind. Threads: any.
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
        ACTION_KIND_MANUAL =
                ACTION_KIND_N, /* an operator named the VM, or it makes way for one that was named: no
                                               mode and no window holds that back, so there is no bit of it */
        ACTION_KINDS_NAMED,
} ActionKind;
extern const char
        *const action_kind_names[ACTION_KINDS_NAMED]; /* "evacuation" …: stable in JSON and settings */

/* The name as it is kept here, of one that comes from outside; NULL: it names no kind. */
const char *action_kind_named(const char *name);

/* SNAPSHOT_NO_…: the bit that leaves the kind for later; 0 of ACTION_KIND_MANUAL. */
unsigned action_kind_bit(ActionKind kind);

#define ACTION_KINDS_ALL                                                                                     \
        ((unsigned) SNAPSHOT_NO_BALANCE | SNAPSHOT_NO_LOAD | SNAPSHOT_NO_EVACUATION | SNAPSHOT_NO_REPAIR |   \
         SNAPSHOT_NO_MAINTENANCE)

/* "evacuation, load". NULL: the arena is full. */
const char *action_kinds_text(Arena *a, unsigned bits);
