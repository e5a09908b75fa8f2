/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/decide/cost/evaluator_enter.h"

#include "scheduler/decide/cost/evaluator_hot.h"

Reason evaluator_enter_refuse(const Evaluator *e, VmIx v, HostIx to) {
        const Problem *p = e->problem;
        const int64_t *need = problem_need(p, v), *room = e->room + (size_t) to * p->n_res;
        Reason why = e->terms->n_alloweds == 0 ? REASON_NONE : p->pinned ? p->pinned[v] : REASON_NONE;
        Costs unused = { 0 };

        if (why == REASON_NONE && e->terms->n_alloweds > 0)
                why = problem_denied(p, v, to);
        for (uint32_t r = 0; why == REASON_NONE && e->terms->capacity && r < p->n_res; r++)
                if (need[r] > 0 && need[r] > room[r])
                        why = p->lacks[r] != REASON_NONE ? p->lacks[r] : REASON_NO_ROOM;
        if (why == REASON_NONE && rule_counts_touch(&e->rules, v))
                why = rule_counts_try_enter(&e->rules, v, to, &unused);
        if (why == REASON_NONE && e->reserve)
                why = evaluator_reserve(e, &(Move){ v, IX_NONE, to }, 1, &unused);
        return why;
}

/* Its host's terms with what v needs added (sign 1) or taken away (−1), less what they are now. */
static Costs enter_change(const Evaluator *e, VmIx v, HostIx h, int64_t sign) {
        const int64_t *need = problem_need(e->problem, v), *now = assignment_load(e->x, h);
        int64_t load[PROBLEM_RES_MAX];
        Costs d;

        for (uint32_t r = 0; r < e->problem->n_res; r++)
                load[r] = now[r] + sign * need[r];
        d = evaluator_host(e, h, load);
        for (int t = 0; t < TIER_N; t++)
                d.tier[t] -= e->hosts[h].tier[t];
        return d;
}

Costs evaluator_enter_cheap(const Evaluator *e, VmIx v, HostIx to) {
        Costs d = costs_add(enter_change(e, v, to, 1), evaluator_place(e, v, to));

        use_change(e, (Move){ v, IX_NONE, to }, &d);
        deviate(e, IX_NONE, to, problem_need(e->problem, v), &d);
        if (rule_counts_touch(&e->rules, v))
                (void) rule_counts_try_enter(&e->rules, v, to, &d);
        return d;
}

Costs evaluator_enter_delta(const Evaluator *e, VmIx v, HostIx to) {
        Costs d = evaluator_enter_cheap(e, v, to);

        if (e->reserve)
                (void) evaluator_reserve(e, &(Move){ v, IX_NONE, to }, 1, &d);
        return d;
}

static void room_change(Evaluator *e, VmIx v, HostIx h, int64_t sign) {
        const int64_t *need = problem_need(e->problem, v);

        for (uint32_t r = 0; r < e->problem->n_res; r++)
                e->room[(size_t) h * e->problem->n_res + r] -= sign * need[r];
}

void evaluator_enter(Evaluator *e, VmIx v, HostIx to) {
        e->cost = costs_add(e->cost, evaluator_enter_delta(e, v, to));
        if (rule_counts_touch(&e->rules, v))
                rule_counts_enter(&e->rules, v, to);
        if (e->reserve)
                (void) reserve_move(e->reserve, (Move){ v, IX_NONE, to });
        room_change(e, v, to, 1);
        assignment_move(e->x, (Move){ v, IX_NONE, to });
        if (e->n_on)
                e->n_on[to]++;
        e->hosts[to] = evaluator_host(e, to, assignment_load(e->x, to));
        evaluator_deviation_follow(e, to);
}

void evaluator_leave(Evaluator *e, VmIx v) {
        const HostIx from = e->x->host_of[v];
        Costs back;

        if (rule_counts_touch(&e->rules, v))
                rule_counts_leave(&e->rules, v, from);
        if (e->reserve)
                (void) reserve_move(e->reserve, (Move){ v, from, IX_NONE });
        room_change(e, v, from, -1);
        assignment_move(e->x, (Move){ v, from, IX_NONE });
        if (e->n_on)
                e->n_on[from]--;
        e->hosts[from] = evaluator_host(e, from, assignment_load(e->x, from));
        evaluator_deviation_follow(e, from);
        back = evaluator_enter_delta(e, v, from);
        for (int t = 0; t < TIER_N; t++)
                e->cost.tier[t] -= back.tier[t];
}
