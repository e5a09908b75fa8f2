/* SPDX-License-Identifier: Apache-2.0 */
/* Terms compiled for speed, and an assignment to try moves on. Evaluating a move costs what the move changes:
 * two hosts' terms, the VM's prices, its groups' counters.
 *
 * Costs are exact: evaluator_delta() is the difference of policies_total() for every move that is not
 * refused. Owner: the arena. Threads: an evaluator belongs to one; Terms are shared, const.
 *
 * Units: Cost: no unit; loads in the problem's own. Errors: -ENOMEM from evaluator_build() alone.
 */
#pragma once

#include "scheduler/decide/cost/reserve_cover.h"
#include "scheduler/decide/cost/rule_counts.h"

/* Line terms of one tier and one line, as columns: weight[r] is 0 where there is none. */
typedef struct LineFamily {
        const int64_t *line;
        Tier tier;
        int64_t weight[PROBLEM_RES_MAX];
} LineFamily;

typedef struct SquareFamily {
        const int64_t *line; /* NULL: 0 */
        Tier tier;
        int64_t grain;
        uint64_t *reciprocal; /* [host × res] */
        int64_t *factor;      /* [host × res] */
        uint32_t n, r[PROBLEM_RES_MAX];
} SquareFamily;

/* The sums of a DeviationCost. */
typedef struct DeviationSums {
        DeviationCost term;
        uint64_t *reciprocal; /* [host] 0: takes no part */
        int64_t *share;       /* [host] as it is */
        uint32_t n;           /* hosts that take part */
        int64_t sum, squares; /* of their shares */
        Cost cost;
} DeviationSums;

/* Counts for a ServiceMoveCost: how many services have how many VMs away from home. */
typedef struct ServiceMoveCount {
        ServiceMoveCost term;
        uint32_t *away;   /* [service] */
        uint32_t *having; /* [number away] services */
        uint32_t most;
} ServiceMoveCount;

typedef struct Evaluator {
        const Problem *problem;
        const Terms *terms;
        Assignment *x;
        Costs cost;    /* of x: what policies_total() says */
        Costs *hosts;  /* [host] host terms as they are */
        int64_t *room; /* [host × res] capacity not held, by load or (TRANSIENT_TOGETHER) by VMs under way */
        LineFamily *lines;
        SquareFamily *squares;
        PairCost *pairs;
        DeviationSums *deviations;
        uint32_t n_lines, n_squares, n_pairs, n_deviations;
        int64_t *away[TIER_N]; /* [vm] price of not being at home; NULL: none in that tier */
        ServiceMoveCount *service_moves;
        uint32_t *n_on; /* [host] VMs on it; NULL: no term asks */
        RuleCounts rules;
        Reserve *reserve;  /* NULL: none. Dear to ask: the hot functions leave it out */
        bool overfull;     /* some host was over its capacity: else none ever is, and none is asked */
        bool together;     /* TRANSIENT_TOGETHER with a capacity rule */
        bool misplaceable; /* some VM is where its class denies it */
        uint32_t n_away;   /* VMs not at home */
        int64_t mib_away;  /* their memory (RES_MEMORY, where there is one) */
#ifndef NDEBUG
        uint32_t unchecked; /* moves since evaluator_check() */
#endif
} Evaluator;

/* Every VM where host_of says; NULL: at home. 0 or -ENOMEM. In `a`, with its own copy of the assignment. */
int evaluator_build(Arena *a, const Terms *t, const HostIx *host_of, Evaluator **ret) must_check;

/* Why m may not be made, or REASON_NONE. m.from is where the VM is, m.to another host. */
Reason evaluator_refuse(const Evaluator *e, Move m);

/* What m would change. Exact unless m is refused for a rule. */
Costs evaluator_delta(const Evaluator *e, Move m);

/* Makes m. The caller has asked evaluator_refuse(), or undoes a move. */
void evaluator_move(Evaluator *e, Move m);

/* v and w, on two hosts, change places: why not; and what it changes. Both leave e as it was. */
Reason evaluator_swap_refuse(Evaluator *e, VmIx v, VmIx w);
Costs evaluator_swap_delta(Evaluator *e, VmIx v, VmIx w);

/* What n ≤ 2 moves together change of the reserve, added to *d; REASON_RESERVE if they may not. Only with a
 * reserve. */
Reason evaluator_reserve(const Evaluator *e, const Move *moves, uint32_t n, Costs *d);

/* Host terms of h if its load were `load`. */
Costs evaluator_host(const Evaluator *e, HostIx h, const int64_t *load);

/* What `more` going from host a to b changes of deviations; IX_NONE: from or to nowhere. */
void evaluator_deviate(const Evaluator *e, HostIx left, HostIx right, const int64_t *more, Costs *d);

/* The load of h has changed: its shares and the sums follow. Not e->cost. */
void evaluator_deviation_follow(Evaluator *e, HostIx h);

/* The prices of v being on h: sits, wishes, prices, ways. */
Costs evaluator_place(const Evaluator *e, VmIx v, HostIx h);

/* What v may not do by itself, room and groups aside: pins, roles, classes. */
Reason evaluator_denied(const Evaluator *e, VmIx v, HostIx to);

#ifndef NDEBUG
/* Counts anew what the evaluator remembers, and asserts that it is that; what the moves alone are to cost for it:
 * once in as many moves as there are VMs and hosts. */
void evaluator_check(const Evaluator *e);
void evaluator_check_often(Evaluator *e);
#else
static inline void evaluator_check_often(Evaluator *e) {
        (void) e;
}
#endif
