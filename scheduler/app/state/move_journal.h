/* SPDX-License-Identifier: Apache-2.0 */
/* The journal of moves: intent → started → done, failed, aborted or unclear, each written before or when it
 * happens, fenced by the lease's token. After a crash the open ones are settled by asking libvirt on both
 * hosts, never from memory.
 *
 * Units: usec_t, in microseconds since the epoch; bytes, ms by suffix. Owner: the arena. Errors: -EBADMSG,
 * -ENOMEM. Threads: any, each its own arena.
 */
#pragma once

#include "scheduler/act/executor.h"
#include "scheduler/base/arena.h"
#include "scheduler/base/text.h"
#include "scheduler/decide/migration/migration_lessons.h"

typedef enum JournalEvent {
        JOURNAL_INTENT,  /* about to be started */
        JOURNAL_STARTED, /* libvirt has been asked */
        JOURNAL_DONE,   /* runs on the target, and only there; moved cold: is defined there, and only there */
        JOURNAL_FAILED, /* … on the source, and only there */
        JOURNAL_ABORTED, /* the same, because it was told to stop */
        JOURNAL_UNCLEAR, /* what was seen fits neither */
        JOURNAL_EVENT_N,
} JournalEvent;
extern const char *const journal_event_names[JOURNAL_EVENT_N]; /* "intent" … */

typedef struct JournalEntry {
        JournalEvent event;
        const char *id; /* of the move: the same in all its entries, different for each move */
        const MoveOrder
                *order;  /* what was begun; of its manner only whether it is moved cold, of its prediction
                                   only the time where basis.bandwidth_kbit is 0 */
        int64_t resumes; /* how often its post-copy broke off and was taken up again */
        usec_t at;
        MoveMeasure took;    /* UNKNOWN until it is over */
        const char *message; /* "" or why */
        const char *by;      /* the operator who wanted it; NULL: nobody by name */
        bool by_hand;        /* … and named this VM: where it goes it is left */
} JournalEntry;

/* It is off, and moved so: its definition is what is looked for. */
static inline bool journal_is_cold(const JournalEntry *entry) {
        return entry->order->manner.strategy == STRATEGY_COLD;
}

static inline bool journal_is_open(JournalEvent event) {
        return event == JOURNAL_INTENT || event == JOURNAL_STARTED || event == JOURNAL_UNCLEAR;
}

/* How an executor's phase is written. */
JournalEvent journal_event_of(MigrationPhase phase);

int journal_print(Arena *a, const JournalEntry *entry, const char **ret, size_t *ret_n) must_check;

/* What becomes of an entry that cannot be read (store_unread_add()). */
#define JOURNAL_UNREAD "no VM is moved for an hour after it"

/* 0; -EBADMSG: not an entry of this version; -ENOMEM. */
int journal_parse(Arena *a, const char *text, size_t n, JournalEntry *ret) must_check;

/* Of entries newest first: the newest of each move that is open (see journal_is_open). In `a`. */
int journal_open_ones(Arena *a, const JournalEntry *entries, uint32_t n, const JournalEntry **ret,
                      uint32_t *ret_n) must_check;

/* A move that is done, or broke off, for what it teaches (decide/migration_lessons.h). Its order is the entry's. */
RecordMove move_finished(const JournalEntry *entry);
