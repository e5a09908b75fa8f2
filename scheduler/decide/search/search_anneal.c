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
#include "scheduler/decide/cost/fixed_log.h"
#include "scheduler/decide/search/flat_hot.h"
#include "scheduler/decide/search/search_state.h"
#include "scheduler/decide/search/seating.h"
#include "scheduler/decide/search/sieve_hot.h"

#define DRAWS_DIGITS  12
#define DRAWS         (1 << DRAWS_DIGITS)           /* accepted costs, as multiples of the temperature */
#define DRAWS_ALL     (DRAWS + HOSTS + SIEVE_LANES) /* from any one on there are enough for all hosts */
#define STRIDE        2048                          /* tries between two looks at budget and guard */
#define SPENT_WHOLE   65536
#define COPY_EVERY    16 /* evaluations a VM between two looks whether this is the best */
#define SAMPLE        1001
#define HOSTS         128                /* a VM that was drawn is tried on so many hosts at most … */
#define SWAPS         12                 /* … and with so many others */
#define HOSTS_SWAPPED 3                  /* … or those of so many hosts … */
#define SEATS         16                 /* … so many of each */
#define NO_PRICE      (INT64_C(1) << 32) /* above what any change may cost, as the sieve counts */
#define SIEVE_PAYS    4                  /* … a sieve is that many times as quick */

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

#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) && !defined(__SANITIZE_ADDRESS__)
#define WIDE __attribute__((target_clones("avx2", "default")))
#else
#define WIDE
#endif

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

static bool search_anneal_denied(const Problem *p, Move m) {
        if ((p->pinned && p->pinned[m.vm] != REASON_NONE) || p->roles[m.from].no_exit)
                return true;
        return (m.to == p->home[m.vm] ? problem_class_denies(p, m.vm, m.to)
                                      : problem_denied(p, m.vm, m.to)) != REASON_NONE;
}

/* Rules and services: the rest of a change's cost. False: refused. */
static bool search_anneal_rest(const Anneal *anneal, Move m, Cost *delta) {
        const Evaluator *e = anneal->f.e;
        Costs d = { 0 };

        if (e->terms->n_alloweds > 0 && search_anneal_denied(anneal->p, m))
                return false;
        most_change(e, m, &d);
        if (rule_counts_touch(&e->rules, m.vm) &&
            rule_counts_try(&e->rules, m.vm, m.from, m.to, &d) != REASON_NONE)
                return false;
        *delta += d.tier[TIER_BALANCE];
        return true;
}

/* The largest cost accepted, of draw i. */
inlined Cost search_anneal_draw(const Anneal *anneal, uint64_t i) {
        return (anneal->temperature * anneal->draws[i]) >> FRACTION;
}

/* What draws v to h beyond its price. */
inlined Cost search_anneal_pulls(const Anneal *anneal, VmIx v, HostIx h) {
        return h == anneal->p->home[v] ? (anneal->temperature * anneal->homing[v]) >> FRACTION : 0;
}

/* What leaving its host changes for v: the price of where it goes not counted. */
inlined Cost search_anneal_leave(const Anneal *anneal, VmIx v, HostIx from, uint32_t width) {
        const Flat *f = &anneal->f;
        Cost d = row_cost(flat_over(f, from), flat_step(f, v), -1, width) - f->host_cost[from];

        if (anneal->price > 0)
                d += anneal->price * (row_excess(f, from, v, -1, width) - f->host_excess[from]);
        return d - anneal->placed[v] + search_anneal_pulls(anneal, v, from);
}

/* Where v goes, as far as is known, and how much more than it costs its draw would have accepted. */
typedef struct Choice {
        HostIx to;
        Cost delta, margin;
} Choice;

static void search_anneal_make(Anneal *anneal, Move m) {
        flat_move(&anneal->f, m);
        anneal->placed[m.vm] = flat_place(&anneal->f, m.vm, m.to);
        if (anneal->seating.on)
                seating_move(&anneal->seating, m);
        sieve_refresh(&anneal->sieve, m.from);
        sieve_refresh(&anneal->sieve, m.to);
}

