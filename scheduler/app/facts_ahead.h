/* Facts read ahead, on a thread of their own, for whoever may not wait for them: asking hosts through libvirt
 * alone takes a second and more, for a rate needs two readings, and meanwhile nothing would be started.
 *
 * Owner: facts_ahead_free(), which waits for a reading that is under way. Threads: all functions are for one
 * thread; the source is the reader's alone until then.
 */
#pragma once

#include "scheduler/app/source.h"
#include "scheduler/snapshot/what_if.h"

typedef struct FactsAhead FactsAhead;

/* suppose: put on the facts each time; NULL. All must outlive it. The first reading begins at once. 0,
 * -ENOMEM, -EAGAIN. */
int facts_ahead_new(Source *source, const Settings *settings, const WhatIf *suppose,
                    FactsAhead **ret) must_check;
FactsAhead *facts_ahead_free(FactsAhead *f);

/* The newest facts, read at most `fresh` ago, waiting for them where there are none. They stay as they are
 * until the next call. A negative errno: the last reading failed, fault says why. */
int facts_ahead_get(FactsAhead *f, usec_t fresh, const Snapshot **ret, TextFault *reterr_fault) must_check;

/* Nobody will ask for some time: nothing is read until somebody does. */
void facts_ahead_rest(FactsAhead *f);
