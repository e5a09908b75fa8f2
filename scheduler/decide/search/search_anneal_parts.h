/* SPDX-License-Identifier: Apache-2.0 */
/* What search_anneal.c (the schedule) and search_anneal_tries.c (what is tried at a temperature) share. For them only.
 *
 * Units: costs; log2 in FRACTION binary digits. Owner: the search's arena. Errors: none. Threads: one for each search.
 */
#pragma once

#include "scheduler/decide/cost/fixed_log.h"
#include "scheduler/decide/search/flat_hot.h"
#include "scheduler/decide/search/search_state.h"
#include "scheduler/decide/search/seating.h"
#include "scheduler/decide/search/sieve_hot.h"

#define DRAWS_DIGITS 12
#define HOSTS        128                 /* a VM that was drawn is tried on so many hosts at most … */
#define DRAWS        (1 << DRAWS_DIGITS) /* accepted costs, as multiples of the temperature */
#define DRAWS_ALL    (DRAWS + HOSTS + SIEVE_LANES) /* from any one on there are enough for all hosts */

typedef struct Anneal {
        SearchState *s;
        Flat f;
        const Problem *p;
        Proposals proposals;
        Seating seating;
        Sieve sieve;
        int64_t *draws;             /* [DRAWS_ALL] −ln((i + ½) / DRAWS) in 16 binary digits, in no order */
        int32_t *most;              /* [DRAWS_ALL] the same times the temperature, as the sieve counts */
        int64_t most_of;            /* the temperature of that */
        bool sieves;                /* the sieve can count so far */
        Cost *homing;               /* [vm] what home is worth, in 65536ths of the temperature */
        Cost *placed;               /* [vm] the price of being where it is */
        int64_t temperature, price; /* price: of a unit of excess; 0: there may be none */
        int64_t warm, mild, cold;   /* log2 of the first temperature, that at MILD_AT, and the last */
        int64_t began;              /* how much was spent when the search began: reading the input counts */
        bool held;                  /* some VM keeps room at home while it is away */
        bool melted;                /* the temperatures are chosen */
        Cost usual;                 /* what a random shift changes, the median */
        HostIx *best_of;
        Cost best;
} Anneal;
/* The largest cost accepted, of draw i. */
inlined Cost search_anneal_draw(const Anneal *anneal, uint64_t i) {
        return (anneal->temperature * anneal->draws[i]) >> FRACTION;
}
/* The move, in all columns. */
void search_anneal_make(Anneal *anneal, Move m);

/* STRIDE tries, or a few more. */
void search_anneal_try(Anneal *anneal);
