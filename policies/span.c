/* SPDX-License-Identifier: Apache-2.0 */
/* Rules "span": a group is on at most k hosts (racks, zones, neighbourhoods): licences are paid by the host. Hosts that are
 * emptied do not count, so that one more is in use while their VMs leave them. */
#include "scheduler/decide/cost/move_view.h"
#include "scheduler/decide/cost/policy.h"

static void span_total(const Problem *p, const Settings *s, const Assignment *x, Costs *ret) {
        (void) s;
        rules_total(p, RULE_SPAN, x, ret);
}

static int span_add_terms(const Problem *p, const Settings *s, Terms *t) {
        (void) s;
        return terms_add_rules(t, p, RULE_SPAN, REASON_RULE_SPAN);
}

static bool span_refuses(const Problem *p, const Settings *s, Assignment *x, Move m) {
        (void) s;
        return rules_refuse(p, RULE_SPAN, x, m);
}

static int span_sample(Arena *a, Prng *g, Problem *p) {
        return sample_rules(a, g, p, 3, RULE_SPAN);
}

static bool span_why(const MoveView *view, SentenceDraft *d) {
        return rule_why(view, RULE_SPAN, d);
}

const Policy policy_span = {
        .name = "span",
        .summary = "a group is on at most k hosts (racks, zones, neighborhoods)",
        .add_terms = span_add_terms,
        .total = span_total,
        .refuses = span_refuses,
        .why = span_why,
        .sample = span_sample,
};
