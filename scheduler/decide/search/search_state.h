/* SPDX-License-Identifier: Apache-2.0 */
/* What a local search walks on: an evaluator, who is on which host, the budget spent, refusals counted.
 * Inside decide/ only: search*.c. Threads: one.
 *
 * Units: Cost: no unit; MiB in the budget. Owner: the arena of the search. Errors: -ENOMEM; the others have
 * none.
 */
#pragma once

#include "scheduler/base/prng.h"
#include "scheduler/decide/cost/evaluator.h"
#include "scheduler/decide/search/search.h"

/* Moves in the order in which they were made; each had room then. */
typedef struct PackWalk {
        Move *moves;
        uint32_t n, most;
        bool whole; /* they lead from where the search began to where VMs are */
} PackWalk;

typedef struct SearchState {
        Arena *arena;
        Evaluator *e;
        SearchBudget budget;
        const Workers *workers; /* where this is the only search: for shards of a large cluster; NULL: none */
        Prng random;
        VmIx *first, *next, *previous; /* [host], [vm], [vm]: lists of the VMs on each host */
        uint32_t *n_on;                /* [host] */
        uint64_t *changed;             /* [host] step at which its load last changed */
        uint64_t steps;                /* moves made */
        uint64_t evaluations;
        uint64_t refusals[REASON_N];
        uint64_t work;  /* what else took time, in about evaluations: for the guard alone */
        uint64_t asked; /* evaluations and work when the guard was last asked */
        bool guard_fired;
        PackWalk walk; /* of search_pack(); no room for moves: none is kept */
} SearchState;

/* Every VM where host_of says; NULL: at home. 0 or -ENOMEM. */
int search_state_build(Arena *a, const Terms *t, const HostIx *host_of, SearchBudget budget, uint64_t seed,
                       SearchState *ret) must_check;

/* Makes a move. */
void search_state_move(SearchState *s, Move m);

/* The guard, asked once in a while. */
bool search_state_stopped(SearchState *s);

/* Whether v may leave home within the caps on moves and MiB. */
static inline bool search_state_affords(const SearchState *s, VmIx v) {
        const Evaluator *e = s->e;
        const Problem *p = e->problem;

        if (e->x->host_of[v] != p->home[v])
                return true;
        if (e->n_away >= s->budget.max_moves)
                return false;
        return p->n_res <= RES_MEMORY || problem_mib(p, v) <= s->budget.max_mib - e->mib_away;
}

/* Moves and swaps, best first from the hottest hosts, until none improves. */
int search_descend(SearchState *s) must_check;

/* The same where the budget has a cap on moves or MiB; without one it is search_descend(). 0 or -ENOMEM. */
int search_capped(SearchState *s) must_check;

/* Anneals what `cap` is spent on, from where VMs are; leaves them about at the cap, and the best that is
 * within it in best_of. Of the state's budget only the guard counts. 0 or -ENOMEM. */
int search_spend(SearchState *s, SearchBudget cap, HostIx *best_of) must_check;

/* Empties hosts (PackGoal), after search_descend(); `walk` is how, where that is known. 0 or -ENOMEM; a problem without that goal: 0. */
int search_pack(SearchState *s) must_check;

/* Where the problem is flat (flat.h): anneals until the budget is spent. The best assignment into host_of. */
int search_anneal(SearchState *s, HostIx *host_of, Cost *ret_cost) must_check;
