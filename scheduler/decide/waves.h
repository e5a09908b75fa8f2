/* The order of moves: waves in which no host is overfilled and no rule broken at any instant, counting both
 * sides of running moves; few moves at once per host. Pure.
 */
#pragma once

#include "scheduler/decide/policy.h"

typedef struct WaveLimits {
        uint32_t per_host_in, per_host_out, in_all; /* moves at once */
} WaveLimits;

/* Orders `moves` (each VM at most once). Sets each one's wave; the moves that have no safe place in any order
 * are put last with wave IX_NONE, *ret_ordered counts the others. 0 or -ENOMEM. */
int waves_order(Arena *a, const Problem *p, WaveLimits limits, PlanMove *moves, uint32_t n,
                uint32_t *ret_ordered, uint32_t *ret_waves) must_check;
