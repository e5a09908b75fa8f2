/* SPDX-License-Identifier: Apache-2.0 */
/* What a step does for rules between VMs, for wishes about hosts and for VMs that talk. */
#include <errno.h>

#include "scheduler/decide/cost/terms.h"
#include "scheduler/decide/plan/plan_why.h"

/* The VMs of a group in the two places of a step, before it. */
typedef struct Places {
        int64_t from, to;
        bool has; /* the VM that moves is of the group */
} Places;

static Places plan_why_rules_count_places(const Why *w, uint32_t group, Level level) {
        const Problem *p = w->pl->first;
        const Move m = w->step->step.move;
        const Group *g = &p->groups[group];
        const uint32_t from = problem_domain(p, level, m.from), to = problem_domain(p, level, m.to);
        Places x = { 0 };

        for (uint32_t i = 0; i < g->n_vms; i++) {
                const HostIx h = w->e->x->host_of[g->vms[i]];
                const uint32_t d = h == IX_NONE ? IX_NONE : problem_domain(p, level, h);

                x.from += d == from;
                x.to += d == to;
                x.has |= g->vms[i] == m.vm;
        }
        return x;
}

/* Places that the group is in; only asked of "spread". */
static int64_t plan_why_rules_occupied(const Why *w, const GroupRule *rule) {
        const Problem *p = w->pl->first;
        const Group *g = &p->groups[rule->group];
        int64_t n = 0;

        for (uint32_t i = 0; i < g->n_vms; i++) {
                const HostIx h = w->e->x->host_of[g->vms[i]];
                uint32_t k = 0;

                while (h != IX_NONE && k < i &&
                       (w->e->x->host_of[g->vms[k]] == IX_NONE ||
                        problem_domain(p, rule->level, w->e->x->host_of[g->vms[k]]) !=
                                problem_domain(p, rule->level, h)))
                        k++;
                n += h != IX_NONE && k == i;
        }
        return n;
}

static int64_t plan_why_rules_at_least(int64_t x, int64_t least) {
        return x > least ? x : least;
}

/* VMs of `a` that lack one of b (near), or have one (avoid), in one place. */
static int64_t ill_in(RuleKind kind, int64_t a, int64_t b) {
        return (kind == RULE_NEAR) == (b == 0) ? a : 0;
}

/* How much further the step breaks the rule; < 0: less far. The same as rule_broken() after less before, in
 * time linear in the groups. */
static int64_t change_of(const Why *w, const GroupRule *rule) {
        const Move m = w->step->step.move;
        const Problem *p = w->pl->first;
        Places a, b = { 0 };
        int64_t now, then;

        if (problem_domain(p, rule->level, m.from) == problem_domain(p, rule->level, m.to))
                return 0;
        a = plan_why_rules_count_places(w, rule->group, rule->level);
        if (rule_has_two_groups(rule->kind))
                b = plan_why_rules_count_places(w, rule->group_b, rule->level);
        if (!a.has && !b.has)
                return 0;
        if (rule_has_two_groups(rule->kind))
                return ill_in(rule->kind, a.from - a.has, b.from - b.has) +
                       ill_in(rule->kind, a.to + a.has, b.to + b.has) - ill_in(rule->kind, a.from, b.from) -
                       ill_in(rule->kind, a.to, b.to);
        then = (a.to == 0) - (a.from == 1); /* places more that are occupied */
        if (rule->kind == RULE_APART)
                return -then;
        if (rule->kind == RULE_TOGETHER)
                return then;
        now = plan_why_rules_occupied(w, rule);
        return plan_why_rules_at_least((int64_t) rule->k - now - then, 0) -
               plan_why_rules_at_least((int64_t) rule->k - now, 0);
}

static bool plan_why_rules_is_of(const Problem *p, VmIx v, uint32_t group) {
        for (uint32_t i = p->groups_of_start[v]; i < p->groups_of_start[v + 1]; i++)
                if (p->groups_of[i] == group)
                        return true;
        return false;
}

static bool plan_why_rules_touches(const Problem *p, VmIx v, const GroupRule *rule) {
        return p->groups_of_start &&
               (plan_why_rules_is_of(p, v, rule->group) ||
                (rule_has_two_groups(rule->kind) && plan_why_rules_is_of(p, v, rule->group_b)));
}

static bool is_talk(const Problem *p, const GroupRule *rule) {
        return p->n_talks > 0 && rule >= p->talks && rule < p->talks + p->n_talks;
}

