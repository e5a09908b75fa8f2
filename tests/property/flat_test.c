/* Flat columns and what is proposed on them, on random problems: what a row says a change costs is what the
 * definitions say before and after it; no proposal is out of range; nothing that fits is called impossible.
 */
#include <criterion/criterion.h>

#include "policies/policies.h"
#include "scheduler/decide/flat_hot.h"
#include "scheduler/decide/proposals.h"
#include "tests/random_problem.h"

#define SEEDS 1500
#define STEPS 40

static unsigned char memory[1 << 20];

/* False: not a flat problem. */
static bool flat_of(Arena *a, uint64_t seed, Flat *ret) {
        const RandomShape shape = {
                .hosts = 9, .vms = 24, .res = 4, .rules = (uint32_t) (seed % 3), .one_tier = true
        };
        Problem *p = random_problem(a, seed, shape);
        Evaluator *e = NULL;
        Terms *t = NULL;

        cr_assert_eq(0, policies_state(a, p, policies_all(), NULL, &t));
        cr_assert_eq(0, evaluator_build(a, t, NULL, &e));
        if (!flat_fits(e))
                return false;
        cr_assert_eq(0, flat_build(a, e, ret));
        return true;
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
        cr_assert_gt(flat, SEEDS / 20, "only %u of the problems were flat", flat);
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
        cr_assert_gt(flat, SEEDS / 20, "only %u of the problems were flat", flat);
}
