/* SPDX-License-Identifier: Apache-2.0 */
/* What the store remembers of failing hardware, for one round: read before the snapshot is built, written
 * back by the leader. In the arena of the round.
 *
 * Units: usec_t, in microseconds since the epoch. Owner: the arena of the round. Errors: a negative errno of
 * the store, -ENOMEM; 1 is no error. Threads: the store's.
 */
#pragma once

#include "scheduler/app/state/leadership.h"
#include "scheduler/snapshot/build/build.h"

typedef struct FaultStore {
        const StoredText *stored; /* what is remembered, as texts; sorted by host */
        const StoredText *asked;  /* clears by hand, as texts */
        uint32_t n_stored, n_asked;
        const FaultMemory *before, *after; /* the same, read; and what is to be remembered */
        uint32_t n_before, n_after;
} FaultStore;

/* Fills in->memories and in->clears. A text that cannot be read counts as none
 * (store_unread.h). 0, -ENOMEM, a negative errno of the store. */
int fault_store_read(Store *store, Arena *a, BuildInput *in, FaultStore *ret) must_check;

/* Writes what has changed, and a line in the log of faults for each grade that did; takes in the clears. 0;
 * 1: another leads; negative errno of the store. `changed` hears of each change. */
typedef struct GradeChange {
        const char *host, *device, *hazard, *why;
        int64_t was, is;
        usec_t at;
} GradeChange;
/* Who hears of each change; hear NULL: nobody. */
typedef struct ChangeHeard {
        void (*hear)(void *arg, const GradeChange *c);
        void *arg;
} ChangeHeard;
int fault_store_write(const FaultStore *b, const Leadership *l, Arena *a, usec_t now,
                      ChangeHeard changed) must_check;

/* "forget what speaks against this device", with who asks and why (NULL). */
int fault_store_clear(Store *store, const Clear *clear) must_check;

/* A line of the log of faults, read. */
typedef struct FaultNote {
        const char *host, *device, *by, *why;
        int64_t was, is; /* of a change of grade; UNKNOWN: it was cleared by hand */
        usec_t at;
} FaultNote;
/* What the store has of a clear by hand, and of a line of that log. 0; 1: it is none, or there is no memory for it. */
int clear_parse(Arena *a, const char *text, size_t n, Clear *ret) must_check;
int fault_note_parse(Arena *a, const char *text, size_t n, FaultNote *ret) must_check;

/* Newest first. Lines that cannot be read are left out. In `a`. */
int fault_store_log(Store *store, Arena *a, uint32_t most, const FaultNote **ret, uint32_t *ret_n) must_check;
