/* SPDX-License-Identifier: Apache-2.0 */
/* What is known of moves that ended after the facts were read: verified on both hosts, so it is a fact too.
 *
 * Units: usec_t, in microseconds since the epoch. Owner: the arena. Errors: -ENOMEM. Threads: any, each its
 * own arena.
 */
#pragma once

#include "scheduler/base/arena.h"
#include "scheduler/model/move_order.h"

typedef struct OverlayMove {
        const MoveOrder *order;
        usec_t ended_at; /* since the epoch */
} OverlayMove;

/* The snapshot with each move applied that its facts do not show yet: the VM stands on the target, and what
 * it uses is taken from the one host's measured use and added to the other's, where those are older than the
 * move. `s` itself when all show. 0 or -ENOMEM. In `a`. */
int facts_overlay(Arena *a, const Snapshot *s, const OverlayMove *moves, uint32_t n,
                  const Snapshot **ret) must_check;

/* The snapshot with what was learned of failed migrations since. `s` itself when nothing was. 0 or -ENOMEM. In `a`. */
int facts_overlay_holds(Arena *a, const Snapshot *s, MoveHolds missed, const Snapshot **ret) must_check;
