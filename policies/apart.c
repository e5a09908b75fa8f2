/* SPDX-License-Identifier: Apache-2.0 */
/* Rules "apart": no two VMs of a group share a host (rack, zone, neighbourhood). */
#include "scheduler/decide/cost/move_view.h"
#include "scheduler/decide/cost/policy.h"

static void apart_total(const Problem *p, const Settings *s, const Assignment *x, Costs *ret) {
        (void) s;
        rules_total(p, RULE_APART, x, ret);
}

static int apart_add_terms(const Problem *p, const Settings *s, Terms *t) {
        (void) s;
        return terms_add_rules(t, p, RULE_APART, REASON_RULE_APART);
}

static bool apart_refuses(const Problem *p, const Settings *s, Assignment *x, Move m) {
        (void) s;
        return rules_refuse(p, RULE_APART, x, m);
}

static int apart_sample(Arena *a, Prng *g, Problem *p) {
        return sample_rules(a, g, p, 3, RULE_APART);
}

static bool apart_why(const MoveView *view, SentenceDraft *d) {
        return rule_why(view, RULE_APART, d);
}

const Policy policy_apart = {
        .name = "apart",
        .summary = "no two VMs of a group share a host (rack, zone, neighborhood)",
        .add_terms = apart_add_terms,
        .total = apart_total,
        .refuses = apart_refuses,
        .why = apart_why,
        .sample = apart_sample,
};
