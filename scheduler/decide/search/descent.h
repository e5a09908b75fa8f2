/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the descent share: search_descend.c (phases, passes, shards), descent_pairs.c (shifts and
 * swaps of two hosts), descent_mend.c (what takes more than two hosts, or more than two VMs: chains and
 * blocks).
 *
 * A Descent works on some of the hosts; descents on disjoint hosts may run at once, on copies of one
 * SearchState. Inside decide/ only.
 *
 * Units: Cost: no unit; shares as floats. Owner: the Descent and its arena are the search's. Errors: -ENOMEM
 * from descent_mend() and descent_move() alone; 1 is no error. Threads: one for each Descent.
 */
#pragma once

#include "scheduler/decide/cost/evaluator_hot.h"
#include "scheduler/decide/search/columns.h"
#include "scheduler/decide/search/search_state.h"

#define OFF_MAX      (3 * PROBLEM_RES_MAX) /* evened resources, load lines and deviations */
#define PARTNERS_MAX 32                    /* complementary hosts a host deals with */

typedef struct Priority {
        int64_t urgent; /* cost in the tier of the phase */
        double off;     /* distance from the mean */
} Priority;

/* The best change found so far: nothing is better than no change. */
typedef struct Change {
        Costs delta;
        VmIx vm, other; /* vm IX_NONE: none; other: IX_NONE, or who comes back */
        HostIx to;
} Change;

typedef struct Descent {
        SearchState *s;
        Columns *columns;
        Arena *arena;    /* what grows */
        HostIx *mine;    /* the hosts it works on, ascending; below, `i` counts these */
        uint32_t *place; /* [host] its i */
        uint32_t n;      /* of them */
        Tier phase;      /* changes must gain in this tier or one before */
        bool shard;      /* VMs in rules stay: their counters are everybody's */
        float *off;      /* [resource that counts × n] share of use less the mean share */
        uint32_t n_off, off_r[PROBLEM_RES_MAX]; /* the first n_shares of them … */
        uint32_t n_shares;                      /* … and behind them, the deviations */
        uint64_t *visited;                      /* [i] mark of what was looked at in vain; 0: nothing yet */
        Cost min_gain;                          /* what gains no more in TIER_BALANCE is left */
        bool *reserved;     /* [i] … and what came of it hung on the reserve, that is on all hosts */
        Priority *priority; /* [i] */
        uint32_t *heap;     /* i of the hosts to deal with, the hottest first: a binary heap */
        uint32_t *in_heap;  /* [i] place in the heap; IX_NONE: not in it */
        uint32_t n_heap;
        uint32_t *needs_repair; /* [host] VMs of broken rules; NULL: none is broken */
        HostIx partners[PARTNERS_MAX];
        float keys[PARTNERS_MAX];
        uint32_t n_partners;
        double mean[OFF_MAX];
} Descent;

/* ---- descent_pairs.c ---- */

/* Cost of h above balance: host terms, and what VMs that sit there cost. */
int64_t descent_urgency(const Descent *d, HostIx h);

/* Whether a change may be made in this phase: it gains, in its tier or one before. */
bool descent_gains(const Descent *d, const Costs *delta);

/* The hosts best suited to deal with h: least Σ off(h) × off(partner). Sorted, ties by index. */
void descent_partners(Descent *d, HostIx h);

/* The best shift between h and its partners; if there is none, the best swap. */
void descent_pairs(Descent *d, HostIx h, Change *best);

void descent_try_shift(Descent *d, VmIx v, HostIx to, Change *best);
void descent_try_swap(Descent *d, VmIx v, VmIx w, Change *best);

/* ---- descent_mend.c ---- */

/* For a VM that should leave h and finds no place by a shift or a swap with a partner: any host, an exchange,
 * a chain (another VM makes room), a block (all of a group that must stay together). 1: something was made;
 * 0. */
int descent_mend(Descent *d, HostIx h) must_check;

/* The moves have been made, one after the other: is a rule that must hold broken further than before them?
 * Leaves e as it is. */
bool moves_break_rules(Evaluator *e, const Move *moves, uint32_t n);

/* ---- descent_heap.c ---- */

/* After h's load has changed: how far off it is. */
void descent_off_update(Descent *d, HostIx h);

/* How urgent h is now; and h to be visited, or not, by that. `i` as in `mine`. */
void descent_priority_set(Descent *d, HostIx h);
void descent_heap_touch(Descent *d, HostIx h);
void descent_heap_drop(Descent *d, uint32_t i);

/* Makes a move; everything follows. 0 or -ENOMEM. */
int descent_move(Descent *d, Move m) must_check;
