/* SPDX-License-Identifier: Apache-2.0 */
/* A linear program over integers: minimize cost·x, row_lo ≤ A·x ≤ row_hi, lower ≤ x ≤ upper.
 *
 * Every number in it is an int64_t, so that what is concluded from it can be exact although the simplex
 * method that solves it works in floating point: program_bound() turns any multipliers, however inaccurate,
 * into a lower bound that holds to the unit (Neumaier, Shcherbina: Safe bounds in linear and mixed-integer
 * linear programming, Math. Programming 99, 2004).
 *
 * Owner: the arena. Errors: -ENOMEM. Rows are only ever added. Threads: one.
 *
 * Units: none: whole numbers.
 */
#pragma once

#include "scheduler/base/arena.h"

#define PROGRAM_NO_LOW  INT64_MIN /* a row without a lower side … */
#define PROGRAM_NO_HIGH INT64_MAX /* … without an upper one */

typedef struct Program {
        Arena *arena;
        uint32_t n_cols, n_rows, n_terms;
        int64_t *lower, *upper, *cost; /* [col]; bounds are always finite */
        bool *whole;                   /* [col] must be whole; the search branches on these only */
        int64_t *row_lo, *row_hi;      /* [row] */
        uint32_t *row_start;           /* [row + 1] into the terms */
        uint32_t *term_col;
        int64_t *term_coef;
        uint32_t cols_room, rows_room, terms_room;
} Program;

int program_new(Arena *a, Program **ret) must_check;

/* Adds a column; its number, or -ENOMEM. lower ≤ upper. */
int64_t program_column(Program *g, int64_t lower, int64_t upper, bool whole) must_check;

/* Starts a row with both sides; its number, or -ENOMEM. Then one program_term() for each term of it; a column
 * may come once in a row. */
int64_t program_row(Program *g, int64_t lo, int64_t hi) must_check;
int program_term(Program *g, uint32_t col, int64_t coef) must_check;

/* A lower bound on cost·x over all x within [lower, upper] (the search's, at least as tight as the program's)
 * that keep the rows, from row multipliers y: exact, whatever y. false: nothing can be said (an overflow).
 * With `with_cost` false the costs are taken as zero: a bound above zero then proves that no such x exists.
 *   bound = ⌈ Σ_i (y_i > 0 ? y_i·lo_i : y_i·hi_i) + Σ_j min over x_j of (cost_j − Σ_i y_i·a_ij)·x_j ⌉ */
bool program_bound(const Program *g, const int64_t *lower, const int64_t *upper, const double *y,
                   bool with_cost, int64_t *ret);

/* Tightens [lower, upper] to what the rows and, with y as above and costs, a value below `below` leave to
 * whole columns. false: nothing is left; exact too. */
bool program_tighten(const Program *g, int64_t *lower, int64_t *upper);
bool program_tighten_cost(const Program *g, int64_t *lower, int64_t *upper, const double *y, int64_t below);
