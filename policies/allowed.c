/* SPDX-License-Identifier: Apache-2.0 */
/* Where a VM may run by itself, whoever else is there: pins, roles of hosts, networks, pools, CPU models, and
 * rules "on" and "not-on". Only a rule counts as broken where the VM is now: if it runs there, the rest
 * evidently works.
 */
#include <errno.h>

#include "scheduler/decide/cost/move_view.h"
#include "scheduler/decide/cost/policy.h"

static bool allowed_misplaced(const Problem *p, VmIx v, HostIx h) {
        return problem_class_denies(p, v, h) == REASON_RULE_HOSTS;
}

static void allowed_total(const Problem *p, const Settings *s, const Assignment *x, Costs *ret) {
        (void) s;
        for (VmIx v = 0; p->waive_of && v < p->n_vms; v++)
                if (x->host_of[v] != IX_NONE && p->waive_cost[p->waive_of[v]])
                        ret->tier[TIER_LOAD] += WAIVED_PRICE * p->waive_cost[p->waive_of[v]][x->host_of[v]];
        for (VmIx v = 0; v < p->n_vms; v++)
                ret->tier[TIER_REPAIR] += x->host_of[v] != IX_NONE && allowed_misplaced(p, v, x->host_of[v]);
}

static int allowed_add_terms(const Problem *p, const Settings *s, Terms *t) {
        (void) s;
        if (p->waive_of && terms_add_placement_cost(t, (PlacementCost){ TIER_LOAD, p->waive_of, p->waive_cost,
                                                                        WAIVED_PRICE }) < 0)
                return -ENOMEM;
        return terms_add_allowed(t, (AllowedCost){ .tier = TIER_REPAIR, .weight = 1 });
}

static bool allowed_refuses(const Problem *p, const Settings *s, Assignment *x, Move m) {
        (void) s;
        if ((p->pinned && p->pinned[m.vm] != REASON_NONE) || p->roles[x->host_of[m.vm]].no_exit)
                return true;
        return (m.to == p->home[m.vm] ? problem_class_denies(p, m.vm, m.to)
                                      : problem_denied(p, m.vm, m.to)) != REASON_NONE;
}

/* Three classes of hosts, the first without limits; some rules and some networks. */
static int allowed_sample(Arena *a, Prng *g, Problem *p) {
        const uint64_t **allowed = arena_new(a, const uint64_t *, 3);
        const uint64_t **passable = arena_new(a, const uint64_t *, 3);
        const Reason **denied = arena_new(a, const Reason *, 3);
        uint32_t *class_of = arena_new(a, uint32_t, p->n_vms);

        if (!allowed || !passable || !denied || !class_of)
                return -ENOMEM;
        for (uint32_t c = 1; c < 3; c++) {
                uint64_t *bits = arena_new(a, uint64_t, p->n_hosts / 64 + 1);
                uint64_t *pass = arena_new(a, uint64_t, p->n_hosts / 64 + 1);
                Reason *why = arena_new(a, Reason, p->n_hosts);

                if (!bits || !pass || !why)
                        return -ENOMEM;
                for (HostIx h = 0; h < p->n_hosts; h++) {
                        why[h] = (const Reason[]){ REASON_NONE, REASON_NONE, REASON_RULE_HOSTS,
                                                   REASON_NETWORK }[prng_below(g, 4)];
                        if (why[h] == REASON_RULE_HOSTS && (h + c) % 3 == 0)
                                pass[h / 64] |= UINT64_C(1) << (h % 64);
                        if (why[h] == REASON_NONE)
                                bits[h / 64] |= UINT64_C(1) << (h % 64);
                }
                allowed[c] = bits;
                denied[c] = why;
                passable[c] = pass;
        }
        for (VmIx v = 0; v < p->n_vms; v++)
                class_of[v] = prng_below(g, 3);
        p->n_classes = 3;
        p->class_of = class_of;
        p->allowed = allowed;
        p->denied = denied;
        p->passable = passable;
        return 0;
}

static bool allowed_why(const MoveView *view, SentenceDraft *d) {
        const Fact vm = fact_vm(view, view->m->vm), from = fact_host(view, view->m->from),
                   to = fact_host(view, view->m->to);
        const Fact denied = { .kind = CLAIM_DENIED, .vm = view->m->vm, .host = view->m->from };
        const Fact allowed = { .kind = CLAIM_ALLOWED, .vm = view->m->vm, .host = view->m->to };
        uint32_t rule;

        if (!view->alone || view->tier != TIER_REPAIR)
                return false;
        rule = view_host_rule(view, true);
        if (rule == IX_NONE)
                SENTENCE_CLAUSE(d, "host rules forbid {} on {} and allow it on {}", vm, from, to, denied,
                                allowed);
        else
                SENTENCE_CLAUSE(
                        d, "the rule {} forbids {} on {} and allows it on {}",
                        { .kind = FACT_RULE, .rule = rule, .text = view->s->rules[rule].name }, vm, from, to,
                        denied, allowed,
                        { .kind = CLAIM_SUITS, .vm = view->m->vm, .host = view->m->to, .rule = rule });
        return true;
}

const Policy policy_allowed = {
        .name = "allowed",
        .summary =
                "VMs run only on hosts that can take them: state, networks, pools, CPU, rules on and not-on",
        .add_terms = allowed_add_terms,
        .total = allowed_total,
        .refuses = allowed_refuses,
        .why = allowed_why,
        .sample = allowed_sample,
};
