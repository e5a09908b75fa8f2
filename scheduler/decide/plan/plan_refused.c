/* SPDX-License-Identifier: Apache-2.0 */
/* What should have been done and was not: VMs that must leave their host and stay, hosts that stay above
 * their load line with nowhere to go (refused_over.c), rules that stay broken. Each with the reason of the host that
 * needs the smallest change (refused_near.c). */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "scheduler/decide/plan/refused_parts.h"
#include "scheduler/decide/whynot/conflict.h"
#include "scheduler/decide/whynot/refusal.h"
#include "scheduler/model/host_silence.h"

/* It is on its way already, to a host that may keep it: the migration is seen, not what one left open. */
static bool plan_refused_is_leaving(const Asking *k, VmIx v) {
        const Vm *vm = &k->pl->s->vms[v];

        return vm->in_flight && vm->in_flight_to != IX_NONE && vm->in_flight_to != k->pl->now[v] &&
               vm->hold != HOLD_FOR_NOW && !vm_is_doubled(vm) && !vm_is_stranded(k->pl->s, v) &&
               problem_leave(k->pl->first, v, vm->in_flight_to) == 0 &&
               !host_is_silent(&k->pl->s->hosts[vm->in_flight_to]);
}

/* Must leave and did not, or is on a host that cannot be seen. */
static void ask_evacuees(Asking *k) {
        const Problem *p = k->pl->first;

        for (VmIx v = 0; v < p->n_vms; v++) {
                Refused one = { .vm = v, .to = IX_NONE, .near = IX_NONE, .reason = REASON_TIME };

                if ((problem_leave(p, v, k->pl->now[v]) == 0 && !vm_is_stranded(k->pl->s, v)) ||
                    (k->pl->movers && !k->pl->movers[v]) || plan_refused_is_leaving(k, v))
                        continue;
                if (!asking_is_cut(k))
                        (void) refused_ask_hosts(k, v, WISH_NONE, &one);
                refused_keep(k, &one, WISH_NONE);
        }
}

/* Is wanted elsewhere, or on one host, and stays. */
static void ask_wish(Asking *k) {
        const MoveWish *wish = &k->pl->request.wish;
        const VmIx v = snapshot_vm(k->pl->s, wish->vm);
        const HostIx to = wish->to ? snapshot_host(k->pl->s, wish->to) : IX_NONE;
        Refused one = { .vm = v, .to = to, .near = to, .hosts = 1 };

        if (v == IX_NONE || k->pl->n_steps > 0 || to == k->pl->now[v])
                return;
        if (k->pl->first->pinned[v] != REASON_NONE || to == IX_NONE)
                (void) refused_ask_hosts(k, v, WISH_NONE, &one);
        else
                one.reason = refused_objection(k, v, to, WISH_NONE);
        if (one.reason == REASON_NONE) {
                one.reason = REASON_ORDER;
                one.near = IX_NONE; /* no host refuses it */
        }
        one.to = to;
        refused_keep(k, &one, WISH_NONE);
}

/* How many VMs that the rule keeps apart from v share its domain. */
static uint32_t plan_refused_company(const Asking *k, const GroupRule *rule, VmIx v) {
        const Problem *p = k->pl->first;
        const Group *g = &p->groups[rule->kind == RULE_AVOID ? rule->group_b : rule->group];
        uint32_t n = 0, domain = problem_domain(p, rule->level, k->pl->now[v]);

        for (uint32_t i = 0; i < g->n_vms; i++)
                n += g->vms[i] != v && problem_domain(p, rule->level, k->pl->now[g->vms[i]]) == domain;
        return n;
}

bool plan_keeps_breach(const Planning *pl, VmIx v) {
        const Problem *p = pl->first;

        return pl->now[v] != p->home[v] && problem_leave(p, v, p->home[v]) > 0 &&
               problem_leave(p, v, pl->now[v]) == 0 && problem_passes(p, v, pl->now[v]);
}

static void ask_rules(Asking *k) {
        const Problem *p = k->pl->first;

        if (k->pl->s->not_now & SNAPSHOT_NO_REPAIR)
                return;
        for (uint32_t i = 0; i < p->n_rules && !asking_is_cut(k); i++) {
                const GroupRule *rule = &p->rules[i];
                const Group *g = &p->groups[rule->group];
                const Wish wish = { .not_mended = reason_of_rule(rule->kind), .rule = rule->source };

                if (!rule->must || rule->waived || rule_broken(p, rule, k->e->x) == 0)
                        continue;
                for (uint32_t m = 0; m < g->n_vms && !asking_is_cut(k); m++) {
                        Refused one;

                        if ((rule->kind == RULE_APART || rule->kind == RULE_AVOID) &&
                            plan_refused_company(k, rule, g->vms[m]) == 0)
                                continue;
                        (void) refused_ask_hosts(k, g->vms[m], wish, &one);
                        refused_keep(k, &one, wish);
                }
        }
        for (VmIx v = 0; v < p->n_vms && !asking_is_cut(k); v++) {
                const Wish wish = { .not_mended = REASON_RULE_HOSTS, .rule = IX_NONE };
                Refused one;

                if (problem_class_denies(p, v, k->pl->now[v]) != REASON_RULE_HOSTS ||
                    plan_keeps_breach(k->pl, v))
                        continue;
                (void) refused_ask_hosts(k, v, wish, &one);
                refused_keep(k, &one, wish);
        }
}

