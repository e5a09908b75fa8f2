/* SPDX-License-Identifier: Apache-2.0 */
/* VMs in flight and the rules that must hold: where the others of a rule may not come until the flight has ended. A VM in
 * flight is at home in the problem, and the search counts it there; what is kept off here is what would break the rule when it
 * arrives. So neither its arrival nor its return breaks a rule further.
 *
 * apart, spread, avoid: nobody comes to a domain that one is on its way to (waves_rules.c counts one of a spread group that flies
 *   in no domain).
 * together: others stay in their domain, or come to the one where all that fly arrive. Who is with one now does not follow before
 *   it has arrived (the search counts it at home): a migration may fail, and then they would be parted.
 * near: neighbours stay in their domain; and where one of these flies, who needs one comes only to another that stays.
 * span: a flight is in both its domains, so that with it the group may be in as many as it may: then nobody comes to another. */
#include <errno.h>

#include "scheduler/decide/problem/problem_parts.h"

/* What is in each domain of a rule. */
enum {
        SEES_ARRIVAL_A = 1,     /* one of its first list arrives there */
        SEES_ARRIVAL_B = 2,     /* one of its second list does */
        SEES_STAY = 4,          /* one of the list that is to be met stays there */
        SEES_OTHER_ARRIVAL = 8, /* another arrives elsewhere */
        SEES_NO_PLACE = 16,     /* it would be one place more than the rule allows */
};

typedef struct Flight {
        Arena *arena;
        const Snapshot *s;
        const Problem *p;
        const Rule *rule;
        uint8_t *sees;       /* [domain] */
        bool flies, flies_b; /* one of any list, of the second, leaves its domain */
        uint8_t **bars;      /* [vm] NULL, or [host] a Reason */
} Flight;

static uint32_t flight_home(const Flight *f, VmIx v) {
        const HostIx home = f->p->home[v];

        return home == IX_NONE ? IX_NONE : problem_domain(f->p, f->rule->level, home);
}

/* The domain that v is on its way to, or IX_NONE: it stays in its own. */
static uint32_t flight_goal(const Flight *f, VmIx v) {
        const Vm *vm = &f->s->vms[v];
        uint32_t d;

        if (!vm->in_flight || vm->in_flight_to == IX_NONE)
                return IX_NONE;
        d = problem_domain(f->p, f->rule->level, vm->in_flight_to);
        return d == flight_home(f, v) ? IX_NONE : d;
}

static void flight_see(Flight *f, const VmIx *vms, uint32_t n, uint8_t arrival) {
        const bool meets = f->rule->kind == RULE_NEAR ? arrival == SEES_ARRIVAL_B : true;

        for (uint32_t i = 0; i < n; i++) {
                const uint32_t goal = flight_goal(f, vms[i]), home = flight_home(f, vms[i]);

                if (goal == IX_NONE && home != IX_NONE && meets && f->rule->kind != RULE_SPAN)
                        f->sees[home] |= SEES_STAY;
                if (goal == IX_NONE || rule_skips(f->p, f->rule->kind, f->s->vms[vms[i]].in_flight_to))
                        continue;
                f->sees[goal] |= arrival;
                f->flies = true;
                f->flies_b |= arrival == SEES_ARRIVAL_B;
        }
}

/* together: to where not all arrive nobody comes. */
static void flight_see_others(Flight *f) {
        const Rule *rule = f->rule;

        for (uint32_t i = 0; i < rule->n_vms; i++) {
                const uint32_t goal = flight_goal(f, rule->vms[i]);

                for (uint32_t d = 0; goal != IX_NONE && d < f->p->n_domains[rule->level]; d++)
                        if (d != goal)
                                f->sees[d] |= SEES_OTHER_ARRIVAL;
        }
}

/* span: where none of it is or arrives, if it is in as many places as it may be; whom the search counts at home only. */
static void flight_see_places(Flight *f) {
        const Rule *rule = f->rule;
        const uint32_t n = f->p->n_domains[rule->level];
        uint32_t used = 0;

        for (uint32_t i = 0; i < rule->n_vms; i++) {
                const HostIx home = f->p->home[rule->vms[i]];

                if (home != IX_NONE && !rule_skips(f->p, RULE_SPAN, home))
                        f->sees[problem_domain(f->p, rule->level, home)] |= SEES_STAY;
        }
        for (uint32_t d = 0; d < n; d++)
                used += f->sees[d] != 0;
        for (uint32_t d = 0; d < n && used >= (uint64_t) rule->k; d++)
                f->sees[d] |= f->sees[d] == 0 ? SEES_NO_PLACE : 0;
}

