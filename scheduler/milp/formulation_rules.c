/* SPDX-License-Identifier: Apache-2.0 */
/* Rules count VMs of a group per domain and domains in use. A rule that touches no free VM is a constant; a
 * domain that no free VM of the group can reach is one too. What rule_broken() says of a point is what the
 * rows say of it.
 */
#include <errno.h>
#include <string.h>

#include "scheduler/milp/formulation_parts.h"

/* A domain of a rule: how many VMs that are not free are in it, and whether free ones can be. */
typedef struct Ground {
        uint32_t domain;
        int64_t fixed_a, fixed_b;
        bool open_a, open_b;
} Ground;

typedef struct RuleWork {
        const RuleCost *term;
        const GroupRule *rule;
        bool *kind_a, *kind_b; /* [kind] */
        Ground *grounds;
        uint32_t n_grounds;
        int64_t members;
        int64_t broken_home;
        uint32_t n_sum;
        uint32_t *sum; /* columns whose sum, plus `broken`, is how far the rule is broken */
        int64_t broken;
} RuleWork;

static Ground *ground_of(RuleWork *w, uint32_t domain) {
        for (uint32_t i = 0; i < w->n_grounds; i++)
                if (w->grounds[i].domain == domain)
                        return &w->grounds[i];
        w->grounds[w->n_grounds] = (Ground){ .domain = domain };
        return &w->grounds[w->n_grounds++];
}

static void group_take(const Formulation *f, RuleWork *w, const Group *g, bool as_b) {
        for (uint32_t i = 0; i < g->n_vms; i++) {
                const VmIx v = g->vms[i];

                if (f->kind_of[v] == IX_NONE && rule_skips(f->problem, w->rule->kind, f->task->start[v]))
                        continue;
                if (f->kind_of[v] != IX_NONE) {
                        (as_b ? w->kind_b : w->kind_a)[f->kind_of[v]] = true;
                        continue;
                }
                if (as_b)
                        ground_of(w, problem_domain(f->problem, w->rule->level, f->task->start[v]))
                                ->fixed_b++;
                else
                        ground_of(w, problem_domain(f->problem, w->rule->level, f->task->start[v]))
                                ->fixed_a++;
        }
}

static void places_take(const Formulation *f, RuleWork *w) {
        for (uint32_t j = 0; j < f->n_places; j++) {
                const uint32_t kind = f->places[j].kind;
                Ground *ground;

                if ((!w->kind_a[kind] && !w->kind_b[kind]) ||
                    rule_skips(f->problem, w->rule->kind, f->hosts[f->places[j].host]))
                        continue;
                ground =
                        ground_of(w, problem_domain(f->problem, w->rule->level, f->hosts[f->places[j].host]));
                ground->open_a |= w->kind_a[kind];
                ground->open_b |= w->kind_b[kind];
        }
}

/* Adds coef × the free VMs of the kinds that are in the domain to the row; only those of `kind`, or IX_NONE:
 * all. */
static int domain_terms(Formulation *f, const RuleWork *w, const bool *kinds, uint32_t domain, int64_t coef,
                        uint32_t kind) {
        for (uint32_t j = 0; j < f->n_places; j++) {
                const uint32_t k = f->places[j].kind;

                if (!kinds[k] || (kind != IX_NONE && k != kind))
                        continue;
                if (problem_domain(f->problem, w->rule->level, f->hosts[f->places[j].host]) == domain &&
                    !rule_skips(f->problem, w->rule->kind, f->hosts[f->places[j].host]) &&
                    program_term(f->program, j, coef) < 0)
                        return -ENOMEM;
        }
        return 0;
}

static int64_t rule_column(Formulation *f, RuleWork *w, int64_t weight, int64_t lower, int64_t upper) {
        return formulation_column(f, w->term->tier, weight, lower, upper);
}

/* A column that is part of how far the rule is broken. */
static int64_t broken_column(Formulation *f, RuleWork *w, int64_t lower, int64_t upper) {
        const int64_t col = rule_column(f, w, w->term->weight, lower, upper);

        if (col >= 0)
                w->sum[w->n_sum++] = (uint32_t) col;
        return col;
}

/* In use: 1 where VMs that are not free are, else a column that is at most the number of free ones. */
static int64_t used_column(Formulation *f, RuleWork *w, const bool *kinds, uint32_t domain) {
        const int64_t col = rule_column(f, w, 0, 0, 1);

        if (col < 0 || program_row(f->program, PROGRAM_NO_LOW, 0) < 0 ||
            program_term(f->program, (uint32_t) col, 1) < 0 ||
            domain_terms(f, w, kinds, domain, -1, IX_NONE) < 0)
                return -ENOMEM;
        return col;
}

