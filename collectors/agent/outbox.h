/* SPDX-License-Identifier: Apache-2.0 */
/* The way out: reports to Redis, one at a time, whether Redis is there or not.
 *
 * A report replaces the one before it in the store, so what waits while Redis is away is the newest one and
 * nothing else: that is all that will be of use when it is back. Attempts are made at growing, jittered
 * intervals of at most 30 s. One line is logged when Redis goes away, and one when it is back.
 *
 * Owner: the agent; ended by outbox_close(). Threads: one.
 *
 * Units: usec_t, in microseconds; `now` monotonic. Errors: -ENOMEM, -EINVAL; what Redis answers is logged and
 * tried again.
 */
#pragma once

#include "scheduler/base/prng.h"
#include "scheduler/store/store.h"

typedef struct Outbox {
        StoreOptions options;
        Store *store;
        char *text; /* what waits; NULL: nothing */
        size_t n;
        usec_t expiry;
        usec_t retry_at, pause; /* monotonic */
        uint64_t waited;        /* reports that were replaced while they waited */
        bool away;              /* and it was said */
        Prng prng;
} Outbox;

void outbox_open(Outbox *o, const StoreOptions *options, usec_t expiry, uint64_t seed);
void outbox_close(Outbox *o);

/* Takes a copy of a report, in place of the one that waits. 0 or -ENOMEM. */
int outbox_put(Outbox *o, const char *text, size_t n) must_check;

/* Sends what waits, if an attempt is due. 0: nothing waits any more; 1: it waits; -EINVAL: the URL is none,
 * with *reterr_fault. Ends within the store's time limit. */
int outbox_send(Outbox *o, const char *host, usec_t now, TextFault *reterr_fault) must_check;
