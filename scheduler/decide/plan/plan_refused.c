/* SPDX-License-Identifier: Apache-2.0 */
/* What should have been done and was not: VMs that must leave their host and stay, hosts that stay above
 * their load line with nowhere to go, rules that stay broken. Each with the reason that most hosts gave. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "scheduler/decide/plan/refused_parts.h"
#include "scheduler/decide/whynot/conflict.h"
#include "scheduler/decide/whynot/refusal.h"
#include "scheduler/model/host_silence.h"

#define REFUSED_KEPT 1000

/* Nothing refuses it: then a budget that stopped moves did, time was up, or the search found no order for it. */
static Reason plan_refused_unmade(const Planning *pl, VmIx v) {
        const unsigned sought = 1U << PLAN_PART_SEARCH | 1U << PLAN_PART_MEND | 1U << PLAN_PART_ORDER;

        if (pl->left_out[v] != REASON_NONE)
                return pl->left_out[v];
        if (pl->cut & sought)
                return REASON_TIME;
        return pl->refusals[REASON_BUDGET] > 0 ? REASON_BUDGET : REASON_ORDER;
}

/* Asks all hosts. False: at least one would take it, or nobody knows: reason TIME. */
static bool ask_hosts(Asking *k, VmIx v, Wish wish, Refused *ret) {
        const Problem *p = k->pl->first;
        uint32_t counts[REASON_N + 1] = { 0 }; /* the last: its own host */

        *ret = (Refused){ .vm = v, .to = IX_NONE, .reason = REASON_NO_ROOM };
        if (p->pinned[v] != REASON_NONE) {
                ret->reason = p->pinned[v];
                ret->hosts = p->n_hosts - 1;
                return true;
        }
        for (HostIx h = 0; h < p->n_hosts; h++, k->questions++) {
                Reason why = h == k->pl->now[v] ? REASON_N : refused_objection(k, v, h, wish);

                if (h % QUESTIONS_A_LOOK == QUESTIONS_A_LOOK - 1 && asking_is_cut(k)) {
                        ret->reason = REASON_TIME;
                        return false;
                }
                counts[why]++;
                if (why == REASON_NONE && wish.below_line && k->pl->left_out[v] == REASON_NONE)
                        return false; /* how many more would take it is of no interest */
        }
        if (counts[REASON_NONE] > 0) {
                ret->hosts = counts[REASON_NONE];
                ret->reason = plan_refused_unmade(k->pl, v);
                return false;
        }
        for (int reason = REASON_NONE + 1; reason < REASON_N; reason++)
                if (counts[reason] > ret->hosts) {
                        ret->reason = (Reason) reason;
                        ret->hosts = counts[reason];
                }
        return true;
}

/* Which caps of the request a move of v, after all others, would go beyond. */
static unsigned caps_against(const Asking *k, VmIx v) {
        const PlanRequest *q = &k->pl->request;
        unsigned caps = 0;

        if (k->pl->n_steps >= q->max_moves)
                caps |= 1U << CAP_MOVES;
        if (k->mib + problem_need(k->pl->first, v)[RES_MEMORY] > q->max_mib)
                caps |= 1U << CAP_GIB;
        if (q->max_ms != INT64_MAX && k->ms + plan_alone_ms(k->pl, v) > q->max_ms)
                caps |= 1U << CAP_MINUTES;
        return caps;
}

static void plan_refused_list(Asking *k, const Refused *one, Wish wish) {
        if (k->listed[one->vm])
                return;
        if (one->reason == REASON_BUDGET)
                k->limited_by |= caps_against(k, one->vm);
        k->listed[one->vm] = true;
        k->n_all++;
        if (k->n < REFUSED_KEPT)
                k->list[k->n++] = (Listed){ *one, wish };
}

/* Must leave and did not, or is on a host that cannot be seen. */
static void ask_evacuees(Asking *k) {
        const Problem *p = k->pl->first;

        for (VmIx v = 0; v < p->n_vms; v++) {
                Refused one = { .vm = v, .to = IX_NONE, .reason = REASON_TIME };

                if ((problem_leave(p, v, k->pl->now[v]) == 0 && !vm_is_stranded(k->pl->s, v)) ||
                    (k->pl->movers && !k->pl->movers[v]))
                        continue;
                if (!asking_is_cut(k))
                        (void) ask_hosts(k, v, (Wish){ 0 }, &one);
                plan_refused_list(k, &one, (Wish){ 0 });
        }
}

/* Is wanted elsewhere, or on one host, and stays. */
static void ask_wish(Asking *k) {
        const MoveWish *wish = &k->pl->request.wish;
        const VmIx v = snapshot_vm(k->pl->s, wish->vm);
        const HostIx to = wish->to ? snapshot_host(k->pl->s, wish->to) : IX_NONE;
        Refused one = { .vm = v, .to = to, .hosts = 1 };

        if (v == IX_NONE || k->pl->n_steps > 0 || to == k->pl->now[v])
                return;
        if (k->pl->first->pinned[v] != REASON_NONE || to == IX_NONE)
                (void) ask_hosts(k, v, (Wish){ 0 }, &one);
        else
                one.reason = refused_objection(k, v, to, (Wish){ 0 });
        if (one.reason == REASON_NONE)
                one.reason = REASON_ORDER;
        one.to = to;
        plan_refused_list(k, &one, (Wish){ 0 });
}

static bool host_over(const Asking *k, HostIx h, const int64_t *line) {
        const Problem *p = k->pl->first;

        for (uint32_t r = 0; r < p->n_res; r++)
                if (assignment_load(k->e->x, h)[r] > line[(size_t) h * p->n_res + r])
                        return true;
        return false;
}

