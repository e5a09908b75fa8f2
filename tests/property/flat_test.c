/* SPDX-License-Identifier: Apache-2.0 */
/* Flat columns and what is proposed on them, on random problems: what a row says a change costs is what the
 * definitions say before and after it; no proposal is out of range; nothing that fits is called impossible;
 * the sieve holds back nothing that would be accepted, and most of the rest.
 */
#include <criterion/criterion.h>

#include "policies/policies.h"
#include "scheduler/decide/search/flat_hot.h"
#include "scheduler/decide/search/proposals.h"
#include "scheduler/decide/search/sieve_hot.h"
#include "tests/random_problem.h"

#define SEEDS 1500
#define STEPS 40

static unsigned char memory[1 << 20];

static void column_scale(const int64_t *column, size_t n, int64_t factor) {
        for (size_t i = 0; column && i < n; i++)
                ((int64_t *) column)[i] *= factor;
}

/* All quantities are `factor` times as large. False: not a flat problem. */
static bool flat_of_scale(Arena *a, uint64_t seed, int64_t factor, Flat *ret) {
        const RandomShape shape = {
                .hosts = 9, .vms = 24, .res = 4, .rules = (uint32_t) (seed % 3), .one_tier = true
        };
        Problem *p = random_problem(a, seed, shape);
        Evaluator *e = NULL;
        Terms *t = NULL;

        column_scale(p->capacity, (size_t) p->n_hosts * p->n_res, factor);
        column_scale(p->limit, (size_t) p->n_hosts * p->n_res, factor);
        column_scale(p->base, (size_t) p->n_hosts * p->n_res, factor);
        column_scale(p->need, (size_t) p->n_vms * p->n_res, factor);
        cr_assert_eq(0, policies_add_terms(a, p, policies_all(), NULL, &t));
        cr_assert_eq(0, evaluator_build(a, t, NULL, &e));
        if (!flat_fits(e))
                return false;
        cr_assert_eq(0, flat_build(a, e, ret));
        return true;
}

static bool flat_of(Arena *a, uint64_t seed, Flat *ret) {
        return flat_of_scale(a, seed, 1, ret);
}

/* By the definitions, counted from scratch. */
static Cost total(Arena *a, const Flat *f) {
        const ArenaMark mark = arena_mark(a);
        Costs c;

        Evaluator *e = NULL;

        cr_assert_eq(0, evaluator_build(a, f->e->terms, f->host_of, &e));
        c = e->cost;
        arena_rewind(a, mark);
        return c.tier[TIER_BALANCE];
}

static Cost excess_of(const Flat *f) {
        Cost sum = 0;

        for (HostIx h = 0; h < f->e->problem->n_hosts; h++)
                for (uint32_t k = 0; k < f->width; k++)
                        sum += above_zero(-flat_room(f, h)[k]);
        return sum;
}

/* What the rows say moving v changes, rules and services aside. */
static Cost row_change(const Flat *f, VmIx v, HostIx to) {
        const HostIx from = f->host_of[v];

        return row_cost(flat_over(f, from), flat_step(f, v), -1, f->width) - f->host_cost[from] +
               row_cost(flat_over(f, to), flat_step(f, v), 1, f->width) - f->host_cost[to] +
               flat_place(f, v, to) - flat_place(f, v, from);
}

static void one_step(Arena *a, Flat *f, const Proposals *k, Prng *g, uint64_t seed) {
        const Problem *p = f->e->problem;
        const VmIx v = proposals_vm(k, prng_next(g)), w = proposals_like(k, v, prng_next(g));
        const HostIx from = f->host_of[v], to = prng_below(g, p->n_hosts);
        const Move m = { v, from, to };
        const Cost before = total(a, f), row = row_change(f, v, to);
        Costs d = { 0 };

        cr_assert_lt(v, p->n_vms);
        cr_assert_lt(w, p->n_vms);
        if (to == from)
                return;
        if (row_fits(f, to, v, f->width))
                cr_assert(proposals_possible(k, v, to), "seed %llu: %u fits on %u", (unsigned long long) seed,
                          v, to);
        if (rule_counts_touch(&f->e->rules, v) &&
            rule_counts_try(&f->e->rules, v, from, to, &d) != REASON_NONE)
                return;
        most_change(f->e, m, &d);
        {
                const Cost out = row_excess(f, from, v, -1, f->width) - f->host_excess[from];
                const Cost in = row_excess(f, to, v, 1, f->width) - f->host_excess[to];
                const Cost was = f->excess;

                flat_move(f, m);
                cr_assert_eq(f->excess, was + out + in);
                cr_assert_eq(f->excess, excess_of(f));
        }
        cr_assert_eq(f->cost, total(a, f), "seed %llu", (unsigned long long) seed);
        cr_assert_eq(f->cost - before, row + d.tier[TIER_BALANCE], "seed %llu", (unsigned long long) seed);
}

