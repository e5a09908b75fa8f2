/* SPDX-License-Identifier: Apache-2.0 */
/* Piecewise linear problems as flat columns: the fastest form of the evaluator, for the long searches.
 *
 * Where all goals are lines, pairs and prices in one tier (ROADEF/EURO 2012), a host's cost is Σ max(0,
 * over[k]) over its columns k: a resource above its line, or a balance pair's shortfall, each already times
 * its weight. A VM adds its step[k] to each. So a move costs additions and comparisons only: no
 * multiplication, no branch a column.
 *
 * Rows are `width` wide, a multiple of FLAT_BLOCK, padded with zeros, so that the loops over a row have
 * constant lengths. Inside decide/ only. Threads: one. The rules' counters and the counts of moved VMs are
 * the evaluator's.
 *
 * Units: Cost: no unit; steps times their weight. Owner: the arena. Errors: -ENOMEM from flat_build() alone.
 */
#pragma once

#include "scheduler/decide/cost/evaluator.h"

#define FLAT_BLOCK     4
#define FLAT_WIDTH_MAX 48

typedef struct Flat {
        Evaluator *e; /* gives terms, counters and prices; its loads and costs are not kept up to date */
        HostIx *host_of;
        uint32_t width;
        int64_t *hosts;    /* [host] over[width], then room[width]: as in Evaluator */
        int64_t *vms;      /* [vm] step[width], then need[width] */
        Cost *host_cost;   /* [host] */
        Cost *host_excess; /* [host] use above room, weighted: 0 where it fits */
        Cost cost, excess;
        const int64_t *away;     /* [vm] price of not being at home, or NULL */
        const int64_t *distance; /* [host × host], or NULL */
        int64_t distance_weight;
        int64_t at_home[FLAT_WIDTH_MAX]; /* masks of `need`: 0 where it is held at home while away, else −1 */
        int64_t scale[FLAT_WIDTH_MAX];   /* of room and need */
        int64_t elsewhere[FLAT_WIDTH_MAX]; /* all −1 */
} Flat;

/* Whether the terms can be said in columns. */
bool flat_fits(const Evaluator *e);

/* The evaluator's assignment as columns. 0 or -ENOMEM. In `a`. */
int flat_build(Arena *a, Evaluator *e, Flat *ret) must_check;

/* Makes a move; cost and the counters of the evaluator follow. */
void flat_move(Flat *f, Move m);

static inline int64_t *flat_over(const Flat *f, HostIx h) {
        return f->hosts + (size_t) h * 2 * f->width;
}

static inline int64_t *flat_room(const Flat *f, HostIx h) {
        return f->hosts + (size_t) h * 2 * f->width + f->width;
}

static inline const int64_t *flat_step(const Flat *f, VmIx v) {
        return f->vms + (size_t) v * 2 * f->width;
}

static inline const int64_t *flat_need(const Flat *f, VmIx v) {
        return f->vms + (size_t) v * 2 * f->width + f->width;
}

/* The prices of v being on h. */
static inline Cost flat_place(const Flat *f, VmIx v, HostIx h) {
        const HostIx home = f->e->problem->home[v];

        if (h == home)
                return 0;
        return (f->away ? f->away[v] : 0) +
               (f->distance ? f->distance_weight * f->distance[(size_t) home * f->e->problem->n_hosts + h]
                            : 0);
}
