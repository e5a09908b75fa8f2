/* SPDX-License-Identifier: Apache-2.0 */
/* Branch and bound over the whole columns of a Program. Every conclusion — that a part of the tree is empty,
 * or holds nothing below the best cost known — is drawn in integers (program_bound, program_tighten): the
 * floating-point relaxation only says where to look. What a point costs is said by the caller.
 *
 * Deterministic: the budget counts relaxations solved. Threads: one (see lp.h).
 *
 * Units: Cost: no unit; relaxations in the budget. Owner: the program's arena. Errors: -ENOMEM, -EIO.
 */
#pragma once

#include "scheduler/base/time_limit.h"
#include "scheduler/milp/program.h"

typedef struct TreeTask {
        Program *program;     /* grows by cuts */
        uint32_t n_decisive;  /* the first columns, whole ones; once they are fixed, the point is */
        const double *weight; /* [col] branch on large ones first; NULL: all alike */
        /* Adds rows that hold for every point and that x breaks: how many, or -ENOMEM. */
        int (*cut)(void *arg, const double *x);
        /* Looks at x as a hint; rounds it to points it likes, and keeps the best. Returns the cost of the
         * best it has, in the program's units: from now on only cheaper ones matter. When all whole columns
         * of x are whole it must judge exactly that point. */
        int64_t (*judge)(void *arg, const double *x);
        void *arg;
        int64_t at_least; /* no point is known to cost less; INT64_MIN: nothing is known */
        int64_t below;    /* the cost of the best point known */
        uint64_t nodes;   /* relaxations to solve at most */
        int max_mib;      /* for GLPK */
        TimeLimit time;   /* the wall-clock guard */
} TreeTask;

typedef struct TreeResult {
        int64_t bound; /* no point costs less: at most the best cost the judge named */
        bool proven;   /* bound == that cost */
        bool guard_fired;
        uint64_t nodes; /* relaxations solved */
} TreeResult;

/* 0; -ENOMEM; -EIO when GLPK failed. Scratch memory of the program's arena is given back only with the arena.
 */
int tree_search(TreeTask task, TreeResult *ret) must_check;
