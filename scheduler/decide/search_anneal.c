/* Simulated annealing over shifts and swaps on flat columns (Kirkpatrick, Gelatt, Vecchi 1983): a change that
 * costs is made with probability e^(−cost / temperature). Drawn the other way round: first the largest cost
 * that would be accepted, then the change, which is dropped as soon as it is seen to cost more.
 *
 * Where hosts are nearly full, most changes do not fit, and big VMs would never move. So until the last part
 * of the budget a host may be overfilled, at a price that rises from a little to more than any gain: what is
 * overfull is squeezed out while the temperature still lets others make room. Only what fits is ever kept as
 * the best.
 *
 * All in integers: logarithms from a table made by squaring, temperatures by powers of two.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "scheduler/decide/evaluator_hot.h"
#include "scheduler/decide/flat.h"
#include "scheduler/decide/search_state.h"

#define DRAWS       4096 /* accepted costs, as multiples of the temperature */
#define STRIDE      2048 /* tries between two looks at budget and guard */
#define FRACTION    16   /* binary digits of fixed-point fractions */
#define SPENT_WHOLE 65536
#define COPY_EVERY  16 /* evaluations a VM between two looks whether this is the best */
#define SAMPLE      1001
#define TARGETS     6 /* hosts tried for a VM that was drawn: what it gains by leaving is the same for all */

#define PRICE_FIRST 4
#define PRICE_MOST  (INT64_C(20) << FRACTION) /* log2 */
#define RISE        12                        /* doublings of the price, were it to rise all the time */
#define MELTS       13 /* log2 of tries a VM that let a search start at the usual change */
#define HOTTEST     4  /* log2 of first temperature by usual change, at most */
#define COLDEST     9  /* … and of the usual change by it */
#define MILD        7  /* log2 of the first temperature by that at MILD_AT */
#define COOLED      6  /* log2 of that by the last one */

/* The schedule, in 65536ths of the budget. */
#define START_AT 655   /* from here the temperature is above 0 */
#define MILD_AT  57000 /* the search has found its valley: the rest goes quicker */
#define HARD_AT  61000 /* from here nothing is overfilled any more */

#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) && !defined(__SANITIZE_ADDRESS__)
#define WIDE __attribute__((target_clones("avx2", "default")))
#else
#define WIDE
#endif

typedef struct Anneal {
        SearchState *s;
        Flat f;
        const Problem *p;
        int64_t *draws;             /* [DRAWS] −ln((i + ½) / DRAWS) in 16 binary digits */
        int64_t temperature, price; /* price: of a unit of excess; 0: there may be none */
        int64_t warm, mild,
                cold;       /* log2 of the first temperature, that at MILD_AT, and the last; 0: not chosen */
        int64_t dear, then; /* log2 of the price, and when it was set */
        Cost usual;         /* what a random shift changes, the median */
        HostIx *best_of;
        Cost best;
} Anneal;

/* log2(x) with 16 binary digits, x ≥ 1: each squaring of the mantissa gives a digit. */
static int64_t log2_fixed(uint64_t x) {
        const int whole = 63 - __builtin_clzll(x);
        uint64_t m = whole > 31 ? x >> (whole - 31) : x << (31 - whole); /* 1.0 … 2.0 as 2^31 … 2^32 */
        int64_t y = whole;

        for (int i = 0; i < FRACTION; i++) {
                m = (m * m) >> 31;
                y = 2 * y + (m >> 32 ? 1 : 0);
                m >>= m >> 32 ? 1 : 0;
        }
        return y;
}

