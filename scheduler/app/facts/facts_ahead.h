/* SPDX-License-Identifier: Apache-2.0 */
/* Facts read ahead, on a thread of their own, for whoever may not wait for them: asking hosts through libvirt
 * alone takes a second and more, for a rate needs two readings, and meanwhile nothing would be started.
 *
 * Owner: facts_ahead_free(), which waits for a reading that is under way. Threads: all functions are for one
 * thread; what the reading uses is its alone until then.
 *
 * Units: usec_t, in microseconds, monotonic. Errors: a negative errno, as said at each.
 */
#pragma once

#include "scheduler/base/arena.h"
#include "scheduler/base/text.h"
#include "scheduler/model/cluster.h"

typedef struct FactsAhead FactsAhead;

/* One reading, into `a`; called from the reader's thread. A negative errno with the fault filled. It must end
 * by itself: nobody interrupts it. */
typedef int (*FactsReading)(void *arg, Arena *a, const Snapshot **ret, TextFault *reterr_fault);

/* arg must outlive it. The first reading begins at once, each other one `pause` after the end of the one
 * before. 0, -ENOMEM, -EAGAIN. */
int facts_ahead_new(FactsReading read, void *arg, usec_t pause, FactsAhead **ret) must_check;
FactsAhead *facts_ahead_free(FactsAhead *f);

/* The newest facts, read at most `fresh` ago, waiting for them where there are none. They stay as they are
 * until the next call. A negative errno: the last reading failed, fault says why. */
int facts_ahead_get(FactsAhead *f, usec_t fresh, const Snapshot **ret, TextFault *reterr_fault) must_check;

/* Nobody will ask for some time: nothing is read until somebody does. */
void facts_ahead_rest(FactsAhead *f);
