/* SPDX-License-Identifier: Apache-2.0 */
/* Even relative load: the sum over hosts and resources of load² / capacity is least when all hosts are
 * equally full, whatever their sizes (its derivative by load is the host's share of use). Or, as hbal has it,
 * standard deviations over hosts, each of a quantity and a measure of its own (Problem.deviations).
 */
#include <errno.h>

#include "scheduler/decide/cost/deviation.h"
#include "scheduler/decide/cost/move_view.h"
#include "scheduler/decide/cost/policy.h"
#include "scheduler/model/plan.h"

static const SettingDef balance_settings[] = {
        { .name = "cpu",
          .type = SETTING_COUNT,
          .def = 100,
          .max = 1000,
          .doc = "How much even CPU use counts, in percent; 0: not at all." },
        { .name = "memory",
          .type = SETTING_COUNT,
          .def = 100,
          .max = 1000,
          .doc = "How much even memory use counts, in percent; 0: not at all." },
        { .name = "network",
          .type = SETTING_COUNT,
          .def = 25,
          .max = 1000,
          .doc = "How much even network use counts, in percent, for each direction; 0: not at all." },
        { .name = "extra",
          .type = SETTING_COUNT,
          .def = 0,
          .max = 1000,
          .doc = "How much even use of each extra resource counts, in percent; 0: not at all." },
        { .name = "measure",
          .type = SETTING_CHOICE,
          .choices = balance_measure_names,
          .doc = "What is called even. share: hosts are equally full, relative to their sizes. htools: what "
                 "Ganeti's hbal goes by, the sum of standard deviations over hosts of memory and vCPUs "
                 "promised, as shares of the host, and of CPU, memory and network that VMs use, as amounts, "
                 "whatever the host's size." },
        { 0 },
};

/* From the definition: n × sd of the hosts that have a unit. */
static Cost deviation_total(const DeviationGoal *g, const Assignment *x) {
        int64_t sum = 0, squares = 0;
        uint32_t n = 0;

        for (HostIx h = 0; h < x->problem->n_hosts; h++) {
                int64_t share;

                if (g->unit[h] <= 0)
                        continue;
                share = deviation_share(assignment_load(x, h)[g->r], g->zero ? g->zero[h] : 0,
                                        share_reciprocal(g->unit[h]));
                sum += share;
                squares += share * share;
                n++;
        }
        return deviation_cost(g->weight, n, sum, squares);
}

static void balance_total(const Problem *p, const Settings *s, const Assignment *x, Costs *ret) {
        (void) s;
        for (uint32_t r = 0; r < p->n_res; r++) {
                const int64_t w = p->balance_weight ? p->balance_weight[r] : 0;
                const int64_t mean = problem_mean_capacity(p, r);

                for (HostIx h = 0; w > 0 && h < p->n_hosts; h++) {
                        const int64_t capacity = problem_capacity(p, h)[r];

                        ret->tier[TIER_BALANCE] +=
                                share_square(assignment_load(x, h)[r], share_reciprocal(capacity),
                                             share_factor(w, capacity, mean), 1);
                }
        }
        for (uint32_t i = 0; i < p->n_deviations; i++)
                ret->tier[TIER_BALANCE] += deviation_total(&p->deviations[i], x);
}

static int balance_add_terms(const Problem *p, const Settings *s, Terms *t) {
        (void) s;
        for (uint32_t r = 0; r < p->n_res; r++) {
                const int64_t w = p->balance_weight ? p->balance_weight[r] : 0;
                const int e = w > 0 ? terms_add_square(t, (SquareCost){ TIER_BALANCE, r, NULL, w, 1 }) : 0;

                if (e < 0)
                        return e;
        }
        for (uint32_t i = 0; i < p->n_deviations; i++)
                if (terms_add_deviation(t, (DeviationCost){ TIER_BALANCE, p->deviations[i] }) < 0)
                        return -ENOMEM;
        return 0;
}

