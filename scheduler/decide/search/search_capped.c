/* SPDX-License-Identifier: Apache-2.0 */
/* The descent under a cap on moves. Spending moves on the best change at hand until none is left chooses
 * badly: what the first ones did, the last ones could have done better. So it is also done from the other
 * end: a descent without the cap, then VMs are sent home again, those first whose leaving gains least, and in
 * between those that are still away find better places for how many they are. The better end is taken.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "scheduler/decide/search/search_state.h"

#define MOST_VMS 4096 /* with more it takes seconds: a descent for each step */
#define STEP     8    /* each sends home one of so many of those that are too many */

/* Without a cap. With more VMs it would take several times as long as the descent. */
#define ANEW_VMS   1024
#define ANEW_AWAY  8 /* of fewer moves a descent chooses well enough */
#define ANEW_SHARE 4 /* one of so many goes home … */
#define ANEW_TURNS 2 /* … at most so often */

typedef struct Return {
        Costs delta;
        VmIx vm;
} Return;

static bool within_cap(const SearchState *s, const SearchBudget *b) {
        return s->e->n_away <= b->max_moves && s->e->mib_away <= b->max_mib;
}

static int cheaper_first(const void *left, const void *right) {
        const Return *x = left, *y = right;
        const int d = costs_compare(&x->delta, &y->delta);

        return d != 0 ? d : (x->vm > y->vm) - (x->vm < y->vm);
}

/* Those that may go home, the cheapest first. */
static uint32_t returns_list(SearchState *s, Return *list) {
        const Problem *p = s->e->problem;
        uint32_t n = 0;

        for (VmIx v = 0; v < p->n_vms; v++) {
                const Move m = { v, s->e->x->host_of[v], p->home[v] };

                if (m.from == m.to || evaluator_refuse(s->e, m) != REASON_NONE)
                        continue;
                list[n++] = (Return){ evaluator_delta(s->e, m), v };
                s->evaluations++;
        }
        qsort(list, n, sizeof(*list), cheaper_first);
        return n;
}

/* So many VMs are away that should not be: by their memory, as if all were alike. */
static uint32_t surplus_of(const SearchState *s, const SearchBudget *cap) {
        const uint32_t away = s->e->n_away;
        const int64_t mib = s->e->mib_away, over = mib - cap->max_mib;
        const uint32_t moves = away > cap->max_moves ? away - cap->max_moves : 0;
        const uint32_t heavy = over > 0 ? (uint32_t) (away * ((double) over / (double) mib)) : 0;

        return moves > heavy ? moves : heavy;
}

/* Some go home. Each is asked again: who went before may have taken its room. */
static bool send_home(SearchState *s, const SearchBudget *cap, Return *list) {
        const Problem *p = s->e->problem;
        const uint32_t n = returns_list(s, list);
        const uint32_t share = surplus_of(s, cap) / STEP;
        const uint32_t wanted = share > 1 ? share : 1;
        uint32_t sent = 0;

        for (uint32_t i = 0; i < n && sent < wanted && !within_cap(s, cap); i++) {
                const Move m = { list[i].vm, s->e->x->host_of[list[i].vm], p->home[list[i].vm] };

                if (evaluator_refuse(s->e, m) != REASON_NONE)
                        continue;
                search_state_move(s, m);
                sent++;
        }
        return sent > 0;
}

/* From where VMs are to within the cap. 1: it is; 0: it could not be reached; -ENOMEM. */
static int search_capped_prune(SearchState *s, const SearchBudget *cap) {
        Return *list = arena_new(s->arena, Return, s->e->problem->n_vms);
        int r = 0;

        if (!list)
                return -ENOMEM;
        while (r == 0 && !within_cap(s, cap) && !search_state_stopped(s)) {
                if (!send_home(s, cap, list))
                        return 0; /* none may */
                s->budget.max_moves = s->e->n_away;
                s->budget.max_mib = s->e->mib_away;
                r = search_descend(s);
        }
        s->budget.max_moves = cap->max_moves;
        s->budget.max_mib = cap->max_mib;
        if (r == 0 && within_cap(s, cap) && !search_state_stopped(s))
                r = search_descend(s);
        return r < 0 ? r : within_cap(s, cap);
}

/* Is there a choice to be made of what the cap is spent on? */
static bool cap_binds(const SearchState *s) {
        const SearchBudget *b = &s->budget;

        if (s->e->reserve || s->e->terms->n_use_costs > 0 || s->e->problem->n_vms > MOST_VMS ||
            s->guard_fired)
                return false;
        return (b->max_moves < UINT32_MAX && b->max_moves > 0 && s->e->n_away >= b->max_moves) ||
               (b->max_mib < INT64_MAX && b->max_mib > 0 && s->e->n_away > 0);
}

