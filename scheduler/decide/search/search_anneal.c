/* SPDX-License-Identifier: Apache-2.0 */
/* Simulated annealing over shifts and swaps on flat columns (Kirkpatrick, Gelatt, Vecchi 1983): a change that
 * costs is made with probability e^(−cost / temperature). Drawn the other way round: first the largest cost
 * that would be accepted, then the change, which is dropped as soon as it is seen to cost more.
 *
 * Where hosts are nearly full, most changes do not fit, and big VMs would never move. So for the larger part
 * of the budget a host may be overfilled, at a mild price, as if its capacity were one more load line. Then
 * the price rises steadily: what is overfull is squeezed out while the temperature still lets others make
 * room. Only what fits is ever kept as the best.
 *
 * A transient resource stays taken at home while a VM is away. A VM has one home and a hundred other hosts,
 * so chance alone would drive the small ones away and fill that room for nothing: being at home is worth the
 * temperature times log2 of the hosts it may go to, which outweighs their number and vanishes as it cools.
 *
 * All in integers: logarithms from a table made by squaring, temperatures by powers of two.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "scheduler/base/compare.h"
#include "scheduler/decide/search/search_anneal_parts.h"

#define SPENT_WHOLE 65536
#define COPY_EVERY  16 /* evaluations a VM between two looks whether this is the best */
#define SAMPLE      1001

#define PRICE      1  /* log2 of the price of overfilling until SQUEEZE_AT … */
#define RISE       10 /* … and its doublings until HARD_AT */
#define MELTS      6  /* log2 of tries a VM that let a search start at the usual change … */
#define MELTS_FREE 12 /* … where nothing is held at home: heat has no room to win back there */
#define HOTTEST    (INT64_C(3) << FRACTION) /* log2 of first temperature by usual change, at most */
#define COLDEST    (INT64_C(4) << FRACTION) /* … and of the usual change by it */
#define MILD       (INT64_C(7) << FRACTION) /* log2 of the first temperature by that at MILD_AT */
#define COOLED     (INT64_C(6) << FRACTION) /* log2 of that by the last one */

/* The schedule, in 65536ths of the budget. */
#define START_AFTER 655   /* spent on a plain descent: how many tries there will be is seen in it */
#define SQUEEZE_AT  20000 /* until here overfilling is cheap */
#define MILD_AT     57000 /* the search has found its valley: the rest goes quicker */
#define HARD_AT     61000 /* from here nothing is overfilled any more, unless something still is: then … */
#define DOUBLES     625 /* … the price doubles in each such part: four times, or sums could leave 64 bits … */
#define LAST_AT     63500 /* … until here */
static void draws_fill(int64_t *draws, Prng *random) {
        const int64_t whole = log2_fixed(UINT64_C(2) * DRAWS);

        /* ln 2 = 45426 / 65536 */
        for (uint32_t i = 0; i < DRAWS; i++) {
                const uint32_t at = prng_below(random, i + 1);

                draws[i] = draws[at];
                draws[at] = ((whole - log2_fixed(2 * (uint64_t) i + 1)) * 45426) >> FRACTION;
        }
        for (uint32_t i = DRAWS; i < DRAWS_ALL; i++)
                draws[i] = draws[i - DRAWS];
}
static uint32_t search_anneal_spent(const Anneal *anneal) {
        const SearchBudget *b = &anneal->s->budget;
        uint64_t part;

        if (b->spent)
                return b->spent(b->time.arg);
        if (b->evaluations < UINT64_C(1) << 40)
                part = anneal->s->evaluations * SPENT_WHOLE / b->evaluations;
        else
                part = anneal->s->evaluations / (b->evaluations / SPENT_WHOLE);
        return part < SPENT_WHOLE ? (uint32_t) part : SPENT_WHOLE;
}

static void search_anneal_keep_best(Anneal *anneal) {
        if (anneal->f.excess > 0 || anneal->f.cost >= anneal->best)
                return;
        anneal->best = anneal->f.cost;
        memcpy(anneal->best_of, anneal->f.host_of, sizeof(HostIx) * anneal->p->n_vms);
}

