/* SPDX-License-Identifier: Apache-2.0 */
/* The steps of problem_build() that have a file of their own. For problem_build.c only.
 *
 * Units: the problem's own (problem_build.h). Owner: what is added lives in the problem's arena. Errors:
 * -ENOMEM. Threads: one for each Problem.
 */
#pragma once

#include "scheduler/decide/cost/terms.h"
#include "scheduler/decide/problem/problem_build.h"
#include "scheduler/model/plan.h"

/* waives, waive_of, waive_cost: after roles and leave, before classes and rules. */
int problem_build_waives(Arena *a, const Snapshot *s, Problem *p) must_check;

/* denied[host]: those that a rule about hosts keeps its VMs off. Of one host: rule_denies(). */
void problem_rule_denied(const Rule *rule, uint32_t n_hosts, bool *denied);

/* class_of, allowed, denied: networks, pools, CPUs and the rules on hosts. */
int problem_build_classes(Arena *a, const Snapshot *s, Problem *p) must_check;

/* The problem's columns while they are written. */
typedef struct NumaColumns {
        int64_t *capacity, *limit, *base;
        const int64_t *need;
} NumaColumns;

/* Rows of sets of nodes: capacity, limit, base. After needs and the other bases. */
void problem_build_numa(const Snapshot *s, const ResourceLayout *layout, const NumaColumns *columns);

typedef struct BoundWords {
        const char *text; /* VmTies.numa_bound */
        int64_t kib;      /* of its huge pages; 0: none */
} BoundWords;

/* denied[host]: where these cells do not fit, whatever else is there, or where more is bound already than there is. After
 * problem_build_numa(). */
void problem_numa_deny(const Problem *p, const NumaSets *sets, const BoundWords *of, Reason *denied);

/* wish_of, wish_cost, stay_wish: rules on hosts and on staying that should hold. */
int problem_build_wishes(Arena *a, const Snapshot *s, Problem *p) must_check;

/* domains, groups, rules between VMs. */
int problem_build_rules(Arena *a, const Snapshot *s, Problem *p) must_check;

/* Groups of VMs that talk, appended to `groups` (room for s->n_traffic more), and the problem's talks. */
int problem_build_talks(Arena *a, const Snapshot *s, Problem *p, Group *groups) must_check;

/* distance: the price of the way between hosts, where it differs. After the rest of the prices. */
int problem_build_distances(Arena *a, const Snapshot *s, Problem *p) must_check;

/* pinned: where repairs are left for later (SNAPSHOT_NO_REPAIR), the VMs that mend something by leaving their
 * home and need not leave it otherwise. After rules. */
int problem_build_later(Arena *a, const Snapshot *s, Problem *p) must_check;

/* grade, mends: where a host is watched. After rules, limits and needs. */
int problem_build_watch(Arena *a, const Snapshot *s, Problem *p) must_check;

/* pack: after roles, limits and needs. */
int problem_build_pack(Arena *a, const Snapshot *s, const Settings *settings, const ResourceLayout *layout,
                       Problem *p) must_check;

/* deviations: after roles, capacities and bases. */
int problem_build_deviations(Arena *a, const Snapshot *s, const Settings *settings,
                             const ResourceLayout *layout, Problem *p) must_check;

/* reserve: after all the rest, which it is worked out from. */
int problem_build_reserve(Arena *a, const Snapshot *s, const Settings *settings, Problem *p) must_check;
