/* SPDX-License-Identifier: Apache-2.0 */
/* What a move does for rules between VMs, and in what words. */
#include "scheduler/decide/cost/move_view.h"

/* The VMs of a group in the two places of a move, before it. */
typedef struct Places {
        int64_t from, to;
        bool has; /* the VM that moves is of the group */
} Places;

static uint32_t rule_place_of(const MoveView *view, VmIx vm, Level level) {
        const HostIx h = view->e->x->host_of[vm];

        return h == IX_NONE ? IX_NONE : problem_domain(view->p, level, h);
}

static Places rule_places(const MoveView *view, uint32_t group, Level level) {
        const Group *g = &view->p->groups[group];
        const uint32_t from = problem_domain(view->p, level, view->m->from),
                       to = problem_domain(view->p, level, view->m->to);
        Places x = { 0 };

        for (uint32_t i = 0; i < g->n_vms; i++) {
                const uint32_t d = rule_place_of(view, g->vms[i], level);

                x.from += d == from;
                x.to += d == to;
                x.has |= g->vms[i] == view->m->vm;
        }
        return x;
}

/* Places that the group is in; only asked of rules that want it in several. */
static int64_t rule_places_occupied(const MoveView *view, const GroupRule *rule) {
        const Group *g = &view->p->groups[rule->group];
        int64_t n = 0;

        for (uint32_t i = 0; i < g->n_vms; i++) {
                const uint32_t d = rule_place_of(view, g->vms[i], rule->level);
                uint32_t k = 0;

                while (d != IX_NONE && k < i && rule_place_of(view, g->vms[k], rule->level) != d)
                        k++;
                n += d != IX_NONE && k == i;
        }
        return n;
}

static int64_t rule_at_least(int64_t value, int64_t least) {
        return value > least ? value : least;
}

/* VMs of `a` that lack one of b (near), or have one (avoid), in one place. */
static int64_t rule_ill_in(RuleKind kind, int64_t left, int64_t right) {
        return (kind == RULE_NEAR) == (right == 0) ? left : 0;
}

static int64_t rule_span_change(const MoveView *view, const GroupRule *rule) {
        HostIx *host_of = view->e->x->host_of, was = host_of[view->m->vm];
        const int64_t before = rule_broken(view->p, rule, view->e->x);
        int64_t after;

        host_of[view->m->vm] = view->m->to;
        after = rule_broken(view->p, rule, view->e->x);
        host_of[view->m->vm] = was;
        return after - before;
}

int64_t view_rule_change(const MoveView *view, const GroupRule *rule) {
        Places a, b = { 0 };
        int64_t now, then;

        if (rule->kind == RULE_SPAN)
                return rule_span_change(view, rule);
        if (problem_domain(view->p, rule->level, view->m->from) ==
            problem_domain(view->p, rule->level, view->m->to))
                return 0;
        a = rule_places(view, rule->group, rule->level);
        if (rule_has_two_groups(rule->kind))
                b = rule_places(view, rule->group_b, rule->level);
        if (!a.has && !b.has)
                return 0;
        if (rule_has_two_groups(rule->kind))
                return rule_ill_in(rule->kind, a.from - a.has, b.from - b.has) +
                       rule_ill_in(rule->kind, a.to + a.has, b.to + b.has) -
                       rule_ill_in(rule->kind, a.from, b.from) - rule_ill_in(rule->kind, a.to, b.to);
        then = (a.to == 0) - (a.from == 1); /* places more that are occupied */
        if (rule->kind == RULE_APART)
                return -then;
        if (rule->kind == RULE_TOGETHER)
                return then;
        now = rule_places_occupied(view, rule);
        return rule_at_least((int64_t) rule->k - now - then, 0) - rule_at_least((int64_t) rule->k - now, 0);
}

static bool rule_is_of(const Problem *p, VmIx v, uint32_t group) {
        if (!p->groups_of_start) {
                for (uint32_t i = 0; i < p->groups[group].n_vms; i++)
                        if (p->groups[group].vms[i] == v)
                                return true;
                return false;
        }
        for (uint32_t i = p->groups_of_start[v]; i < p->groups_of_start[v + 1]; i++)
                if (p->groups_of[i] == group)
                        return true;
        return false;
}

