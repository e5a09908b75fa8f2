/* SPDX-License-Identifier: Apache-2.0 */
/* The order of moves: waves in which no host is overfilled and no rule broken at any instant, counting both
 * sides of running moves; few moves at once per host. Pure.
 *
 * A host's room in a wave is what it has left when the wave starts; what leaves it in the wave makes room for
 * the next one only. Rules that must hold and keep VMs apart or spread hold in any order of a wave's moves. A
 * ring of moves that wait for each other is opened by a stop-over: one VM waits on a third host. What still
 * has no safe place in any order is left out, and said.
 *
 * Units: numbers of moves. Owner: the result is in the arena. Errors: -ENOMEM. Threads: any, each its own
 * arena.
 */
#pragma once

#include "scheduler/base/time_limit.h"
#include "scheduler/decide/cost/policy.h"
#include "scheduler/decide/order/wave_links.h"

typedef struct WaveLimits {
        uint32_t per_host_in, per_host_out, at_once; /* moves at once; at least 1 */
        bool stop_overs;                             /* may a VM move twice to open a ring? */
        const MigrationNet *net; /* whose links the moves share (wave_links.h); NULL: they do not count */
        LinkCaps links;
        TimeLimit time;   /* when it is up, what has no wave yet is left out */
        bool small_first; /* of a host's moves; else the long ones, see docs/prediction.md */
} WaveLimits;

typedef struct WaveMove {
        Move move;
        uint32_t wave; /* from 0 */
} WaveMove;

typedef struct WaveOrder {
        const WaveMove *moves; /* by wave, then VM; those with a stop-over move twice */
        uint32_t n, n_waves, n_stop_overs;
        const HostIx *host_of; /* [vm] where each is at the end */
        const VmIx *left_out;  /* by VM: not where `moves` wanted them */
        uint32_t n_left_out;
        bool cut; /* time was up: those left out may have an order */
} WaveOrder;

/* Orders `moves`: each VM at most once, from its home. 0 or -ENOMEM. The result lives in `a`. */
int waves_order(Arena *a, const Problem *p, WaveLimits limits, const Move *moves, uint32_t n,
                WaveOrder *ret) must_check;

/* Orders a walk: moves that lead on from home one after the other, each with room when those before it have ended; a VM may move
 * several times. They are waves that come to the same: what enters a host does so in the walk's order, and so do VMs that share a
 * group. Of a walk that a rule or the time stops, what could begin until then. No reserve is asked. 0 or -ENOMEM. */
int waves_walk(Arena *a, const Problem *p, WaveLimits limits, const Move *moves, uint32_t n,
               WaveOrder *ret) must_check;
