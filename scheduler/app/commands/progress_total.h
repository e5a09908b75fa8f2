/* SPDX-License-Identifier: Apache-2.0 */
/* How far a whole plan is, and how long it will still take.
 *
 * Units: ms; a share in permille. Owner: it keeps nothing. Errors: none. Threads: any.
 */
#pragma once

#include "scheduler/model/move_order.h"

typedef struct ProgressMove {
        bool runs, ended;   /* neither: it waits */
        int64_t elapsed_ms; /* since its start, while it runs */
        int64_t share;      /* permille of it that is done, while it runs */
        int64_t left_ms;    /* by what it still has to send, and how fast; UNKNOWN */
} ProgressMove;

typedef struct ProgressTotal {
        int64_t share;               /* of the bytes that all moves are predicted to send; permille */
        int64_t ms_low, ms, ms_high; /* still to go; UNKNOWN: a move that waits has no prediction */
} ProgressTotal;

/* The moves of a wave run at once, and the next wave begins when the slowest of them has ended. Sorted by wave. */
ProgressTotal progress_total(const MoveOrder *moves, const ProgressMove *seen, uint32_t n);
