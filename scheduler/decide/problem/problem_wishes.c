/* SPDX-License-Identifier: Apache-2.0 */
/* Rules on hosts that should hold, and hosts to which a VM's migration failed: VMs with the same ones form a class, with a row of
 * what each host costs them.
 *
 * A target whose wait is over may be tried again, and is tried after one where nothing failed: that costs WISH_UNTRIED there, more
 * than all balance, and less than a load line that would be passed. */
#include <errno.h>
#include <string.h>

#include "scheduler/decide/problem/intern.h"
#include "scheduler/decide/problem/problem_parts.h"

#define WISH_UNTRIED 10000 /* as `should` */

/* Wishes of a VM, and hosts it should be tried on last. */
typedef struct Wishes {
        Arena *a;
        const Snapshot *s;
        uint32_t *start, *of; /* [vm + 1] into of: rules, then hosts */
        uint32_t *n_rules;    /* [vm] of these are rules */
        bool rules;           /* rules are looked at at all */
} Wishes;

static bool is_wish(const Rule *rule) {
        return !rule->must && rule_is_about_hosts(rule);
}

/* The VM and the target of one of its failed migrations whose wait is over, and which is not forgotten. The VM is not there. */
static bool wish_tried(const Snapshot *s, const MoveHold *hold, VmIx *ret_v, HostIx *ret_h) {
        const VmIx v = hold->vm && hold->to ? snapshot_vm(s, hold->vm) : IX_NONE;
        const HostIx h = v != IX_NONE ? snapshot_host(s, hold->to) : IX_NONE;

        if (h == IX_NONE || h == s->vms[v].host || move_hold_holds(hold, s->taken_at) ||
            (hold->uuid && s->vms[v].uuid && strcmp(hold->uuid, s->vms[v].uuid) != 0))
                return false;
        *ret_v = v;
        *ret_h = h;
        return true;
}

static int index_wishes(Wishes *w) {
        const Snapshot *s = w->s;
        uint32_t *fill;
        VmIx v;
        HostIx h;

        w->start = arena_new(w->a, uint32_t, (size_t) s->n_vms + 2);
        w->n_rules = arena_new(w->a, uint32_t, s->n_vms);
        if (!w->start || !w->n_rules)
                return -ENOMEM;
        fill = w->start + 1; /* shifted by one: filling moves each start to its place */
        for (uint32_t i = 0; i < s->n_rules && w->rules; i++)
                for (uint32_t k = 0; k < s->rules[i].n_vms && is_wish(&s->rules[i]); k++) {
                        fill[s->rules[i].vms[k] + 1]++;
                        w->n_rules[s->rules[i].vms[k]]++;
                }
        for (uint32_t i = 0; i < s->holds.n; i++)
                if (wish_tried(s, &s->holds.at[i], &v, &h))
                        fill[v + 1]++;
        for (v = 0; v < s->n_vms; v++)
                fill[v + 1] += fill[v];
        w->of = arena_new(w->a, uint32_t, fill[s->n_vms]);
        if (!w->of)
                return -ENOMEM;
        for (uint32_t i = 0; i < s->n_rules && w->rules; i++)
                for (uint32_t k = 0; k < s->rules[i].n_vms && is_wish(&s->rules[i]); k++)
                        w->of[fill[s->rules[i].vms[k]]++] = i;
        for (uint32_t i = 0; i < s->holds.n; i++)
                if (wish_tried(s, &s->holds.at[i], &v, &h))
                        w->of[fill[v]++] = h;
        return 0;
}

