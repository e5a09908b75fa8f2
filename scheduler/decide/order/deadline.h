/* SPDX-License-Identifier: Apache-2.0 */
/* Leaving in time: which VMs of hosts that must be left by a deadline make it, and who goes first. Pure.
 *
 * Each migration is a job that holds its source's way out and its target's way in for its predicted time; a
 * job that ends by its host's deadline saves its weight. On one link this is the weighted number of on-time
 * jobs on one machine, 1 || Σ w U: the earliest deadline first among those chosen, and the choice by dynamic
 * programming over the time used (E. L. Lawler, J. M. Moore, "A functional equation and its application to
 * resource allocation and sequencing problems", Management Science 16(1), 1969; without weights it is Moore
 * and Hodgson's rule, Management Science 15(1), 1968). Time is counted in DEADLINE_STEPS steps, rounded
 * against the job: what is promised is kept. Exact on one link, up to that; where targets are shared by
 * several sources (two links a job: a knapsack in several dimensions), those that do not fit the target are
 * left out, the lightest for their time first, and others take their place.
 *
 * Those chosen go by deadline, then by weight a second (Smith's rule, Naval Research Logistics Quarterly
 * 3, 1956): should the predictions be too good, most weight is safe at any time. The others go last.
 *
 * Units: ms by suffix; weights have no unit. Owner: the arrays are the caller's; `a` is scratch. Errors:
 * -ENOMEM from deadline_choose() alone. Threads: any, each its own arena.
 */
#pragma once

#include "scheduler/base/arena.h"
#include "scheduler/model/problem.h"

#define DEADLINE_STEPS 4096

typedef struct DeadlineJob {
        Move move;
        int64_t ms;     /* predicted, with the links for itself; ≥ 0 */
        int64_t within; /* ms from now; INT64_MAX: no deadline; ≤ 0: it is past */
        int64_t weight; /* ≥ 1, at most DEADLINE_WEIGHT_MAX */
} DeadlineJob;

#define DEADLINE_WEIGHT_MAX INT64_C(1000000)

/* rank[n]: 0 goes first, ties never; saved[n]: it ends in time. Both the caller's. 0 or -ENOMEM; `a` is
 * scratch. */
int deadline_choose(Arena *a, const DeadlineJob *jobs, uint32_t n, uint32_t n_hosts, uint32_t *ret_rank,
                    bool *ret_saved) must_check;

/* What losing the VM costs: its priority (1 … 1000) × what its restart costs beside others, the label
 * restart-cost=N (1 … 1000; 1 when it says nothing). */
int64_t deadline_weight(const Vm *vm);
