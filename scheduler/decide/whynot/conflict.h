/* SPDX-License-Identifier: Apache-2.0 */
/* Rules that must hold and cannot: the smallest set of them, and of what is so of hosts and VMs, that has no
 * placement at all.
 *
 * Asked of each broken rule and those connected with it by their VMs. A set is shown to have no placement
 * by counting (more VMs apart than places open to them, a spread over more places than there are, no host
 * left for a VM, more need than room on the hosts a rule allows) or by trying all placements; then what can
 * be left out is left out, one after the other, until nothing can: facts of hosts before rules, so that a set
 * says no more than it must. Sets of fewer rules are then tried all, as far as the budget goes: `smallest`
 * says that it went far enough (Junker: QuickXplain, AAAI 2004, has the terms; here sets are small and
 * deletion is enough). What is not shown within the budget is no conflict: nothing is guessed. Pure.
 *
 * Units: none. Owner: conflicts and words are in the arena. Errors: -ENOMEM; NULL: the arena is full.
 * Threads: any, each its own arenas.
 */
#pragma once

#include "scheduler/base/time_limit.h"
#include "scheduler/model/plan.h"

#define CONFLICTS_MAX 8

typedef struct ConflictsAsked {
        const Snapshot *s;
        const Problem *p; /* of problem_build(), of the same snapshot */
        const HostIx *host_of;
        const bool
                *excused; /* [vm] that a rule about hosts is broken with it is not asked about; NULL: none */
        TimeLimit time;   /* when it is up, there may be more than were found */
} ConflictsAsked;

typedef struct Conflicts {
        const Conflict *at;
        uint32_t n;
        bool cut; /* time was up */
} Conflicts;

/* Of the rules of the snapshot that are broken with VMs where host_of says. At most CONFLICTS_MAX, no rule in
 * two of them. What is returned is in `a`; scratch is another arena, given back as it was. 0 or -ENOMEM. */
int conflicts_find(Arena *a, Arena *scratch, const ConflictsAsked *asked, Conflicts *ret) must_check;

/* One in a sentence. In `a`; NULL: it is full. */
const char *conflict_text(Arena *a, const Snapshot *s, const Conflict *c) must_check;
