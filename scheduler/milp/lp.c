/* SPDX-License-Identifier: Apache-2.0 */
/* Dual simplex from the last basis: the search only tightens bounds and adds rows, which leaves a basis dual
 * feasible. The iterations are asked for in portions, and between them the guard is asked, because GLPK has
 * no callback inside the simplex method and its own time limit would make results depend on the clock only in
 * a way nobody could record.
 */
#include "scheduler/milp/lp.h"

#include <errno.h>
#include <glpk.h>
#include <math.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>

#define PORTION 100 /* iterations between two questions to the guard */

struct Lp {
        const Program *program;
        glp_prob *prob;
        uint32_t rows_known;
        int max_mib;
        int error; /* -EIO or -ENOMEM once GLPK failed */
        char fault[160];
        int *index; /* [1 + longest of cols, rows] scratch; malloc: GLPK's errors cannot leak it */
        double *value;
        size_t room;
        jmp_buf jump;
};

typedef int LpBody(Lp *lp, void *arg);

/* GLPK's messages, of which an error's is the last, go nowhere but into the fault. */
static int terminal_hook(void *arg, const char *text) {
        Lp *lp = arg;
        size_t n = strcspn(text, "\n");

        if (n > 0 && !lp->fault[0]) {
                n = n < sizeof(lp->fault) - 1 ? n : sizeof(lp->fault) - 1;
                memcpy(lp->fault, text, n);
                lp->fault[n] = '\0';
        }
        return 1;
}

static void error_hook(void *arg) {
        Lp *lp = arg;

        longjmp(lp->jump, 1);
}

/* Runs body with GLPK's hooks in place. The one setjmp of the project: a jump lands here, frees all that GLPK
 * holds in this thread, and leaves an Lp that refuses everything but lp_free(). `body` must own nothing. */
static int lp_enter(Lp *lp, LpBody *body, void *arg) {
        int r;

        if (lp->error < 0)
                return lp->error;
        lp->fault[0] = '\0';
        if (setjmp(lp->jump) != 0) {
                lp->error = strstr(lp->fault, "memory") ? -ENOMEM : -EIO;
                lp->prob = NULL;
                (void) glp_free_env();
                return lp->error;
        }
        (void) glp_init_env();
        glp_term_hook(terminal_hook, lp);
        glp_error_hook(error_hook, lp);
        r = body(lp, arg);
        glp_error_hook(NULL, NULL);
        lp->fault[0] = '\0';
        return r;
}

static int scratch_room(Lp *lp) {
        const Program *g = lp->program;
        size_t need = (size_t) g->n_cols + g->n_rows + 1;
        int *index;
        double *value;

        if (need <= lp->room)
                return 0;
        index = realloc(lp->index, 2 * need * sizeof(*index));
        if (index)
                lp->index = index;
        value = realloc(lp->value, 2 * need * sizeof(*value));
        if (value)
                lp->value = value;
        if (!index || !value)
                return -ENOMEM;
        lp->room = 2 * need;
        return 0;
}

static int side_type(int64_t lo, int64_t hi) {
        if (lo == PROGRAM_NO_LOW)
                return hi == PROGRAM_NO_HIGH ? GLP_FR : GLP_UP;
        if (hi == PROGRAM_NO_HIGH)
                return GLP_LO;
        return lo == hi ? GLP_FX : GLP_DB;
}

static int body_update(Lp *lp, void *arg) {
        const Program *g = lp->program;

        (void) arg;
        for (uint32_t j = 0; j < g->n_cols; j++)
                glp_set_obj_coef(lp->prob, (int) j + 1, (double) g->cost[j]);
        if (g->n_rows == lp->rows_known)
                return 0;
        (void) glp_add_rows(lp->prob, (int) (g->n_rows - lp->rows_known));
        for (uint32_t i = lp->rows_known; i < g->n_rows; i++) {
                int n = 0;

                for (uint32_t k = g->row_start[i]; k < g->row_start[i + 1]; k++) {
                        lp->index[++n] = (int) g->term_col[k] + 1;
                        lp->value[n] = (double) g->term_coef[k];
                }
                glp_set_mat_row(lp->prob, (int) i + 1, n, lp->index, lp->value);
                glp_set_row_bnds(lp->prob, (int) i + 1, side_type(g->row_lo[i], g->row_hi[i]),
                                 (double) g->row_lo[i], (double) g->row_hi[i]);
        }
        lp->rows_known = g->n_rows;
        glp_scale_prob(lp->prob, GLP_SF_GM | GLP_SF_EQ | GLP_SF_2N | GLP_SF_SKIP);
        return 0;
}

static int body_open(Lp *lp, void *arg) {
        (void) arg;
        glp_mem_limit(lp->max_mib);
        lp->prob = glp_create_prob();
        glp_set_obj_dir(lp->prob, GLP_MIN);
        if (lp->program->n_cols > 0)
                (void) glp_add_cols(lp->prob, (int) lp->program->n_cols);
        glp_std_basis(lp->prob);
        return body_update(lp, NULL);
}

int lp_open(const Program *g, int max_mib, Lp **ret) {
        Lp *lp = calloc(1, sizeof(*lp));
        int r;

        if (!lp)
                return -ENOMEM;
        lp->program = g;
        lp->max_mib = max_mib;
        r = scratch_room(lp);
        if (r == 0)
                r = lp_enter(lp, body_open, NULL);
        if (r < 0) {
                (void) lp_free(lp);
                return r;
        }
        *ret = lp;
        return 0;
}

