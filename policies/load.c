/* SPDX-License-Identifier: Apache-2.0 */
/* The load line: use above each host's headroom. Squared as a share of the host, so that the fullest host is
 * relieved first, and in whole grains of it, so that noise about the line moves nothing; in one_tier problems
 * linear, as in the ROADEF/EURO 2012 definition ("load cost").
 */
#include <errno.h>

#include "scheduler/decide/cost/move_view.h"
#include "scheduler/decide/cost/policy.h"

extern const Policy policy_load;

static const SettingDef load_policy_settings[] = {
        { .name = "headroom_cpu",
          .type = SETTING_PERMILLE,
          .def = 200,
          .max = 1000,
          .doc = "Share of each host's CPU kept free, unless the host says otherwise." },
        { .name = "headroom_memory",
          .type = SETTING_PERMILLE,
          .def = 100,
          .max = 1000,
          .doc = "Share of each host's memory kept free, unless the host says otherwise." },
        { .name = "headroom_network",
          .type = SETTING_PERMILLE,
          .def = 300,
          .max = 1000,
          .doc = "Share of each host's network bandwidth kept free in each direction, unless the host says otherwise." },
        { .name = "weight",
          .type = SETTING_COUNT,
          .def = 100,
          .max = 1000,
          .doc = "Percent by which use above the load line counts; 0 ignores load lines." },
        { 0 },
};

#define GRAIN (SHARE_ONE / 128) /* 0.8 % of a host */

static int64_t load_policy_weight(const Problem *p, const Settings *s, uint32_t r) {
        if (!p->load_weight)
                return 0;
        return p->load_weight[r] * policy_setting(&policy_load, s, "weight") / 100;
}

static void load_total(const Problem *p, const Settings *s, const Assignment *x, Costs *ret) {
        for (uint32_t r = 0; r < p->n_res; r++) {
                const int64_t w = load_policy_weight(p, s, r), mean = problem_mean_capacity(p, r);

                for (HostIx h = 0; w > 0 && h < p->n_hosts; h++) {
                        const int64_t over = assignment_load(x, h)[r] - p->limit[h * p->n_res + r];
                        const int64_t capacity = problem_capacity(p, h)[r];

                        if (p->one_tier)
                                ret->tier[TIER_BALANCE] += over > 0 ? w * over : 0;
                        else
                                ret->tier[TIER_LOAD] += share_square(over, share_reciprocal(capacity),
                                                                     share_factor(w, capacity, mean), GRAIN);
                }
        }
}

static int load_add_terms(const Problem *p, const Settings *s, Terms *t) {
        for (uint32_t r = 0; r < p->n_res; r++) {
                const int64_t w = load_policy_weight(p, s, r);
                int e = 0;

                if (w > 0 && p->one_tier)
                        e = terms_add_line(t, (LineCost){ TIER_BALANCE, r, p->limit, w });
                else if (w > 0)
                        e = terms_add_square(t, (SquareCost){ TIER_LOAD, r, p->limit, w, GRAIN });
                if (e < 0)
                        return e;
        }
        return 0;
}

/* Load lines anywhere below what the hosts have. */
static int load_sample(Arena *a, Prng *g, Problem *p) {
        const size_t n = (size_t) p->n_hosts * p->n_res;
        int64_t *limit = arena_new(a, int64_t, n);

        p->load_weight = sample_row(a, g, p->n_res, 150, 0);
        if (!limit || !p->load_weight)
                return -ENOMEM;
        for (size_t i = 0; i < n; i++)
                limit[i] = prng_below(g, (uint32_t) p->capacity[i] + 1);
        p->limit = limit;
        return 0;
}

/* What the move takes off the excess of r at the host it leaves, < 0: as load_total() counts it. */
static Cost load_gain(const MoveView *view, uint32_t r) {
        const HostIx h = view->m->from;
        const int64_t w = load_policy_weight(view->p, view->settings, r),
                      capacity = problem_capacity(view->p, h)[r];
        const int64_t line = view->p->limit[(size_t) h * view->p->n_res + r];
        const int64_t was = view_load(view, h, r, false) - line, is = view_load(view, h, r, true) - line;
        const int64_t factor = share_factor(w, capacity, view->words[r].mean);
        const uint64_t reciprocal = share_reciprocal(capacity);

        if (w <= 0)
                return 0;
        if (view->p->one_tier)
                return w * ((is > 0 ? is : 0) - (was > 0 ? was : 0));
        return share_square(is, reciprocal, factor, GRAIN) - share_square(was, reciprocal, factor, GRAIN);
}

static bool load_why(const MoveView *view, SentenceDraft *d) {
        const HostIx from = view->m->from;
        uint32_t worst = IX_NONE;

        for (uint32_t r = 0; view->alone && r < view->p->n_res; r++)
                if (load_gain(view, r) < (worst == IX_NONE ? 0 : load_gain(view, worst)))
                        worst = r;
        if (worst == IX_NONE)
                return false;
        SENTENCE_CLAUSE(d, "{}'s {} is at {}, above its load line of {}", fact_host(view, from),
                        fact_resource(view, worst), fact_share(view, from, worst, false),
                        fact_line(view, from, worst), { .kind = CLAIM_OVER_LINE, .host = from, .r = worst },
                        claim_gain(view));
        clause_target(view, worst, true, d);
        return true;
}

const Policy policy_load = {
        .name = "load",
        .summary = "hosts stay below their load lines",
        .settings = load_policy_settings,
        .add_terms = load_add_terms,
        .total = load_total,
        .why = load_why,
        .sample = load_sample,
};