/* 2^(y / 65536), y ≥ 0: the product of 2^(1/2), 2^(1/4) … for each digit set. */
static int64_t exp2_fixed(int64_t y) {
        static const uint64_t roots[FRACTION] = {
                0xb504f333, 0x9837f051, 0x8b95c1e3, 0x85aac367, 0x82cd8698, 0x8164d1f3,
                0x80b1ed4f, 0x8058d7d2, 0x802c6436, 0x8016302f, 0x800b179c, 0x80058baf,
                0x8002c5d0, 0x800162e6, 0x8000b172, 0x800058b9,
        }; /* 2^(2^−i) as 1.0 = 2^31 */
        const int64_t whole = y >> FRACTION;
        uint64_t m = UINT64_C(1) << 31;

        for (int i = 0; i < FRACTION; i++)
                if (y >> (FRACTION - 1 - i) & 1)
                        m = (m * roots[i]) >> 31;
        return (int64_t) (whole >= 31 ? m << (whole - 31) : m >> (31 - whole));
}

static void draws_fill(int64_t *draws) {
        const int64_t whole = log2_fixed(UINT64_C(2) * DRAWS);

        /* ln 2 = 45426 / 65536 */
        for (uint64_t i = 0; i < DRAWS; i++)
                draws[i] = ((whole - log2_fixed(2 * i + 1)) * 45426) >> FRACTION;
}

static Cost positive(Cost x) {
        return x > 0 ? x : 0;
}

/* Σ max(0, over + sign × step). */
inlined Cost row_cost(const int64_t *over, const int64_t *step, int64_t sign, uint32_t width) {
        Cost sum = 0;

        for (uint32_t k = 0; k < width; k++)
                sum += positive(over[k] + sign * step[k]);
        return sum;
}

inlined Cost row_cost_swap(const int64_t *over, const int64_t *in, const int64_t *out, uint32_t width) {
        Cost sum = 0;

        for (uint32_t k = 0; k < width; k++)
                sum += positive(over[k] + in[k] - out[k]);
        return sum;
}

/* A transient resource is still held for a VM that comes home, and goes on being held when it leaves: then
 * its columns are masked. */
inlined const int64_t *mask(const Flat *f, HostIx h, VmIx v) {
        return f->e->problem->home[v] == h ? f->at_home : f->elsewhere;
}

inlined bool fits(const Flat *f, HostIx h, VmIx in, uint32_t width) {
        const int64_t *room = flat_room(f, h), *need = flat_need(f, in), *keep = mask(f, h, in);
        int64_t low = 0;

        for (uint32_t k = 0; k < width; k++)
                low |= room[k] - (need[k] & keep[k]);
        return low >= 0;
}

inlined bool fits_swap(const Flat *f, HostIx h, VmIx in, VmIx out, uint32_t width) {
        const int64_t *room = flat_room(f, h), *need = flat_need(f, in), *gone = flat_need(f, out);
        const int64_t *keep = mask(f, h, in), *keep_out = mask(f, h, out);
        int64_t low = 0;

        for (uint32_t k = 0; k < width; k++)
                low |= room[k] + (gone[k] & keep_out[k]) - (need[k] & keep[k]);
        return low >= 0;
}

/* A little over costs something too: else a hair over a host is never worth mending. */
inlined Cost over_room(int64_t over, int64_t hair) {
        return over > 0 ? over + hair : 0;
}

inlined Cost excess(const Flat *f, HostIx h, VmIx in, int64_t sign, uint32_t width) {
        const int64_t *room = flat_room(f, h), *need = flat_need(f, in), *keep = mask(f, h, in);
        Cost sum = 0;

        for (uint32_t k = 0; k < width; k++)
                sum += over_room(sign * (need[k] & keep[k]) - room[k], f->hair);
        return sum;
}

inlined Cost excess_swap(const Flat *f, HostIx h, VmIx in, VmIx out, uint32_t width) {
        const int64_t *room = flat_room(f, h), *need = flat_need(f, in), *gone = flat_need(f, out);
        const int64_t *keep = mask(f, h, in), *keep_out = mask(f, h, out);
        Cost sum = 0;

        for (uint32_t k = 0; k < width; k++)
                sum += over_room((need[k] & keep[k]) - (gone[k] & keep_out[k]) - room[k], f->hair);
        return sum;
}

