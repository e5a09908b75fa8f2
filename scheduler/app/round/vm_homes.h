/* SPDX-License-Identifier: Apache-2.0 */
/* Where each VM was last seen, kept in the store (state "homes", schema plimsoll.homes/1), so that a VM which somebody else
 * moved is noticed, also by another leader: its host is another one, and no journal entry of ours says so.
 *
 * Only what is seen for sure counts: VMs of hosts whose facts are fresh, that are not being migrated and run once. One that
 * is seen nowhere for a moment, between two hosts' reports, keeps its last host for VM_HOMES_GONE.
 *
 * Units: usec_t, in microseconds since the epoch. Owner: the arena; names of a snapshot are the snapshot's. Errors:
 * -EBADMSG, -ENOMEM. Threads: any, each its own arena.
 */
#pragma once

#include "scheduler/app/state/move_journal.h"
#include "scheduler/model/cluster.h"

#define VM_HOMES_NAME "homes"
#define VM_HOMES_GONE (600 * USEC_PER_SEC)

typedef struct VmHome {
        const char *vm, *host;
        usec_t gone_at; /* since then it is seen nowhere; 0: it is seen */
} VmHome;

typedef struct VmHomes {
        const VmHome *at; /* [n] by VM */
        uint32_t n;
        usec_t written_at; /* 0: never */
} VmHomes;

/* A text that cannot be read is -EBADMSG. */
int vm_homes_parse(Arena *a, const char *text, size_t n, VmHomes *ret) must_check;
int vm_homes_print(Arena *a, const VmHomes *homes, const char **ret, size_t *ret_n) must_check;

/* What is known now: of the snapshot, and of those that are not seen for sure as before. In `a`. 0 or -ENOMEM. */
int vm_homes_now(Arena *a, const VmHomes *before, const Snapshot *s, usec_t now, VmHomes *ret) must_check;

/* Whether the same VMs are in the same places. */
bool vm_homes_same(const VmHomes *left, const VmHomes *right);

typedef struct VmMovedByHand {
        const VmHome *was, *now;
} VmMovedByHand;

/* The VMs that are elsewhere than before, and that no journal entry (newest first) brought there since `before` was
 * written: facts may be VM_HOMES_LATE older than that. In `a`. 0 or -ENOMEM. */
#define VM_HOMES_LATE (120 * USEC_PER_SEC)
int vm_homes_by_hand(Arena *a, const VmHomes *before, const VmHomes *now, const JournalEntry *journal,
                     uint32_t n, const VmMovedByHand **ret, uint32_t *ret_n) must_check;

/* Whether any VM is elsewhere than before: else there is nothing to ask the journal. */
bool vm_homes_moved(const VmHomes *before, const VmHomes *now);
