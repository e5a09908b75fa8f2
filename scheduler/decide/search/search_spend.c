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

static bool search_spend_within(const Spend *spend) {
        return spend->s->e->n_away <= spend->cap.max_moves && spend->s->e->mib_away <= spend->cap.max_mib;
}

static void search_spend_make(Spend *spend, Move m) {
        const HostIx home = spend->s->e->problem->home[m.vm];

        search_state_move(spend->s, m);
        if (m.from == home) {
                spend->place[m.vm] = spend->n_away;
                spend->away[spend->n_away++] = m.vm;
        } else if (m.to == home) {
                const VmIx last = spend->away[--spend->n_away];

                spend->away[spend->place[m.vm]] = last;
                spend->place[last] = spend->place[m.vm];
                spend->place[m.vm] = IX_NONE;
        }
}

/* What m pays, or gets back. */
static Cost fee_of(const Spend *spend, Move m) {
        const int step = leaves_home(spend->s->e, m);
        __int128 fee = spend->fee;

        if (step != 0 && spend->mean_mib > 0)
                fee = fee * problem_mib(spend->s->e->problem, m.vm) / spend->mean_mib;
        return step * (Cost) (fee < COST_LARGE << 16 ? fee : COST_LARGE << 16);
}

/* The largest cost that this draw accepts: −temperature × ln u. */
static Cost search_spend_draw(Spend *spend) {
        const uint64_t u = (prng_next(&spend->s->random) >> 40) + 1; /* of 2^24 */

        return (spend->temperature * (((24 << FRACTION) - log2_fixed(u)) * LN2 >> FRACTION)) >> FRACTION;
}

/* Tiers before balance get no worse, and what makes them better is taken. */
static bool search_spend_accepts(Spend *spend, const Costs *d, Cost fees) {
        for (int t = 0; t < TIER_BALANCE; t++)
                if (d->tier[t] != 0)
                        return d->tier[t] < 0;
        return d->tier[TIER_BALANCE] + fees <= 0 || d->tier[TIER_BALANCE] + fees <= search_spend_draw(spend);
}

static void try_shift(Spend *spend, Move m) {
        const Evaluator *e = spend->s->e;
        Costs d;

        spend->s->evaluations++;
        if (m.from == m.to || hot_refuse(e, m) != REASON_NONE)
                return;
        d = hot_delta(e, m);
        if (search_spend_accepts(spend, &d, fee_of(spend, m)))
                search_spend_make(spend, m);
}

static void try_swap(Spend *spend, VmIx v, VmIx w) {
        Evaluator *e = spend->s->e;
        const HostIx a = e->x->host_of[v], b = e->x->host_of[w];
        const Move there = { v, a, b }, back = { w, b, a };
        Costs d;

        spend->s->evaluations++;
        if (a == b || hot_swap_refuse(e, v, w) != REASON_NONE)
                return;
        d = hot_swap_delta(e, v, w);
        if (!search_spend_accepts(spend, &d, fee_of(spend, there) + fee_of(spend, back)))
                return;
        search_spend_make(spend, there);
        search_spend_make(spend, back);
}

/* One of those away: elsewhere or home, or home in exchange for another that leaves. */
static void search_spend_try_away(Spend *spend, Prng *g) {
        const Problem *p = spend->s->e->problem;
        const VmIx v = spend->away[prng_below(g, spend->n_away)];
        const HostIx from = spend->s->e->x->host_of[v];

        if (prng_below(g, 3) > 0)
                try_shift(spend, (Move){ v, from, prng_below(g, p->n_hosts) });
        else
                try_shift(spend, (Move){ v, from, p->home[v] });
}

static void try_one(Spend *spend) {
        const Problem *p = spend->s->e->problem;
        Prng *g = &spend->s->random;
        const uint32_t what = prng_below(g, 8);
        const VmIx v = prng_below(g, p->n_vms);

        if (what == 0 && spend->n_away > 0)
                search_spend_try_away(spend, g);
        else if (what < 6)
                try_swap(spend, v, prng_below(g, p->n_vms));
        else
                try_shift(spend, (Move){ v, spend->s->e->x->host_of[v], prng_below(g, p->n_hosts) });
}

/* What a random shift changes, the median, from 1 to COST_LARGE. */
static int search_spend_usual_change(Spend *spend, Cost *ret) {
        const Evaluator *e = spend->s->e;
        const Problem *p = e->problem;
        const ArenaMark mark = arena_mark(spend->s->arena);
        Cost *found = arena_new(spend->s->arena, Cost, SAMPLE);
        uint32_t n = 0;

        if (!found)
                return -ENOMEM;
        for (uint32_t i = 0; i < 4 * SAMPLE && n < SAMPLE; i++) {
                const VmIx v = prng_below(&spend->s->random, p->n_vms);
                const Move m = { v, e->x->host_of[v], prng_below(&spend->s->random, p->n_hosts) };
                Cost d;

                if (m.from == m.to || hot_refuse(e, m) != REASON_NONE)
                        continue;
                d = hot_delta(e, m).tier[TIER_BALANCE];
                found[n++] = d < 0 ? -d : d;
        }
        qsort(found, n, sizeof(*found), compare_int64);
        *ret = n > 0 && found[n / 2] > 0 ? found[n / 2] : 1;
        *ret = *ret < COST_LARGE ? *ret : COST_LARGE;
        arena_rewind(spend->s->arena, mark);
        return 0;
}

static void search_spend_keep_best(Spend *spend) {
        const Evaluator *e = spend->s->e;

        if (!search_spend_within(spend) || costs_compare(&e->cost, &spend->best) >= 0)
                return;
        spend->best = e->cost;
        memcpy(spend->best_of, e->x->host_of, sizeof(HostIx) * e->problem->n_vms);
}

/* The temperature falls evenly in the logarithm; the fee follows the cap in small steps. */
static void search_spend_anneal(Spend *spend, uint64_t tries, Cost usual) {
        const int64_t from = log2_fixed((uint64_t) usual) - WARM;

        const Cost dearest = usual << 10;

        spend->fee = usual;
        for (uint64_t done = 0; done < tries && !search_state_stopped(spend->s); done += STRIDE) {
                const int64_t now = from - (int64_t) ((uint64_t) (COLD - WARM) * done / tries);

                spend->temperature = exp2_fixed(now > 0 ? now : 0);
                if (search_spend_within(spend))
                        spend->fee -= spend->fee / FEE_STEP;
                else if (spend->fee < dearest)
                        spend->fee += spend->fee / FEE_STEP + 1;
                for (int i = 0; i < STRIDE; i++)
                        try_one(spend);
                search_spend_keep_best(spend);
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
                x.mean_mib += p->n_res > RES_MEMORY ? problem_mib(p, v) : 0;
        x.mean_mib = p->n_vms > 0 ? x.mean_mib / p->n_vms : 0;
        r = search_spend_usual_change(&x, &usual);
        if (r == 0)
                search_spend_anneal(&x, tries_of(p), usual);
        return r;
}
