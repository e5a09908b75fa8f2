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
          .doc = "Share of each host's CPU to keep free. Can be overridden per host." },
        { .name = "headroom_memory",
          .type = SETTING_PERMILLE,
          .def = 100,
          .max = 1000,
          .doc = "Share of each host's memory to keep free. Can be overridden per host." },
        { .name = "headroom_network",
          .type = SETTING_PERMILLE,
          .def = 300,
          .max = 1000,
          .doc = "Share of each host's network bandwidth to keep free in each direction. Can be overridden "
                 "per host." },
        { .name = "weight",
          .type = SETTING_COUNT,
          .def = 100,
          .max = 1000,
          .doc = "Weight of use above the load line, in percent. 0: ignore load lines." },
        { .name = "price",
          .type = SETTING_COUNT,
          .def = 60,
          .max = 1000,
          .doc = "Hours above the load line that one hour of migration must save. 60: one minute of migration "
                 "must save one hour. 0: any gain is enough. A host above its load line is assumed to stay "
                 "there for a day." },
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

/* What the excess of host h over its line of r costs, as load_total() counts it. */
static Cost load_excess(const MoveView *view, HostIx h, uint32_t r, bool after) {
        const int64_t w = load_policy_weight(view->p, view->settings, r);
        const int64_t over = view_load(view, h, r, after) - view->p->limit[(size_t) h * view->p->n_res + r];
        const int64_t capacity = problem_capacity(view->p, h)[r];

        if (w <= 0)
                return 0;
        if (view->p->one_tier)
                return over > 0 ? w * over : 0;
        return share_square(over, share_reciprocal(capacity), share_factor(w, capacity, view->words[r].mean),
                            GRAIN);
}

/* What the move changes of that on both its hosts, < 0: it gains. */
static Cost load_gain(const MoveView *view, uint32_t r) {
        const HostIx from = view->m->from, to = view->m->to;

        return load_excess(view, from, r, true) - load_excess(view, from, r, false) +
               load_excess(view, to, r, true) - load_excess(view, to, r, false);
}

static void load_clause(const MoveView *view, uint32_t r, Cost gain, SentenceDraft *d) {
        const HostIx from = view->m->from;
        const Fact over = { .kind = CLAIM_OVER_LINE, .host = from, .r = r };

        if (view_looks_same(view, from, r))
                SENTENCE_CLAUSE(d, "{}'s {} is at {}, above its load line of {}", fact_host(view, from),
                                fact_resource(view, r), fact_share(view, from, r, false),
                                fact_line(view, from, r), over, claim_gain(view), claim_most(r, gain));
        else
                SENTENCE_CLAUSE(d, "{}'s {} goes from {} to {} (load line {})", fact_host(view, from),
                                fact_resource(view, r), fact_share(view, from, r, false),
                                fact_share(view, from, r, true), fact_line(view, from, r), over,
                                claim_gain(view), claim_most(r, gain));
}

static bool load_why(const MoveView *view, SentenceDraft *d) {
        uint32_t worst = IX_NONE;
        Cost most = 0;

        for (uint32_t r = 0; view->alone && r < view->p->n_res; r++) {
                const Cost gain = load_gain(view, r);

                if (gain >= most || !view_relief_lasts(view, r))
                        continue;
                most = gain;
                worst = r;
        }
        if (worst == IX_NONE)
                return false;
        load_clause(view, worst, most, d);
        clause_target(view, worst, d);
        return true;
}

const Policy policy_load = {
        .name = "load",
        .summary = "keep hosts below their load lines",
        .settings = load_policy_settings,
        .add_terms = load_add_terms,
        .total = load_total,
        .why = load_why,
        .sample = load_sample,
};