bool rule_touches(const Problem *p, VmIx v, const GroupRule *rule) {
        return rule_is_of(p, v, rule->group) ||
               (rule_has_two_groups(rule->kind) && rule_is_of(p, v, rule->group_b));
}

/* What the move changes of the snapshot's rule that rules[i] is of: an "avoid" is two, one each way. */
static int64_t rule_source_change(const MoveView *view, uint32_t i) {
        const GroupRule *rule = &view->p->rules[i];
        int64_t change = view_rule_change(view, rule);

        for (uint32_t k = 0; rule->kind == RULE_AVOID && k < view->p->n_rules; k++)
                if (k != i && view->p->rules[k].kind == RULE_AVOID &&
                    view->p->rules[k].source == rule->source)
                        change += view_rule_change(view, &view->p->rules[k]);
        return change;
}

/* The rule of the kind whose cost the move lessens most; NULL: none. */
static const GroupRule *rule_mended_most(const MoveView *view, RuleKind kind, int64_t *ret_change) {
        const GroupRule *best = NULL;
        int64_t most = 0;

        for (uint32_t i = 0; i < view->p->n_rules; i++) {
                const GroupRule *rule = &view->p->rules[i];
                int64_t change, gain;

                if (rule->kind != kind || (rule->must && !rule->waived) != (view->tier == TIER_REPAIR) ||
                    !rule_touches(view->p, view->m->vm, rule))
                        continue;
                change = rule_source_change(view, i);
                gain = change * (rule->must ? 1 : rule->weight);
                if (gain >= most)
                        continue;
                most = gain;
                best = rule;
                *ret_change = change;
        }
        return best;
}

/* Another VM of the group in the place of h, before the move; IX_NONE: none. */
static VmIx rule_neighbour(const MoveView *view, uint32_t group, Level level, HostIx h) {
        const Group *g = &view->p->groups[group];

        for (uint32_t i = 0; i < g->n_vms; i++)
                if (g->vms[i] != view->m->vm &&
                    rule_place_of(view, g->vms[i], level) == problem_domain(view->p, level, h))
                        return g->vms[i];
        return IX_NONE;
}

static Fact fact_strength(const GroupRule *rule) {
        return (Fact){ .kind = FACT_STRENGTH, .rule = rule->source, .text = rule->must ? "rule" : "wish" };
}

static Fact fact_rule(const MoveView *view, const GroupRule *rule) {
        return (Fact){ .kind = FACT_RULE, .rule = rule->source, .text = view->s->rules[rule->source].name };
}

static Fact claim_with(VmIx vm, HostIx h, Level level) {
        return (Fact){ .kind = CLAIM_WITH, .vm = vm, .host = h, .r = level };
}