/* Is `to` better for v than what is chosen? left: what leaving changes. */
inlined void try_host(const Anneal *anneal, VmIx v, HostIx to, Cost left, Cost accepted, uint32_t width,
                      Choice *best) {
        const Flat *f = &anneal->f;
        const Cost most = accepted - best->margin - 1;
        Cost delta = left - search_anneal_pulls(anneal, v, to);

        if (delta - f->host_cost[to] > most) /* what it may gain there at most */
                return;
        if (anneal->price > 0)
                delta += anneal->price * (row_excess(f, to, v, 1, width) - f->host_excess[to]);
        else if (!row_fits(f, to, v, width))
                return;
        if (delta - f->host_cost[to] > most)
                return;
        delta += row_cost(flat_over(f, to), flat_step(f, v), 1, width) - f->host_cost[to];
        if (delta > most)
                return;
        delta += flat_place(f, v, to);
        if (delta <= most)
                *best = (Choice){ to, delta, accepted - delta };
}

/* Few may take it: one after the other. */
inlined uint32_t try_listed(const Anneal *anneal, VmIx v, Cost left, uint32_t at, uint32_t width,
                            Choice *best) {
        const Proposals *k = &anneal->proposals;
        const uint32_t listed = k->list_start[v + 1] - k->list_start[v], n = listed < HOSTS ? listed : HOSTS;
        const uint32_t first = listed > n ? prng_below(&anneal->s->random, listed - n + 1) : 0;
        const HostIx *hosts = k->list + k->list_start[v] + first, from = anneal->f.host_of[v];

        for (uint32_t i = 0; i < n; i++)
                if (hosts[i] != from)
                        try_host(anneal, v, hosts[i], left, search_anneal_draw(anneal, at + i), width, best);
        return n;
}

/* The others are sieved first. */
inlined uint32_t try_sieved(const Anneal *anneal, VmIx v, Cost left, uint32_t at, uint32_t width,
                            Choice *best) {
        const Sieve *s = &anneal->sieve;
        const uint32_t n = s->n_blocks < HOSTS / SIEVE_LANES ? s->n_blocks : HOSTS / SIEVE_LANES;
        const uint32_t listed = anneal->proposals.list_start[v + 1] - anneal->proposals.list_start[v];
        const uint32_t all = listed > 0 ? listed : anneal->p->n_hosts;
        const uint32_t first = s->n_blocks > n ? prng_below(&anneal->s->random, s->n_blocks - n + 1) : 0;
        const HostIx from = anneal->f.host_of[v], home = anneal->p->home[v];
        const int64_t allowed = sieve_up(s, -left);
        const bool sieves = anneal->sieves && allowed < SIEVE_MOST;
        const int32_t base = (int32_t) (allowed > -SIEVE_MOST ? allowed : -SIEVE_MOST);
        const int32_t price = (int32_t) (anneal->price < SIEVE_MOST ? anneal->price : SIEVE_MOST);
        const int32_t limit = price > 0 ? SIEVE_MOST / price : 0;

        for (uint32_t i = 0; i < n; i++) {
                const HostIx start = (first + i) * SIEVE_LANES;
                const uint32_t draws = at + i * SIEVE_LANES;
                uint32_t bits =
                        sieves ? sieve_block(s, first + i, v, anneal->most + draws, base, price, limit)
                               : ~UINT32_C(0);

                bits |= home - start < SIEVE_LANES ? UINT32_C(1) << (home - start) : 0;
                bits &= proposals_possible_from(&anneal->proposals, v, start);
                bits &= from - start < SIEVE_LANES ? ~(UINT32_C(1) << (from - start)) : ~UINT32_C(0);
                for (; bits != 0; bits &= bits - 1) {
                        const uint32_t lane = (uint32_t) __builtin_ctz(bits);

                        try_host(anneal, v, start + lane, left, search_anneal_draw(anneal, draws + lane),
                                 width, best);
                }
        }
        return n * SIEVE_LANES < all ? n * SIEVE_LANES : all;
}

/* v to the host where it is best of all, each with a draw of its own: where many may take it, the choice is
 * as in a Gibbs sampler. Up to HOSTS. */
