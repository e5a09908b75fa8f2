/* SPDX-License-Identifier: Apache-2.0 */
/* Rolling maintenance: in what order and in what groups hosts are emptied one group after the other, so that
 * the fewest bytes move in all and no VM moves twice where that can be avoided. Pure.
 *
 * A group's VMs go, the largest first and each to the fullest host that takes it, to hosts that are done or
 * not on the list; only where none has room, to one that is still to be emptied, the last of them first:
 * those move again. Emptied hosts are given back, and take the VMs of the next ones. Up to ROLL_EXACT hosts
 * every order is weighed; for more, from the one with the smallest host first, exchanges of two hosts until
 * none helps, at most ROLL_TRIES. Room is what plan_check calls room: on every resource, at most the
 * capacity; rules beyond the hosts a VM may run on are the planner's, when the time comes.
 *
 * Units: MiB in sum; the problem's own. Owner: the arena. Errors: -ENOMEM. Threads: any, each its own arena.
 */
#pragma once

#include "scheduler/model/problem.h"

#define ROLL_EXACT 6U
#define ROLL_TRIES 4000U

typedef struct RollOrder {
        const HostIx *hosts;   /* [n] in order */
        const uint32_t *group; /* [n] of each: 0, 0, 1, 2 … */
        const bool *spills;    /* [n_groups] some VMs go to hosts that are still to be emptied */
        uint32_t n, n_groups;
        int64_t mib, twice_mib; /* moved in all; of it, by VMs that moved before */
        uint32_t moves, twice;  /* the same, counted */
        const HostIx *stuck;    /* [n_stuck] hosts of which a VM finds no room even when emptied alone */
        uint32_t n_stuck;
} RollOrder;

/* `hosts`[n]: distinct. at_once ≥ 1: so many in a group, fewer where more have no room. 0 or -ENOMEM. In `a`.
 */
int roll_order(Arena *a, const Problem *p, const HostIx *hosts, uint32_t n, uint32_t at_once,
               RollOrder *ret) must_check;
