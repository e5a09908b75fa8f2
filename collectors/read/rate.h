/* SPDX-License-Identifier: Apache-2.0 */
/* Rates from counters. A counter never leaves the host; what leaves is its growth by time.
 *
 * The first reading gives none; nor does a counter that went back (its device was replaced, a guest was
 * restarted, a 32-bit counter wrapped) or a clock that did not move on: the reading is remembered and the
 * next one counts from it. A rate that cannot be told is left out, never reported as 0.
 *
 * Units: per second × num ÷ den; usec_t, in microseconds, monotonic. Owner: the Rate is the caller's. Errors:
 * none; 1 is no error. Threads: any, a Rate belongs to one.
 */
#pragma once

#include "scheduler/base/clock.h"
#include "scheduler/base/common.h"

typedef struct Rate { /* zeroed: no reading yet */
        uint64_t value;
        usec_t at;
        bool known;
} Rate;

/* Growth per second × num / den, rounded to the nearest. 0; 1: cannot be told from this reading. */
int rate_next(Rate *r, uint64_t value, usec_t now, int64_t num, int64_t den, int64_t *ret) must_check;
