/* SPDX-License-Identifier: Apache-2.0 */
/* What failed migrations teach: which one is left alone for how long, and what ends that early.
 *
 *   a try that did not come about   is a hold of retry.first, twice as long each further time in a row, up to retry.max
 *   a VM that missed retry.targets  is held for all targets as well: it is the VM, or its host
 *   a move that was done            ends what its VM, its target and its source had
 *   a hold that ended               counts for retry.forget: a further miss within it doubles the hold
 *   another UUID, another state, size, device, CPU … of the VM; another machine, libvirt or QEMU of a host; networks, pools
 *   or images that are there now; of a VM held for all targets, another host    end it: what was learned is of what is no more
 *
 * Pure: "now" is the snapshot's taken_at.
 *
 * Units: usec_t, in microseconds since the epoch. Owner: the arena; texts of the input are referred to, but for words, which
 * are copied. Errors: -ENOMEM. Threads: any.
 */
#pragma once

#include "scheduler/base/arena.h"
#include "scheduler/model/cluster.h"
#include "scheduler/model/move_order.h"
#include "scheduler/model/settings.h"

extern const SettingDef retry_settings[]; /* section "retry" */

typedef struct MoveMissed {
        const MoveOrder *order;
        MoveMiss miss;
        MissBlame blame;
        const char *why; /* any bytes; "" or NULL: not said */
        usec_t at;
} MoveMissed;

/* The list with that miss. `s`: what VM and hosts were as it was planned, and what was remembered then, of which the list may
 * be the newest part alone; NULL: not known. */
int move_holds_missed(Arena *a, MoveHolds list, const MoveMissed *missed, const Snapshot *s,
                      const Settings *settings, MoveHolds *ret) must_check;

/* The list after that move was done. */
int move_holds_done(Arena *a, MoveHolds list, const MoveOrder *order, MoveHolds *ret) must_check;

/* What of the list is still to be heeded, or counted, by what VMs and hosts are in `s`. */
int move_holds_standing(Arena *a, MoveHolds list, const Snapshot *s, const Settings *settings,
                        MoveHolds *ret) must_check;

/* The list without what is of the VM or host `name`. */
int move_holds_without(Arena *a, MoveHolds list, const char *name, MoveHolds *ret) must_check;

/* The snapshot with VMs that are held for all targets, or whose host is held as a source, marked so; `s` itself when none
 * is. */
int move_holds_apply(Arena *a, const Snapshot *s, const Snapshot **ret) must_check;
