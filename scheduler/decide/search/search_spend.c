/* SPDX-License-Identifier: Apache-2.0 */
/* What a cap on moves is spent on, where evenness is a standard deviation: by annealing (Kirkpatrick, Gelatt,
 * Vecchi 1983). A descent takes the best change at hand; but what all moves together are worth hangs on the
 * last of them, more than for a sum of squares, where what each gains is its own.
 *
 * Each VM away from home costs a fee, so that single shifts are enough: who leaves need not say at once who
 * comes home for it. The fee follows the cap (a Lagrange multiplier, found while it cools): it rises while
 * too many are away. What is broken, to be emptied or above a load line never gets worse on the way. In the
 * end those that are still too many go home (search_capped.c), the cheapest first.
 *
 * No clock, and nothing that rounding could change: the same from every compiler.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "scheduler/base/compare.h"
#include "scheduler/decide/cost/evaluator_hot.h"
#include "scheduler/decide/cost/fixed_log.h"
#include "scheduler/decide/search/search_state.h"

#define TRIES_PER_PLACE 250 /* of a VM on a host … */
#define TRIES_LEAST     100000
#define TRIES_MOST      1000000 /* … but no more: some tenths of a second */
#define STRIDE          512     /* tries between two looks at temperature, fee and guard */
#define SAMPLE          1001
#define WARM            (INT64_C(3) << FRACTION) /* log2 of the usual change by the first temperature */
#define COLD            (INT64_C(7) << FRACTION) /* … and by the last */
#define FEE_STEP        128
#define COST_LARGE      (INT64_C(1) << 36) /* of one shift: temperatures and fees stay far from 2^63 */
#define LN2             45426              /* × 2^FRACTION */

typedef struct Spend {
        SearchState *s;
        SearchBudget cap;
        VmIx *away;      /* VMs that are not at home … */
        uint32_t *place; /* [vm] … and where in that list; IX_NONE: at home */
        uint32_t n_away;
        Cost temperature, fee; /* fee: of a VM away, or of one of mean size where MiB alone are capped */
        int64_t mean_mib;      /* 0: each pays the same */
        HostIx *best_of;
        Costs best;
} Spend;

static bool search_spend_within(const Spend *x) {
        return x->s->e->n_away <= x->cap.max_moves && x->s->e->mib_away <= x->cap.max_mib;
}

static void search_spend_make(Spend *x, Move m) {
        const HostIx home = x->s->e->problem->home[m.vm];

        search_state_move(x->s, m);
        if (m.from == home) {
                x->place[m.vm] = x->n_away;
                x->away[x->n_away++] = m.vm;
        } else if (m.to == home) {
                const VmIx last = x->away[--x->n_away];

                x->away[x->place[m.vm]] = last;
                x->place[last] = x->place[m.vm];
                x->place[m.vm] = IX_NONE;
        }
}

/* What m pays, or gets back. */
static Cost fee_of(const Spend *x, Move m) {
        const int step = leaves_home(x->s->e, m);
        __int128 fee = x->fee;

        if (step != 0 && x->mean_mib > 0)
                fee = fee * problem_need(x->s->e->problem, m.vm)[RES_MEMORY] / x->mean_mib;
        return step * (Cost) (fee < COST_LARGE << 16 ? fee : COST_LARGE << 16);
}

/* The largest cost that this draw accepts: −temperature × ln u. */
static Cost search_spend_draw(Spend *x) {
        const uint64_t u = (prng_next(&x->s->random) >> 40) + 1; /* of 2^24 */

        return (x->temperature * (((24 << FRACTION) - log2_fixed(u)) * LN2 >> FRACTION)) >> FRACTION;
}

/* Tiers before balance get no worse, and what makes them better is taken. */
static bool search_spend_accepts(Spend *x, const Costs *d, Cost fees) {
        for (int t = 0; t < TIER_BALANCE; t++)
                if (d->tier[t] != 0)
                        return d->tier[t] < 0;
        return d->tier[TIER_BALANCE] + fees <= 0 || d->tier[TIER_BALANCE] + fees <= search_spend_draw(x);
}

static void try_shift(Spend *x, Move m) {
        const Evaluator *e = x->s->e;
        Costs d;

        x->s->evaluations++;
        if (m.from == m.to || hot_refuse(e, m) != REASON_NONE)
                return;
        d = hot_delta(e, m);
        if (search_spend_accepts(x, &d, fee_of(x, m)))
                search_spend_make(x, m);
}

static void try_swap(Spend *x, VmIx v, VmIx w) {
        Evaluator *e = x->s->e;
        const HostIx a = e->x->host_of[v], b = e->x->host_of[w];
        const Move there = { v, a, b }, back = { w, b, a };
        Costs d;

        x->s->evaluations++;
        if (a == b || hot_swap_refuse(e, v, w) != REASON_NONE)
                return;
        d = hot_swap_delta(e, v, w);
        if (!search_spend_accepts(x, &d, fee_of(x, there) + fee_of(x, back)))
                return;
        search_spend_make(x, there);
        search_spend_make(x, back);
}

