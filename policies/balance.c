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
          .doc = "Weight of even CPU use, in percent. 0: ignore it." },
        { .name = "memory",
          .type = SETTING_COUNT,
          .def = 100,
          .max = 1000,
          .doc = "Weight of even memory use, in percent. 0: ignore it." },
        { .name = "network",
          .type = SETTING_COUNT,
          .def = 25,
          .max = 1000,
          .doc = "Weight of even network use, in percent, for each direction. 0: ignore it." },
        { .name = "extra",
          .type = SETTING_COUNT,
          .def = 0,
          .max = 1000,
          .doc = "Weight of even use of each extra resource, in percent. 0: ignore it." },
        { .name = "measure",
          .type = SETTING_CHOICE,
          .choices = balance_measure_names,
          .doc = "How evenness is measured. share: use hosts evenly, relative to their sizes. htools: as in "
                 "Ganeti's hbal, the sum of the standard deviations over hosts of allocated memory and vCPUs "
                 "(as shares of the host) and of CPU, memory and network used by VMs (as amounts, whatever "
                 "the host's size)." },
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

/* What h has of r that moves shall not even out. */
static int64_t balance_unsteady(const Problem *p, HostIx h, uint32_t r) {
        return p->unsteady ? p->unsteady[(size_t) h * p->n_res + r] : 0;
}

static void balance_total(const Problem *p, const Settings *s, const Assignment *x, Costs *ret) {
        (void) s;
        for (uint32_t r = 0; r < p->n_res; r++) {
                const int64_t w = p->balance_weight ? p->balance_weight[r] : 0;
                const int64_t mean = problem_mean_capacity(p, r);

                for (HostIx h = 0; w > 0 && h < p->n_hosts; h++) {
                        const int64_t capacity = problem_capacity(p, h)[r];

                        ret->tier[TIER_BALANCE] +=
                                share_square(assignment_load(x, h)[r] - balance_unsteady(p, h, r),
                                             share_reciprocal(capacity), share_factor(w, capacity, mean), 1);
                }
        }
        for (uint32_t i = 0; i < p->n_deviations; i++)
                ret->tier[TIER_BALANCE] += deviation_total(&p->deviations[i], x);
}

