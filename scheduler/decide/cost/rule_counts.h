/* SPDX-License-Identifier: Apache-2.0 */
/* How many VMs of each group are in each domain, kept up to date, so that a rule is judged in constant time.
 *
 * Of a group only the number of VMs per domain and the number of domains in use matter: apart, together and
 * spread are functions of the latter; near compares two groups' counts. Counts are a plain column where
 * domains are few, a small hash table where there are many more domains than VMs.
 *
 * Units: Cost: no unit; numbers of VMs. Owner: the arena. Errors: -ENOMEM from rule_counts_build() alone.
 * Threads: one for each RuleCounts.
 */
#pragma once

#include "scheduler/decide/cost/terms.h"

typedef struct RuleUse {
        RuleKind kind;
        bool must, as_b; /* as_b: this counter is group_b of a near rule */
        bool waived;     /* for VMs of RuleCounts.waives */
        Tier tier;
        Reason reason;
        uint32_t other; /* counter of the other group of a near rule */
        uint32_t k;
        int64_t weight;
} RuleUse;

typedef struct Counter {
        uint32_t *count;        /* [domain], or [slot] beside keys */
        uint32_t *keys;         /* NULL, or [slot] domain + 1; 0: free */
        uint32_t mask;          /* slots − 1 */
        const uint32_t *domain; /* [host]; NULL: the host itself */
        const HostRole
                *skips; /* [host] VMs on those that are emptied are not counted (RULE_SPAN); NULL: all are */
        uint32_t occupied; /* domains with a VM */
        uint32_t n_vms, group;
        Level level;
        const RuleUse *uses;
        uint32_t n_uses;
} Counter;

typedef struct RuleCounts {
        Counter *counters;
        uint32_t n_counters;
        const uint32_t *start, *of; /* [vm + 1] into of: the counters of each VM; NULL: no rules */
        const bool *waives;         /* [vm] as Problem's */
        Costs broken;               /* cost of all rules as they are */
} RuleCounts;

/* 0 or -ENOMEM. In `a`. */
int rule_counts_build(Arena *a, const Terms *t, const HostIx *host_of, RuleCounts *ret) must_check;

/* What moving v changes, added to *d; the reason if a rule that must hold would be broken further. */
Reason rule_counts_try(const RuleCounts *k, VmIx v, HostIx from, HostIx to, Costs *d);

/* Does v, on h, have part in a rule that must hold and does not? */
bool rule_counts_needs_repair(const RuleCounts *k, VmIx v, HostIx h);

void rule_counts_move(RuleCounts *k, VmIx v, HostIx from, HostIx to);

/* The same for a VM that is nowhere yet: it comes to `to`. */
Reason rule_counts_try_enter(const RuleCounts *k, VmIx v, HostIx to, Costs *d);
void rule_counts_enter(RuleCounts *k, VmIx v, HostIx to);
void rule_counts_leave(RuleCounts *k, VmIx v, HostIx from);

static inline bool rule_counts_touch(const RuleCounts *k, VmIx v) {
        return k->start && k->start[v] != k->start[v + 1];
}
