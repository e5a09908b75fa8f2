/* SPDX-License-Identifier: Apache-2.0 */
/* Wishes about hosts and about staying: rules "on", "not-on", "never-move" and "move-only" that should hold.
 */
#include <errno.h>

#include "scheduler/decide/cost/move_view.h"
#include "scheduler/decide/cost/policy.h"

static void wishes_total(const Problem *p, const Settings *s, const Assignment *x, Costs *ret) {
        (void) s;
        for (VmIx v = 0; v < p->n_vms; v++) {
                const HostIx h = x->host_of[v];
                const int64_t *row = p->wish_of ? p->wish_cost[p->wish_of[v]] : NULL;

                if (h == IX_NONE)
                        continue;
                if (row)
                        ret->tier[TIER_BALANCE] += RULE_UNIT * row[h];
                if (p->stay_wish && h != p->home[v])
                        ret->tier[TIER_BALANCE] += RULE_UNIT * p->stay_wish[v];
        }
}

static int wishes_add_terms(const Problem *p, const Settings *s, Terms *t) {
        int e = 0;

        (void) s;
        if (p->wish_of)
                e = terms_add_placement_cost(
                        t, (PlacementCost){ TIER_BALANCE, p->wish_of, p->wish_cost, RULE_UNIT });
        if (e >= 0 && p->stay_wish)
                e = terms_add_move_cost(t, (MoveCost){ TIER_BALANCE, p->stay_wish, RULE_UNIT });
        return e;
}

/* Three classes of wishes about hosts, the first without any. */
static int wishes_sample(Arena *a, Prng *g, Problem *p) {
        const int64_t **rows = arena_new(a, const int64_t *, 3);
        uint32_t *wish_of = arena_new(a, uint32_t, p->n_vms);

        if (!rows || !wish_of)
                return -ENOMEM;
        for (uint32_t c = 1; c < 3; c++) {
                rows[c] = sample_row(a, g, p->n_hosts, 50, 0);
                if (!rows[c])
                        return -ENOMEM;
        }
        for (VmIx v = 0; v < p->n_vms; v++)
                wish_of[v] = prng_below(g, 3);
        p->wish_of = wish_of;
        p->wish_cost = rows;
        p->stay_wish = sample_row(a, g, p->n_vms, 20, 0);
        return p->stay_wish ? 0 : -ENOMEM;
}

/* What the move changes of wishes about hosts. */
static int64_t wishes_change(const MoveView *view) {
        const int64_t *row = view->p->wish_of ? view->p->wish_cost[view->p->wish_of[view->m->vm]] : NULL;

        return row ? row[view->m->to] - row[view->m->from] : 0;
}

static bool wishes_why(const MoveView *view, SentenceDraft *d) {
        const Fact better = { .kind = CLAIM_BETTER_MET, .value = wishes_change(view) };
        const Fact vm = fact_vm(view, view->m->vm), from = fact_host(view, view->m->from),
                   to = fact_host(view, view->m->to);
        uint32_t rule;

        if (!view->alone)
                return false;
        if (better.value >= 0) { /* what is left: those that it stays */
                SENTENCE_CLAUSE(d, "{} returns to {}, where a wish wants it to stay", vm, to,
                                { .kind = CLAIM_HOME, .vm = view->m->vm, .host = view->m->to },
                                claim_gain(view));
                return true;
        }
        rule = view_host_rule(view, false);
        if (rule == IX_NONE)
                SENTENCE_CLAUSE(d, "wishes about hosts are better met on {} than on {}", to, from, better,
                                claim_gain(view));
        else
                SENTENCE_CLAUSE(d,
                                view->s->rules[rule].kind == RULE_ON ? "the wish {} wants {} on {}"
                                                                     : "the wish {} wants {} off {}",
                                { .kind = FACT_RULE, .rule = rule, .text = view->s->rules[rule].name }, vm,
                                view->s->rules[rule].kind == RULE_ON ? to : from,
                                { .kind = CLAIM_SUITS, .vm = view->m->vm, .host = view->m->to, .rule = rule },
                                better, claim_gain(view));
        return true;
}

const Policy policy_wishes = {
        .name = "wishes",
        .summary = "wishes: hosts that VMs should or should not run on, and VMs that should stay",
        .add_terms = wishes_add_terms,
        .total = wishes_total,
        .why = wishes_why,
        .sample = wishes_sample,
};