/* list: n_rules rules, and hosts. */
static int row_build(const Wishes *w, const uint32_t *list, uint32_t n_rules, uint32_t n,
                     const int64_t **ret) {
        const Snapshot *s = w->s;
        int64_t *row = arena_new(w->a, int64_t, s->n_hosts);
        ArenaMark mark = arena_mark(w->a);
        bool *forbidden = arena_new(w->a, bool, s->n_hosts);

        if (!row || !forbidden)
                return -ENOMEM;
        for (uint32_t i = 0; i < n_rules; i++) {
                const Rule *rule = &s->rules[list[i]];

                problem_rule_denied(rule, s->n_hosts, forbidden);
                for (HostIx h = 0; h < s->n_hosts; h++)
                        row[h] += forbidden[h] ? rule->weight : 0;
        }
        for (uint32_t i = n_rules; i < n; i++)
                row[list[i]] += WISH_UNTRIED;
        arena_rewind(w->a, mark);
        *ret = row;
        return 0;
}

/* A class is its list, behind how many of it are rules. */
static int class_of_wishes(Wishes *w, Intern *lists, VmIx v, uint32_t *key, uint32_t *ret) {
        const uint32_t n = w->start[v + 1] - w->start[v];

        key[0] = w->n_rules[v];
        if (n > 0)
                memcpy(key + 1, w->of + w->start[v], n * sizeof(*key));
        return intern_bytes(lists, key, ((size_t) n + 1) * sizeof(*key), ret);
}

static int build_rows(Wishes *w, Problem *p) {
        const Snapshot *s = w->s;
        uint32_t *wish_of = arena_new(w->a, uint32_t, s->n_vms), *key = NULL;
        const int64_t **rows;
        Intern lists;
        int r = wish_of ? intern_new(w->a, &lists) : -ENOMEM;

        if (r == 0)
                r = index_wishes(w);
        if (r == 0) {
                key = arena_new(w->a, uint32_t, (size_t) s->n_rules + s->holds.n + 1);
                r = key ? 0 : -ENOMEM;
        }
        for (VmIx v = 0; v < s->n_vms && r == 0; v++)
                r = class_of_wishes(w, &lists, v, key, &wish_of[v]);
        if (r < 0)
                return r;
        rows = arena_new(w->a, const int64_t *, lists.n);
        if (!rows)
                return -ENOMEM;
        for (uint32_t i = 0; i < lists.n && r == 0; i++) {
                const uint32_t *list = lists.entries[i].bytes;
                const uint32_t n = (uint32_t) (lists.entries[i].n / sizeof(*list)) - 1;

                if (n > 0)
                        r = row_build(w, list + 1, list[0], n, &rows[i]);
        }
        p->wish_of = wish_of;
        p->wish_cost = rows;
        return r;
}

/* Not moved for balance, but to repair, to relieve, to evacuate: one that was moved lately, and one of which nobody knows
 * what CPU it uses: evening out by a guess is chasing it. More than any balance is worth. */
static int64_t stay_wish_of(const Vm *vm) {
        const bool guessed = vm->cpu_mcores == UNKNOWN && vm->state == VM_RUNNING;

        return vm->calm_why || guessed ? STAY_WEIGHT_MAX : vm->stay_weight;
}

int problem_build_wishes(Arena *a, const Snapshot *s, Problem *p) {
        Wishes w = { .a = a, .s = s, .rules = !(s->not_now & SNAPSHOT_NO_BALANCE) };
        bool hosts = false, stay = false;
        int64_t *wish;
        VmIx tried;
        HostIx at;

        for (uint32_t i = 0; i < s->n_rules; i++)
                hosts |= w.rules && is_wish(&s->rules[i]);
        for (uint32_t i = 0; i < s->holds.n && !hosts; i++)
                hosts = wish_tried(s, &s->holds.at[i], &tried, &at);
        for (VmIx v = 0; v < s->n_vms; v++)
                stay |= stay_wish_of(&s->vms[v]) > 0;
        if (stay) {
                wish = arena_new(a, int64_t, s->n_vms);
                if (!wish)
                        return -ENOMEM;
                for (VmIx v = 0; v < s->n_vms; v++)
                        wish[v] = stay_wish_of(&s->vms[v]);
                p->stay_wish = wish;
        }
        return hosts ? build_rows(&w, p) : 0;
}
