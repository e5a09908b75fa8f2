/* SPDX-License-Identifier: Apache-2.0 */
/* The histories of a cluster's VMs, and what follows from them: kept by the leading service, saved in the
 * store when a step ends, so that a restart or another leader goes on with them.
 *
 * State "history" (two weeks) has the histories, "history-of" who saved them last, "demand" the estimates,
 * for every reader of the store until the service has been silent for a while. All are fenced by the token.
 *
 * Owner:   the program. Threads: one.
 * Errors:  a negative errno of the store, -ENOMEM. A text in the store that cannot be read counts as none;
 * *note says so, in the arena of the call.
 *
 * Units: usec_t, in microseconds since the epoch.
 */
#pragma once

#include "scheduler/app/state/leadership.h"
#include "scheduler/model/settings.h"
#include "scheduler/snapshot/wire/vm_history.h"

typedef struct DemandStore {
        VmHistory *list; /* sorted by name */
        uint32_t n;
        usec_t step; /* of the histories */
        int64_t saved_step;
        char saved_as[200]; /* what "history-of" says when nobody has saved since */
        bool loaded;
        const char *note; /* of the last round: what was lost, in its arena; NULL: nothing */
} DemandStore;

void demand_store_close(DemandStore *b);

/* Takes in the snapshot's readings, saves what is due, and gives the snapshot with estimates. 1: another
 * leads. The setting demand.estimator "last": *ret is `s`, but histories are kept. */
int demand_store_round(DemandStore *b, const Leadership *l, Arena *a, const Settings *settings,
                       const Snapshot *s, const Snapshot **ret) must_check;

/* Histories and a snapshot's readings alone: what demand_store_round() does without a store. Entries of VMs
 * that were not seen for a week are dropped. */
int demand_store_add(DemandStore *b, const Settings *settings, const Snapshot *s) must_check;

/* What the leader last estimated, from the store, into a snapshot; *ret is `s` when there is nothing. */
int demand_from_store(Store *store, Arena *a, const Snapshot *s, const Snapshot **ret) must_check;