/* What the rule has against where the VM is, or for where it goes. */
static void rule_clause(const MoveView *view, const GroupRule *rule, Fact mended, SentenceDraft *d) {
        const bool first = rule_is_of(view->p, view->m->vm, rule->group), on = rule->level == LEVEL_HOST;
        const uint32_t others = !rule_has_two_groups(rule->kind) || !first ? rule->group : rule->group_b;
        const VmIx here = rule_neighbour(view, others, rule->level, view->m->from),
                   there = rule_neighbour(view, others, rule->level, view->m->to);
        const Fact what = fact_strength(rule), name = fact_rule(view, rule), level = fact_level(rule->level);

        if ((rule->kind == RULE_APART || rule->kind == RULE_AVOID) && here != IX_NONE &&
            !host_place_is_known(&view->s->hosts[view->m->from], rule->level))
                SENTENCE_CLAUSE(
                        d, "the {} of {} is not known, so it may share it with {}, which the {} {} forbids",
                        level, fact_host(view, view->m->from), fact_vm(view, here), what, name,
                        claim_with(here, view->m->from, rule->level), mended);
        else if ((rule->kind == RULE_APART || rule->kind == RULE_AVOID) && here != IX_NONE)
                SENTENCE_CLAUSE(d, "on {} it shares its {} with {}, which the {} {} forbids",
                                fact_host(view, view->m->from), level, fact_vm(view, here), what, name,
                                claim_with(here, view->m->from, rule->level), mended);
        else if (rule->kind == RULE_TOGETHER && there != IX_NONE)
                SENTENCE_CLAUSE(d,
                                on ? "the {} {} keeps it on one {} with {}, which is there"
                                   : "the {} {} keeps it in one {} with {}, which is there",
                                what, name, level, fact_vm(view, there),
                                claim_with(there, view->m->to, rule->level), mended);
        else if (rule->kind == RULE_NEAR && there != IX_NONE && first)
                SENTENCE_CLAUSE(d,
                                on ? "the {} {} wants it on one {} with {}, which is there"
                                   : "the {} {} wants it in one {} with {}, which is there",
                                what, name, level, fact_vm(view, there),
                                claim_with(there, view->m->to, rule->level), mended);
        else if (rule->kind == RULE_NEAR && there != IX_NONE)
                SENTENCE_CLAUSE(d,
                                on ? "the {} {} wants its dependents on one {} with it: {} is there"
                                   : "the {} {} wants its dependents in one {} with it: {} is there",
                                what, name, level, fact_vm(view, there),
                                claim_with(there, view->m->to, rule->level), mended);
        else if (rule->kind == RULE_SPREAD)
                SENTENCE_CLAUSE(d,
                                on ? "the {} {} wants its group on {} {}s: moving it to {} adds one"
                                   : "the {} {} wants its group in {} {}s: moving it to {} adds one",
                                what, name, { .kind = FACT_PLACES, .rule = rule->source, .value = rule->k },
                                level, fact_host(view, view->m->to), mended);
        else if (rule->kind == RULE_SPAN)
                SENTENCE_CLAUSE(d,
                                rule->k == 1 ? "the {} {} allows its group {} {}: leaving {} frees one"
                                             : "the {} {} allows its group {} {}s: leaving {} frees one",
                                what, name, { .kind = FACT_PLACES, .rule = rule->source, .value = rule->k },
                                level, fact_host(view, view->m->from), mended);
        else
                SENTENCE_CLAUSE(d, "the {} {} is closer to being met with it on {} than on {}", what, name,
                                fact_host(view, view->m->to), fact_host(view, view->m->from), mended);
}

/* The others of the rule that the plan moves into the place where this one goes. */
static uint32_t rule_movers(const MoveView *view, const GroupRule *rule, VmIx *ret_first) {
        const uint32_t sides = rule_has_two_groups(rule->kind) ? 2 : 1;
        uint32_t n = 0;

        for (uint32_t side = 0; side < sides; side++) {
                const Group *g = &view->p->groups[side == 0 ? rule->group : rule->group_b];

                for (uint32_t i = 0; i < g->n_vms; i++) {
                        const VmIx vm = g->vms[i];

                        if (vm == view->m->vm || view->p->home[vm] == view->end[vm] ||
                            problem_domain(view->p, rule->level, view->end[vm]) !=
                                    problem_domain(view->p, rule->level, view->m->to) ||
                            (side == 1 && rule_is_of(view->p, vm, rule->group)))
                                continue;
                        *ret_first = n == 0 ? vm : *ret_first;
                        n++;
                }
        }
        return n;
}

static bool rule_block(const MoveView *view, RuleKind kind, SentenceDraft *d) {
        for (uint32_t i = 0; i < view->p->n_rules; i++) {
                const GroupRule *rule = &view->p->rules[i];
                VmIx first = IX_NONE;
                uint32_t n;

                if (rule->kind != kind || !rule_touches(view->p, view->m->vm, rule))
                        continue;
                n = rule_movers(view, rule, &first);
                if (n == 0)
                        continue;
                if (n == 1)
                        SENTENCE_CLAUSE(
                                d, "the {} {} keeps it with {}: they move together", fact_strength(rule),
                                fact_rule(view, rule), fact_vm(view, first),
                                { .kind = CLAIM_MOVERS, .rule = rule->source, .vm = first, .value = 1 });
                else
                        SENTENCE_CLAUSE(
                                d, "the {} {} keeps it with {} and {} more: they move together",
                                fact_strength(rule), fact_rule(view, rule), fact_vm(view, first),
                                { .kind = FACT_OTHERS, .rule = rule->source, .value = n - 1 },
                                { .kind = CLAIM_MOVERS, .rule = rule->source, .vm = first, .value = n });
                return true;
        }
        return false;
}