static bool denied(const Problem *p, Move m) {
        if ((p->pinned && p->pinned[m.vm] != REASON_NONE) || p->roles[m.from].no_exit)
                return true;
        return (m.to == p->home[m.vm] ? problem_class_denies(p, m.vm, m.to)
                                      : problem_denied(p, m.vm, m.to)) != REASON_NONE;
}

/* Rules and services: the rest of a change's cost. False: refused. */
static bool rest(const Anneal *a, Move m, Cost *delta) {
        const Evaluator *e = a->f.e;
        Costs d = { 0 };

        if (e->terms->n_alloweds > 0 && denied(a->p, m))
                return false;
        most_change(e, m, &d);
        if (rule_counts_touch(&e->rules, m.vm) &&
            rule_counts_try(&e->rules, m.vm, m.from, m.to, &d) != REASON_NONE)
                return false;
        *delta += d.tier[TIER_BALANCE];
        return true;
}

/* What leaving its host changes for v: prices not counted. */
inlined Cost leave(const Anneal *a, VmIx v, HostIx from, uint32_t width) {
        const Flat *f = &a->f;
        Cost d = row_cost(flat_over(f, from), flat_step(f, v), -1, width) - f->host_cost[from];

        if (a->price > 0)
                d += a->price * (excess(f, from, v, -1, width) - f->host_excess[from]);
        return d - flat_place(f, v, from);
}

inlined bool try_shift(Anneal *a, VmIx v, HostIx to, Cost left, Cost most, uint32_t width) {
        Flat *f = &a->f;
        const HostIx from = f->host_of[v];
        Cost delta = left;

        if (to == from)
                return false;
        if (a->price > 0) {
                delta += a->price * (excess(f, to, v, 1, width) - f->host_excess[to]);
                if (delta - f->host_cost[to] > most) /* what it may gain there at most */
                        return false;
        } else if (!fits(f, to, v, width))
                return false;
        delta += row_cost(flat_over(f, to), flat_step(f, v), 1, width) - f->host_cost[to];
        if (delta > most)
                return false;
        delta += flat_place(f, v, to);
        if (delta > most || !rest(a, (Move){ v, from, to }, &delta) || delta > most)
                return false;
        flat_move(f, (Move){ v, from, to });
        return true;
}

/* The first half is made for the second to be judged with it. */
static void swap_finish(Anneal *a, VmIx v, VmIx w, Cost delta, Cost most) {
        Flat *f = &a->f;
        Evaluator *e = f->e;
        const Move there = { v, f->host_of[v], f->host_of[w] }, back = { w, there.to, there.from };
        const bool touch = rule_counts_touch(&e->rules, v) && rule_counts_touch(&e->rules, w);
        bool ok;

        if (!rest(a, there, &delta))
                return;
        most_move(e, there);
        if (touch)
                rule_counts_move(&e->rules, v, there.from, there.to);
        ok = rest(a, back, &delta) && delta <= most;
        most_move(e, (Move){ v, there.to, there.from });
        if (touch)
                rule_counts_move(&e->rules, v, there.to, there.from);
        if (!ok)
                return;
        flat_move(f, there);
        flat_move(f, back);
}

