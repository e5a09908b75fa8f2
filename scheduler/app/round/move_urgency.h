/* SPDX-License-Identifier: Apache-2.0 */
/* Which moves may be told to stop, so that more urgent ones can begin. A move for balance or the load line yields: to VMs on
 * hardware of grade 4, and where a deadline would be missed that can be met. One that itself leaves a host that must be left,
 * mends a rule, or that a person wants, does not; nor one in post-copy (its VM would be lost), nor one in its last
 * 10 s by its prediction, which is sooner over than anything else could begin.
 *
 * Pure. Units: ms by suffix; usec_t, in microseconds since the epoch. Owner: all is the caller's. Errors: none. Threads: any.
 */
#pragma once

#include "scheduler/act/executor.h"

#define MOVE_LAST_MS 10000

typedef struct MoveUrgency {
        bool spared;     /* it is never told to stop */
        bool now;        /* it leaves hardware of grade 4, or makes way for what does */
        usec_t leave_by; /* its VM should have left its host by then; 0: no deadline */
} MoveUrgency;

/* One that runs. */
typedef struct MoveUnderWay {
        const MoveOrder *order;
        MigrationStatus status; /* as it was last seen */
        int64_t ran_ms;
        MoveUrgency urgency;
} MoveUnderWay;

/* How long it has yet: by its prediction; beyond that by what is left, where it gets on. INT64_MAX: nobody can say. */
int64_t move_urgency_left(const MoveUnderWay *m);

/* May it be told to stop at all? */
bool move_urgency_may_stop(const MoveUnderWay *m);

/* … so that `waiting` begins, now? */
bool move_urgency_yields(const MoveUnderWay *m, const MoveOrder *waiting, const MoveUrgency *urgency,
                         usec_t now);