/* v and w change places: rows, excess and room are what they are when both have moved. */
static void one_swap(Flat *f, Prng *g) {
        const Problem *p = f->e->problem;
        const VmIx v = prng_below(g, p->n_vms), w = prng_below(g, p->n_vms);
        const HostIx from = f->host_of[v], to = f->host_of[w];
        const Cost cost_from = f->host_cost[from], cost_to = f->host_cost[to];
        const Cost excess_from = f->host_excess[from], excess_to = f->host_excess[to];
        const int64_t *step_v = flat_step(f, v), *step_w = flat_step(f, w);
        Cost in_from, in_to, over_from, over_to;
        bool fits;

        if (from == to)
                return;
        in_from = row_cost_swap(flat_over(f, from), step_w, step_v, f->width) - cost_from;
        in_to = row_cost_swap(flat_over(f, to), step_v, step_w, f->width) - cost_to;
        over_from = row_excess_swap(f, from, w, v, f->width) - excess_from;
        over_to = row_excess_swap(f, to, v, w, f->width) - excess_to;
        fits = row_fits_swap(f, from, w, v, f->width) && row_fits_swap(f, to, v, w, f->width);
        flat_move(f, (Move){ v, from, to });
        flat_move(f, (Move){ w, to, from });
        cr_assert_eq(f->host_cost[from], cost_from + in_from);
        cr_assert_eq(f->host_cost[to], cost_to + in_to);
        cr_assert_eq(f->host_excess[from], excess_from + over_from);
        cr_assert_eq(f->host_excess[to], excess_to + over_to);
        cr_assert_eq(fits, f->host_excess[from] == 0 && f->host_excess[to] == 0);
}

Test(flat, a_swap_costs_what_its_two_moves_do) {
        unsigned flat = 0;

        for (uint64_t seed = 1; seed <= SEEDS; seed++) {
                Arena a = arena_over(memory, sizeof(memory));
                Prng g = prng_seeded(seed ^ 0x5a5a);
                Flat f;

                if (!flat_of(&a, seed, &f))
                        continue;
                flat++;
                for (int i = 0; i < STEPS; i++)
                        one_swap(&f, &g);
                cr_assert_eq(f.cost, total(&a, &f), "seed %llu", (unsigned long long) seed);
                cr_assert_eq(f.excess, excess_of(&f), "seed %llu", (unsigned long long) seed);
        }
        cr_assert_gt(flat, SEEDS / 40, "only %u of the problems were flat", flat);
}

Test(flat, a_row_says_what_the_definitions_say) {
        unsigned flat = 0;

        for (uint64_t seed = 1; seed <= SEEDS; seed++) {
                Arena a = arena_over(memory, sizeof(memory));
                Prng g = prng_seeded(seed);
                Proposals k;
                Flat f;

                if (!flat_of(&a, seed, &f))
                        continue;
                flat++;
                cr_assert_eq(0, proposals_build(&a, &f, &k));
                for (int i = 0; i < STEPS; i++)
                        one_step(&a, &f, &k, &g, seed);
        }
        cr_assert_gt(flat, SEEDS / 40, "only %u of the problems were flat", flat);
}

#define SCALE ((INT64_C(1) << 27) + 3) /* more digits than the sieve has */

typedef struct Held {
        unsigned accepted, held, through; /* held back rightly, let through in vain */
} Held;

/* What v coming to `to` costs by its row; INT64_MAX: it does not fit and has to. */
static Cost coming(const Flat *f, VmIx v, HostIx to, int64_t price) {
        const Cost cost = row_cost(flat_over(f, to), flat_step(f, v), 1, f->width) - f->host_cost[to];

        if (price == 0)
                return row_fits(f, to, v, f->width) ? cost : INT64_MAX;
        return cost + price * (row_excess(f, to, v, 1, f->width) - f->host_excess[to]);
}

