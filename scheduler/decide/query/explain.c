/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/decide/query/explain.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "scheduler/decide/whynot/refusal.h"

/* ---- a VM ---- */

static int pick_hosts(Arena *a, ExplainVm *explained, HostIx only) {
        TrialHost *two;
        uint32_t n = 0;

        if (only == IX_NONE)
                return 0;
        two = arena_new(a, TrialHost, 2);
        if (!two)
                return -ENOMEM;
        for (uint32_t i = 0; i < explained->n; i++)
                if (explained->hosts[i].here || explained->hosts[i].host == only)
                        two[n++] = explained->hosts[i];
        explained->hosts = two;
        explained->n = n;
        return 0;
}

static bool is_smaller(const Remedy *left, const Remedy *right) {
        const int c = costs_compare(&left->delta, &right->delta);

        return c != 0 ? c < 0 : left->kind < right->kind;
}

static int tell_refused(Arena *a, ExplainVm *explained) {
        const char **texts = arena_new(a, const char *, explained->n);
        Remedy *remedies = arena_new(a, Remedy, explained->n);
        int r = texts && remedies ? 0 : -ENOMEM;

        explained->best = explained->n;
        for (uint32_t i = 0; r == 0 && i < explained->n; i++) {
                const TrialHost *h = &explained->hosts[i];

                if (h->reason == REASON_NONE)
                        continue;
                texts[i] = refusal_text(a, &explained->trial, explained->vm, h->host, h->reason);
                if (!texts[i])
                        return -ENOMEM;
                if (explained->n_sought == EXPLAIN_REMEDIES)
                        continue;
                explained->n_sought++;
                r = remedy_find(a, &explained->trial, explained->vm, h->host, h->reason, &remedies[i]);
                if (r == 0 && remedies[i].kind != REMEDY_NONE && explained->n_open == 0 &&
                    (explained->best == explained->n || is_smaller(&remedies[i], &remedies[explained->best])))
                        explained->best = i;
        }
        explained->refusals = texts;
        explained->remedies = remedies;
        return r;
}

int explain_vm(Arena *a, const Snapshot *s, const Settings *settings, PolicySet policies, VmIx v, HostIx only,
               ExplainVm *ret) {
        ExplainVm e = { .vm = v, .n = s->n_hosts };
        int r = trial_build(a, s, settings, policies, TRIAL_PARTS, &e.trial);

        if (r == 0)
                r = trial_hosts(a, &e.trial, v, &e.hosts, &e.n_open);
        if (r == 0)
                r = pick_hosts(a, &e, only);
        if (r == 0)
                r = tell_refused(a, &e);
        if (r == 0)
                *ret = e;
        return r;
}

/* ---- a plan ---- */

static void costs_less(Costs *left, const Costs *right) {
        for (int t = 0; t < TIER_N; t++)
                left->tier[t] -= right->tier[t];
}

/* Each move at its place in the order. */
static int walk_moves(Arena *a, Trial *t, const Plan *plan, ExplainMove *moves) {
        for (uint32_t i = 0; i < plan->n_moves; i++) {
                const PlanMove *m = &plan->moves[i];
                Costs *parts = arena_new(a, Costs, t->policies.n);

                if (!parts)
                        return -ENOMEM;
                for (uint32_t k = 0; k < t->policies.n; k++)
                        parts[k] =
                                evaluator_delta(t->parts[k], (Move){ m->move.vm, m->move.from, m->move.to });
                moves[i].move = i;
                moves[i].by_policy = parts;
                trial_put(t, m->move.vm, m->move.to);
        }
        return 0;
}