static int balance_sample_deviations(Arena *a, Prng *g, Problem *p) {
        const uint32_t n = 1 + prng_below(g, 3);
        DeviationGoal *goals = arena_new(a, DeviationGoal, n);

        if (!goals)
                return -ENOMEM;
        for (uint32_t i = 0; i < n; i++) {
                int64_t *unit = sample_row(a, g, p->n_hosts, 500, 1);

                if (!unit)
                        return -ENOMEM;
                for (HostIx h = 0; h < p->n_hosts; h++)
                        unit[h] = prng_below(g, 8) == 0 ? 0 : unit[h];
                goals[i] = (DeviationGoal){
                        .r = prng_below(g, p->n_res),
                        .weight = 1 + prng_below(g, 1000),
                        .unit = unit,
                        .zero = prng_below(g, 2) ? sample_row(a, g, p->n_hosts, 60, -30) : NULL,
                };
        }
        p->deviations = goals;
        p->n_deviations = n;
        return 0;
}

/* Squares, deviations beside them, or deviations alone. */
static int balance_sample(Arena *a, Prng *g, Problem *p) {
        const uint32_t which = prng_below(g, 3);

        p->balance_weight = which < 2 ? sample_row(a, g, p->n_res, 150, 0) : NULL;
        if (which < 2 && !p->balance_weight)
                return -ENOMEM;
        return which > 0 ? balance_sample_deviations(a, g, p) : 0;
}

/* What the move changes of the squares of r. */
static Cost balance_square_gain(const MoveView *view, uint32_t r) {
        const int64_t w = view->p->balance_weight ? view->p->balance_weight[r] : 0;
        const HostIx hosts[] = { view->m->from, view->m->to };
        Cost gain = 0;

        for (uint32_t i = 0; w > 0 && i < ARRAY_SIZE(hosts); i++) {
                const int64_t capacity = problem_capacity(view->p, hosts[i])[r];
                const int64_t factor = share_factor(w, capacity, view->words[r].mean);
                const uint64_t reciprocal = share_reciprocal(capacity);

                gain += share_square(view_load(view, hosts[i], r, true), reciprocal, factor, 1) -
                        share_square(view_load(view, hosts[i], r, false), reciprocal, factor, 1);
        }
        return gain;
}

/* What the move changes of deviation i, from its sums as they are. */
static Cost balance_deviation_gain(const MoveView *view, uint32_t i) {
        const DeviationSums *k = &view->e->deviations[i];
        const DeviationGoal *g = &view->p->deviations[i];
        const HostIx hosts[] = { view->m->from, view->m->to };
        int64_t sum = k->sum, squares = k->squares;

        for (uint32_t j = 0; j < ARRAY_SIZE(hosts); j++) {
                const HostIx h = hosts[j];
                int64_t share;

                if (k->reciprocal[h] == 0)
                        continue;
                share = deviation_share(view_load(view, h, g->r, true), g->zero ? g->zero[h] : 0,
                                        k->reciprocal[h]);
                sum += share - k->share[h];
                squares += share * share - k->share[h] * k->share[h];
        }
        return deviation_cost(g->weight, k->n, sum, squares) - k->cost;
}

static void balance_why_square(const MoveView *view, uint32_t r, SentenceDraft *d) {
        const HostIx from = view->m->from, to = view->m->to;

        SENTENCE_CLAUSE(d, "{}'s {} is at {} and {}'s at {}: after it they are at {} and {}",
                        fact_host(view, from), fact_resource(view, r), fact_share(view, from, r, false),
                        fact_host(view, to), fact_share(view, to, r, false), fact_share(view, from, r, true),
                        fact_share(view, to, r, true), claim_gain(view));
}

