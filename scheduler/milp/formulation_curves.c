/* SPDX-License-Identifier: Apache-2.0 */
/* Square terms are convex functions of one load, seen through the fixed point of share_square(): dented by
 * rounding. Their lower convex hull over the loads that can occur is found once, and the piece of it under a
 * point becomes a row when a point is below it (outer approximation, Kelley 1960, on a function of one
 * variable).
 */
#include <errno.h>
#include <math.h>
#include <string.h>

#include "scheduler/milp/formulation_parts.h"

#define POINTS_MAX 4096               /* of a curve before its hull; loads further apart get an allowance */
#define ROW_MAX    (INT64_C(1) << 50) /* numbers in a row are exact in floating point too */

typedef struct Square {
        int64_t line;
        uint64_t reciprocal;
        int64_t factor, grain;
} Square;

static int64_t square_at(const Square *q, int64_t load) {
        return share_square(load - q->line, q->reciprocal, q->factor, q->grain);
}

static int64_t formulation_curves_divisor(int64_t left, int64_t right) {
        while (right != 0) {
                const int64_t rest = left % right;

                left = right;
                right = rest;
        }
        return left;
}

/* Loads of host differ by multiples of this. */
static int64_t load_step(const Formulation *f, uint32_t host, uint32_t r) {
        int64_t step = 0;

        for (uint32_t i = f->places_of.from[host]; i < f->places_of.from[host + 1]; i++)
                step = formulation_curves_divisor(step, place_need(f, f->places_of.at[i])[r]);
        return step;
}

/* How far the function may be below the chord between loads `width` apart, the upper one at `load`, when it
 * is sampled. With σ the share before rounding and g = grain + 1, its value is above factor·(σ − g)²/2^16 −
 * 1, and so above factor·(σ² − 2gσ)/2^16 − 1; the chord is at most factor·Δσ²/4/2^16 above factor·σ²/2^16. */
static int64_t formulation_curves_allowance(const Square *q, int64_t load, int64_t width) {
        const int64_t share = (load > q->line ? share_of(load - q->line, q->reciprocal) : 0) + 2;
        const int64_t across = share_of(width, q->reciprocal) + 2;
        const __int128 units = (__int128) q->factor * (2 * (q->grain + 1) * share + across * across / 4 + 1);

        return (int64_t) (units >> 16) + 2;
}

/* b is on or above the chord from a to c. */
static bool above_chord(const Curve *c, uint32_t left, uint32_t right, int64_t load, int64_t value) {
        return (__int128) (c->value[right] - c->value[left]) * (load - c->load[left]) >=
               (__int128) (value - c->value[left]) * (c->load[right] - c->load[left]);
}

static void hull_add(Curve *c, int64_t load, int64_t value) {
        while (c->n >= 2 && above_chord(c, c->n - 2, c->n - 1, load, value))
                c->n--;
        c->load[c->n] = load;
        c->value[c->n++] = value;
}

/* The hull over loads least, least + step … most, into c, whose arrays have room for all points. */
static void curve_trace(Curve *c, const Square *q, int64_t least, int64_t most, int64_t step) {
        const int64_t last = step > 0 ? (most - least) / step : 0;
        const int64_t stride = last / POINTS_MAX + 1;
        const bool clamped = most > q->line && share_of(most - q->line, q->reciprocal) >= SHARE_MAX;

        for (int64_t i = 0; i < last + stride; i += stride) {
                const int64_t at = least + (i < last ? i : last) * step;
                const int64_t next = least + (i + stride < last ? i + stride : last) * step;

                if (stride == 1 || (clamped && i == 0))
                        hull_add(c, at, square_at(q, at));
                else if (clamped) /* not convex: the least value since the sample before */
                        hull_add(c, at, square_at(q, least + (i - stride) * step));
                else
                        hull_add(c, at,
                                 square_at(q, at) - formulation_curves_allowance(q, next, stride * step));
        }
}

/* Keeps a copy of what `scratch` traced. */
static int curve_keep(Formulation *f, Curve *c, const Curve *scratch) {
        *c = *scratch;
        c->load = arena_new(f->arena, int64_t, c->n);
        c->value = arena_new(f->arena, int64_t, c->n);
        if (!c->load || !c->value)
                return -ENOMEM;
        memcpy(c->load, scratch->load, sizeof(int64_t) * c->n);
        memcpy(c->value, scratch->value, sizeof(int64_t) * c->n);
        return 0;
}

static int formulate_curve(Formulation *f, const SquareCost *term, uint32_t host, Curve *scratch) {
        const HostIx h = f->hosts[host];
        const int64_t capacity = problem_capacity(f->problem, h)[term->r];
        const Square q = { term->line ? term->line[(size_t) h * f->problem->n_res + term->r] : 0,
                           share_reciprocal(capacity),
                           share_factor(term->weight, capacity, problem_mean_capacity(f->problem, term->r)),
                           term->grain };
        int64_t least, most, col;

        formulation_load_range(f, host, term->r, &least, &most);
        if (square_at(&q, most) == 0)
                return 0;
        scratch->n = 0;
        curve_trace(scratch, &q, least, most, load_step(f, host, term->r));
        col = formulation_column(f, term->tier, 1, square_at(&q, least), square_at(&q, most));
        if (col < 0)
                return (int) col;
        scratch->col = (uint32_t) col;
        scratch->host = host;
        scratch->r = term->r;
        scratch->tier = term->tier;
        return curve_keep(f, &f->curves[f->n_curves++], scratch);
}