/* A long search starts hot, where everything is still moving; a short one must not melt what it has no time
 * to freeze again. What counts is the number of tries a VM gets. */
static void warm_choose(Anneal *anneal, int64_t now) {
        const int64_t usual = log2_fixed((uint64_t) anneal->usual);
        const uint64_t more =
                (uint64_t) (SPENT_WHOLE - now) / (uint64_t) (now > anneal->began ? now - anneal->began : 1) +
                1;
        const uint64_t tries_a_vm = anneal->s->evaluations * more / anneal->p->n_vms;
        const int64_t melts = (int64_t) (anneal->held ? MELTS : MELTS_FREE) << FRACTION;
        int64_t warm = usual + (log2_fixed(tries_a_vm + 1) - melts) / 2;

        warm = warm < usual - COLDEST ? usual - COLDEST : warm;
        warm = warm > usual + HOTTEST ? usual + HOTTEST : warm;
        anneal->warm = warm > 0 ? warm : 0;
        anneal->mild = anneal->warm > MILD ? anneal->warm - MILD : 0;
        anneal->cold = anneal->mild > COOLED ? anneal->mild - COOLED : 0;
        anneal->melted = true;
}

static int64_t search_anneal_between(int64_t from, int64_t to, int64_t now, int64_t begin, int64_t end) {
        if (now <= begin)
                return from;
        return now >= end ? to : from + (to - from) * (now - begin) / (end - begin);
}

/* Back to the best there is, which fits. */
static void search_anneal_retreat(Anneal *anneal) {
        for (VmIx v = 0; v < anneal->p->n_vms; v++)
                if (anneal->f.host_of[v] != anneal->best_of[v])
                        search_anneal_make(anneal, (Move){ v, anneal->f.host_of[v], anneal->best_of[v] });
        assert(anneal->f.excess == 0 && anneal->f.cost == anneal->best);
}

/* What a unit of excess costs. */
static int64_t price_at(int64_t now) {
        const int64_t over = now > HARD_AT ? ((now - HARD_AT) << FRACTION) / DOUBLES : 0;

        return exp2_fixed((PRICE << FRACTION) +
                          search_anneal_between(0, RISE << FRACTION, now, SQUEEZE_AT, HARD_AT) + over);
}

/* The temperature falls evenly in the logarithm, quicker at the end. */
static void search_anneal_cool(Anneal *anneal, int64_t now) {
        int64_t mild;

        if (!anneal->melted && now < anneal->began + START_AFTER)
                return;
        if (!anneal->melted)
                warm_choose(anneal, now);
        mild = search_anneal_between(anneal->warm, anneal->mild, now, START_AFTER, MILD_AT);
        anneal->temperature =
                exp2_fixed(search_anneal_between(mild, anneal->cold, now, MILD_AT, SPENT_WHOLE));
        anneal->price = now < HARD_AT || (now < LAST_AT && anneal->f.excess > 0) ? price_at(now) : 0;
        if (anneal->price == 0 && anneal->f.excess > 0)
                search_anneal_retreat(anneal);
}

/* What the sieve lets through may be up to 1/512 hotter: so it need not be told of each change. */
static void search_anneal_schedule(Anneal *anneal, int64_t now) {
        search_anneal_cool(anneal, now);
        if (anneal->temperature <= anneal->most_of &&
            anneal->temperature >= anneal->most_of - anneal->most_of / 512)
                return;
        anneal->most_of = anneal->temperature;
        anneal->sieves = true;
        for (uint32_t i = 0; i < DRAWS_ALL; i++) {
                const int64_t most = sieve_up(&anneal->sieve, search_anneal_draw(anneal, i) + 1);

                anneal->most[i] = (int32_t) (most < SIEVE_MOST ? most : SIEVE_MOST);
                anneal->sieves &= most < SIEVE_MOST;
        }
}

