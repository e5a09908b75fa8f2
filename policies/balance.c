/* Even relative load: the sum over hosts and resources of load² / capacity is least when all hosts are
 * equally full, whatever their sizes (its derivative by load is the host's share of use).
 */
#include "scheduler/decide/policy.h"

static const SettingDef settings[] = {
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
        { 0 },
};

static void total(const Problem *p, const Settings *s, const Assignment *x, Costs *ret) {
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
}

static int state(const Problem *p, const Settings *s, Terms *t) {
        (void) s;
        for (uint32_t r = 0; r < p->n_res; r++) {
                const int64_t w = p->balance_weight ? p->balance_weight[r] : 0;
                const int e = w > 0 ? terms_add_square(t, (SquareTerm){ TIER_BALANCE, r, NULL, w, 1 }) : 0;

                if (e < 0)
                        return e;
        }
        return 0;
}

const Policy policy_balance = {
        .name = "balance",
        .summary = "hosts are equally full, relative to their sizes",
        .settings = settings,
        .state = state,
        .total = total,
};