const GroupRule *why_rule(const Why *w, bool must, Cost *ret_gain) {
        const Problem *p = w->pl->first;
        const Terms *t = w->pl->terms;
        const GroupRule *best = NULL;

        *ret_gain = 0;
        for (uint32_t i = 0; i < t->n_rules; i++) {
                const GroupRule *rule = t->rules[i].rule;
                Cost gain;

                if (rule->must != must || is_talk(p, rule) ||
                    !plan_why_rules_touches(p, w->step->step.move.vm, rule))
                        continue;
                gain = t->rules[i].weight * change_of(w, rule);
                if (gain < *ret_gain) {
                        *ret_gain = gain;
                        best = rule;
                }
        }
        return best;
}

Cost why_traffic_gain(const Why *w, VmIx *ret_partner) {
        const Problem *p = w->pl->first;
        const Terms *t = w->pl->terms;
        const VmIx v = w->step->step.move.vm;
        Cost sum = 0, most = 0;

        *ret_partner = IX_NONE;
        for (uint32_t i = 0; i < t->n_rules && p->n_talks > 0; i++) {
                const GroupRule *rule = t->rules[i].rule;
                const VmIx *pair;
                Cost gain;

                if (!is_talk(p, rule) || !plan_why_rules_touches(p, v, rule))
                        continue;
                gain = t->rules[i].weight * change_of(w, rule);
                sum += gain;
                if (gain >= most)
                        continue;
                most = gain;
                pair = p->groups[rule->group].vms;
                *ret_partner = pair[0] == v ? pair[1] : pair[0];
        }
        return sum;
}

Cost why_wish_gain(const Why *w) {
        const Problem *p = w->pl->first;
        const Move m = w->step->step.move;
        const int64_t *row = p->wish_of ? p->wish_cost[p->wish_of[m.vm]] : NULL;

        return row ? RULE_UNIT * (row[m.to] - row[m.from]) : 0;
}

/* ---- sentences ---- */

/* Another VM of the group in that place, before the step. */
static const char *plan_why_rules_neighbour(const Why *w, uint32_t group, Level level, HostIx h) {
        const Problem *p = w->pl->first;
        const Group *g = &p->groups[group];

        for (uint32_t i = 0; i < g->n_vms; i++)
                if (g->vms[i] != w->step->step.move.vm && w->e->x->host_of[g->vms[i]] != IX_NONE &&
                    problem_domain(p, level, w->e->x->host_of[g->vms[i]]) == problem_domain(p, level, h))
                        return w->pl->s->vms[g->vms[i]].name;
        return NULL;
}

const char *why_rule_kept(const Why *w, const GroupRule *rule) {
        const Move m = w->step->step.move;
        const Rule *written = &w->pl->s->rules[rule->source];
        const char *what = rule->must ? "rule" : "wish", *level = level_names[rule->level];
        const char *in = rule->level == LEVEL_HOST ? "on" : "in";
        const bool first = plan_why_rules_is_of(w->pl->first, m.vm, rule->group);
        const uint32_t others = !rule_has_two_groups(rule->kind) || !first ? rule->group : rule->group_b;
        const char *there = plan_why_rules_neighbour(w, others, rule->level, m.to),
                   *here = plan_why_rules_neighbour(w, others, rule->level, m.from);

        switch (rule->kind) {
        case RULE_APART:
        case RULE_AVOID:
                return text_format(w->arena, "on %s it shares its %s with %s, which the %s %s keeps apart%s",
                                   w->from, level, here ? here : "another", what, written->name,
                                   there ? "; where it goes it meets fewer" : "");
        case RULE_TOGETHER:
                return text_format(w->arena, "the %s %s keeps it %s one %s with %s, which %s there", what,
                                   written->name, in, level, there ? there : "the others",
                                   there ? "is" : "are");
        case RULE_SPREAD:
                return text_format(w->arena,
                                   "the %s %s wants its group %s %u %ss: with it on %s there is one more",
                                   what, written->name, in, rule->k, level, w->to);
        case RULE_NEAR:
                return text_format(w->arena, "the %s %s wants %s %s one %s with %s, which is there", what,
                                   written->name, first ? "it" : "those that depend on it", in, level,
                                   there ? there : "them");
        case RULE_ON:
        case RULE_NOT_ON:
        case RULE_KIND_N:
                break;
        }
        return written->name;
}

static bool names_vm(const Rule *rule, VmIx v) {
        for (uint32_t i = 0; i < rule->n_vms; i++)
                if (rule->vms[i] == v)
                        return true;
        return false;
}

