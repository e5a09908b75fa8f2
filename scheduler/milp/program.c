/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/milp/program.h"

#include <errno.h>
#include <math.h>
#include <string.h>

/* Multipliers become whole numbers of 2^-s, with the largest s up to MULTIPLIER_SHIFT that keeps them below
 * 2^MULTIPLIER_BITS: sums of products of one with an int64_t then stay inside 128 bits. */
#define MULTIPLIER_BITS  58
#define MULTIPLIER_SHIFT 40

typedef __int128 Wide;
#define WIDE_MAX ((Wide) (((unsigned __int128) 1 << 127) - 1))

int program_new(Arena *a, Program **ret) {
        Program *g = arena_new(a, Program, 1);

        if (!g)
                return -ENOMEM;
        g->arena = a;
        *ret = g;
        return 0;
}

static int columns_grow(Program *g) {
        uint32_t room = g->cols_room ? g->cols_room * 2 : 256, n = g->n_cols;
        int64_t *lower = arena_longer(g->arena, int64_t, g->lower, n, room);
        int64_t *upper = arena_longer(g->arena, int64_t, g->upper, n, room);
        int64_t *cost = arena_longer(g->arena, int64_t, g->cost, n, room);
        bool *whole = arena_longer(g->arena, bool, g->whole, n, room);

        if (!lower || !upper || !cost || !whole)
                return -ENOMEM;
        g->lower = lower;
        g->upper = upper;
        g->cost = cost;
        g->whole = whole;
        g->cols_room = room;
        return 0;
}

int64_t program_column(Program *g, int64_t lower, int64_t upper, bool whole) {
        assert(lower <= upper);
        if (g->n_cols == g->cols_room && columns_grow(g) < 0)
                return -ENOMEM;
        g->lower[g->n_cols] = lower;
        g->upper[g->n_cols] = upper;
        g->cost[g->n_cols] = 0;
        g->whole[g->n_cols] = whole;
        return g->n_cols++;
}

static int rows_grow(Program *g) {
        uint32_t room = g->rows_room ? g->rows_room * 2 : 256, n = g->n_rows;
        int64_t *lo = arena_longer(g->arena, int64_t, g->row_lo, n, room);
        int64_t *hi = arena_longer(g->arena, int64_t, g->row_hi, n, room);
        uint32_t *start = arena_longer(g->arena, uint32_t, g->row_start, n ? n + 1 : 0, room + 1);

        if (!lo || !hi || !start)
                return -ENOMEM;
        g->row_lo = lo;
        g->row_hi = hi;
        g->row_start = start;
        g->rows_room = room;
        return 0;
}

int64_t program_row(Program *g, int64_t lo, int64_t hi) {
        assert(lo <= hi);
        if (g->n_rows == g->rows_room && rows_grow(g) < 0)
                return -ENOMEM;
        g->row_lo[g->n_rows] = lo;
        g->row_hi[g->n_rows] = hi;
        g->row_start[g->n_rows + 1] = g->n_terms;
        return g->n_rows++;
}

int program_term(Program *g, uint32_t col, int64_t coef) {
        assert(g->n_rows > 0 && col < g->n_cols);
        if (coef == 0)
                return 0;
        if (g->n_terms == g->terms_room) {
                uint32_t room = g->terms_room ? g->terms_room * 2 : 1024, n = g->n_terms;
                uint32_t *cols = arena_longer(g->arena, uint32_t, g->term_col, n, room);
                int64_t *coefs = arena_longer(g->arena, int64_t, g->term_coef, n, room);

                if (!cols || !coefs)
                        return -ENOMEM;
                g->term_col = cols;
                g->term_coef = coefs;
                g->terms_room = room;
        }
        g->term_col[g->n_terms] = col;
        g->term_coef[g->n_terms++] = coef;
        g->row_start[g->n_rows] = g->n_terms;
        return 0;
}

