/* SPDX-License-Identifier: Apache-2.0 */
/* Rules "near": each VM of one group has one of another group in its neighbourhood (host, rack, zone). */
#include "scheduler/decide/cost/move_view.h"
#include "scheduler/decide/cost/policy.h"

static void near_total(const Problem *p, const Settings *s, const Assignment *x, Costs *ret) {
        (void) s;
        rules_total(p, RULE_NEAR, x, ret);
}

static int near_add_terms(const Problem *p, const Settings *s, Terms *t) {
        (void) s;
        return terms_add_rules(t, p, RULE_NEAR, REASON_RULE_NEAR);
}

static bool near_refuses(const Problem *p, const Settings *s, Assignment *x, Move m) {
        (void) s;
        return rules_refuse(p, RULE_NEAR, x, m);
}

static int near_sample(Arena *a, Prng *g, Problem *p) {
        return sample_rules(a, g, p, 3, RULE_NEAR);
}

static bool near_why(const MoveView *view, SentenceDraft *d) {
        return rule_why(view, RULE_NEAR, d);
}

const Policy policy_near = {
        .name = "near",
        .summary =
                "each VM of one group is near a VM of another group (same host, rack, zone or neighborhood)",
        .add_terms = near_add_terms,
        .total = near_total,
        .refuses = near_refuses,
        .why = near_why,
        .sample = near_sample,
};