static int body_delete(Lp *lp, void *arg) {
        (void) arg;
        if (lp->prob)
                glp_delete_prob(lp->prob);
        lp->prob = NULL;
        return 0;
}

Lp *lp_free(Lp *lp) {
        if (!lp)
                return NULL;
        if (lp->error == 0)
                (void) lp_enter(lp, body_delete, NULL);
        (void) glp_free_env();
        free(lp->index);
        free(lp->value);
        free(lp);
        return NULL;
}

int lp_update(Lp *lp) {
        int r = scratch_room(lp);

        return r < 0 ? r : lp_enter(lp, body_update, NULL);
}

typedef struct SolveCall {
        const int64_t *lower, *upper;
        LpLimits limits;
        double *x, *y;
} SolveCall;

/* GLPK's dual simplex ends infeasible at a basic variable k that no values of the others bring within its
 * bounds. k's row of the simplex tableau, x_k = Σ α_j·x_j, is a combination of the program's rows; its
 * multipliers are what the auxiliary variables (the rows) have in it. */
static void farkas_row(Lp *lp, double *y) {
        const Program *g = lp->program;
        int m = (int) g->n_rows, k = glp_get_unbnd_ray(lp->prob), n;
        double sign, at, limit;

        memset(y, 0, sizeof(*y) * g->n_rows);
        if (k <= 0 || !glp_bf_exists(lp->prob))
                return;
        if ((k <= m ? glp_get_row_stat(lp->prob, k) : glp_get_col_stat(lp->prob, k - m)) != GLP_BS)
                return;
        n = glp_eval_tab_row(lp->prob, k, lp->index, lp->value);
        at = k <= m ? glp_get_row_prim(lp->prob, k) : glp_get_col_prim(lp->prob, k - m);
        limit = k <= m ? glp_get_row_lb(lp->prob, k) : glp_get_col_lb(lp->prob, k - m);
        /* Below its lower bound: the combination's left side is too small whatever x is, and −x_k ≤ … fails.
         */
        sign = at < limit ? 1 : -1;
        if (k <= m)
                y[k - 1] = sign;
        for (int i = 1; i <= n; i++)
                if (lp->index[i] <= m)
                        y[lp->index[i] - 1] = -sign * lp->value[i];
}

static int lp_end_of(Lp *lp, int code, int method) {
        int status = glp_get_status(lp->prob);

        if (code == GLP_EOBJUL)
                return LP_CUT_OFF;
        if (code != 0)
                return LP_UNSOLVED;
        if (status == GLP_OPT)
                return LP_OPTIMAL;
        return status == GLP_NOFEAS && method == GLP_DUAL ? LP_INFEASIBLE : LP_UNSOLVED;
}

static int lp_simplex(Lp *lp, const LpLimits *limits, int method) {
        glp_smcp options;
        int code = GLP_EITLIM, portion = limits->time.is_up ? PORTION : limits->iterations;

        glp_init_smcp(&options);
        options.msg_lev = GLP_MSG_OFF;
        options.meth = method;
        if (isfinite(limits->cut_off))
                options.obj_ul = limits->cut_off;
        for (int spent = 0; code == GLP_EITLIM && spent < limits->iterations; spent += portion) {
                if (time_limit_is_up(limits->time))
                        break;
                options.it_lim = portion;
                code = glp_simplex(lp->prob, &options);
        }
        return lp_end_of(lp, code, method);
}

static int body_solve(Lp *lp, void *arg) {
        const SolveCall *call = arg;
        const Program *g = lp->program;
        int end;

        for (uint32_t j = 0; j < g->n_cols; j++)
                glp_set_col_bnds(lp->prob, (int) j + 1, call->lower[j] == call->upper[j] ? GLP_FX : GLP_DB,
                                 (double) call->lower[j], (double) call->upper[j]);
        end = lp_simplex(lp, &call->limits, GLP_DUAL);
        if (end == LP_UNSOLVED && !time_limit_is_up(call->limits.time)) {
                /* A basis that became singular or lost dual feasibility: once more from the start. */
                glp_std_basis(lp->prob);
                end = lp_simplex(lp, &call->limits, GLP_DUALP);
        }
        for (uint32_t j = 0; j < g->n_cols; j++) /* fmin and fmax also mend what is not a number */
                call->x[j] = fmax((double) call->lower[j],
                                  fmin((double) call->upper[j], glp_get_col_prim(lp->prob, (int) j + 1)));
        if (end == LP_INFEASIBLE)
                farkas_row(lp, call->y);
        else
                for (uint32_t i = 0; i < g->n_rows; i++)
                        call->y[i] = glp_get_row_dual(lp->prob, (int) i + 1);
        return end;
}

int lp_solve(Lp *lp, const int64_t *lower, const int64_t *upper, LpLimits limits, double *point, double *y) {
        SolveCall call = { .lower = lower, .upper = upper, .limits = limits, .x = point, .y = y };

        return lp_enter(lp, body_solve, &call);
}

const char *lp_fault(const Lp *lp) {
        return lp->fault;
}