/* *sum += a·b; false on overflow. Division, since a 128-bit checked product is not in every runtime library.
 */
static bool wide_add_product(Wide *sum, Wide wide, int64_t b) {
        Wide magnitude = wide < 0 ? -wide : wide, factor = b < 0 ? -(Wide) b : b;

        if (magnitude > INT64_MAX && factor != 0 && magnitude > WIDE_MAX / factor)
                return false;
        return !__builtin_add_overflow(*sum, wide * b, sum);
}

/* The shift for y, or -1 when one of its numbers is not finite or too large. */
static int multiplier_shift(const double *y, uint32_t n) {
        double largest = 0;
        int exponent = 0;

        for (uint32_t i = 0; i < n; i++) {
                if (!isfinite(y[i]))
                        return -1;
                largest = fmax(largest, fabs(y[i]));
        }
        (void) frexp(largest, &exponent); /* largest < 2^exponent */
        if (exponent > MULTIPLIER_BITS)
                return -1;
        exponent = MULTIPLIER_BITS - exponent;
        return exponent < MULTIPLIER_SHIFT ? exponent : MULTIPLIER_SHIFT;
}

/* A multiplier on a side that does not exist says nothing and is dropped. */
static int64_t multiplier_whole(const Program *g, uint32_t row, double y, int shift) {
        int64_t whole = (int64_t) llround(ldexp(y, shift));

        if (whole > 0 && g->row_lo[row] == PROGRAM_NO_LOW)
                return 0;
        if (whole < 0 && g->row_hi[row] == PROGRAM_NO_HIGH)
                return 0;
        return whole;
}

/* A dual point: Σ_i y_i·side + Σ_j min reduced_j·x_j, all times 2^shift. */
typedef struct Dual {
        Wide *reduced; /* [col] */
        Wide sum;
        int shift;
} Dual;

/* false: an overflow, or y is not of this world. `reduced` is in the arena, for the caller to rewind. */
static bool dual_point(const Program *g, const int64_t *lower, const int64_t *upper, const double *y,
                       bool with_cost, Dual *ret) {
        Wide *reduced = arena_new(g->arena, Wide, g->n_cols), sum = 0;
        const int shift = multiplier_shift(y, g->n_rows);
        bool ok = reduced && shift >= 0;

        for (uint32_t j = 0; ok && with_cost && j < g->n_cols; j++)
                reduced[j] = (Wide) g->cost[j] * ((Wide) 1 << shift); /* below 2^103 */
        for (uint32_t i = 0; ok && i < g->n_rows; i++) {
                const int64_t whole = multiplier_whole(g, i, y[i], shift);

                if (whole == 0)
                        continue;
                ok = wide_add_product(&sum, whole, whole > 0 ? g->row_lo[i] : g->row_hi[i]);
                for (uint32_t k = g->row_start[i]; ok && k < g->row_start[i + 1]; k++)
                        ok = wide_add_product(&reduced[g->term_col[k]], -(Wide) whole, g->term_coef[k]);
        }
        for (uint32_t j = 0; ok && j < g->n_cols; j++)
                ok = wide_add_product(&sum, reduced[j], reduced[j] > 0 ? lower[j] : upper[j]);
        if (ok)
                *ret = (Dual){ reduced, sum, shift };
        return ok;
}

bool program_bound(const Program *g, const int64_t *lower, const int64_t *upper, const double *y,
                   bool with_cost, int64_t *ret) {
        const ArenaMark mark = arena_mark(g->arena);
        Dual dual = { 0 };
        const bool ok = dual_point(g, lower, upper, y, with_cost, &dual);
        const Wide bound = -(-dual.sum >> dual.shift); /* rounded up: the cost of a whole x is whole */

        arena_rewind(g->arena, mark);
        if (!ok || bound > INT64_MAX || bound < INT64_MIN)
                return false;
        *ret = (int64_t) bound;
        return true;
}

