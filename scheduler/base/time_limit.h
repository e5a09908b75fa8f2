/* SPDX-License-Identifier: Apache-2.0 */
/* How pure code learns that its time is up: it has no clock, and asks whoever called it. There is one way to ask.
 *
 * What is done in parts (plan.h: PlanPart) has one limit for all of it, and each part asks for itself, so that what
 * comes late is not left out because something before it took long. Code asks at least once in each turn of a
 * loop that costs more than a look at all hosts or all VMs. Where nobody ever says yes, what is computed is the
 * same as without a limit.
 *
 * Units: none. Owner: the caller's, who keeps `arg` until the work is done. Errors: none. Threads: `is_up` is
 * called from any.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

typedef struct TimeLimit {
        bool (*is_up)(void *arg, unsigned part); /* NULL: never; once true of a part, always */
        void *arg;
        unsigned part; /* that is asked about */
} TimeLimit;

/* Whether the work should end with what it has. */
static inline bool time_limit_is_up(TimeLimit t) {
        return t.is_up && t.is_up(t.arg, t.part);
}

/* The same limit, for another part. */
static inline TimeLimit time_limit_of(TimeLimit t, unsigned part) {
        t.part = part;
        return t;
}
