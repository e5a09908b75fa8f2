/* SPDX-License-Identifier: Apache-2.0 */
/* What htools holds to without saying it as a rule: instances stay in their node group, DRBD instances on
 * their two nodes, instances with the same exclusion tag on different nodes (hbal(1), "exclusion tags"). */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "scheduler/base/compare.h"
#include "scheduler/snapshot/import/htools_rows.h"

#define NAMED_MAX 200 /* a longer name of what it is about would not fit into a rule's */

typedef struct RuleList {
        HtoolsFile *file;
        Rule *rules;
        uint32_t n;
} RuleList;

static Rule *htools_rules_rule_add(RuleList *l, RuleKind kind, const char *what, const char *name) {
        Rule *rule = &l->rules[l->n];

        *rule = (Rule){ .kind = kind,
                        .must = true,
                        .name = strlen(name) <= NAMED_MAX
                                        ? text_format(l->file->arena, "%s-%s-%u", what, name, l->n + 1)
                                        : text_format(l->file->arena, "%s-%u", what, l->n + 1) };
        if (!rule->name)
                return NULL;
        l->n++;
        return rule;
}

static int drbd_rule(RuleList *l, uint32_t i) {
        const HtoolsFile *f = l->file;
        Rule *rule = htools_rules_rule_add(l, RULE_ON, "drbd", f->instances[i].vm.name);
        uint32_t *indexes = arena_new(f->arena, uint32_t, 3);

        if (!rule || !indexes)
                return -ENOMEM;
        indexes[0] = f->vm_rank[i];
        indexes[1] = f->host_rank[f->instances[i].node];
        indexes[2] = f->host_rank[f->instances[i].second];
        qsort(indexes + 1, 2, sizeof(*indexes), compare_uint32);
        rule->vms = indexes;
        rule->n_vms = 1;
        rule->hosts = indexes + 1;
        rule->n_hosts = 2;
        return 0;
}

/* Members of one number among rows that are sorted by it. */
typedef struct Member {
        uint32_t number, index;
} Member;

static int member_compare(const void *left, const void *right) {
        const Member *x = left, *y = right;

        return x->number != y->number ? (x->number < y->number ? -1 : 1)
                                      : compare_uint32(&x->index, &y->index);
}

/* The run of members of m[from]'s number as indexes. */
static int htools_rules_run_take(RuleList *l, const Member *m, uint32_t n, uint32_t from,
                                 const uint32_t **ret, uint32_t *ret_n) {
        uint32_t to = from, *indexes;

        while (to < n && m[to].number == m[from].number)
                to++;
        indexes = arena_new(l->file->arena, uint32_t, to - from);
        if (!indexes)
                return -ENOMEM;
        for (uint32_t i = from; i < to; i++)
                indexes[i - from] = m[i].index;
        *ret = indexes;
        *ret_n = to - from;
        return 0;
}

/* With one group there is nothing to keep apart. A group without nodes has no instances. */
static int group_rules(RuleList *l) {
        const HtoolsFile *f = l->file;
        Member *nodes = arena_new(f->arena, Member, f->n_nodes);
        Member *instances = arena_new(f->arena, Member, f->n_instances);
        uint32_t h = 0;

        if (!nodes || !instances)
                return -ENOMEM;
        if (f->group_uuids.n < 2)
                return 0;
        for (uint32_t i = 0; i < f->n_nodes; i++)
                nodes[i] = (Member){ f->nodes[i].group, f->host_rank[i] };
        for (uint32_t i = 0; i < f->n_instances; i++)
                instances[i] = (Member){ f->nodes[f->instances[i].node].group, f->vm_rank[i] };
        qsort(nodes, f->n_nodes, sizeof(*nodes), member_compare);
        qsort(instances, f->n_instances, sizeof(*instances), member_compare);
        for (uint32_t v = 0, n; v < f->n_instances; v += n) {
                Rule *rule = htools_rules_rule_add(l, RULE_ON, "group", f->group_names[instances[v].number]);
                int k;

                while (nodes[h].number != instances[v].number)
                        h++;
                k = rule ? htools_rules_run_take(l, instances, f->n_instances, v, &rule->vms, &rule->n_vms)
                         : -ENOMEM;
                if (k == 0)
                        k = htools_rules_run_take(l, nodes, f->n_nodes, h, &rule->hosts, &rule->n_hosts);
                if (k < 0)
                        return k;
                n = rule->n_vms;
        }
        return 0;
}

/* htools' prefix P makes every tag "P:…" exclusive. */
static bool is_exclusive(const HtoolsFile *f, const char *tag) {
        for (uint32_t i = 0; i < f->exclusion.n; i++) {
                size_t n = strlen(f->exclusion.at[i]);

                if (strncmp(tag, f->exclusion.at[i], n) == 0 && tag[n] == ':')
                        return true;
        }
        return false;
}

static void exclusion_members(const HtoolsFile *f, NameTable *tags, Member *members, uint32_t *ret_n) {
        uint32_t n = 0;

        for (uint32_t i = 0; i < f->n_instances; i++)
                for (uint32_t k = 0; k < f->instances[i].tags.n; k++) {
                        const char *tag = f->instances[i].tags.at[k];

                        if (is_exclusive(f, tag))
                                members[n++] = (Member){ name_table_add(tags, tag), f->vm_rank[i] };
                }
        qsort(members, n, sizeof(*members), member_compare);
        *ret_n = n;
}

static int exclusion_rules(RuleList *l, NameTable *tags, const Member *members, uint32_t n) {
        for (uint32_t i = 0, run; i < n; i += run) {
                const uint32_t *vms;
                Rule *rule;
                int k = htools_rules_run_take(l, members, n, i, &vms, &run);

                if (k < 0)
                        return k;
                if (run < 2)
                        continue;
                rule = htools_rules_rule_add(l, RULE_APART, "apart", tags->names[members[i].number]);
                if (!rule)
                        return -ENOMEM;
                rule->vms = vms;
                rule->n_vms = run;
        }
        return 0;
}

int htools_rules(HtoolsFile *f, Snapshot *s) {
        RuleList list = { .file = f };
        NameTable tags;
        Member *members;
        uint64_t most_tags = 0, drbd = 0;
        uint32_t n = 0;
        int k;

        for (uint32_t i = 0; i < f->n_instances; i++) {
                most_tags += f->instances[i].tags.n;
                drbd += f->instances[i].second != UINT32_MAX;
        }
        if (most_tags > UINT32_MAX / 4)
                return -ENOMEM;
        members = arena_new(f->arena, Member, most_tags);
        list.rules = arena_new(f->arena, Rule, most_tags + drbd + f->group_uuids.n);
        if (!members || !list.rules)
                return -ENOMEM;
        k = name_table_new(f->arena, (uint32_t) most_tags, &tags);
        if (k == 0)
                k = group_rules(&list);
        for (uint32_t i = 0; k == 0 && i < f->n_instances; i++)
                if (f->instances[i].second != UINT32_MAX)
                        k = drbd_rule(&list, i);
        if (k == 0) {
                exclusion_members(f, &tags, members, &n);
                k = exclusion_rules(&list, &tags, members, n);
        }
        s->rules = list.rules;
        s->n_rules = list.n;
        return k;
}