static void held_count(Held *held, bool accepted, bool passed, const char *what, uint64_t seed) {
        cr_assert(passed || !accepted, "seed %llu: a %s is held back", (unsigned long long) seed, what);
        held->accepted += accepted;
        held->held += !passed;
        held->through += passed && !accepted;
}

static void sieve_hosts(const Flat *f, const Sieve *s, Prng *g, uint64_t seed, Held *held) {
        const int64_t price = prng_below(g, 3) * prng_below(g, 5);
        const VmIx v = prng_below(g, f->e->problem->n_vms);
        const Cost base = coming(f, v, f->host_of[v], 1) / 2, more = f->cost / (1 + prng_below(g, 1000));
        const HostIx home = f->e->problem->home[v];
        int32_t most[SIEVE_LANES];
        uint32_t bits;

        for (int i = 0; i < SIEVE_LANES; i++)
                most[i] = (int32_t) sieve_up(s, more);
        bits = sieve_block(s, 0, v, most, (int32_t) sieve_up(s, base), (int32_t) price,
                           price > 0 ? (int32_t) (SIEVE_MOST / price) : 0);
        for (HostIx h = 0; h < f->e->problem->n_hosts; h++)
                if (h != home && h != f->host_of[v])
                        held_count(held, coming(f, v, h, price) <= base + more, bits >> h & 1, "host", seed);
}

static void sieve_swaps(const Flat *f, const Sieve *s, Prng *g, uint64_t seed, Held *held) {
        const Problem *p = f->e->problem;
        const VmIx v = prng_below(g, p->n_vms), w = prng_below(g, p->n_vms);
        const HostIx from = f->host_of[v], to = f->host_of[w];
        const int64_t price = 1 + prng_below(g, 5);
        const Cost most = f->cost / (1 + prng_below(g, 1000));
        SwapSide left, come;
        Cost cost;

        if (from == to)
                return;
        cost = row_cost_swap(flat_over(f, to), flat_step(f, v), flat_step(f, w), f->width) -
               f->host_cost[to] +
               row_cost_swap(flat_over(f, from), flat_step(f, w), flat_step(f, v), f->width) -
               f->host_cost[from] +
               price * (row_excess_swap(f, to, v, w, f->width) + row_excess_swap(f, from, w, v, f->width) -
                        f->host_excess[from] - f->host_excess[to]);
        swap_side_left(s, v, from, f->width, &left);
        swap_side_come(s, v, to, f->width, &come);
        held_count(held, cost <= most, sieve_swap(s, &left, &come, w, price, f->width) <= sieve_up(s, most),
                   "swap", seed);
}

/* The sieve follows moves, some of which overfill hosts. */
static void sieve_follow(Flat *f, Sieve *s, Prng *g) {
        const VmIx v = prng_below(g, f->e->problem->n_vms);
        const Move m = { v, f->host_of[v], prng_below(g, f->e->problem->n_hosts) };

        if (m.to == m.from)
                return;
        flat_move(f, m);
        sieve_refresh(s, m.from);
        sieve_refresh(s, m.to);
}

static void sieve_holds(int64_t factor) {
        Held hosts = { 0 }, swaps = { 0 };

        for (uint64_t seed = 1; seed <= SEEDS; seed++) {
                Arena a = arena_over(memory, sizeof(memory));
                Prng g = prng_seeded(seed ^ 0xa5a5);
                Sieve s;
                Flat f;

                if (!flat_of_scale(&a, seed, factor, &f))
                        continue;
                cr_assert_eq(0, sieve_build(&a, &f, &s));
                for (int i = 0; i < STEPS; i++) {
                        sieve_hosts(&f, &s, &g, seed, &hosts);
                        sieve_swaps(&f, &s, &g, seed, &swaps);
                        sieve_follow(&f, &s, &g);
                }
        }
        cr_assert_gt(hosts.accepted, 1000);
        cr_assert_gt(swaps.accepted, 200);
        cr_assert_gt(hosts.held, 4 * hosts.through, "%u held, %u through", hosts.held, hosts.through);
        cr_assert_gt(swaps.held, 4 * swaps.through, "%u held, %u through", swaps.held, swaps.through);
}

Test(flat, a_sieve_holds_back_only_what_is_too_dear) {
        sieve_holds(1);
}

Test(flat, a_sieve_holds_back_only_what_is_too_dear_in_numbers_of_any_size) {
        sieve_holds(SCALE);
}
