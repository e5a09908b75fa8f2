/* SPDX-License-Identifier: Apache-2.0 */
/* Rules "avoid": VMs of one group share no host (rack, zone, neighbourhood) with those of another. */
#include "scheduler/decide/cost/move_view.h"
#include "scheduler/decide/cost/policy.h"

static void avoid_total(const Problem *p, const Settings *s, const Assignment *x, Costs *ret) {
        (void) s;
        rules_total(p, RULE_AVOID, x, ret);
}

static int avoid_add_terms(const Problem *p, const Settings *s, Terms *t) {
        (void) s;
        return terms_add_rules(t, p, RULE_AVOID, REASON_RULE_APART);
}

static bool avoid_refuses(const Problem *p, const Settings *s, Assignment *x, Move m) {
        (void) s;
        return rules_refuse(p, RULE_AVOID, x, m);
}

static int avoid_sample(Arena *a, Prng *g, Problem *p) {
        return sample_rules(a, g, p, 3, RULE_AVOID);
}

static bool avoid_why(const MoveView *view, SentenceDraft *d) {
        return rule_why(view, RULE_AVOID, d);
}

const Policy policy_avoid = {
        .name = "avoid",
        .summary = "VMs of one group share no host (rack, zone, neighborhood) with those of another",
        .add_terms = avoid_add_terms,
        .total = avoid_total,
        .refuses = avoid_refuses,
        .why = avoid_why,
        .sample = avoid_sample,
};