int formulate_curves(Formulation *f) {
        const Terms *t = f->task->terms;
        Curve scratch = { .load = arena_new(f->arena, int64_t, POINTS_MAX + 3),
                          .value = arena_new(f->arena, int64_t, POINTS_MAX + 3) };
        int r = 0;

        f->curves = arena_new(f->arena, Curve, (size_t) t->n_squares * f->n_hosts);
        if (!scratch.load || !scratch.value || !f->curves)
                return -ENOMEM;
        for (uint32_t i = 0; r == 0 && i < t->n_squares * f->n_hosts; i++)
                r = formulate_curve(f, &t->squares[i / f->n_hosts], i % f->n_hosts, &scratch);
        return r;
}

/* column·q − load·value ≥ least, with load = the program's part of it + fixed. */
static int cut_add(Formulation *f, const Curve *c, int64_t q, int64_t value, int64_t least) {
        const int64_t fixed = f->fixed[c->host * f->problem->n_res + c->r];
        int64_t shift, scaled;

        if (row_product(value, fixed, &shift) < 0)
                return 0;
        if (program_row(f->program, least + shift, PROGRAM_NO_HIGH) < 0 ||
            program_term(f->program, c->col, q) < 0)
                return -ENOMEM;
        for (uint32_t i = f->places_of.from[c->host]; i < f->places_of.from[c->host + 1]; i++) {
                const uint32_t place = f->places_of.at[i];

                if (row_product(value, place_need(f, place)[c->r], &scaled) < 0)
                        return -EOVERFLOW;
                if (program_term(f->program, place, -scaled) < 0)
                        return -ENOMEM;
        }
        return 1;
}

/* The row of the piece between vertices i and i + 1: exact where its numbers are small, else with a slope of
 * the nearest p/2^k and whatever intercept keeps it below every vertex. */
static int piece_add(Formulation *f, const Curve *c, uint32_t i) {
        int64_t dl = c->load[i + 1] - c->load[i], dv = c->value[i + 1] - c->value[i], q, p, least = INT64_MAX;
        const int64_t d = formulation_curves_divisor(dl, dv < 0 ? -dv : dv), top = c->load[c->n - 1];
        double slope;

        dl /= d;
        dv /= d;
        slope = (double) dv / (double) dl;
        q = dl;
        p = dv;
        if (fabs((double) dl * (double) c->value[c->n - 1]) > (double) ROW_MAX ||
            fabs((double) dv * (double) top) > (double) ROW_MAX) {
                q = 1;
                while (2 * fabs(slope) * (double) q * (double) top < (double) ROW_MAX &&
                       2 * (double) q * (double) c->value[c->n - 1] < (double) ROW_MAX && q < (1 << 20))
                        q *= 2;
                p = (int64_t) llround(slope * (double) q);
        }
        for (uint32_t k = 0; k < c->n; k++) {
                int64_t high, low;

                if (row_product(q, c->value[k], &high) < 0 || row_product(p, c->load[k], &low) < 0)
                        return 0;
                least = high - low < least ? high - low : least;
        }
        return cut_add(f, c, q, p, least);
}

/* The piece over the load, when point is below it. */
static int curve_cut(Formulation *f, const Curve *c, const double *point) {
        double load = (double) f->fixed[c->host * f->problem->n_res + c->r], value;
        uint32_t low = 0, high = c->n - 1;

        if (c->n < 2)
                return 0; /* the column's lower bound says it all */
        for (uint32_t i = f->places_of.from[c->host]; i < f->places_of.from[c->host + 1]; i++)
                load += point[f->places_of.at[i]] * (double) place_need(f, f->places_of.at[i])[c->r];
        while (high - low > 1) {
                const uint32_t mid = (low + high) / 2;

                if ((double) c->load[mid] <= load)
                        low = mid;
                else
                        high = mid;
        }
        value = (double) c->value[low] + (load - (double) c->load[low]) *
                                                 (double) (c->value[high] - c->value[low]) /
                                                 (double) (c->load[high] - c->load[low]);
        if (point[c->col] >= value - 0.5 - 1e-9 * fabs(value))
                return 0;
        return piece_add(f, c, low);
}

int formulation_cut(Formulation *f, Tier tier, const double *point) {
        int added = 0;

        for (uint32_t i = 0; i < f->n_curves; i++) {
                int r = f->curves[i].tier <= tier ? curve_cut(f, &f->curves[i], point) : 0;

                if (r < 0)
                        return r;
                added += r;
        }
        return added;
}
