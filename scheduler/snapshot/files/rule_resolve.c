/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/snapshot/files/rule_resolve.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "scheduler/base/compare.h"

typedef struct Resolver {
        FileReader *p;
        const NameTable *hosts;
        NameTable vms;
        NameTable groups;
        uint32_t *group_start; /* [groups.n + 1] into group_vms */
        VmIx *group_vms;
        uint32_t rule; /* the one at hand */
} Resolver;

#define RULE_FAULT(r, field, ...) FAULT_AT((r)->p, "rules", (r)->rule, field, __VA_ARGS__)

static int groups_index(Resolver *r) {
        const Snapshot *s = &r->p->snapshot;
        Arena *a = r->p->json.arena;
        uint64_t n = 0;
        uint32_t *fill;
        int k;

        for (VmIx v = 0; v < s->n_vms; v++)
                n += s->vms[v].groups.n;
        if (n > UINT32_MAX / 2)
                return -ENOMEM;
        k = name_table_new(a, (uint32_t) n, &r->groups);
        if (k < 0)
                return k;
        r->group_start = arena_new(a, uint32_t, n + 2);
        r->group_vms = arena_new(a, VmIx, n);
        if (!r->group_start || !r->group_vms)
                return -ENOMEM;
        for (VmIx v = 0; v < s->n_vms; v++)
                for (uint32_t i = 0; i < s->vms[v].groups.n; i++)
                        r->group_start[name_table_add(&r->groups, s->vms[v].groups.at[i]) + 2]++;
        fill = r->group_start + 1; /* after the sums: where each group's next VM goes; at last, its end */
        for (uint32_t g = 1; g < r->groups.n; g++)
                fill[g] += fill[g - 1];
        for (VmIx v = 0; v < s->n_vms; v++)
                for (uint32_t i = 0; i < s->vms[v].groups.n; i++) {
                        const char *name = s->vms[v].groups.at[i];

                        r->group_vms[fill[name_table_find(&r->groups, name, strlen(name))]++] = v;
                }
        return 0;
}

static int unknown_name(Resolver *r, const char *field, const char *what, const char *name,
                        const NameTable *table) {
        const char *nearest = NULL;

        if (name[0] && strlen(name) <= 64)
                nearest = text_nearest(name, table->names, table->n);
        return RULE_FAULT(r, field, "%s \"%.80s\" not found%s%.60s%s", what, name,
                          nearest ? "; did you mean \"" : "", nearest ? nearest : "", nearest ? "\"?" : "");
}

typedef struct IndexList {
        const char *field, *group_field, *what;
        const NameTable *table;
} IndexList;

/* The names of the list and the members of the group, sorted, each once. */
static int indexes_read(Resolver *r, IndexList l, NameList names, const char *group, const uint32_t **ret,
                        uint32_t *ret_n) {
        uint32_t from = 0, to = 0, n = 0, *at;

        if (group) {
                uint32_t g = name_table_find(&r->groups, group, strlen(group));

                if (g == UINT32_MAX)
                        return unknown_name(r, l.group_field, "VM's group", group, &r->groups);
                from = r->group_start[g];
                to = r->group_start[g + 1];
        }
        at = arena_new(r->p->json.arena, uint32_t, names.n + (to - from));
        if (!at)
                return -ENOMEM;
        for (uint32_t i = 0; i < names.n; i++) {
                at[n] = name_table_find(l.table, names.at[i], strlen(names.at[i]));
                if (at[n++] == UINT32_MAX)
                        return unknown_name(r, l.field, l.what, names.at[i], l.table);
        }
        qsort(at, n, sizeof(*at), compare_uint32);
        for (uint32_t i = 1; i < n; i++)
                if (at[i] == at[i - 1])
                        return RULE_FAULT(r, l.field, "\"%.80s\" is listed twice", l.table->names[at[i]]);
        while (from < to)
                at[n++] = r->group_vms[from++];
        if (group && names.n > 0) {
                uint32_t kept = 0;

                qsort(at, n, sizeof(*at), compare_uint32);
                for (uint32_t i = 0; i < n; i++)
                        if (i == 0 || at[i] != at[kept - 1])
                                at[kept++] = at[i];
                n = kept;
        }
        *ret = at;
        *ret_n = n;
        return 0;
}

