/* SPDX-License-Identifier: Apache-2.0 */
/* What the store remembers of the brake (snapshot/health/brake.h), for one round: read before the snapshot is built, written
 * back by the leader before anything is moved by it.
 *
 * A text is "STATE AT KIND", of a release "AT BY". One that can't be read is a host that is held.
 *
 * Units: usec_t, in microseconds since the epoch. Owner: the arena of the round. Errors: a negative errno of the store,
 * -ENOMEM; 1 is no error. Threads: the store's.
 */
#pragma once

#include "scheduler/app/state/leadership.h"
#include "scheduler/snapshot/build/build.h"
#include "scheduler/snapshot/health/brake.h"

typedef struct BrakeStore {
        const StoredText *stored, *released; /* as texts; sorted by host */
        uint32_t n_stored, n_released;
} BrakeStore;

/* Fills in->brakes: what is remembered, and what was released since. 0; -ENOMEM; a negative errno of the store. */
int brake_store_read(Store *store, Arena *a, usec_t now, BuildInput *in, BrakeStore *ret) must_check;

/* Writes what is another than what was read, forgets hosts that the snapshot does not have, takes in the releases. 0; 1:
 * another leads; a negative errno of the store. */
int brake_store_write(const BrakeStore *b, const Leadership *l, const Snapshot *s,
                      const Brake *brake) must_check;

/* A line of the store, read: also any bytes. */
BrakeMemory brake_memory_parse(Arena *a, const char *text, size_t n);

/* "This host may be emptied all the same", by whom. 0; a negative errno of the store. */
int brake_store_release(Store *store, const char *host, const char *by, usec_t at) must_check;