/* Leave one out: with everything else where the plan has it, the VM back where it was. */
static int explain_leave_out(Arena *a, const Trial *t, const Plan *plan, ExplainMove *moves) {
        for (uint32_t i = 0; i < plan->n_moves; i++) {
                const PlanMove *m = &plan->moves[i];
                const HostIx now = t->e->x->host_of[m->move.vm], home = t->p->home[m->move.vm];
                const Move back = { m->move.vm, now, home };
                Costs *parts;

                if (now == home)
                        continue;
                moves[i].stay_reason = evaluator_refuse(t->e, back);
                moves[i].can_stay = moves[i].stay_reason == REASON_NONE;
                if (!moves[i].can_stay)
                        continue;
                parts = arena_new(a, Costs, t->policies.n);
                if (!parts)
                        return -ENOMEM;
                for (uint32_t k = 0; k < t->policies.n; k++)
                        parts[k] = evaluator_delta(t->parts[k], back);
                moves[i].without = evaluator_delta(t->e, back);
                moves[i].without_by_policy = parts;
        }
        return 0;
}

/* What the rule itself costs in the final state: it is left out of the comparison. */
static Costs own_cost(const Trial *t, uint32_t rule) {
        Costs own = { 0 };

        for (uint32_t i = 0; i < t->terms->n_rules; i++) {
                const RuleCost *term = &t->terms->rules[i];

                if (term->rule->source == rule)
                        own.tier[term->tier] += term->weight * rule_broken(t->p, term->rule, t->e->x);
        }
        return own;
}

static int price_rule(Arena *a, const Trial *t, uint32_t rule, const PlanRequest *request, ExplainRule *ret) {
        const Remedy drop = { .kind = REMEDY_RULE, .host = IX_NONE, .rule = rule };
        const Snapshot *without = NULL;
        const Plan *plan = NULL;
        Costs own;
        int r = remedy_apply(a, t->s, 0, 0, &drop, &without);

        if (r == 0)
                r = planner_plan(a, without, t->settings, t->policies, *request, &plan);
        if (r < 0)
                return r;
        assert(plan);
        own = own_cost(t, rule);
        ret->rule = rule;
        ret->n_moves = plan->n_moves;
        ret->saved = t->e->cost;
        costs_less(&ret->saved, &own);
        costs_less(&ret->saved, &plan->after.costs);
        return 0;
}

static int by_price(const void *left, const void *right) {
        const ExplainRule *x = left, *y = right;
        const int c = costs_compare(&y->saved, &x->saved);

        return c != 0 ? c : (x->rule > y->rule) - (x->rule < y->rule);
}

static int price_rules(Arena *a, const Trial *t, const PlanRequest *request, ExplainPlan *ret) {
        ExplainRule *rules = arena_new(a, ExplainRule, t->s->n_rules);
        int r = rules ? 0 : -ENOMEM;

        for (uint32_t i = 0; r == 0 && i < t->s->n_rules; i++) {
                ArenaMark mark = arena_mark(a);

                if (time_limit_is_up(time_limit_of(request->time, PLAN_PART_EXPLAIN))) {
                        ret->n_unpriced = t->s->n_rules - i;
                        break;
                }
                r = price_rule(a, t, i, request, &rules[ret->n_rules]);
                ret->n_rules += r == 0;
                arena_rewind(a, mark);
        }
        if (r == 0)
                qsort(rules, ret->n_rules, sizeof(*rules), by_price);
        ret->rules = rules;
        return r;
}

int explain_plan(Arena *a, const Snapshot *s, const Settings *settings, PolicySet policies, const Plan *plan,
                 const PlanRequest *request, ExplainPlan *ret) {
        ExplainMove *moves = arena_new(a, ExplainMove, plan->n_moves);
        ExplainPlan e = { .plan = plan, .moves = moves, .policies = policies };
        Trial t;
        int r = moves ? trial_build(a, s, settings, policies, TRIAL_PARTS, &t) : -ENOMEM;

        if (r == 0)
                r = walk_moves(a, &t, plan, moves);
        if (r == 0)
                r = explain_leave_out(a, &t, plan, moves);
        if (r == 0)
                r = price_rules(a, &t, request, &e);
        if (r == 0)
                *ret = e;
        return r;
}