/* What host h holds of what deviation i evens out, of its unit. */
static Fact balance_evened(const MoveView *view, uint32_t i, HostIx h, bool after) {
        const DeviationGoal *g = &view->p->deviations[i];
        const int64_t load = view_load(view, h, g->r, after) - (g->zero ? g->zero[h] : 0);

        return (Fact){ .kind = FACT_EVENED,
                       .r = i,
                       .host = h,
                       .after = after,
                       .value = share_ppm(load > 0 ? load : 0, g->unit[h]) };
}

static void balance_why_deviation(const MoveView *view, uint32_t i, SentenceDraft *d) {
        const DeviationGoal *g = &view->p->deviations[i];
        const HostIx from = view->m->from, to = view->m->to;
        const bool own = g->unit[from] == problem_capacity(view->p, from)[g->r] &&
                         g->unit[to] == problem_capacity(view->p, to)[g->r];

        if (g->unit[from] == 0 || g->unit[to] == 0) {
                const HostIx h = g->unit[from] == 0 ? to : from;

                SENTENCE_CLAUSE(d, "{}'s {} is at {}, and nearer to that of other hosts after it, at {}",
                                fact_host(view, h), fact_resource(view, g->r),
                                balance_evened(view, i, h, false), balance_evened(view, i, h, true),
                                claim_gain(view));
                return;
        }
        SENTENCE_CLAUSE(
                d,
                view->words[g->r].promised ? "{}'s {} are {} of its CPUs and {}'s {}: after it {} and {}"
                : own                      ? "{}'s {} is at {} and {}'s at {}: after it they are at {} and {}"
                      : "{}'s {} is at {} and {}'s at {} of a mean host: after it they are at {} and {}",
                fact_host(view, from), fact_resource(view, g->r), balance_evened(view, i, from, false),
                fact_host(view, to), balance_evened(view, i, to, false), balance_evened(view, i, from, true),
                balance_evened(view, i, to, true), claim_gain(view));
}

/* The fuller of the two hosts is less full after it: a reader sees that it is evened out. */
static bool balance_shows(const MoveView *view, uint32_t r) {
        int64_t most[2] = { 0 };

        for (int after = 0; after < 2; after++) {
                const int64_t from = fact_share(view, view->m->from, r, after).value;
                const int64_t to = fact_share(view, view->m->to, r, after).value;

                most[after] = from > to ? from : to;
        }
        return most[1] < most[0];
}

/* The resource whose squares gain most, of those where that shows, if there are any; IX_NONE: none gains. */
static uint32_t balance_square_most(const MoveView *view) {
        uint32_t best[2] = { IX_NONE, IX_NONE }; /* of all, of those that show */

        for (uint32_t r = 0; r < view->p->n_res; r++)
                for (int shown = 0; shown < 2; shown++)
                        if ((!shown || balance_shows(view, r)) &&
                            balance_square_gain(view, r) <
                                    (best[shown] == IX_NONE ? 0 : balance_square_gain(view, best[shown])))
                                best[shown] = r;
        return best[1] != IX_NONE ? best[1] : best[0];
}

/* What gains most: a resource's squares, or a deviation. */
static bool balance_why(const MoveView *view, SentenceDraft *d) {
        const uint32_t square = view->alone ? balance_square_most(view) : IX_NONE;
        Cost most = square == IX_NONE ? 0 : balance_square_gain(view, square);
        uint32_t deviation = IX_NONE;

        for (uint32_t i = 0; view->alone && i < view->p->n_deviations; i++)
                if (balance_deviation_gain(view, i) < most) {
                        most = balance_deviation_gain(view, i);
                        deviation = i;
                }
        if (deviation != IX_NONE)
                balance_why_deviation(view, deviation, d);
        else if (square != IX_NONE)
                balance_why_square(view, square, d);
        return deviation != IX_NONE || square != IX_NONE;
}

const Policy policy_balance = {
        .name = "balance",
        .summary = "hosts are equally full, relative to their sizes",
        .settings = balance_settings,
        .add_terms = balance_add_terms,
        .total = balance_total,
        .why = balance_why,
        .sample = balance_sample,
};