inlined uint32_t try_hosts(Anneal *anneal, VmIx v, uint32_t width) {
        const HostIx from = anneal->f.host_of[v];
        const Proposals *k = &anneal->proposals;
        const uint32_t listed = k->list_start[v + 1] - k->list_start[v];
        const Cost left = search_anneal_leave(anneal, v, from, width);
        const uint32_t at = (uint32_t) (prng_next(&anneal->s->random) >> (64 - DRAWS_DIGITS));
        Choice best = { .to = from, .margin = -1 };
        uint32_t n;

        n = listed > 0 && listed * SIEVE_PAYS < k->n_hosts ? try_listed(anneal, v, left, at, width, &best)
                                                           : try_sieved(anneal, v, left, at, width, &best);
        if (best.to != from && search_anneal_rest(anneal, (Move){ v, from, best.to }, &best.delta))
                search_anneal_make(anneal, (Move){ v, from, best.to });
        return n;
}

/* The first half is made for the second to be judged with it. */
static void swap_finish(Anneal *anneal, VmIx v, VmIx w, Cost delta, Cost most) {
        Flat *f = &anneal->f;
        Evaluator *e = f->e;
        const Move there = { v, f->host_of[v], f->host_of[w] }, back = { w, there.to, there.from };
        const bool touch = rule_counts_touch(&e->rules, v) && rule_counts_touch(&e->rules, w);
        bool ok;

        if (!search_anneal_rest(anneal, there, &delta))
                return;
        most_move(e, there);
        if (touch)
                rule_counts_move(&e->rules, v, there.from, there.to);
        ok = search_anneal_rest(anneal, back, &delta) && delta <= most;
        most_move(e, (Move){ v, there.to, there.from });
        if (touch)
                rule_counts_move(&e->rules, v, there.to, there.from);
        if (!ok)
                return;
        search_anneal_make(anneal, there);
        search_anneal_make(anneal, back);
}

/* With whom v changes places, as far as is known, and how much more than it costs its draw would have
 * accepted. */
typedef struct Exchange {
        VmIx with;
        Cost delta, margin;
} Exchange;

/* The exact cost, after the sieve. */
static void swap_judge(const Anneal *anneal, VmIx v, VmIx w, Cost delta, Cost accepted, Exchange *best) {
        const Flat *f = &anneal->f;
        const uint32_t width = f->width;
        const HostIx from = f->host_of[v], to = f->host_of[w];
        const int64_t *step_v = flat_step(f, v), *step_w = flat_step(f, w);

        if (anneal->price == 0 &&
            (!row_fits_swap(f, to, v, w, width) || !row_fits_swap(f, from, w, v, width)))
                return;
        delta += row_cost_swap(flat_over(f, to), step_v, step_w, width) - f->host_cost[to];
        delta += row_cost_swap(flat_over(f, from), step_w, step_v, width) - f->host_cost[from];
        if (anneal->price > 0) {
                delta += anneal->price * (row_excess_swap(f, to, v, w, width) - f->host_excess[to]);
                delta += anneal->price * (row_excess_swap(f, from, w, v, width) - f->host_excess[from]);
        }
        if (accepted - delta <= best->margin)
                return;
        delta += flat_place(f, w, from);
        if (accepted - delta > best->margin)
                *best = (Exchange){ w, delta, accepted - delta };
}

/* A VM that seeks another to change places with, and its host without it; host IX_NONE: not looked at yet. */
typedef struct Seeker {
        VmIx vm;
        SwapSide left;
} Seeker;

/* It changes places with one of up to SEATS VMs of another host, the one that is best of all, each with a
 * draw of its own. How many were possible. */
