/* SPDX-License-Identifier: Apache-2.0 */
/* Rules "spread": a group covers at least k hosts (racks, zones, neighbourhoods). */
#include "scheduler/decide/cost/move_view.h"
#include "scheduler/decide/cost/policy.h"

static void spread_total(const Problem *p, const Settings *s, const Assignment *x, Costs *ret) {
        (void) s;
        rules_total(p, RULE_SPREAD, x, ret);
}

static int spread_add_terms(const Problem *p, const Settings *s, Terms *t) {
        (void) s;
        return terms_add_rules(t, p, RULE_SPREAD, REASON_RULE_SPREAD);
}

static bool spread_refuses(const Problem *p, const Settings *s, Assignment *x, Move m) {
        (void) s;
        return rules_refuse(p, RULE_SPREAD, x, m);
}

static int spread_sample(Arena *a, Prng *g, Problem *p) {
        return sample_rules(a, g, p, 3, RULE_SPREAD);
}

static bool spread_why(const MoveView *view, SentenceDraft *d) {
        return rule_why(view, RULE_SPREAD, d);
}

const Policy policy_spread = {
        .name = "spread",
        .summary = "a group is on at least k hosts (racks, zones, neighborhoods)",
        .add_terms = spread_add_terms,
        .total = spread_total,
        .refuses = spread_refuses,
        .why = spread_why,
        .sample = spread_sample,
};
