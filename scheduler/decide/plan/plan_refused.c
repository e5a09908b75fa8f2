/* SPDX-License-Identifier: Apache-2.0 */
/* What should have been done and was not: VMs that must leave their host and stay, hosts that stay above
 * their load line with nowhere to go, rules that stay broken. Each with the reason that most hosts gave. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "scheduler/decide/plan/plan_parts.h"
#include "scheduler/decide/whynot/conflict.h"
#include "scheduler/decide/whynot/refusal.h"

#define REFUSED_KEPT 1000

/* Asking every host about a VM costs O(hosts). After so many questions VMs are no longer asked for: those
 * that must leave are still listed, with NO_ROOM. */
#define QUESTIONS_MAX UINT64_C(20000000)

/* VMs of which it is told by whom they are refused, host by host. */
#define BY_WHOM_MAX 100

/* What a move of the VM would have to bring. */
typedef struct Wish {
        bool below_line;   /* its new host stays below its load line */
        Reason not_mended; /* the rule it should mend is mended by it: else this is the reason; NONE: no rule
                            */
        uint32_t rule;     /* which rule of the snapshot; IX_NONE: one about hosts */
} Wish;

typedef struct Listed {
        Refused refused;
        Wish wish;
} Listed;

typedef struct Asking {
        Planning *pl;
        Evaluator *e; /* after the plan */
        Listed *list;
        uint32_t n, n_all;
        uint64_t questions;
        bool *listed;        /* [vm] */
        int64_t mib, ms;     /* that the plan takes */
        unsigned limited_by; /* bits 1 << PlanCap */
} Asking;

/* What stands against v on h; REASON_NONE: it could go there, and that would do. */
static Reason plan_refused_objection(const Asking *k, VmIx v, HostIx h, Wish wish) {
        const Problem *p = k->pl->first;
        Move m = { v, k->pl->now[v], h };
        Reason why = evaluator_refuse(k->e, m);
        const int64_t *need = problem_need(p, v), *load = assignment_load(k->e->x, h);

        for (uint32_t r = 0; r < p->n_res && why == REASON_NONE && wish.below_line; r++)
                if (need[r] > 0 && load[r] + need[r] > p->limit[(size_t) h * p->n_res + r])
                        why = REASON_NO_ROOM;
        if (why == REASON_NONE && wish.not_mended != REASON_NONE &&
            evaluator_delta(k->e, m).tier[TIER_REPAIR] >= 0)
                why = wish.not_mended;
        return why;
}

/* Asks all hosts. False: at least one would take it. */
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
                Reason why = h == k->pl->now[v] ? REASON_N : plan_refused_objection(k, v, h, wish);

                counts[why]++;
                if (why == REASON_NONE && wish.below_line && k->pl->left_out[v] == REASON_NONE)
                        return false; /* how many more would take it is of no interest */
        }
        for (int reason = REASON_NONE + 1; reason < REASON_N; reason++)
                if (counts[reason] > ret->hosts) {
                        ret->reason = (Reason) reason;
                        ret->hosts = counts[reason];
                }
        if (counts[REASON_NONE] == 0)
                return true;
        ret->hosts = counts[REASON_NONE];
        /* Nothing refuses it: then a budget that stopped moves did, or the search found no order for it. */
        ret->reason = k->pl->left_out[v] != REASON_NONE    ? k->pl->left_out[v]
                      : k->pl->refusals[REASON_BUDGET] > 0 ? REASON_BUDGET
                                                           : REASON_ORDER;
        return false;
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

/* Must leave and did not. */
static void ask_evacuees(Asking *k) {
        const Problem *p = k->pl->first;

        for (VmIx v = 0; v < p->n_vms; v++) {
                Refused one = { .vm = v, .to = IX_NONE, .reason = REASON_NO_ROOM };

                if (problem_leave(p, v, k->pl->now[v]) == 0)
                        continue;
                if (k->questions < QUESTIONS_MAX)
                        (void) ask_hosts(k, v, (Wish){ 0 }, &one);
                plan_refused_list(k, &one, (Wish){ 0 });
        }
}

static bool host_over(const Asking *k, HostIx h, const int64_t *line) {
        const Problem *p = k->pl->first;

        for (uint32_t r = 0; r < p->n_res; r++)
                if (assignment_load(k->e->x, h)[r] > line[(size_t) h * p->n_res + r])
                        return true;
        return false;
}

/* A host above its line is blocked when none of its VMs could go anywhere that stays below its own. One that
 * could, and does not, is not worth its price: that is no refusal, unless a budget or the order stood in the
 * way. */
