/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/decide/cost/policy.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

int64_t policy_setting(const Policy *policy, const Settings *s, const char *name) {
        const SettingDef *def = policy->settings;

        if (s)
                return settings_int(s, policy->name, name);
        while (def->name && strcmp(def->name, name) != 0)
                def++;
        assert(def->name);
        return def->def;
}

int policies_add_terms(Arena *a, const Problem *p, PolicySet policies, const Settings *s, Terms **ret) {
        Terms *t = arena_new(a, Terms, 1);

        if (!t)
                return -ENOMEM;
        t->arena = a;
        t->problem = p;
        for (uint32_t i = 0; i < policies.n; i++) {
                int r = policies.policies[i]->add_terms(p, s, t);

                assert(r <= 0);
                if (r < 0)
                        return r;
        }
        *ret = t;
        return 0;
}

Costs policies_total(PolicySet policies, const Problem *p, const Settings *s, const Assignment *x) {
        Costs sum = { 0 };

        for (uint32_t i = 0; i < policies.n; i++)
                policies.policies[i]->total(p, s, x, &sum);
        return sum;
}

int64_t *sample_row(Arena *a, Prng *g, size_t n, uint32_t below, int64_t add) {
        int64_t *row = arena_new(a, int64_t, n);

        for (size_t i = 0; row && i < n; i++)
                row[i] = add + prng_below(g, below);
        return row;
}

static int sample_group(Arena *a, Prng *g, const Problem *p, Group *ret) {
        VmIx *vms = arena_new(a, VmIx, p->n_vms);
        uint32_t n = 0;

        if (!vms)
                return -ENOMEM;
        for (VmIx v = 0; v < p->n_vms; v++)
                if (prng_below(g, 4) == 0)
                        vms[n++] = v;
        *ret = (Group){ vms, n };
        return 0;
}

int sample_rules(Arena *a, Prng *g, Problem *p, uint32_t n, RuleKind kind) {
        const uint32_t n_own = n + 2;
        Group *groups = arena_new(a, Group, (size_t) p->n_groups + n_own);
        GroupRule *rules = arena_new(a, GroupRule, (size_t) p->n_rules + n);

        if (!groups || !rules)
                return -ENOMEM;
        if (p->n_groups > 0)
                memcpy(groups, p->groups, sizeof(Group) * p->n_groups);
        if (p->n_rules > 0)
                memcpy(rules, p->rules, sizeof(GroupRule) * p->n_rules);
        for (uint32_t i = 0; i < n_own; i++)
                if (sample_group(a, g, p, &groups[p->n_groups + i]) < 0)
                        return -ENOMEM;
        for (uint32_t i = 0; i < n; i++)
                rules[p->n_rules + i] =
                        (GroupRule){ .kind = kind == RULE_ON ? (RuleKind) prng_below(g, RULE_ON) : kind,
                                     .level = (Level) prng_below(g, LEVEL_N),
                                     .group = p->n_groups + prng_below(g, n_own),
                                     .group_b = p->n_groups + prng_below(g, n_own),
                                     .k = prng_below(g, 4),
                                     .must = prng_below(g, 2) == 0,
                                     .weight = 1 + prng_below(g, 100),
                                     .source = p->n_rules + i };
        p->groups = groups;
        p->rules = rules;
        p->n_groups += n_own;
        p->n_rules += n;
        return 0;
}