/* Hosts above their load line, and whether a VM could leave them. */
typedef enum Over {
        OVER_NOT,
        OVER_STUCK, /* as far as was asked */
        OVER_COULD, /* a VM could go to a host that stays below its own line */
} Over;

/* False: none is. */
static bool mark_over(const Asking *k, Over *over) {
        const Problem *p = k->pl->first;
        bool any = false;

        for (HostIx h = 0; h < p->n_hosts; h++) {
                const bool counts = !p->roles[h].no_exit && p->roles[h].evacuate == 0;

                over[h] = counts && host_over(k, h, p->limit) ? OVER_STUCK : OVER_NOT;
                any |= over[h] != OVER_NOT;
        }
        return any;
}

/* Asks for a VM of a host above its line. True: it is refused everywhere, as *ret says. */
static bool ask_over(Asking *k, VmIx v, Over *over, Refused *ret) {
        const Wish below = { .below_line = true };
        const bool left_out = k->pl->left_out[v] != REASON_NONE;

        if (*over == OVER_NOT || (*over == OVER_COULD && !left_out))
                return false;
        if (ask_hosts(k, v, below, ret))
                return true;
        if (k->cut)
                return false;
        if (left_out) {
                plan_refused_list(k, ret, below);
        } else {
                *over = OVER_COULD;
                k->limited_by |= caps_against(k, v);
        }
        return false;
}

/* A host above its line is blocked when none of its VMs could go anywhere that stays below its own. One that
 * could, and does not, is not worth its price: that is no refusal, unless a budget or the order stood in the
 * way. */
static int ask_overloaded(Asking *k) {
        const Problem *p = k->pl->first;
        Over *over = arena_new(&k->pl->scratch, Over, p->n_hosts);
        Refused *ones = arena_new(&k->pl->scratch, Refused, REFUSED_KEPT);
        uint32_t n = 0;

        if (!over || !ones)
                return -ENOMEM;
        if (!mark_over(k, over))
                return 0;
        for (VmIx v = 0; v < p->n_vms && n < REFUSED_KEPT && !asking_is_cut(k); v++)
                n += ask_over(k, v, &over[k->pl->now[v]], &ones[n]);
        for (uint32_t i = 0; i < n; i++)
                if (over[k->pl->now[ones[i].vm]] == OVER_STUCK)
                        plan_refused_list(k, &ones[i], (Wish){ .below_line = true });
        return 0;
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

static void ask_rules(Asking *k) {
        const Problem *p = k->pl->first;

        if (k->pl->s->not_now & SNAPSHOT_NO_REPAIR)
                return;
        for (uint32_t i = 0; i < p->n_rules && !asking_is_cut(k); i++) {
                const GroupRule *rule = &p->rules[i];
                const Group *g = &p->groups[rule->group];
                const Wish wish = { .not_mended = reason_of_rule(rule->kind), .rule = rule->source };

                if (!rule->must || rule_broken(p, rule, k->e->x) == 0)
                        continue;
                for (uint32_t m = 0; m < g->n_vms && !asking_is_cut(k); m++) {
                        Refused one;

                        if ((rule->kind == RULE_APART || rule->kind == RULE_AVOID) &&
                            plan_refused_company(k, rule, g->vms[m]) == 0)
                                continue;
                        (void) ask_hosts(k, g->vms[m], wish, &one);
                        plan_refused_list(k, &one, wish);
                }
        }
        for (VmIx v = 0; v < p->n_vms && !asking_is_cut(k); v++) {
                const Wish wish = { .not_mended = REASON_RULE_HOSTS, .rule = IX_NONE };
                Refused one;

                if (problem_class_denies(p, v, k->pl->now[v]) != REASON_RULE_HOSTS)
                        continue;
                (void) ask_hosts(k, v, wish, &one);
                plan_refused_list(k, &one, wish);
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
                        plan_refused_list(k,
                                          &(Refused){ .vm = v,
                                                      .to = IX_NONE,
                                                      .reason = REASON_RESERVE_LACKS,
                                                      .hosts = p->n_hosts - 1 },
                                          (Wish){ 0 });
        return 0;
}

static int plan_refused_by_vm(const void *left, const void *right) {
        const Listed *x = left, *y = right;

        return (x->refused.vm > y->refused.vm) - (x->refused.vm < y->refused.vm);
}

/* The conflicts that a VM of the request has part in: of others it is not asked. */
static int plan_refused_conflicts(Planning *pl, Plan *plan) {
        const ConflictsAsked asked = { .s = pl->s,
                                       .p = pl->first,
                                       .host_of = pl->now,
                                       .time = time_limit_of(pl->request.time, PLAN_PART_EXPLAIN) };
        Conflicts found;
        Conflict *mine;
        uint32_t n = 0;
        int r = conflicts_find(pl->arena, &pl->scratch, &asked, &found);

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
        Asking k = { .pl = pl, .ms = plan->makespan_ms };
        int r = evaluator_build(&pl->scratch, pl->terms, pl->now, &k.e);

        if (r < 0)
                return r;
        k.list = arena_new(&pl->scratch, Listed, REFUSED_KEPT);
        k.listed = arena_new(&pl->scratch, bool, pl->first->n_vms);
        if (!refused || !k.list || !k.listed)
                return -ENOMEM;
        for (uint32_t i = 0; i < pl->n_steps; i++)
                k.mib += problem_need(pl->first, pl->steps[i].move.vm)[RES_MEMORY];
        if (pl->request.wish.vm)
                ask_wish(&k);
        else
                ask_evacuees(&k);
        if (!pl->movers)
                ask_rules(&k);
        if (!pl->movers && problem_last_tier(pl->first) >= TIER_LOAD)
                r = ask_overloaded(&k);
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
        return plan_refused_conflicts(pl, plan);
}