/* A state with every VM where host_of says and no cap, that goes on counting where s is. */
static int other_build(const SearchState *s, const HostIx *host_of, SearchState *ret) {
        SearchBudget free = s->budget;
        int r;

        free.max_moves = UINT32_MAX;
        free.max_mib = INT64_MAX;
        r = search_state_build(s->arena, s->e->terms, host_of, free, 0, ret);
        if (r < 0)
                return r;
        ret->random = s->random;
        ret->workers = s->workers;
        ret->evaluations = ret->asked = s->evaluations; /* its work begins anew */
        memcpy(ret->refusals, s->refusals, sizeof(ret->refusals));
        return 0;
}

/* Its counts, and its end if that is better. */
static void take_better(SearchState *s, const SearchState *other, bool within) {
        if (within && costs_compare(&other->e->cost, &s->e->cost) < 0) {
                *s = *other;
                return;
        }
        s->evaluations = other->evaluations;
        s->guard_fired = other->guard_fired;
}

/* From the best that annealing saw within the cap, and from where it ended. */
static int search_capped_spend(SearchState *s) {
        const SearchBudget cap = s->budget;
        HostIx *best_of = arena_new(s->arena, HostIx, s->e->problem->n_vms);
        SearchState last, best;
        int r = best_of ? other_build(s, s->e->x->host_of, &last) : -ENOMEM;

        if (r == 0)
                r = search_spend(&last, cap, best_of);
        if (r == 0)
                r = search_capped_prune(&last, &cap);
        if (r < 0)
                return r;
        take_better(s, &last, r > 0);
        s->budget = cap;
        r = other_build(s, best_of, &best);
        if (r < 0)
                return r;
        best.budget = cap;
        if (!search_state_stopped(&best))
                r = search_descend(&best);
        if (r >= 0)
                take_better(s, &best, true);
        s->budget = cap;
        return r;
}

/* A descent that no cap bounds, and that moved enough to choose among. */
static bool search_capped_is_free(const SearchState *s) {
        const SearchBudget *b = &s->budget;

        return b->max_moves == UINT32_MAX && b->max_mib == INT64_MAX && s->e->n_away >= ANEW_AWAY &&
               !s->e->problem->pack && problem_last_tier(s->e->problem) >= TIER_BALANCE && !s->e->reserve &&
               s->e->n_deviations == 0 && s->e->terms->n_use_costs == 0 && s->e->problem->n_vms <= ANEW_VMS &&
               !s->guard_fired;
}

/* Without a cap, too, the first moves could be better chosen once the last ones are known: there would be plans
 * of fewer moves that cost less. So a quarter goes home again, then what is worth its price leaves; as often
 * as that gains. */
static int search_capped_choose_anew(SearchState *s) {
        const SearchBudget none = s->budget;
        int r = 0;

        for (int i = 0; i < ANEW_TURNS && r == 0 && search_capped_is_free(s); i++) {
                const Costs before = s->e->cost;
                SearchBudget cap = none;
                SearchState other;

                cap.max_moves = s->e->n_away - s->e->n_away / ANEW_SHARE;
                r = other_build(s, s->e->x->host_of, &other);
                if (r == 0)
                        r = search_capped_prune(&other, &cap);
                if (r < 0)
                        return r;
                other.budget = none;
                if (r > 0 && !search_state_stopped(&other))
                        r = search_descend(&other) < 0 ? -ENOMEM : r;
                if (r >= 0)
                        take_better(s, &other, r > 0);
                r = r < 0 ? r : costs_compare(&s->e->cost, &before) >= 0;
        }
        return r < 0 ? r : 0;
}

int search_capped(SearchState *s) {
        const SearchBudget cap = s->budget;
        SearchState other;
        int r = search_descend(s);

        if (r == 0 && search_capped_is_free(s))
                return search_capped_choose_anew(s);
        if (r < 0 || !cap_binds(s))
                return r;
        if (s->e->n_deviations > 0)
                return search_capped_spend(s);
        r = other_build(s, NULL, &other);
        if (r < 0)
                return r;
        r = search_descend(&other);
        if (r >= 0)
                r = search_capped_prune(&other, &cap);
        if (r < 0)
                return r;
        take_better(s, &other, r > 0);
        s->budget = cap;
        return 0;
}
