/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of packing share: search_pack.c (hosts emptied one by one), pack_exchange.c (several hosts
 * emptied together), pack_fill.c and pack_even.c (its two steps), packing.c (what these have in common),
 * pack_walk.c (the moves made, in order).
 *
 * A Packing works on one block of hosts. Some of them form the pool: those that are to be emptied, and idle
 * ones. VMs go from the pool to the other hosts, which are kept; what stands in the way there goes to the pool
 * meanwhile. Every move has room when it is made, so the moves in the order in which they were made are an
 * order to carry them out in.
 *
 * Units: shares in 1/65536 of the mean load line of the block's hosts. Owner: the arena of the search. Errors:
 * -ENOMEM; the others have none. Threads: one for each Packing.
 */
#pragma once

#include "scheduler/decide/cost/evaluator_hot.h"
#include "scheduler/decide/search/search_state.h"

#define PACK_SHARE     65536
#define PACK_BLOCK_MAX 128 /* hosts of a block */
#define PACK_MAIN      2   /* resources that are evened out against each other */

typedef struct Packing {
        SearchState *s;
        const PackGoal *goal;
        PackWalk *walk;
        HostIx *hosts; /* of the block */
        uint32_t n_hosts;
        bool eager; /* hosts are filled as soon as they are even, so that no more is exchanged than is needed */
        bool *pool;        /* [host] */
        const bool *stays; /* [vm] it may not move, or not alone */
        uint32_t main[PACK_MAIN];
        uint32_t n_main;
        int64_t unit[PACK_MAIN], demand[PACK_MAIN]; /* mean load line; need of all VMs of the block */
        uint32_t *class_of;                         /* [vm] VMs of one class need the same */
        uint32_t *seen, seen_now;                   /* [class] stamps */
        uint32_t *refused, turn;                    /* [vm] stamps: no way was found for it in this turn */
        VmIx *in, *out, *set;                       /* [vm] scratch lists */
} Packing;

/* v's need of a main resource, as a share; and of all of them together, weighed by how scarce they are. */
static inline int64_t pack_size(const Packing *k, VmIx v, unsigned i) {
        return problem_need(k->s->e->problem, v)[k->main[i]] * PACK_SHARE / k->unit[i];
}
static inline int64_t pack_bulk(const Packing *k, VmIx v) {
        int64_t sum = 0;

        for (unsigned i = 0; i < k->n_main; i++)
                sum += problem_need(k->s->e->problem, v)[k->main[i]] * (PACK_SHARE * (int64_t) PACK_SHARE) /
                       k->demand[i];
        return sum;
}

/* What h has left of a main resource below its line, as a share. */
static inline int64_t pack_room(const Packing *k, HostIx h, unsigned i) {
        const uint32_t r = k->main[i];

        return (k->goal->line[(size_t) h * k->s->e->problem->n_res + r] - assignment_load(k->s->e->x, h)[r]) *
               PACK_SHARE / k->unit[i];
}

/* Whether h stays below its line with v there. */
bool pack_fits(const SearchState *s, const PackGoal *goal, VmIx v, HostIx h);

/* Whether h stays below its line with `in` there in place of `out`, in what it then holds more of. */
bool pack_swap_fits(const Packing *k, VmIx out, VmIx in, HostIx h);

/* The VMs on h that may move, one of each class, without those that were refused in this turn. Their number. */
uint32_t pack_list(Packing *k, HostIx h, VmIx *list);

/* Makes the move if it has room and no rule forbids it. */
bool pack_try(Packing *k, VmIx v, HostIx to);

/* Nothing is left in the pool. */
bool pack_is_done(const Packing *k);

/* The host of the pool that v fills most, one in use before an idle one; IX_NONE: none has room. */
HostIx pack_shelter(const Packing *k, VmIx v);

/* ---- pack_fill.c ---- */

/* VMs of the pool go to h as long as it has room, if need be in exchange for smaller ones. True: some did. */
bool pack_fill(Packing *k, HostIx h);

/* ---- pack_even.c ---- */

/* Kept hosts that are full in one resource and not in the other exchange VMs; where that is eager until the pool is empty. True: some did. */
bool pack_even(Packing *k);

/* ---- pack_exchange.c ---- */

/* Empties several hosts together, block by block, where all in all that gains; the moves are added to the walk. Of VMs with
 * stays[vm] none moves, and hosts with skip[host] keep theirs. 0 or -ENOMEM. */
int pack_exchange(SearchState *s, PackWalk *walk, const bool *stays, const bool *skip) must_check;

/* ---- pack_walk.c ---- */

void pack_walk_add(PackWalk *w, Move m);

/* Makes the moves, and adds them. There is room for them. */
void pack_walk_replay(SearchState *s, PackWalk *w, const Move *moves, uint32_t n);

/* Takes back the last moves, down to the first n. */
void pack_walk_undo(SearchState *s, PackWalk *w, uint32_t n);

/* VMs that went to a third host first go where they end at once, where that leaves every move its room. The walk begins with all
 * VMs at home. 0 or -ENOMEM. */
int pack_walk_shorten(Arena *a, const Problem *p, const PackGoal *goal, PackWalk *w) must_check;