/* Left without a place by a loss that the reserve is for. */
static int ask_reserve(Asking *k) {
        const Problem *p = k->pl->first;
        bool *marks = arena_new(&k->pl->scratch, bool, p->n_vms);

        if (!marks)
                return -ENOMEM;
        reserve_mark(k->e->reserve, marks);
        for (VmIx v = 0; v < p->n_vms; v++)
                if (marks[v])
                        refused_keep(k,
                                     &(Refused){ .vm = v,
                                                 .to = IX_NONE,
                                                 .near = IX_NONE,
                                                 .reason = REASON_RESERVE_LACKS,
                                                 .hosts = p->n_hosts - 1 },
                                     WISH_NONE);
        return 0;
}

static int plan_refused_by_vm(const void *left, const void *right) {
        const Listed *x = left, *y = right;

        return (x->refused.vm > y->refused.vm) - (x->refused.vm < y->refused.vm);
}

/* The conflicts that a VM of the request has part in: of others it is not asked. */
static int plan_refused_conflicts(Planning *pl, Plan *plan) {
        bool *excused = arena_new(pl->arena, bool, pl->s->n_vms);
        const ConflictsAsked asked = { .s = pl->s,
                                       .p = pl->first,
                                       .host_of = pl->now,
                                       .excused = excused,
                                       .time = time_limit_of(pl->request.time, PLAN_PART_EXPLAIN) };
        Conflicts found;
        Conflict *mine;
        uint32_t n = 0;
        int r = excused ? 0 : -ENOMEM;

        for (VmIx v = 0; r == 0 && v < pl->s->n_vms; v++)
                excused[v] = plan_keeps_breach(pl, v);
        if (r == 0)
                r = conflicts_find(pl->arena, &pl->scratch, &asked, &found);
        if (r < 0)
                return r;
        mine = arena_new(pl->arena, Conflict, found.n);
        if (!mine)
                return -ENOMEM;
        for (uint32_t i = 0; i < found.n; i++) {
                bool has_part = !pl->movers;

                for (uint32_t k = 0; k < found.at[i].n_rules && !has_part; k++) {
                        const Rule *rule = &pl->s->rules[found.at[i].rules[k]];

                        for (uint32_t m = 0; m < rule->n_vms && !has_part; m++)
                                has_part = pl->movers[rule->vms[m]];
                }
                if (has_part)
                        mine[n++] = found.at[i];
        }
        plan->conflicts = mine;
        plan->n_conflicts = n;
        if (found.cut)
                pl->cut |= 1U << PLAN_PART_EXPLAIN;
        return 0;
}

/* After plan_reserve(). */
int plan_refused(Planning *pl, Plan *plan) {
        ArenaMark mark = arena_mark(&pl->scratch);
        Refused *refused = arena_new(pl->arena, Refused, REFUSED_KEPT);
        Trial trial;
        Asking k = { .pl = pl, .ms = plan->makespan_ms, .trial = &trial };
        int r = evaluator_build(&pl->scratch, pl->terms, pl->now, &k.e);

        if (r < 0)
                return r;
        r = refused_trial(&k, &trial);
        if (r < 0)
                return r;
        k.list = arena_new(&pl->scratch, Listed, REFUSED_KEPT);
        k.listed = arena_new(&pl->scratch, bool, pl->first->n_vms);
        if (!refused || !k.list || !k.listed)
                return -ENOMEM;
        for (uint32_t i = 0; i < pl->n_steps; i++)
                k.mib += problem_mib(pl->first, pl->steps[i].move.vm);
        if (pl->request.wish.vm)
                ask_wish(&k);
        else
                ask_evacuees(&k);
        if (!pl->movers)
                ask_rules(&k);
        if (!pl->movers && problem_last_tier(pl->first) >= TIER_LOAD)
                r = refused_over(&k);
        if (r == 0 && plan->reserve.blocked)
                r = ask_reserve(&k);
        if (r == 0) {
                qsort(k.list, k.n, sizeof(*k.list), plan_refused_by_vm);
                r = refused_by(&k);
        }
        for (uint32_t i = 0; i < k.n; i++)
                refused[i] = k.list[i].refused;
        arena_rewind(&pl->scratch, mark);
        if (r < 0)
                return r;
        plan->refused = refused;
        plan->n_refused = k.n;
        plan->n_refused_all = k.n_all;
        plan->limited_by = k.limited_by;
        plan->lacks = k.lacks;
        return plan_refused_conflicts(pl, plan);
}
