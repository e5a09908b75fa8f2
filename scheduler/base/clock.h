/* SPDX-License-Identifier: Apache-2.0 */
/* Time. Pure rooms never include this: time reaches them as an argument.
 *
 * Units: usec_t: microseconds. Owner: a Clock is the caller's. Errors: none. Threads: any.
 */
#pragma once

#include <stdint.h>

typedef int64_t usec_t; /* microseconds */

#define USEC_PER_SEC  INT64_C(1000000)
#define USEC_PER_MSEC INT64_C(1000)

usec_t clock_now(void);       /* since the epoch (CLOCK_REALTIME): stamps on facts, shared between hosts */
usec_t clock_monotonic(void); /* for intervals and time limits */
void clock_sleep(usec_t d);   /* returns early when a signal arrives */

/* A clock as an argument, for whatever is to run in simulated time too. */
typedef struct Clock {
        void *self;
        usec_t (*now)(void *self);
        usec_t (*monotonic)(void *self);
        void (*sleep)(void *self, usec_t d);
} Clock;

/* The same of a clock; NULL is the real one. */
usec_t clock_now_of(const Clock *c);
usec_t clock_monotonic_of(const Clock *c);
void clock_sleep_of(const Clock *c, usec_t d);