static int ask_overloaded(Asking *k) {
        const Problem *p = k->pl->first;
        uint8_t *over =
                arena_new(&k->pl->scratch, uint8_t, p->n_hosts); /* 1: over; 2: and a VM could leave */
        Refused *ones = arena_new(&k->pl->scratch, Refused, REFUSED_KEPT);
        uint32_t n = 0;
        bool any = false;

        if (!over || !ones)
                return -ENOMEM;
        for (HostIx h = 0; h < p->n_hosts; h++) {
                over[h] = !p->roles[h].no_exit && p->roles[h].evacuate == 0 && host_over(k, h, p->limit);
                any |= over[h] != 0;
        }
        for (VmIx v = 0; v < p->n_vms && any && n < REFUSED_KEPT && k->questions < QUESTIONS_MAX; v++) {
                HostIx h = k->pl->now[v];
                Refused one;

                if (over[h] == 0 || (over[h] == 2 && k->pl->left_out[v] == REASON_NONE))
                        continue;
                if (ask_hosts(k, v, (Wish){ .below_line = true }, &one))
                        ones[n++] = one;
                else if (k->pl->left_out[v] != REASON_NONE)
                        plan_refused_list(k, &one, (Wish){ .below_line = true });
                else {
                        over[h] = 2;
                        k->limited_by |= caps_against(k, v);
                }
        }
        for (uint32_t i = 0; i < n; i++)
                if (over[k->pl->now[ones[i].vm]] == 1)
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
        for (uint32_t i = 0; i < p->n_rules; i++) {
                const GroupRule *rule = &p->rules[i];
                const Group *g = &p->groups[rule->group];
                const Wish wish = { .not_mended = reason_of_rule(rule->kind), .rule = rule->source };

                if (!rule->must || rule_broken(p, rule, k->e->x) == 0)
                        continue;
                for (uint32_t m = 0; m < g->n_vms && k->questions < QUESTIONS_MAX; m++) {
                        Refused one;

                        if ((rule->kind == RULE_APART || rule->kind == RULE_AVOID) &&
                            plan_refused_company(k, rule, g->vms[m]) == 0)
                                continue;
                        (void) ask_hosts(k, g->vms[m], wish, &one);
                        plan_refused_list(k, &one, wish);
                }
        }
        for (VmIx v = 0; v < p->n_vms && k->questions < QUESTIONS_MAX; v++) {
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

static int plan_refused_by_vm(const void *a, const void *b) {
        const Listed *x = a, *y = b;

        return (x->refused.vm > y->refused.vm) - (x->refused.vm < y->refused.vm);
}

/* ---- by whom ---- */

/* What one host says, after the plan. */
static const char *host_says(Asking *k, const Trial *t, const Listed *l, HostIx h, Reason why) {
        Arena *a = k->pl->arena;
        const VmIx v = l->refused.vm;
        const Move m = { v, k->pl->now[v], h };

        if (evaluator_refuse(k->e, m) != REASON_NONE)
                return refusal_text(a, t, v, h, why);
        if (why == REASON_NO_ROOM)
                return "would be above its load line";
        if (l->wish.rule != IX_NONE)
                return text_format(a, "rule %s would stay broken", k->pl->s->rules[l->wish.rule].name);
        return reason_texts[why];
}

/* Up to BY_WHOM_SHOWN of the reasons, the commonest first, each with the first host that gives it. */
#define BY_WHOM_SHOWN 3
static int tell_by_whom(Asking *k, const Trial *t, Listed *l) {
        const Problem *p = k->pl->first;
        uint32_t counts[REASON_N] = { 0 };
        HostIx first[REASON_N];
        const char *text = NULL;

        if (p->pinned[l->refused.vm] != REASON_NONE || l->refused.reason == REASON_RESERVE_LACKS)
                return 0;
        for (HostIx h = 0; h < p->n_hosts; h++, k->questions++) {
                const Reason why = h == k->pl->now[l->refused.vm]
                                           ? REASON_NONE
                                           : plan_refused_objection(k, l->refused.vm, h, l->wish);

                if (why != REASON_NONE && counts[why]++ == 0)
                        first[why] = h;
        }
        for (int shown = 0; shown < BY_WHOM_SHOWN; shown++) {
                int most = REASON_NONE;
                const char *says, *host;

                for (int r = REASON_NONE + 1; r < REASON_N; r++)
                        if (counts[r] > 0 && (most == REASON_NONE || counts[r] > counts[most]))
                                most = r;
                if (most == REASON_NONE)
                        break;
                host = k->pl->s->hosts[first[most]].name;
                says = host_says(k, t, l, first[most], (Reason) most);
                text = !says ? NULL
                       : counts[most] == 1
                               ? text_format(k->pl->arena, "%s%s%s: %s", text ? text : "", text ? "; " : "",
                                             host, says)
                               : text_format(k->pl->arena, "%s%s%u hosts such as %s: %s", text ? text : "",
                                             text ? "; " : "", counts[most], host, says);
                if (!text)
                        return -ENOMEM;
                counts[most] = 0;
        }
        l->refused.by = text;
        return 0;
}

static int tell_all(Asking *k) {
        int64_t *mhz = NULL;
        Trial t = { .s = k->pl->s,
                    .settings = k->pl->settings,
                    .policies = k->pl->policies,
                    .layout = k->pl->layout,
                    .p = k->pl->first,
                    .e = k->e };
        int r = snapshot_speeds(&k->pl->scratch, k->pl->s, &mhz, &t.usual_mhz);

        t.mhz = mhz;
        for (uint32_t i = 0; i < k->n && i < BY_WHOM_MAX && k->questions < QUESTIONS_MAX && r == 0; i++)
                r = tell_by_whom(k, &t, &k->list[i]);
        return r;
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
        ask_evacuees(&k);
        ask_rules(&k);
        if (problem_last_tier(pl->first) >= TIER_LOAD)
                r = ask_overloaded(&k);
        if (r == 0 && plan->reserve.blocked)
                r = ask_reserve(&k);
        if (r == 0) {
                qsort(k.list, k.n, sizeof(*k.list), plan_refused_by_vm);
                r = tell_all(&k);
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
        return conflicts_find(pl->arena, &pl->scratch, pl->s, pl->first, pl->now, &plan->conflicts,
                              &plan->n_conflicts);
}