/* What a kind of rule needs and does not know. */
static int shape_check(Resolver *r, const RuleDraft *d) {
        const Rule *rule = &d->rule;
        const char *kind = rule_kind_names[rule->kind];
        bool hosts = rule_is_about_hosts(rule);
        bool near = d->near_vms.at || d->near_group;

        if (!d->vms.at && !d->group)
                return RULE_FAULT(r, "vms", "a rule needs \"vms\" (names) or \"group\"");
        if (hosts != (d->hosts.at != NULL))
                return RULE_FAULT(r, "hosts",
                                  hosts ? "a rule \"%s\" needs the names of hosts"
                                        : "not accepted in a rule \"%s\"; accepted in \"on\" and \"not-on\"",
                                  kind);
        if (hosts && rule->level != LEVEL_HOST)
                return RULE_FAULT(r, "level", "a rule \"%s\" concerns hosts; accepted: \"host\"", kind);
        if ((rule->kind == RULE_NEAR || rule->kind == RULE_AVOID) != near)
                return RULE_FAULT(r, "near_vms",
                                  near ? "not accepted in a rule \"%s\"; accepted in \"near\" and \"avoid\""
                                       : "a rule \"%s\" needs \"near_vms\" (names) or \"near_group\"",
                                  kind);
        if ((rule->kind == RULE_SPREAD || rule->kind == RULE_SPAN) != (rule->k > 0))
                return RULE_FAULT(
                        r, "k",
                        rule->k > 0 ? "not accepted in a rule \"%s\"; accepted in \"spread\" and \"span\""
                                    : "a rule \"%s\" needs k, the number of places",
                        kind);
        if (rule->evacuate && (!rule->must || rule->kind == RULE_NEAR))
                return RULE_FAULT(
                        r, "evacuate",
                        "not accepted in a rule \"near\" or one with \"must\": false; accepted in rules of other kinds that must hold");
        if (rule->must && rule->weight > 0)
                return RULE_FAULT(r, "weight",
                                  "not accepted in a rule that must hold; accepted with \"must\": false");
        return 0;
}

/* A VM cannot avoid itself. Both lists are sorted. */
static int disjoint_check(Resolver *r, const Rule *rule) {
        for (uint32_t i = 0, k = 0; i < rule->n_vms && k < rule->n_near_vms;) {
                if (rule->vms[i] == rule->near_vms[k])
                        return RULE_FAULT(r, "near_vms", "\"%.80s\" is also in \"vms\"; accepted: other VMs",
                                          r->vms.names[rule->vms[i]]);
                if (rule->vms[i] < rule->near_vms[k])
                        i++;
                else
                        k++;
        }
        return 0;
}

static int rule_resolve(Resolver *r, const RuleDraft *d, Rule *ret) {
        const IndexList vms = { "vms", "group", "VM", &r->vms };
        const IndexList near = { "near_vms", "near_group", "VM", &r->vms };
        const IndexList hosts = { "hosts", NULL, "host", r->hosts };
        int k = shape_check(r, d);

        *ret = d->rule;
        ret->group = d->group;
        ret->near_group = d->near_group;
        if (!ret->must && ret->weight == 0)
                ret->weight = RULE_WEIGHT_DEFAULT;
        if (k == 0)
                k = indexes_read(r, vms, d->vms, d->group, &ret->vms, &ret->n_vms);
        if (k == 0)
                k = indexes_read(r, near, d->near_vms, d->near_group, &ret->near_vms, &ret->n_near_vms);
        if (k == 0 && ret->kind == RULE_AVOID)
                k = disjoint_check(r, ret);
        if (k == 0)
                k = indexes_read(r, hosts, d->hosts, NULL, &ret->hosts, &ret->n_hosts);
        if (k == 0 && !ret->name) {
                ret->name = text_format(r->p->json.arena, "%s-%u", rule_kind_names[ret->kind], r->rule + 1);
                k = ret->name ? 0 : -ENOMEM;
        }
        return k;
}

int rules_resolve(FileReader *reader, const NameTable *hosts) {
        Resolver r = { .p = reader, .hosts = hosts };
        Snapshot *s = &reader->snapshot;
        Rule *rules = arena_new(reader->json.arena, Rule, s->n_rules);
        NameTable names;
        int k;

        if (!rules)
                return -ENOMEM;
        s->rules = rules;
        if (s->n_rules == 0)
                return 0;
        k = name_table_new(reader->json.arena, s->n_vms, &r.vms);
        if (k < 0)
                return k;
        for (VmIx v = 0; v < s->n_vms; v++)
                (void) name_table_add(&r.vms, s->vms[v].name);
        k = groups_index(&r);
        if (k == 0)
                k = name_table_new(reader->json.arena, s->n_rules, &names);
        for (r.rule = 0; k == 0 && r.rule < s->n_rules; r.rule++) {
                uint32_t number;

                k = rule_resolve(&r, &reader->drafts[r.rule], &rules[r.rule]);
                if (k < 0)
                        break;
                number = name_table_add(&names, rules[r.rule].name);
                if (number < r.rule)
                        k = RULE_FAULT(
                                &r, "name",
                                "the name \"%.80s\" is already used by rules[%u]; accepted: unique names",
                                rules[r.rule].name, number);
        }
        return k;
}
