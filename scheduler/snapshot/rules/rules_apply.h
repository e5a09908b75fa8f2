/* SPDX-License-Identifier: Apache-2.0 */
/* What operators said, put onto a snapshot: places and headroom of hosts, groups, rules of the settings and
 * those that VMs state by their labels, windows as they stand at the snapshot's own time (taken_at). Pure.
 *
 * What selects nothing, or cannot be read from a label, is left out and said in Snapshot.notes: a fleet
 * changes, and one rule must not stop the others. A rule "on" whose hosts are gone holds its VMs where they
 * are. A rule of the settings takes the place of one of the same name that the snapshot has, so that applying
 * twice is applying once.
 *
 * Units: none. Owner: the arena; it refers to `s` and `set`. Errors: -ENOMEM. Threads: any, each its own
 * arena.
 */
#pragma once

#include "scheduler/model/rule_set.h"

/* The snapshot with all of it, parted from VMs that are off and stay (off_vms.h); `s` itself when there is
 * nothing to say. set NULL: labels alone. In `a`. 0 or -ENOMEM. */
int rules_apply(Arena *a, const Snapshot *s, const RuleSet *set, const Snapshot **ret) must_check;
