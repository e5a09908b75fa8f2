/* SPDX-License-Identifier: Apache-2.0 */
/* GLPK's simplex method on the relaxation of a Program, contained: this is the only file that calls GLPK.
 *
 * GLPK writes to the terminal, and ends the process by abort() when it meets an error or the memory limit.
 * Here its terminal is taken away, and its errors jump back (setjmp at every entry, in one place: lp.c) and
 * become -EIO or -ENOMEM; then GLPK's whole environment has been freed, and the Lp can only be freed.
 *
 * Threads: GLPK keeps its environment per thread (Debian builds it with TLS; a unit test looks). An Lp
 * belongs to the thread that opened it, and a thread has at most one at a time. Owner: the caller; lp_free()
 * also frees the thread's GLPK environment: nothing stays behind.
 *
 * Units: MiB of memory; numbers as the program has them. Errors: -ENOMEM, -EIO.
 */
#pragma once

#include "scheduler/base/time_limit.h"
#include "scheduler/milp/program.h"

typedef struct Lp Lp;

typedef enum LpEnd {
        LP_OPTIMAL,    /* x and y are optimal */
        LP_INFEASIBLE, /* y says why: program_bound(…, with_cost false) may prove it */
        LP_CUT_OFF,    /* the value passed `cut_off`: y is dual feasible, x says nothing */
        LP_UNSOLVED,   /* the limit of iterations, the guard or bad numbers: neither says anything */
} LpEnd;

typedef struct LpLimits {
        int iterations; /* of one lp_solve() */
        double cut_off; /* stop when the value is known to pass it; INFINITY: never */
        TimeLimit time; /* the wall-clock guard, asked every hundred iterations or so */
} LpLimits;

/* The relaxation of g. Memory GLPK may take: at most max_mib. 0, -ENOMEM, -EIO. */
int lp_open(const Program *g, int max_mib, Lp **ret) must_check;
Lp *lp_free(Lp *lp);
DEFINE_OWNED(Lp *, lp_free);

/* The program's costs have changed, or it has more rows than before. 0, -ENOMEM, -EIO. */
int lp_update(Lp *lp) must_check;

/* Solves within [lower, upper] per column, from the basis the last call left. point [col], always within the
 * bounds, and y [row]: see LpEnd. An LpEnd, -ENOMEM or -EIO. */
int lp_solve(Lp *lp, const int64_t *lower, const int64_t *upper, LpLimits limits, double *point,
             double *y) must_check;

/* What GLPK said before it failed ("" when it did not). Lives as long as the Lp. */
const char *lp_fault(const Lp *lp);
