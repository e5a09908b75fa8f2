/* SPDX-License-Identifier: Apache-2.0 */
/* The terms of a problem as a Program: how many VMs of each kind are on each host, and what that costs.
 *
 * VMs that nothing tells apart (needs, home, class, groups, prices) are one kind, so that their permutations
 * are not searched. The first columns, the places, are the number of VMs of a kind on a host; they decide the
 * point. The other columns are costs of one tier each, held from below by rows: exact for lines, pairs, rules
 * and prices; for squares by cuts from the lower convex hull of the fixed-point function, which is below it
 * by a few units where rounding dents it. So the program's optimum never exceeds the true one, and what a
 * point truly costs is asked of the evaluator.
 *
 * Owner: the arena. Errors: -ENOMEM; -EOVERFLOW when numbers are too large for exact rows. Threads: one.
 *
 * Units: the problem's own; Cost in the rows.
 */
#pragma once

#include "scheduler/decide/cost/evaluator.h"
#include "scheduler/decide/search/solver.h"
#include "scheduler/milp/program.h"
#include "scheduler/model/by_host.h"

typedef struct Kind {
        uint32_t first, n;        /* in Formulation.free */
        uint32_t place, n_places; /* its columns */
} Kind;

typedef struct Place {
        uint32_t kind, host; /* host: index into Formulation.hosts */
} Place;

/* The lower convex hull of a square term's values on a host. */
typedef struct Curve {
        uint32_t col, host, r;
        Tier tier;
        int64_t *load, *value; /* [n] vertices, by load */
        uint32_t n;
} Curve;

typedef struct Formulation {
        Arena *arena;
        Program *program;
        const SolverTask *task;
        const Problem *problem;
        const Evaluator *start;
        VmIx *free; /* [n_free] that may move, kind by kind */
        uint32_t n_free;
        uint32_t *kind_of; /* [vm] of the problem; IX_NONE: not free */
        Kind *kinds;
        Place *places; /* [col] */
        uint32_t n_kinds, n_places;
        const HostIx *hosts;
        uint32_t n_hosts;
        ByHost places_of;
        int64_t *fixed;     /* [host × res] load of all that is not free */
        int64_t *home_load; /* [host × res] load with every VM at home */
        Costs *cost;        /* [col] */
        uint32_t costs_room;
        Costs constant;
        Curve *curves;
        uint32_t n_curves;
        double *weight; /* [col] for TreeTask */
} Formulation;

/* Needs a task whose terms and start are those of `start`. */
int formulation_build(Arena *a, const SolverTask *task, const Evaluator *start, Formulation **ret) must_check;

/* The program's costs become those of the tier. */
void formulation_aim(Formulation *f, Tier tier);

/* Adds the row "the tier's cost is at most `most`": its number. */
int64_t formulation_hold(Formulation *f, Tier tier, Cost most) must_check;

/* Cuts that point breaks, in tiers up to `tier`: how many. */
int formulation_cut(Formulation *f, Tier tier, const double *point) must_check;

/* The point of an assignment, as places; other columns as they are. */
void formulation_point(const Formulation *f, const HostIx *host_of, double *point);

/* Fills host_of for the free VMs from counts per place that add up to each kind's number. VMs that can stay
 * where `start` has them do. */
void formulation_assignment(const Formulation *f, const int64_t *count, HostIx *host_of);
