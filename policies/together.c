/* SPDX-License-Identifier: Apache-2.0 */
/* Rules "together": all VMs of a group share a host (rack, zone, neighbourhood). */
#include "scheduler/decide/cost/move_view.h"
#include "scheduler/decide/cost/policy.h"

static void together_total(const Problem *p, const Settings *s, const Assignment *x, Costs *ret) {
        (void) s;
        rules_total(p, RULE_TOGETHER, x, ret);
}

static int together_add_terms(const Problem *p, const Settings *s, Terms *t) {
        (void) s;
        return terms_add_rules(t, p, RULE_TOGETHER, REASON_RULE_TOGETHER);
}

static bool together_refuses(const Problem *p, const Settings *s, Assignment *x, Move m) {
        (void) s;
        return rules_refuse(p, RULE_TOGETHER, x, m);
}

static int together_sample(Arena *a, Prng *g, Problem *p) {
        return sample_rules(a, g, p, 3, RULE_TOGETHER);
}

static bool together_why(const MoveView *view, SentenceDraft *d) {
        return rule_why(view, RULE_TOGETHER, d);
}

const Policy policy_together = {
        .name = "together",
        .summary = "all VMs of a group share a host (rack, zone, neighborhood)",
        .add_terms = together_add_terms,
        .total = together_total,
        .refuses = together_refuses,
        .why = together_why,
        .sample = together_sample,
};