/* VMs beyond one, over all domains. */
static int formulate_apart(Formulation *f, RuleWork *w) {
        for (uint32_t i = 0; i < w->n_grounds; i++) {
                const Ground *d = &w->grounds[i];
                int64_t col;

                if (!d->open_a) {
                        w->broken += d->fixed_a > 1 ? d->fixed_a - 1 : 0;
                        continue;
                }
                col = broken_column(f, w, d->fixed_a > 1 ? d->fixed_a - 1 : 0, w->members);
                if (col < 0 || program_row(f->program, PROGRAM_NO_LOW, 1 - d->fixed_a) < 0 ||
                    program_term(f->program, (uint32_t) col, -1) < 0 ||
                    domain_terms(f, w, w->kind_a, d->domain, 1, IX_NONE) < 0)
                        return -ENOMEM;
        }
        return 0;
}

/* A column of domains in use becomes a whole one, at least each kind's share there: the share alone would do for a kind's
 * row. The column, or -ENOMEM. */
static int64_t whole_in_domain(Formulation *f, RuleWork *w, int64_t col, const bool *kinds, uint32_t domain) {
        if (col < 0)
                return -ENOMEM;
        f->program->whole[col] = true;
        f->weight[col] = 1;
        for (uint32_t k = 0; k < f->n_kinds; k++)
                if (kinds[k] && (program_row(f->program, PROGRAM_NO_LOW, 0) < 0 ||
                                 program_term(f->program, (uint32_t) col, -(int64_t) f->kinds[k].n) < 0 ||
                                 domain_terms(f, w, kinds, domain, 1, k) < 0))
                        return -ENOMEM;
        return col;
}

/* The columns from `first` on, once each, in the row that was begun. */
static int columns_sum(Formulation *f, uint32_t first, uint32_t end) {
        for (uint32_t col = first; col < end; col++)
                if (program_term(f->program, col, 1) < 0)
                        return -ENOMEM;
        return 0;
}

/* Domains beyond one. */
static int formulate_together(Formulation *f, RuleWork *w) {
        w->broken -= w->members > 0;
        for (uint32_t i = 0; i < w->n_grounds; i++) {
                const Ground *d = &w->grounds[i];

                w->broken += d->fixed_a > 0;
                if (d->fixed_a > 0 || !d->open_a)
                        continue;
                if (whole_in_domain(f, w, broken_column(f, w, 0, 1), w->kind_a, d->domain) < 0)
                        return -ENOMEM;
        }
        return 0;
}

/* Domains short of k. */
static int formulate_spread(Formulation *f, RuleWork *w) {
        const uint32_t first = f->program->n_cols;
        int64_t used = 0, col, last;

        for (uint32_t i = 0; i < w->n_grounds; i++) {
                const Ground *d = &w->grounds[i];

                used += d->fixed_a > 0;
                if (d->fixed_a == 0 && d->open_a && used_column(f, w, w->kind_a, d->domain) < 0)
                        return -ENOMEM;
        }
        last = f->program->n_cols;
        if (w->members == 0 || used >= w->rule->k)
                return 0;
        col = broken_column(f, w, 0, w->rule->k);
        if (col < 0 || program_row(f->program, w->rule->k - used, PROGRAM_NO_HIGH) < 0 ||
            program_term(f->program, (uint32_t) col, 1) < 0)
                return -ENOMEM;
        return columns_sum(f, first, (uint32_t) last);
}

/* Domains beyond k. */
static int formulate_span(Formulation *f, RuleWork *w) {
        const uint32_t first = f->program->n_cols;
        int64_t used = 0, col, last;

        for (uint32_t i = 0; i < w->n_grounds; i++) {
                const Ground *d = &w->grounds[i];

                used += d->fixed_a > 0;
                if (d->fixed_a == 0 && d->open_a &&
                    whole_in_domain(f, w, rule_column(f, w, 0, 0, 1), w->kind_a, d->domain) < 0)
                        return -ENOMEM;
        }
        last = f->program->n_cols;
        col = broken_column(f, w, 0, w->members);
        if (col < 0 || program_row(f->program, PROGRAM_NO_LOW, w->rule->k - used) < 0 ||
            program_term(f->program, (uint32_t) col, -1) < 0)
                return -ENOMEM;
        return columns_sum(f, first, (uint32_t) last);
}

/* VMs of the group in domains without one of the other. */
static int formulate_near(Formulation *f, RuleWork *w) {
        for (uint32_t i = 0; i < w->n_grounds; i++) {
                const Ground *d = &w->grounds[i];
                int64_t near = -1, col;

                if (d->fixed_b > 0)
                        continue;
                if (!d->open_a && !d->open_b) {
                        w->broken += d->fixed_a;
                        continue;
                }
                if (d->open_b)
                        near = used_column(f, w, w->kind_b, d->domain);
                col = broken_column(f, w, 0, w->members);
                if (col < 0 || (d->open_b && near < 0) ||
                    program_row(f->program, PROGRAM_NO_LOW, -d->fixed_a) < 0 ||
                    program_term(f->program, (uint32_t) col, -1) < 0 ||
                    (near >= 0 && program_term(f->program, (uint32_t) near, -w->members) < 0) ||
                    domain_terms(f, w, w->kind_a, d->domain, 1, IX_NONE) < 0)
                        return -ENOMEM;
        }
        return 0;
}

