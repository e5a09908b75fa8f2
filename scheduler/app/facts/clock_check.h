/* SPDX-License-Identifier: Apache-2.0 */
/* Clocks against the store's: facts that are old and a clock that is wrong look alike, until a third is asked.
 *
 * Where this machine's clock and the store's differ by more than snapshot.clock_skew, nobody knows how old a fact is: every
 * host is excluded, and so the cluster is blind. Where a host's report is too old, or in the future, and the store says that it
 * came just now, it is the host's clock, and it is named.
 *
 * Units: usec_t, in microseconds since the epoch. Owner: the arena. Errors: a negative errno of the store, -ENOMEM.
 * Threads: the store's.
 */
#pragma once

#include "scheduler/model/cluster.h"
#include "scheduler/model/sample.h"
#include "scheduler/model/settings.h"
#include "scheduler/store/store.h"

typedef struct ClockCheck {
        const Report *const *reports; /* those that the snapshot was built of, sorted by host */
        uint32_t n_reports;
        usec_t now; /* by this machine */
} ClockCheck;

int clock_check(Store *store, Arena *a, const Settings *settings, const ClockCheck *in, const Snapshot *s,
                const Snapshot **ret) must_check;