inlined uint32_t try_swaps(Anneal *anneal, Seeker *seeker, HostIx to, const VmIx *seats, uint32_t n_seats,
                           uint64_t at, uint32_t width) {
        const Flat *f = &anneal->f;
        const VmIx v = seeker->vm;
        const HostIx from = f->host_of[v];
        const Cost here = search_anneal_pulls(anneal, v, from) - anneal->placed[v] -
                          search_anneal_pulls(anneal, v, to) + flat_place(f, v, to);
        const int64_t price = anneal->price > 0 ? anneal->price : NO_PRICE;
        Exchange best = { .with = v, .margin = -1 };
        VmIx with[SEATS] = { 0 };
        Cost delta[SEATS];
        SwapSide come;
        uint32_t n = 0, bits = 0;

        for (uint32_t i = 0; i < n_seats; i++) {
                with[n] = seats[i];
                n += proposals_possible(&anneal->proposals, seats[i], from);
        }
        if (n == 0)
                return 0;
        if (seeker->left.host != from)
                swap_side_left(&anneal->sieve, v, from, width, &seeker->left);
        swap_side_come(&anneal->sieve, v, to, width, &come);
        for (uint32_t i = 0; i < n; i++) {
                const VmIx w = with[i];

                delta[i] = here + search_anneal_pulls(anneal, w, to) - search_anneal_pulls(anneal, w, from) -
                           anneal->placed[w];
                bits |= sieve_swap(&anneal->sieve, &seeker->left, &come, w, price, width) <=
                                        sieve_up(&anneal->sieve,
                                                 search_anneal_draw(anneal, at + i) - delta[i])
                                ? UINT32_C(1) << i
                                : 0;
        }
        for (; bits != 0; bits &= bits - 1) {
                const uint32_t i = (uint32_t) __builtin_ctz(bits);

                swap_judge(anneal, v, with[i], delta[i], search_anneal_draw(anneal, at + i), &best);
        }
        if (best.with != v)
                swap_finish(anneal, v, best.with, best.delta, best.delta + best.margin);
        return n;
}

/* Those of hosts that v may go to. */
inlined uint32_t swaps_seated(Anneal *anneal, VmIx v, uint32_t listed, uint32_t width) {
        const Proposals *k = &anneal->proposals;
        const Seating *s = &anneal->seating;
        Seeker seeker = { .vm = v, .left = { .host = IX_NONE } };
        uint32_t tried = HOSTS_SWAPPED;

        for (int i = 0; i < HOSTS_SWAPPED; i++) {
                const uint64_t bits = prng_next(&anneal->s->random);
                const HostIx to = k->list[k->list_start[v] + ((bits >> 48) * listed >> 16)];
                const uint32_t n = s->n_on[to] < SEATS ? s->n_on[to] : SEATS;
                const uint64_t first = (bits >> 16 & 0xffffffff) * (s->n_on[to] - n + 1) >> 32;

                if (to != anneal->f.host_of[v])
                        tried += try_swaps(anneal, &seeker, to, s->on + (size_t) to * s->n_vms + first, n,
                                           bits % DRAWS, width);
        }
        return tried;
}

/* Those of its size, wherever they are. */
inlined uint32_t swaps_alike(Anneal *anneal, VmIx v, uint32_t width) {
        Seeker seeker = { .vm = v, .left = { .host = IX_NONE } };

        for (int i = 0; i < SWAPS; i++) {
                const uint64_t bits = prng_next(&anneal->s->random);
                const VmIx w = proposals_like(&anneal->proposals, v, bits);
                const HostIx to = anneal->f.host_of[w];

                if (to != anneal->f.host_of[v] && proposals_possible(&anneal->proposals, v, to))
                        try_swaps(anneal, &seeker, to, &w, 1, bits % DRAWS, width);
        }
        return SWAPS;
}

inlined void search_anneal_tries(Anneal *anneal, uint32_t width) {
        const Proposals *k = &anneal->proposals;
        uint32_t n = 0;

        while (n < STRIDE) {
                const VmIx v = proposals_vm(k, prng_next(&anneal->s->random));
                const uint32_t listed = k->list_start[v + 1] - k->list_start[v];

                n += try_hosts(anneal, v, width);
                n += listed > 0 && anneal->seating.on ? swaps_seated(anneal, v, listed, width)
                                                      : swaps_alike(anneal, v, width);
        }
        anneal->s->evaluations += n;
}

/* The loops over a row have constant lengths here, and the widest registers the machine has: integers, so
 * that the result is the same with any. */
WIDE static void tries_of_width(Anneal *anneal) {
        switch (anneal->f.width) {
        case 4:
                search_anneal_tries(anneal, 4);
                break;
        case 8:
                search_anneal_tries(anneal, 8);
                break;
        case 12:
                search_anneal_tries(anneal, 12);
                break;
        case 16:
                search_anneal_tries(anneal, 16);
                break;
        default:
                search_anneal_tries(anneal, anneal->f.width);
                break;
        }
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
                tries_of_width(anneal);
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