/* VMs of the group in domains with one of the other: those in the domain, less all of them where none is. */
static int formulate_avoid(Formulation *f, RuleWork *w) {
        for (uint32_t i = 0; i < w->n_grounds; i++) {
                const Ground *d = &w->grounds[i];
                int64_t met = -1, col;

                if (d->fixed_b == 0 && !d->open_b)
                        continue;
                if (d->fixed_b > 0 && !d->open_a) {
                        w->broken += d->fixed_a;
                        continue;
                }
                if (d->fixed_b == 0)
                        met = whole_in_domain(f, w, rule_column(f, w, 0, 0, 1), w->kind_b, d->domain);
                col = broken_column(f, w, 0, w->members);
                if (col < 0 || (d->fixed_b == 0 && met < 0) ||
                    program_row(f->program, PROGRAM_NO_LOW, (met >= 0 ? w->members : 0) - d->fixed_a) < 0 ||
                    program_term(f->program, (uint32_t) col, -1) < 0 ||
                    (met >= 0 && program_term(f->program, (uint32_t) met, w->members) < 0) ||
                    domain_terms(f, w, w->kind_a, d->domain, 1, IX_NONE) < 0)
                        return -ENOMEM;
        }
        return 0;
}

/* No further broken than with every VM at home; and the constant part of its cost. */
static int rule_close(Formulation *f, RuleWork *w) {
        f->constant.tier[w->term->tier] += w->term->weight * w->broken;
        if (!w->rule->must || w->rule->waived)
                return 0;
        if (program_row(f->program, PROGRAM_NO_LOW, w->broken_home - w->broken) < 0)
                return -ENOMEM;
        for (uint32_t i = 0; i < w->n_sum; i++)
                if (program_term(f->program, w->sum[i], 1) < 0)
                        return -ENOMEM;
        return 0;
}

static int formulate_rule(Formulation *f, RuleWork *w) {
        const Problem *p = f->problem;
        const Group *a = &p->groups[w->rule->group];
        bool touched = false;
        int r = 0;

        w->members = a->n_vms;
        group_take(f, w, a, false);
        if (rule_has_two_groups(w->rule->kind))
                group_take(f, w, &p->groups[w->rule->group_b], true);
        for (uint32_t k = 0; k < f->n_kinds; k++)
                touched |= w->kind_a[k] || w->kind_b[k];
        if (!touched) {
                f->constant.tier[w->term->tier] += w->term->weight * rule_broken(p, w->rule, f->start->x);
                return 0;
        }
        places_take(f, w);
        switch (w->rule->kind) {
        case RULE_APART:
                r = formulate_apart(f, w);
                break;
        case RULE_TOGETHER:
                r = formulate_together(f, w);
                break;
        case RULE_SPREAD:
                r = formulate_spread(f, w);
                break;
        case RULE_NEAR:
                r = formulate_near(f, w);
                break;
        case RULE_AVOID:
                r = formulate_avoid(f, w);
                break;
        case RULE_SPAN:
                r = formulate_span(f, w);
                break;
        case RULE_ON:
        case RULE_NOT_ON:
        case RULE_KIND_N:
                return 0;
        }
        return r < 0 ? r : rule_close(f, w);
}

int formulate_rules(Formulation *f) {
        const Problem *p = f->problem;
        const Terms *t = f->task->terms;
        Assignment home = { .problem = p, .host_of = arena_new(f->arena, HostIx, p->n_vms) };

        if (!home.host_of)
                return -ENOMEM;
        memcpy(home.host_of, p->home, sizeof(HostIx) * p->n_vms);
        for (uint32_t i = 0; i < t->n_rules; i++) {
                const GroupRule *rule = t->rules[i].rule;
                const uint32_t room = p->groups[rule->group].n_vms + f->n_hosts +
                                      (rule_has_two_groups(rule->kind) ? p->groups[rule->group_b].n_vms : 0);
                RuleWork w = { .term = &t->rules[i],
                               .rule = rule,
                               .kind_a = arena_new(f->arena, bool, f->n_kinds),
                               .kind_b = arena_new(f->arena, bool, f->n_kinds),
                               .grounds = arena_new(f->arena, Ground, room),
                               .sum = arena_new(f->arena, uint32_t, room) };
                int r;

                if (!w.kind_a || !w.kind_b || !w.grounds || !w.sum)
                        return -ENOMEM;
                w.broken_home = rule_broken(p, rule, &home);
                r = formulate_rule(f, &w);
                if (r < 0)
                        return r;
        }
        return 0;
}
