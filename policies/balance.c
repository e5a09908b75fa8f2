/* SPDX-License-Identifier: Apache-2.0 */
/* Even relative load: the sum over hosts and resources of load² / capacity is least when all hosts are
 * equally full, whatever their sizes (its derivative by load is the host's share of use). Or, as hbal has it,
 * standard deviations over hosts, each of a quantity and a measure of its own (Problem.deviations).
 */
#include <errno.h>

#include "scheduler/decide/cost/deviation.h"
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

const Policy policy_balance = {
        .name = "balance",
        .summary = "hosts are equally full, relative to their sizes",
        .settings = balance_settings,
        .add_terms = balance_add_terms,
        .total = balance_total,
        .sample = balance_sample,
};
