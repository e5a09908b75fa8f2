/* SPDX-License-Identifier: Apache-2.0 */
/* Rules that an operator lets go for VMs that must leave their host ("evacuate: yes"). Such a rule refuses these VMs nothing,
 * and is kept where it can be: breaking it costs less than a VM on a host that is emptied, and more than any load. */
#include <errno.h>
#include <string.h>

#include "scheduler/decide/problem/intern.h"
#include "scheduler/decide/problem/problem_parts.h"

/* Some VM of the rule must leave its host: then it is waived for those that do. */
static bool waives_now(const Problem *p, const Rule *rule) {
        for (uint32_t i = 0; rule->must && rule->evacuate && i < rule->n_vms; i++)
                if (problem_leave(p, rule->vms[i], p->home[rule->vms[i]]) > 0)
                        return true;
        for (uint32_t i = 0; rule->must && rule->evacuate && i < rule->n_near_vms; i++)
                if (problem_leave(p, rule->near_vms[i], p->home[rule->near_vms[i]]) > 0)
                        return true;
        return false;
}

static int waives_row(Arena *a, const Snapshot *s, const uint32_t *rules, size_t n, const int64_t **ret) {
        int64_t *row = arena_new(a, int64_t, s->n_hosts);
        const ArenaMark mark = arena_mark(a);
        bool *forbidden = arena_new(a, bool, s->n_hosts);

        if (!row || !forbidden)
                return -ENOMEM;
        for (size_t i = 0; i < n; i++) {
                problem_rule_denied(&s->rules[rules[i]], s->n_hosts, forbidden);
                for (HostIx h = 0; h < s->n_hosts; h++)
                        row[h] += forbidden[h];
        }
        arena_rewind(a, mark);
        *ret = row;
        return 0;
}

/* The waived rules about hosts of each VM, in their order, as its class. */
static int waives_rows(Arena *a, const Snapshot *s, Problem *p, const bool *now) {
        uint32_t *waive_of = arena_new(a, uint32_t, s->n_vms), *list = arena_new(a, uint32_t, s->n_rules);
        const int64_t **rows;
        Intern lists;

        if (!waive_of || !list || intern_new(a, &lists) < 0)
                return -ENOMEM;
        for (VmIx v = 0; v < s->n_vms; v++) {
                uint32_t n = 0;

                for (uint32_t i = 0; p->waives[v] && i < s->n_rules; i++)
                        for (uint32_t k = 0;
                             now[i] && rule_is_about_hosts(&s->rules[i]) && k < s->rules[i].n_vms; k++)
                                if (s->rules[i].vms[k] == v)
                                        list[n++] = i;
                if (intern_bytes(&lists, list, n * sizeof(*list), &waive_of[v]) < 0)
                        return -ENOMEM;
        }
        rows = arena_new(a, const int64_t *, lists.n);
        if (!rows)
                return -ENOMEM;
        for (uint32_t i = 0; i < lists.n; i++)
                if (lists.entries[i].n > 0 && waives_row(a, s, lists.entries[i].bytes,
                                                         lists.entries[i].n / sizeof(*list), &rows[i]) < 0)
                        return -ENOMEM;
        p->waive_of = waive_of;
        p->waive_cost = rows;
        return 0;
}

int problem_build_waives(Arena *a, const Snapshot *s, Problem *p) {
        bool *now = arena_new(a, bool, s->n_rules), *waives = arena_new(a, bool, s->n_vms);
        bool any = false, hosts = false;

        if (!now || !waives)
                return -ENOMEM;
        for (uint32_t i = 0; i < s->n_rules; i++) {
                now[i] = waives_now(p, &s->rules[i]);
                any |= now[i];
                hosts |= now[i] && rule_is_about_hosts(&s->rules[i]);
        }
        if (!any)
                return 0;
        for (VmIx v = 0; v < s->n_vms; v++)
                waives[v] = problem_leave(p, v, p->home[v]) > 0;
        p->waives = waives;
        return hosts ? waives_rows(a, s, p, now) : 0;
}
