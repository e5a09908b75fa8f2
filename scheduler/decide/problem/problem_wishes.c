/* SPDX-License-Identifier: Apache-2.0 */
/* Rules on hosts that should hold: VMs with the same ones form a class, with a row of what each host costs
 * them. */
#include <errno.h>
#include <string.h>

#include "scheduler/decide/problem/intern.h"
#include "scheduler/decide/problem/problem_parts.h"

static bool is_wish(const Rule *rule) {
        return !rule->must && (rule->kind == RULE_ON || rule->kind == RULE_NOT_ON);
}

/* [vm + 1] into *ret_of: the wishes of each VM, in their order. */
static int index_wishes(Arena *a, const Snapshot *s, uint32_t **ret_start, uint32_t **ret_of) {
        uint32_t *start = arena_new(a, uint32_t, (size_t) s->n_vms + 2), *fill, *of;

        if (!start)
                return -ENOMEM;
        fill = start + 1; /* shifted by one: filling moves each start to its place */
        for (uint32_t i = 0; i < s->n_rules; i++)
                for (uint32_t k = 0; k < s->rules[i].n_vms && is_wish(&s->rules[i]); k++)
                        fill[s->rules[i].vms[k] + 1]++;
        for (VmIx v = 0; v < s->n_vms; v++)
                fill[v + 1] += fill[v];
        of = arena_new(a, uint32_t, fill[s->n_vms]);
        if (!of)
                return -ENOMEM;
        for (uint32_t i = 0; i < s->n_rules; i++)
                for (uint32_t k = 0; k < s->rules[i].n_vms && is_wish(&s->rules[i]); k++)
                        of[fill[s->rules[i].vms[k]]++] = i;
        *ret_start = start;
        *ret_of = of;
        return 0;
}

static int row_build(Arena *a, const Snapshot *s, const uint32_t *rules, size_t n, const int64_t **ret) {
        int64_t *row = arena_new(a, int64_t, s->n_hosts);
        ArenaMark mark = arena_mark(a);
        bool *named = arena_new(a, bool, s->n_hosts);

        if (!row || !named)
                return -ENOMEM;
        for (size_t i = 0; i < n; i++) {
                const Rule *rule = &s->rules[rules[i]];

                memset(named, 0, s->n_hosts);
                for (uint32_t k = 0; k < rule->n_hosts; k++)
                        named[rule->hosts[k]] = true;
                for (HostIx h = 0; h < s->n_hosts; h++)
                        if (named[h] == (rule->kind == RULE_NOT_ON))
                                row[h] += rule->weight;
        }
        arena_rewind(a, mark);
        *ret = row;
        return 0;
}

static int build_rows(Arena *a, const Snapshot *s, Problem *p) {
        uint32_t *start = NULL, *of = NULL, *wish_of = arena_new(a, uint32_t, s->n_vms);
        const int64_t **rows;
        Intern lists;
        int r = wish_of ? intern_new(a, &lists) : -ENOMEM;

        if (r == 0)
                r = index_wishes(a, s, &start, &of);
        for (VmIx v = 0; v < s->n_vms && r == 0; v++)
                r = intern_bytes(&lists, of + start[v], (start[v + 1] - start[v]) * sizeof(*of), &wish_of[v]);
        if (r < 0)
                return r;
        rows = arena_new(a, const int64_t *, lists.n);
        if (!rows)
                return -ENOMEM;
        for (uint32_t i = 0; i < lists.n && r == 0; i++)
                if (lists.entries[i].n > 0)
                        r = row_build(a, s, lists.entries[i].bytes, lists.entries[i].n / sizeof(*of),
                                      &rows[i]);
        p->wish_of = wish_of;
        p->wish_cost = rows;
        return r;
}

int problem_build_wishes(Arena *a, const Snapshot *s, Problem *p) {
        bool hosts = false, stay = false;
        int64_t *wish;

        for (uint32_t i = 0; i < s->n_rules; i++)
                hosts |= is_wish(&s->rules[i]);
        for (VmIx v = 0; v < s->n_vms; v++)
                stay |= s->vms[v].stay_weight > 0;
        if (stay) {
                wish = arena_new(a, int64_t, s->n_vms);
                if (!wish)
                        return -ENOMEM;
                for (VmIx v = 0; v < s->n_vms; v++)
                        wish[v] = s->vms[v].stay_weight;
                p->stay_wish = wish;
        }
        return hosts && !(s->not_now & SNAPSHOT_NO_BALANCE) ? build_rows(a, s, p) : 0;
}