/* Whether one of the first list (or of the second) may not come to a domain, and has been nowhere yet. */
static bool flight_keeps_off(const Flight *f, uint8_t sees, bool second, bool newcomer) {
        switch (f->rule->kind) {
        case RULE_APART:
                return sees & SEES_ARRIVAL_A;
        case RULE_SPREAD:
                return !newcomer && sees & SEES_ARRIVAL_A;
        case RULE_AVOID:
                return sees & (second ? SEES_ARRIVAL_A : SEES_ARRIVAL_B);
        case RULE_TOGETHER:
                return newcomer ? !(sees & SEES_STAY) : (sees & SEES_OTHER_ARRIVAL) != 0;
        case RULE_NEAR:
                return second ? !newcomer : f->flies_b && !(sees & SEES_STAY);
        case RULE_SPAN:
                return newcomer ? !(sees & SEES_STAY) : (sees & SEES_NO_PLACE) != 0;
        default:
                return false;
        }
}

static Reason flight_reason(const Rule *rule) {
        switch (rule->kind) {
        case RULE_TOGETHER:
                return REASON_RULE_TOGETHER;
        case RULE_NEAR:
                return REASON_RULE_NEAR;
        case RULE_SPREAD:
                return REASON_RULE_SPREAD;
        case RULE_SPAN:
                return REASON_RULE_SPAN;
        default:
                return REASON_RULE_APART;
        }
}

static int flight_bar(Flight *f, const VmIx *vms, uint32_t n, bool second) {
        for (uint32_t i = 0; i < n; i++) {
                const VmIx v = vms[i];
                const uint32_t home = flight_home(f, v);

                if (f->s->vms[v].in_flight)
                        continue;
                if (!f->bars[v])
                        f->bars[v] = arena_new(f->arena, uint8_t, f->p->n_hosts);
                if (!f->bars[v])
                        return -ENOMEM;
                for (HostIx h = 0; h < f->p->n_hosts; h++) {
                        const uint32_t d = problem_domain(f->p, f->rule->level, h);

                        if (d != home && f->bars[v][h] == REASON_NONE &&
                            flight_keeps_off(f, f->sees[d], second, home == IX_NONE))
                                f->bars[v][h] = (uint8_t) flight_reason(f->rule);
                }
        }
        return 0;
}

static int flight_rule(Flight *f) {
        const Rule *rule = f->rule;
        const uint32_t n = f->p->n_domains[rule->level];
        int r;

        f->flies = f->flies_b = false;
        for (uint32_t d = 0; d < n; d++)
                f->sees[d] = 0;
        flight_see(f, rule->vms, rule->n_vms, SEES_ARRIVAL_A);
        flight_see(f, rule->near_vms, rule->n_near_vms, SEES_ARRIVAL_B);
        if (!f->flies)
                return 0;
        if (rule->kind == RULE_TOGETHER)
                flight_see_others(f);
        if (rule->kind == RULE_SPAN)
                flight_see_places(f);
        r = flight_bar(f, rule->vms, rule->n_vms, false);
        return r < 0 ? r : flight_bar(f, rule->near_vms, rule->n_near_vms, true);
}

int problem_flight_bars(Arena *a, const Snapshot *s, Problem *p) {
        Flight f = { .arena = a, .s = s, .p = p };
        bool any = false;
        int r = 0;

        static_assert(REASON_N <= UINT8_MAX, "a reason is a byte");
        p->barred = NULL;
        for (VmIx v = 0; v < s->n_vms; v++)
                any |= s->vms[v].in_flight;
        if (!any)
                return 0;
        f.bars = arena_new(a, uint8_t *, s->n_vms);
        f.sees = arena_new(a, uint8_t, s->n_hosts);
        if (!f.bars || !f.sees)
                return -ENOMEM;
        for (uint32_t i = 0; i < s->n_rules && r == 0; i++) {
                f.rule = &s->rules[i];
                if (f.rule->must && !rule_is_about_hosts(f.rule))
                        r = flight_rule(&f);
        }
        p->barred = (const uint8_t *const *) f.bars;
        return r;
}