inlined void try_swap(Anneal *a, VmIx v, VmIx w, Cost most, uint32_t width) {
        Flat *f = &a->f;
        const HostIx from = f->host_of[v], to = f->host_of[w];
        const int64_t *step_v = flat_step(f, v), *step_w = flat_step(f, w);
        Cost delta;

        if (from == to)
                return;
        if (a->price == 0 && (!fits_swap(f, to, v, w, width) || !fits_swap(f, from, w, v, width)))
                return;
        delta = row_cost_swap(flat_over(f, to), step_v, step_w, width) - f->host_cost[to];
        delta += row_cost_swap(flat_over(f, from), step_w, step_v, width) - f->host_cost[from];
        if (a->price > 0) {
                delta += a->price * (excess_swap(f, to, v, w, width) - f->host_excess[to]);
                delta += a->price * (excess_swap(f, from, w, v, width) - f->host_excess[from]);
        }
        if (delta - flat_place(f, v, from) - flat_place(f, w, to) > most)
                return;
        delta +=
                flat_place(f, v, to) - flat_place(f, v, from) + flat_place(f, w, from) - flat_place(f, w, to);
        if (delta <= most)
                swap_finish(a, v, w, delta, most);
}

inlined Cost draw(const Anneal *a, uint64_t bits) {
        return (a->temperature * a->draws[bits % DRAWS]) >> FRACTION;
}

inlined VmIx draw_vm(const Anneal *a, uint64_t bits) {
        return (VmIx) (((bits >> 32) * a->p->n_vms) >> 32);
}

inlined void tries(Anneal *a, uint32_t width) {
        Prng *g = &a->s->random;
        const uint32_t n_hosts = a->p->n_hosts;
        uint32_t n = 0;

        while (n < STRIDE) {
                uint64_t bits = prng_next(g);
                const VmIx v = draw_vm(a, bits);
                const Cost left = leave(a, v, a->f.host_of[v], width);

                for (int i = 0; i < TARGETS; i++) {
                        bits = prng_next(g);
                        n++;
                        if (try_shift(a, v, (HostIx) (((bits >> 32) * n_hosts) >> 32), left, draw(a, bits),
                                      width))
                                break;
                }
                for (int i = 0; i < TARGETS; i++, n++) {
                        bits = prng_next(g);
                        try_swap(a, v, draw_vm(a, bits), draw(a, bits), width);
                }
        }
        a->s->evaluations += n;
}

/* The loops over a row have constant lengths here, and the widest registers the machine has: integers, so
 * that the result is the same with any. */
WIDE static void tries_of_width(Anneal *a) {
        switch (a->f.width) {
        case 4:
                tries(a, 4);
                break;
        case 8:
                tries(a, 8);
                break;
        case 12:
                tries(a, 12);
                break;
        case 16:
                tries(a, 16);
                break;
        default:
                tries(a, a->f.width);
                break;
        }
}

static uint32_t spent(const Anneal *a) {
        const SearchBudget *b = &a->s->budget;
        uint64_t part;

        if (b->spent)
                return b->spent(b->stop_arg);
        if (b->evaluations < UINT64_C(1) << 40)
                part = a->s->evaluations * SPENT_WHOLE / b->evaluations;
        else
                part = a->s->evaluations / (b->evaluations / SPENT_WHOLE);
        return part < SPENT_WHOLE ? (uint32_t) part : SPENT_WHOLE;
}

static void keep_best(Anneal *a) {
        if (a->f.excess > 0 || a->f.cost >= a->best)
                return;
        a->best = a->f.cost;
        memcpy(a->best_of, a->f.host_of, sizeof(HostIx) * a->p->n_vms);
}

/* A long search starts hot, where everything is still moving; a short one must not melt what it has no time
 * to freeze again. What counts is the number of tries a VM gets. */
static void warm_choose(Anneal *a, int64_t now) {
        const int64_t usual = log2_fixed((uint64_t) a->usual);
        const uint64_t tries_a_vm = a->s->evaluations * (uint64_t) (SPENT_WHOLE / now) / a->p->n_vms;
        int64_t warm = usual + 2 * (log2_fixed(tries_a_vm + 1) - (MELTS << FRACTION));

        warm = warm < usual - (COLDEST << FRACTION) ? usual - (COLDEST << FRACTION) : warm;
        warm = warm > usual + (HOTTEST << FRACTION) ? usual + (HOTTEST << FRACTION) : warm;
        a->warm = warm > (1 << FRACTION) ? warm : 1 << FRACTION;
        a->mild = a->warm - (MILD << FRACTION);
        a->mild = a->mild > 0 ? a->mild : 0;
        a->cold = a->mild > COOLED << FRACTION ? a->mild - (COOLED << FRACTION) : 0;
}

