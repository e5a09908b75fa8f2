/* SPDX-License-Identifier: Apache-2.0 */
/* What annealing tries at one temperature: shifts of a VM to the best of some hosts, and swaps with the best of some VMs. */
#include "scheduler/base/compare.h"
#include "scheduler/decide/search/search_anneal_parts.h"

#define STRIDE        2048               /* tries between two looks at budget and guard */
#define SWAPS         12                 /* … and with so many others */
#define HOSTS_SWAPPED 3                  /* … or those of so many hosts … */
#define SEATS         16                 /* … so many of each */
#define NO_PRICE      (INT64_C(1) << 32) /* above what any change may cost, as the sieve counts */
#define SIEVE_PAYS    4                  /* … a sieve is that many times as quick */

#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) && !defined(__SANITIZE_ADDRESS__)
#define WIDE __attribute__((target_clones("avx2", "default")))
#else
#define WIDE
#endif
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

void search_anneal_make(Anneal *anneal, Move m) {
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

void search_anneal_try(Anneal *anneal) {
        tries_of_width(anneal);
}