/* The host is one the rule has nothing against. */
static bool plan_why_rules_suits(const Rule *rule, HostIx h) {
        for (uint32_t i = 0; i < rule->n_hosts; i++)
                if (rule->hosts[i] == h)
                        return rule->kind == RULE_ON;
        return rule->kind == RULE_NOT_ON;
}

/* The heaviest rule on hosts that the step satisfies; NULL: none. */
static const Rule *plan_why_rules_satisfied(const Why *w, bool must) {
        const Snapshot *s = w->pl->s;
        const Move m = w->step->step.move;
        const Rule *best = NULL;

        for (uint32_t i = 0; i < s->n_rules; i++) {
                const Rule *rule = &s->rules[i];

                if (rule->must != must || (rule->kind != RULE_ON && rule->kind != RULE_NOT_ON) ||
                    !names_vm(rule, m.vm) || plan_why_rules_suits(rule, m.from) ||
                    !plan_why_rules_suits(rule, m.to))
                        continue;
                if (!best || rule->weight > best->weight)
                        best = rule;
        }
        return best;
}

const char *why_wish(const Why *w) {
        const Rule *rule = plan_why_rules_satisfied(w, false);

        if (!rule)
                return text_format(w->arena, "wishes about hosts are better met on %s than on %s", w->to,
                                   w->from);
        return text_format(w->arena, "the wish %s would have %s %s %s", rule->name, w->vm,
                           rule->kind == RULE_ON ? "on" : "off", rule->kind == RULE_ON ? w->to : w->from);
}

const char *why_host_rule(const Why *w) {
        const Rule *rule = plan_why_rules_satisfied(w, true);

        return text_format(w->arena, "the rule %s forbids %s on %s, and allows it on %s",
                           rule ? rule->name : "on hosts", w->vm, w->from, w->to);
}

static int64_t talk_kbit(const Snapshot *s, VmIx a, VmIx b) {
        for (uint32_t i = 0; i < s->n_traffic; i++)
                if ((s->traffic[i].a == a && s->traffic[i].b == b) ||
                    (s->traffic[i].a == b && s->traffic[i].b == a))
                        return s->traffic[i].kbit;
        return 0;
}

const char *why_traffic(const Why *w, VmIx partner) {
        const Problem *p = w->pl->first;
        const Snapshot *s = w->pl->s;
        const Move m = w->step->step.move;
        const HostIx at = w->e->x->host_of[partner];
        int level = LEVEL_HOST;

        while (level + 1 < LEVEL_N &&
               problem_domain(p, (Level) level, at) != problem_domain(p, (Level) level, m.to))
                level++;
        return text_format(w->arena, "it talks to %s at %lld Mbit/s, and comes to the same %s",
                           s->vms[partner].name, (long long) (talk_kbit(s, m.vm, partner) + 500) / 1000,
                           level_names[level]);
}

/* The others of the rule that move into the same place in this plan. */
const char *why_block(const Why *w, int *ret_r) {
        const Problem *p = w->pl->first;
        const Move m = w->step->step.move;

        *ret_r = 0;
        for (uint32_t i = 0; i < p->n_rules; i++) {
                const GroupRule *rule = &p->rules[i];
                const char *others = NULL;
                uint32_t n = 0;

                if ((rule->kind != RULE_TOGETHER && rule->kind != RULE_NEAR) ||
                    !plan_why_rules_touches(p, m.vm, rule))
                        continue;
                for (int side = 0; side < (rule->kind == RULE_NEAR ? 2 : 1); side++) {
                        const Group *g = &p->groups[side == 0 ? rule->group : rule->group_b];

                        for (uint32_t k = 0; k < g->n_vms; k++) {
                                const VmIx v = g->vms[k];

                                if (v == m.vm || p->home[v] == w->pl->now[v] ||
                                    problem_domain(p, rule->level, w->pl->now[v]) !=
                                            problem_domain(p, rule->level, m.to))
                                        continue;
                                others = others ? others : w->pl->s->vms[v].name;
                                n++;
                        }
                }
                if (n == 0)
                        continue;
                others = n == 1 ? text_format(w->arena, "the %s %s keeps it with %s: they move together",
                                              rule->must ? "rule" : "wish",
                                              w->pl->s->rules[rule->source].name, others)
                                : text_format(w->arena,
                                              "the %s %s keeps it with %s and %u more: they move together",
                                              rule->must ? "rule" : "wish",
                                              w->pl->s->rules[rule->source].name, others, n - 1);
                *ret_r = others ? 0 : -ENOMEM;
                return others;
        }
        return NULL;
}
