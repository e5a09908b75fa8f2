/* SPDX-License-Identifier: Apache-2.0 */
/* Domains by name, and the rules between VMs as groups of indexes. Rules on hosts are in the classes. */
#include <errno.h>
#include <string.h>

#include "scheduler/decide/problem/intern.h"
#include "scheduler/decide/problem/problem_parts.h"

static const char *domain_name(const Host *host, Level level) {
        switch (level) {
        case LEVEL_RACK:
                return host->rack;
        case LEVEL_ZONE:
                return host->zone;
        case LEVEL_NEIGHBORHOOD:
                return host->neighborhood;
        case LEVEL_HOST:
        case LEVEL_N:
                break;
        }
        return NULL;
}

/* Hosts that do not say share one domain, which no name can be (it is the empty one). */
static int build_domains(Arena *a, const Snapshot *s, Problem *p) {
        p->n_domains[LEVEL_HOST] = s->n_hosts;
        for (int level = LEVEL_HOST + 1; level < LEVEL_N; level++) {
                uint32_t *domain = arena_new(a, uint32_t, s->n_hosts);
                Intern names;

                if (!domain || intern_new(a, &names) < 0)
                        return -ENOMEM;
                for (HostIx h = 0; h < s->n_hosts; h++) {
                        const char *name = domain_name(&s->hosts[h], (Level) level);

                        if (intern_bytes(&names, name ? name : "", name ? strlen(name) : 0, &domain[h]) < 0)
                                return -ENOMEM;
                }
                p->domain[level] = domain;
                p->n_domains[level] = names.n;
        }
        return 0;
}

/* Where balance is not to be sought now, nor are wishes. */
static bool rule_between_vms(const Snapshot *s, const Rule *rule) {
        if (!rule->must && s->not_now & SNAPSHOT_NO_BALANCE)
                return false;
        return !rule_is_about_hosts(rule) && rule->n_vms > 0;
}

static int problem_rules_add_group(Arena *a, Group *groups, uint32_t *n, const VmIx *vms, uint32_t n_vms) {
        VmIx *copy = arena_new(a, VmIx, n_vms);

        if (!copy)
                return -ENOMEM;
        if (n_vms > 0)
                memcpy(copy, vms, sizeof(VmIx) * n_vms);
        groups[(*n)++] = (Group){ .vms = copy, .n_vms = n_vms };
        return 0;
}

/* groups_of: the groups of each VM, by counting. */
static int index_groups(Arena *a, Problem *p) {
        uint32_t *start = arena_new(a, uint32_t, (size_t) p->n_vms + 2), *fill, *of;

        if (!start)
                return -ENOMEM;
        fill = start + 1; /* shifted by one: filling moves each start to its place */
        for (uint32_t g = 0; g < p->n_groups; g++)
                for (uint32_t i = 0; i < p->groups[g].n_vms; i++)
                        fill[p->groups[g].vms[i] + 1]++;
        for (VmIx v = 0; v < p->n_vms; v++)
                fill[v + 1] += fill[v];
        of = arena_new(a, uint32_t, fill[p->n_vms]);
        if (!of)
                return -ENOMEM;
        for (uint32_t g = 0; g < p->n_groups; g++)
                for (uint32_t i = 0; i < p->groups[g].n_vms; i++)
                        of[fill[p->groups[g].vms[i]]++] = g;
        p->groups_of_start = start;
        p->groups_of = of;
        return 0;
}

static bool rule_is_waived(const Problem *p, const Rule *rule) {
        for (uint32_t i = 0; p->waives && rule->must && rule->evacuate && i < rule->n_vms; i++)
                if (p->waives[rule->vms[i]])
                        return true;
        for (uint32_t i = 0; p->waives && rule->must && rule->evacuate && i < rule->n_near_vms; i++)
                if (p->waives[rule->near_vms[i]])
                        return true;
        return false;
}

int problem_build_rules(Arena *a, const Snapshot *s, Problem *p) {
        Group *groups = arena_new(a, Group, (size_t) s->n_rules * 2 + s->n_traffic);
        GroupRule *rules = arena_new(a, GroupRule, (size_t) s->n_rules * 2);

        if (!groups || !rules || build_domains(a, s, p) < 0)
                return -ENOMEM;
        for (uint32_t i = 0; i < s->n_rules; i++) {
                const Rule *from = &s->rules[i];

                if (!rule_between_vms(s, from))
                        continue;
                rules[p->n_rules] = (GroupRule){
                        .kind = from->kind,
                        .level = from->level,
                        .group = p->n_groups,
                        .group_b = p->n_groups,
                        .k = (uint32_t) from->k,
                        .must = from->must,
                        .waived = rule_is_waived(p, from),
                        .weight = from->weight,
                        .source = i,
                };
                if (problem_rules_add_group(a, groups, &p->n_groups, from->vms, from->n_vms) < 0)
                        return -ENOMEM;
                if (rule_has_two_groups(from->kind)) {
                        rules[p->n_rules].group_b = p->n_groups;
                        if (problem_rules_add_group(a, groups, &p->n_groups, from->near_vms,
                                                    from->n_near_vms) < 0)
                                return -ENOMEM;
                }
                p->n_rules++;
                if (from->kind == RULE_AVOID) { /* the same the other way */
                        rules[p->n_rules] = rules[p->n_rules - 1];
                        rules[p->n_rules].group = rules[p->n_rules - 1].group_b;
                        rules[p->n_rules].group_b = rules[p->n_rules - 1].group;
                        p->n_rules++;
                }
        }
        p->groups = groups;
        p->rules = rules;
        if (problem_build_talks(a, s, p, groups) < 0)
                return -ENOMEM;
        return index_groups(a, p);
}