static int balance_add_terms(const Problem *p, const Settings *s, Terms *t) {
        (void) s;
        for (uint32_t r = 0; r < p->n_res; r++) {
                const int64_t w = p->balance_weight ? p->balance_weight[r] : 0;
                const int e =
                        w > 0 ? terms_add_square(t, (SquareCost){ TIER_BALANCE, r, p->unsteady, w, 1 }) : 0;

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

/* Of what hosts use themselves a part. Drawn aside: what is drawn after it stays as it was. */
static int balance_sample_unsteady(Arena *a, const Prng *g, Problem *p) {
        Prng aside = *g;
        const size_t n = (size_t) p->n_hosts * p->n_res;
        int64_t *unsteady = arena_new(a, int64_t, n);

        if (!unsteady)
                return -ENOMEM;
        for (size_t i = 0; i < n; i++)
                unsteady[i] = prng_below(&aside, (uint32_t) p->base[i] + 1);
        p->unsteady = unsteady;
        return 0;
}

/* Squares, deviations beside them, or deviations alone. */
static int balance_sample(Arena *a, Prng *g, Problem *p) {
        const uint32_t which = prng_below(g, 3);

        p->balance_weight = which < 2 ? sample_row(a, g, p->n_res, 150, 0) : NULL;
        if (which < 2 && !p->balance_weight)
                return -ENOMEM;
        if (which > 0 && balance_sample_deviations(a, g, p) < 0)
                return -ENOMEM;
        return which < 2 && p->base ? balance_sample_unsteady(a, g, p) : 0;
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

                const int64_t unsteady = balance_unsteady(view->p, hosts[i], r);

                gain += share_square(view_load(view, hosts[i], r, true) - unsteady, reciprocal, factor, 1) -
                        share_square(view_load(view, hosts[i], r, false) - unsteady, reciprocal, factor, 1);
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

static void balance_why_square(const MoveView *view, uint32_t r, Cost gain, SentenceDraft *d) {
        const HostIx from = view->m->from, to = view->m->to;
        const bool from_same = view_looks_same(view, from, r), to_same = view_looks_same(view, to, r);
        const Fact host = fact_host(view, from_same ? to : from),
                   other = fact_host(view, from_same ? from : to);
        const Fact was = fact_share(view, host.host, r, false), is = fact_share(view, host.host, r, true),
                   other_was = fact_share(view, other.host, r, false),
                   other_is = fact_share(view, other.host, r, true);
        const Fact gains = claim_gain(view), most = claim_most(r, gain);

        if (from_same && to_same)
                SENTENCE_CLAUSE(d, "{}'s {}, at {}, and {}'s, at {}, differ less by under 0.0001 %", host,
                                fact_resource(view, r), was, other, other_was, gains, most);
        else if (from_same || to_same)
                SENTENCE_CLAUSE(d, "{}'s {} goes from {} to {}; {}'s stays at {}", host,
                                fact_resource(view, r), was, is, other, other_was, gains, most);
        else
                SENTENCE_CLAUSE(d, "{}'s {} goes from {} to {}, {}'s from {} to {}", host,
                                fact_resource(view, r), was, is, other, other_was, other_is, gains, most);
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

/* Which words count what deviation i evens out on two hosts that have of it. */
static const char *balance_deviation_form(const MoveView *view, uint32_t i) {
        const DeviationGoal *g = &view->p->deviations[i];
        const HostIx from = view->m->from, to = view->m->to;

        if (view->words[g->r].promised)
                return "{}'s {} go from {} to {} of its CPUs, {}'s from {} to {}";
        return g->unit[from] == problem_capacity(view->p, from)[g->r] &&
                               g->unit[to] == problem_capacity(view->p, to)[g->r]
                       ? "{}'s {} goes from {} to {}, {}'s from {} to {}"
                       : "{}'s {} goes from {} to {} of an average host, {}'s from {} to {}";
}

/* Of host h alone: the other has none of it, or reads the same before and after. */
static void balance_deviation_of(const MoveView *view, uint32_t i, HostIx h, Fact most, SentenceDraft *d) {
        const Fact was = balance_evened(view, i, h, false), is = balance_evened(view, i, h, true);
        const Fact resource = fact_resource(view, view->p->deviations[i].r), gains = claim_gain(view);

        if (was.value == is.value)
                SENTENCE_CLAUSE(d, "{}'s {}, at {}, is closer to that of other hosts by under 0.0001 %",
                                fact_host(view, h), resource, was, gains, most);
        else
                SENTENCE_CLAUSE(d, "{}'s {} goes from {} to {}, closer to that of other hosts",
                                fact_host(view, h), resource, was, is, gains, most);
}

static void balance_why_deviation(const MoveView *view, uint32_t i, Cost gain, SentenceDraft *d) {
        const DeviationGoal *g = &view->p->deviations[i];
        const HostIx from = view->m->from, to = view->m->to;
        const Fact most = claim_most(view->p->n_res + i, gain);
        const Fact from_was = balance_evened(view, i, from, false),
                   from_is = balance_evened(view, i, from, true);
        const Fact to_was = balance_evened(view, i, to, false), to_is = balance_evened(view, i, to, true);

        if (g->unit[from] == 0 || (g->unit[to] != 0 && from_was.value == from_is.value))
                balance_deviation_of(view, i, to, most, d);
        else if (g->unit[to] == 0 || to_was.value == to_is.value)
                balance_deviation_of(view, i, from, most, d);
        else
                SENTENCE_CLAUSE(d, balance_deviation_form(view, i), fact_host(view, from),
                                fact_resource(view, g->r), from_was, from_is, fact_host(view, to), to_was,
                                to_is, claim_gain(view), most);
}

/* What gains most: a resource's squares, or a deviation. */
static bool balance_why(const MoveView *view, SentenceDraft *d) {
        const uint32_t n_res = view->p->n_res, n = n_res + view->p->n_deviations;
        uint32_t best = IX_NONE;
        Cost most = 0;

        for (uint32_t part = 0; view->alone && part < n; part++) {
                const Cost gain = part < n_res ? balance_square_gain(view, part)
                                               : balance_deviation_gain(view, part - n_res);

                if (gain >= most)
                        continue;
                most = gain;
                best = part;
        }
        if (best == IX_NONE)
                return false;
        if (best < n_res)
                balance_why_square(view, best, most, d);
        else
                balance_why_deviation(view, best - n_res, most, d);
        return true;
}

const Policy policy_balance = {
        .name = "balance",
        .summary = "use hosts evenly, relative to their sizes",
        .settings = balance_settings,
        .add_terms = balance_add_terms,
        .total = balance_total,
        .why = balance_why,
        .sample = balance_sample,
};
