/* SPDX-License-Identifier: Apache-2.0 */
/* What failover.c (whose turn it is, what is told) and failover_place.c (who goes where) share.
 *
 * Units: as the Problem's. Owner: the arena. Errors: none. Threads: one.
 */
#pragma once

#include "scheduler/decide/query/failover.h"
#include "scheduler/decide/whynot/trial.h"
#include "scheduler/model/by_host.h"

typedef struct FailoverTurn {
        int64_t priority, size;
        VmIx vm;
} FailoverTurn;

typedef struct FailoverRun {
        Arena *arena;
        Trial t;
        ByHost on;           /* VMs, at home */
        const int64_t *size; /* [vm] the greater of its shares of the mean host's CPU and memory */
        HostIx lost;
        FailoverTurn *turns; /* [n] VMs that are to start, in their order */
        HostIx *to;          /* [n] where each does; IX_NONE: nowhere */
        HostIx *best;        /* [n] scratch */
        uint32_t n;
        int64_t looks; /* at hosts that are left for mending: of a large cluster that lacks much, not all is tried */
        int64_t looks_most;
} FailoverRun;

/* Fills to[n]; the evaluator has them there. All are nowhere before it. */
void failover_place(FailoverRun *f);