static void search_anneal_anneal(Anneal *anneal) {
        uint64_t copied = 0;
        uint32_t now;

        if (anneal->proposals.n_ranks == 0)
                return; /* nobody has a choice */
        anneal->began = search_anneal_spent(anneal);
        while ((now = search_anneal_spent(anneal)) < SPENT_WHOLE && !search_state_stopped(anneal->s)) {
                search_anneal_schedule(anneal, now);
                search_anneal_try(anneal);
                if (anneal->s->evaluations - copied < (uint64_t) anneal->p->n_vms * COPY_EVERY)
                        continue;
                copied = anneal->s->evaluations;
                search_anneal_keep_best(anneal);
        }
        search_anneal_keep_best(anneal);
}

/* The median of what random shifts change, whether they fit or not: the scale of the landscape. */
static Cost search_anneal_usual_change(Anneal *anneal) {
        Cost seen[SAMPLE];
        Flat *f = &anneal->f;

        for (int i = 0; i < SAMPLE; i++) {
                const VmIx v = prng_below(&anneal->s->random, anneal->p->n_vms);
                const HostIx from = f->host_of[v], to = prng_below(&anneal->s->random, anneal->p->n_hosts);
                const Cost d = row_cost(flat_over(f, to), flat_step(f, v), 1, f->width) - f->host_cost[to] +
                               row_cost(flat_over(f, from), flat_step(f, v), -1, f->width) -
                               f->host_cost[from];

                seen[i] = d < 0 ? -d : d;
        }
        qsort(seen, SAMPLE, sizeof(seen[0]), compare_int64);
        return seen[SAMPLE / 2] > 1 ? seen[SAMPLE / 2] : 1;
}

static bool holds_at_home(const Flat *f, VmIx v) {
        const Problem *p = f->e->problem;

        for (uint32_t r = 0; f->e->together && r < p->n_res; r++)
                if (p->transient[r] && problem_need(p, v)[r] > 0)
                        return true;
        return false;
}

static void homing_fill(Anneal *anneal) {
        const Proposals *k = &anneal->proposals;

        for (VmIx v = 0; v < anneal->p->n_vms; v++) {
                const uint32_t listed = k->list_start[v + 1] - k->list_start[v];

                if (!holds_at_home(&anneal->f, v))
                        continue;
                anneal->homing[v] = log2_fixed(listed > 0 ? listed : k->n_hosts);
                anneal->held = true;
        }
}

int search_anneal(SearchState *s, HostIx *host_of, Cost *ret_cost) {
        Anneal a = { .s = s, .p = s->e->problem, .best_of = host_of, .most_of = -1 };
        int r;

        r = flat_build(s->arena, s->e, &a.f);
        if (r == 0)
                r = proposals_build(s->arena, &a.f, &a.proposals);
        if (r == 0)
                r = seating_build(s->arena, &a.proposals, a.f.host_of, &a.seating);
        if (r == 0)
                r = sieve_build(s->arena, &a.f, &a.sieve);
        if (r < 0)
                return r;
        a.draws = arena_new(s->arena, int64_t, DRAWS_ALL);
        a.most = arena_new(s->arena, int32_t, DRAWS_ALL);
        a.homing = arena_new(s->arena, Cost, a.p->n_vms);
        a.placed = arena_new(s->arena, Cost, a.p->n_vms);
        if (!a.draws || !a.most || !a.homing || !a.placed)
                return -ENOMEM;
        for (VmIx v = 0; v < a.p->n_vms; v++)
                a.placed[v] = flat_place(&a.f, v, a.f.host_of[v]);
        draws_fill(a.draws, &s->random);
        homing_fill(&a);
        a.best = a.f.cost;
        memcpy(a.best_of, a.f.host_of, sizeof(HostIx) * a.p->n_vms);
        a.usual = search_anneal_usual_change(&a);
        search_anneal_anneal(&a);
        *ret_cost = a.best;
        return 0;
}