/* With others it leaves a place that its group may not have. */
static bool rule_span_leaves(const MoveView *view, const GroupRule *rule) {
        const Group *g = &view->p->groups[rule->group];
        const Assignment home = { .problem = view->p, .host_of = (HostIx *) view->p->home },
                         end = { .problem = view->p, .host_of = (HostIx *) view->end };
        const uint32_t left = problem_domain(view->p, rule->level, view->m->from);

        if (!rule->must || rule_broken(view->p, rule, &end) >= rule_broken(view->p, rule, &home))
                return false;
        for (uint32_t i = 0; i < g->n_vms; i++)
                if (view->end[g->vms[i]] != IX_NONE &&
                    problem_domain(view->p, rule->level, view->end[g->vms[i]]) == left)
                        return false;
        return true;
}

static bool rule_span_block(const MoveView *view, SentenceDraft *d) {
        for (uint32_t i = 0; i < view->p->n_rules; i++) {
                const GroupRule *rule = &view->p->rules[i];

                if (rule->kind != RULE_SPAN || !rule_touches(view->p, view->m->vm, rule) ||
                    !rule_span_leaves(view, rule))
                        continue;
                SENTENCE_CLAUSE(d,
                                rule->k == 1 ? "the {} {} allows its group {} {}: all of it leaves {}"
                                             : "the {} {} allows its group {} {}s: all of it leaves {}",
                                fact_strength(rule), fact_rule(view, rule),
                                { .kind = FACT_PLACES, .rule = rule->source, .value = rule->k },
                                fact_level(rule->level), fact_host(view, view->m->from));
                return true;
        }
        return false;
}

bool rule_why(const MoveView *view, RuleKind kind, SentenceDraft *d) {
        const GroupRule *rule;
        int64_t change = 0;

        if (!view->alone && kind == RULE_SPAN)
                return rule_span_block(view, d);
        if (!view->alone)
                return (kind == RULE_TOGETHER || kind == RULE_NEAR) && rule_block(view, kind, d);
        rule = rule_mended_most(view, kind, &change);
        if (!rule)
                return false;
        rule_clause(view, rule, (Fact){ .kind = CLAIM_MENDED, .rule = rule->source, .value = change }, d);
        return true;
}

/* ---- rules about hosts ---- */

static bool rule_names_vm(const Rule *rule, VmIx v) {
        for (uint32_t i = 0; i < rule->n_vms; i++)
                if (rule->vms[i] == v)
                        return true;
        return false;
}

bool rule_denies(const Rule *rule, HostIx h) {
        for (uint32_t i = 0; i < rule->n_hosts; i++)
                if (rule->hosts[i] == h)
                        return rule->kind == RULE_NOT_ON;
        return rule->kind == RULE_ON;
}

uint32_t view_waived(const MoveView *view) {
        const VmIx v = view->m->vm;

        if (!view->p->waives || !view->p->waives[v])
                return IX_NONE;
        for (uint32_t i = 0; i < view->s->n_rules; i++) {
                const Rule *rule = &view->s->rules[i];

                if (rule->must && rule->evacuate && rule_is_about_hosts(rule) && rule_names_vm(rule, v) &&
                    rule_denies(rule, view->m->to))
                        return i;
        }
        for (uint32_t i = 0; i < view->p->n_rules; i++)
                if (view->p->rules[i].waived && rule_touches(view->p, v, &view->p->rules[i]) &&
                    view_rule_change(view, &view->p->rules[i]) > 0)
                        return view->p->rules[i].source;
        return IX_NONE;
}

uint32_t view_breach(const MoveView *view) {
        for (uint32_t i = 0; i < view->s->n_rules; i++) {
                const Rule *rule = &view->s->rules[i];

                if (rule->must && rule_is_about_hosts(rule) && rule_names_vm(rule, view->m->vm) &&
                    rule_denies(rule, view->m->from) && rule_denies(rule, view->m->to))
                        return i;
        }
        return IX_NONE;
}

uint32_t view_host_rule(const MoveView *view, bool must) {
        uint32_t best = IX_NONE;

        for (uint32_t i = 0; i < view->s->n_rules; i++) {
                const Rule *rule = &view->s->rules[i];

                if (rule->must != must || !rule_is_about_hosts(rule) || !rule_names_vm(rule, view->m->vm) ||
                    !rule_denies(rule, view->m->from) || rule_denies(rule, view->m->to))
                        continue;
                if (best == IX_NONE || rule->weight > view->s->rules[best].weight)
                        best = i;
        }
        return best;
}
