/* SPDX-License-Identifier: Apache-2.0 */
/* A solver improves an assignment and says how far from the best it can be. The exact one lives in a room
 * that decide/ may not include (scheduler/milp), so programs hand it in.
 *
 * What it may return, "standing" assignments, is what moves and swaps that nothing refuses can reach, and
 * perhaps more: each VM at home, or movable and on a host that problem_denied() does not refuse; each host's
 * load at most its capacity, or what it was with every VM at home (with TRANSIENT_TOGETHER, the same for
 * loads with VMs under way held on both sides); each rule that must hold no further broken than with every VM
 * at home. Whether there is a safe order of moves is not asked (waves.h).
 */
#pragma once

#include "scheduler/base/time_limit.h"
#include "scheduler/decide/cost/terms.h"

enum {
        SOLVER_DECLINED = 1
}; /* nothing this solver can state, too large for it, or its library failed: nothing was done */

typedef struct SolverTask {
        const Terms *terms;
        const HostIx *start; /* [vm] a standing assignment to do better than */
        const VmIx *free;    /* the VMs that may be moved, or NULL: all */
        uint32_t n_free;
        const HostIx *hosts; /* the hosts they may be on, those of `free` among them; NULL: all */
        uint32_t n_hosts;
        uint32_t max_moves; /* VMs away from home at most, UINT32_MAX: no cap */
        int64_t max_mib;    /* their memory, INT64_MAX: no cap */
        uint64_t nodes; /* the budget: linear relaxations solved at most; the same gives the same result */
        TimeLimit time; /* the wall-clock guard */
} SolverTask;

typedef struct SolverResult {
        const HostIx *host_of; /* [vm] standing, at most as costly as `start` */
        Costs cost;            /* of it */
        Costs bound;           /* no standing assignment within the task is less, lexicographically */
        bool proven;           /* bound equals cost */
        bool guard_fired;
        uint64_t nodes;
} SolverResult;

typedef struct Solver {
        const char *name;
        /* NULL: it is not built in, and the search alone plans (EXACT_ABSENT of model/plan.h). 0;
         * SOLVER_DECLINED; -ENOMEM. The result lives in `a`. */
        int (*solve)(Arena *a, const SolverTask *task, SolverResult *ret);
} Solver;
