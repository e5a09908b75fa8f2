/* SPDX-License-Identifier: Apache-2.0 */
/* Failed migrations as the store remembers them (snapshot/health/move_holds.h): read before the snapshot is built, changed as
 * moves end, written by the leader alone.
 *
 * The text is a snapshot file that has nothing else. One that cannot be read counts as none, and is said.
 *
 * Units: usec_t, in microseconds since the epoch. Owner: the arena of the round. Errors: a negative errno of the store,
 * -ENOMEM; 1 is no error. Threads: the store's.
 */
#pragma once

#include "scheduler/app/state/leadership.h"
#include "scheduler/snapshot/build/build.h"
#include "scheduler/snapshot/health/move_holds.h"

typedef struct HoldStore {
        MoveHolds stored;
        const StoredText *retries; /* "AT BY"; by name */
        uint32_t n_retries;
} HoldStore;

/* Fills in->holds: what is remembered, without what operators want tried again. A list
 * that cannot be read counts as none (store_unread.h). 0; -ENOMEM; a negative errno of the store. */
int hold_store_read(Store *store, Arena *a, BuildInput *in, HoldStore *ret) must_check;

/* Forgets what does not stand any more by what is in `s`, and takes in what operators want tried again. 0; 1: another leads;
 * a negative errno of the store. */
int hold_store_write(const HoldStore *holds, const Leadership *l, Arena *a, const Snapshot *s,
                     const Settings *settings) must_check;

/* A move that did not come about, or was done. facts: what VM and hosts were as it was planned; NULL: not known. 0; 1:
 * another leads; a negative errno of the store. */
int hold_store_missed(const Leadership *l, const MoveMissed *missed, const Snapshot *facts,
                      const Settings *settings) must_check;
int hold_store_done(const Leadership *l, const MoveOrder *order) must_check;

/* "This VM or host may be tried again at once", by whom. 0; a negative errno of the store. */
int hold_store_retry(Store *store, const char *name, const char *by, usec_t at) must_check;