/* One of those away: elsewhere or home, or home in exchange for another that leaves. */
static void search_spend_try_away(Spend *x, Prng *g) {
        const Problem *p = x->s->e->problem;
        const VmIx v = x->away[prng_below(g, x->n_away)];
        const HostIx from = x->s->e->x->host_of[v];

        if (prng_below(g, 3) > 0)
                try_shift(x, (Move){ v, from, prng_below(g, p->n_hosts) });
        else
                try_shift(x, (Move){ v, from, p->home[v] });
}

static void try_one(Spend *x) {
        const Problem *p = x->s->e->problem;
        Prng *g = &x->s->random;
        const uint32_t what = prng_below(g, 8);
        const VmIx v = prng_below(g, p->n_vms);

        if (what == 0 && x->n_away > 0)
                search_spend_try_away(x, g);
        else if (what < 6)
                try_swap(x, v, prng_below(g, p->n_vms));
        else
                try_shift(x, (Move){ v, x->s->e->x->host_of[v], prng_below(g, p->n_hosts) });
}

/* What a random shift changes, the median, from 1 to COST_LARGE. */
static int search_spend_usual_change(Spend *x, Cost *ret) {
        const Evaluator *e = x->s->e;
        const Problem *p = e->problem;
        const ArenaMark mark = arena_mark(x->s->arena);
        Cost *found = arena_new(x->s->arena, Cost, SAMPLE);
        uint32_t n = 0;

        if (!found)
                return -ENOMEM;
        for (uint32_t i = 0; i < 4 * SAMPLE && n < SAMPLE; i++) {
                const VmIx v = prng_below(&x->s->random, p->n_vms);
                const Move m = { v, e->x->host_of[v], prng_below(&x->s->random, p->n_hosts) };
                Cost d;

                if (m.from == m.to || hot_refuse(e, m) != REASON_NONE)
                        continue;
                d = hot_delta(e, m).tier[TIER_BALANCE];
                found[n++] = d < 0 ? -d : d;
        }
        qsort(found, n, sizeof(*found), compare_int64);
        *ret = n > 0 && found[n / 2] > 0 ? found[n / 2] : 1;
        *ret = *ret < COST_LARGE ? *ret : COST_LARGE;
        arena_rewind(x->s->arena, mark);
        return 0;
}

static void search_spend_keep_best(Spend *x) {
        const Evaluator *e = x->s->e;

        if (!search_spend_within(x) || costs_compare(&e->cost, &x->best) >= 0)
                return;
        x->best = e->cost;
        memcpy(x->best_of, e->x->host_of, sizeof(HostIx) * e->problem->n_vms);
}

/* The temperature falls evenly in the logarithm; the fee follows the cap in small steps. */
static void search_spend_anneal(Spend *x, uint64_t tries, Cost usual) {
        const int64_t from = log2_fixed((uint64_t) usual) - WARM;

        const Cost dearest = usual << 10;

        x->fee = usual;
        for (uint64_t done = 0; done < tries && !search_state_stopped(x->s); done += STRIDE) {
                const int64_t now = from - (int64_t) ((uint64_t) (COLD - WARM) * done / tries);

                x->temperature = exp2_fixed(now > 0 ? now : 0);
                if (search_spend_within(x))
                        x->fee -= x->fee / FEE_STEP;
                else if (x->fee < dearest)
                        x->fee += x->fee / FEE_STEP + 1;
                for (int i = 0; i < STRIDE; i++)
                        try_one(x);
                search_spend_keep_best(x);
        }
}

static uint64_t tries_of(const Problem *p) {
        const uint64_t places = (uint64_t) p->n_vms * p->n_hosts * TRIES_PER_PLACE;

        return places < TRIES_LEAST ? TRIES_LEAST : places < TRIES_MOST ? places : TRIES_MOST;
}

int search_spend(SearchState *s, SearchBudget cap, HostIx *best_of) {
        const Problem *p = s->e->problem;
        Spend x = { .s = s, .cap = cap, .best_of = best_of, .best = s->e->cost };
        Cost usual;
        int r;

        x.away = arena_new(s->arena, VmIx, p->n_vms);
        x.place = arena_new(s->arena, uint32_t, p->n_vms);
        if (!x.away || !x.place)
                return -ENOMEM;
        memcpy(best_of, s->e->x->host_of, sizeof(HostIx) * p->n_vms);
        for (VmIx v = 0; v < p->n_vms; v++) {
                x.place[v] = s->e->x->host_of[v] == p->home[v] ? IX_NONE : x.n_away;
                if (x.place[v] != IX_NONE)
                        x.away[x.n_away++] = v;
        }
        for (VmIx v = 0; v < p->n_vms && cap.max_moves == UINT32_MAX; v++)
                x.mean_mib += p->n_res > RES_MEMORY ? problem_need(p, v)[RES_MEMORY] : 0;
        x.mean_mib = p->n_vms > 0 ? x.mean_mib / p->n_vms : 0;
        r = search_spend_usual_change(&x, &usual);
        if (r == 0)
                search_spend_anneal(&x, tries_of(p), usual);
        return r;
}