bool program_tighten_cost(const Program *g, int64_t *lower, int64_t *upper, const double *y, int64_t below) {
        const ArenaMark mark = arena_mark(g->arena);
        Dual dual = { 0 };
        const bool ok = dual_point(g, lower, upper, y, true, &dual);
        const Wide slack = ((Wide) below - 1) * ((Wide) 1 << dual.shift) - dual.sum;

        for (uint32_t j = 0; ok && slack >= 0 && j < g->n_cols; j++) {
                const Wide d = dual.reduced[j] < 0 ? -dual.reduced[j] : dual.reduced[j];

                if (!g->whole[j] || d == 0 || slack / d >= upper[j] - lower[j])
                        continue;
                if (dual.reduced[j] > 0)
                        upper[j] = lower[j] + (int64_t) (slack / d);
                else
                        lower[j] = upper[j] - (int64_t) (slack / d);
        }
        arena_rewind(g->arena, mark);
        return !ok || slack >= 0;
}

typedef struct Activity {
        Wide least, most;
} Activity;

static Activity row_activity(const Program *g, uint32_t row, const int64_t *lower, const int64_t *upper) {
        Activity sum = { 0, 0 };

        for (uint32_t k = g->row_start[row]; k < g->row_start[row + 1]; k++) {
                Wide a = g->term_coef[k], lo = lower[g->term_col[k]], hi = upper[g->term_col[k]];

                sum.least += a > 0 ? a * lo : a * hi;
                sum.most += a > 0 ? a * hi : a * lo;
        }
        return sum;
}

/* How far column j may go from the bound that is best for the row, when `slack` is left. */
static bool column_tighten(const Program *g, uint32_t k, Wide slack, bool toward_low, int64_t *lower,
                           int64_t *upper) {
        const uint32_t j = g->term_col[k];
        const int64_t a = g->term_coef[k];
        const Wide size = a < 0 ? -(Wide) a : a;
        int64_t steps;

        if (!g->whole[j] || lower[j] == upper[j] || slack >= size * (upper[j] - lower[j]))
                return false;
        steps = (int64_t) (slack / size);
        if ((a > 0) == toward_low)
                upper[j] = lower[j] + steps;
        else
                lower[j] = upper[j] - steps;
        return true;
}

/* One row: false when it cannot hold. */
static bool row_tighten(const Program *g, uint32_t row, int64_t *lower, int64_t *upper, bool *changed) {
        const bool has_lo = g->row_lo[row] != PROGRAM_NO_LOW, has_hi = g->row_hi[row] != PROGRAM_NO_HIGH;
        Activity sum = row_activity(g, row, lower, upper);

        if ((has_hi && sum.least > g->row_hi[row]) || (has_lo && sum.most < g->row_lo[row]))
                return false;
        for (uint32_t k = g->row_start[row]; has_hi && k < g->row_start[row + 1]; k++)
                *changed |= column_tighten(g, k, g->row_hi[row] - sum.least, true, lower, upper);
        if (has_hi && has_lo) /* columns went down, so may have what is left for the lower side */
                sum = row_activity(g, row, lower, upper);
        if (has_lo && sum.most < g->row_lo[row])
                return false;
        for (uint32_t k = g->row_start[row]; has_lo && k < g->row_start[row + 1]; k++)
                *changed |= column_tighten(g, k, sum.most - g->row_lo[row], false, lower, upper);
        return true;
}

bool program_tighten(const Program *g, int64_t *lower, int64_t *upper) {
        bool changed = true;

        for (uint32_t j = 0; j < g->n_cols; j++)
                if (lower[j] > upper[j])
                        return false;

        /* Each change tightens a whole column, so this ends; ten rounds are the most that paid. */
        for (int round = 0; changed && round < 10; round++) {
                changed = false;
                for (uint32_t i = 0; i < g->n_rows; i++)
                        if (!row_tighten(g, i, lower, upper, &changed))
                                return false;
        }
        return true;
}