static int64_t between(int64_t from, int64_t to, int64_t now, int64_t begin, int64_t end) {
        if (now <= begin)
                return from;
        return now >= end ? to : from + (to - from) * (now - begin) / (end - begin);
}

/* The temperature falls evenly in the logarithm, quicker at the end. The price of overfilling follows the
 * state: it rises while something is overfull and falls while nothing is, and so stays where the search
 * crosses the border again and again (strategic oscillation: Gendreau, Hertz, Laporte 1994). */
static void schedule(Anneal *a, int64_t now) {
        if (now >= START_AT && a->warm == 0)
                warm_choose(a, now);
        if (now < START_AT) {
                a->temperature = 0;
        } else {
                const int64_t mild = between(a->warm, a->mild, now, START_AT, MILD_AT);

                a->temperature = exp2_fixed(between(mild, a->cold, now, MILD_AT, SPENT_WHOLE));
        }
        if (now >= HARD_AT && a->f.excess == 0) {
                a->price = 0;
                return;
        }
        a->dear += (a->f.excess > 0 ? RISE : -RISE) * (now - a->then);
        a->dear = a->dear < 0 ? 0 : a->dear > PRICE_MOST ? PRICE_MOST : a->dear;
        a->price = exp2_fixed(a->dear);
        a->then = now;
}

static void anneal(Anneal *a) {
        uint64_t copied = 0;
        uint32_t now;

        while ((now = spent(a)) < SPENT_WHOLE && !search_state_stopped(a->s)) {
                schedule(a, now);
                tries_of_width(a);
                if (a->s->evaluations - copied < (uint64_t) a->p->n_vms * COPY_EVERY)
                        continue;
                copied = a->s->evaluations;
                keep_best(a);
        }
        keep_best(a);
}

static int by_value(const void *a, const void *b) {
        const Cost x = *(const Cost *) a, y = *(const Cost *) b;

        return x < y ? -1 : x > y;
}

/* The median of what random shifts change, whether they fit or not: the scale of the landscape. */
static Cost usual_change(Anneal *a) {
        Cost seen[SAMPLE];
        Flat *f = &a->f;

        for (int i = 0; i < SAMPLE; i++) {
                const VmIx v = prng_below(&a->s->random, a->p->n_vms);
                const HostIx from = f->host_of[v], to = prng_below(&a->s->random, a->p->n_hosts);
                const Cost d = row_cost(flat_over(f, to), flat_step(f, v), 1, f->width) - f->host_cost[to] +
                               row_cost(flat_over(f, from), flat_step(f, v), -1, f->width) -
                               f->host_cost[from];

                seen[i] = d < 0 ? -d : d;
        }
        qsort(seen, SAMPLE, sizeof(seen[0]), by_value);
        return seen[SAMPLE / 2] > 1 ? seen[SAMPLE / 2] : 1;
}

int search_anneal(SearchState *s, HostIx *host_of, Cost *ret_cost) {
        Anneal a = { .s = s, .p = s->e->problem, .best_of = host_of };
        int r;

        r = flat_build(s->arena, s->e, &a.f);
        if (r < 0)
                return r;
        a.draws = arena_new(s->arena, int64_t, DRAWS);
        if (!a.draws)
                return -ENOMEM;
        draws_fill(a.draws);
        a.best = a.f.cost;
        memcpy(a.best_of, a.f.host_of, sizeof(HostIx) * a.p->n_vms);
        a.usual = usual_change(&a);
        a.dear = log2_fixed(PRICE_FIRST);
        anneal(&a);
        *ret_cost = a.best;
        return 0;
}
