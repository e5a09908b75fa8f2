/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/decide/cost/evaluator.h"

#include "scheduler/decide/cost/evaluator_hot.h"

Costs evaluator_host(const Evaluator *e, HostIx h, const int64_t *load) {
        return hot_host(e, h, load);
}

void evaluator_deviate(const Evaluator *e, HostIx left, HostIx right, const int64_t *more, Costs *d) {
        deviate(e, left, right, more, d);
}

void evaluator_deviation_follow(Evaluator *e, HostIx h) {
        for (uint32_t i = 0; i < e->n_deviations; i++) {
                DeviationSums *k = &e->deviations[i];
                const int64_t was = k->share[h];

                if (k->reciprocal[h] == 0)
                        continue;
                k->share[h] = deviation_with(e, k, h, 0);
                k->sum += k->share[h] - was;
                k->squares += k->share[h] * k->share[h] - was * was;
                k->cost = deviation_cost(k->term.goal.weight, k->n, k->sum, k->squares);
        }
}

Costs evaluator_place(const Evaluator *e, VmIx v, HostIx h) {
        return hot_place(e, v, h);
}

Reason evaluator_denied(const Evaluator *e, VmIx v, HostIx to) {
        return hot_denied(e, v, to);
}

Reason evaluator_reserve(const Evaluator *e, const Move *moves, uint32_t n, Costs *d) {
        bool worse, spends = false;

        d->tier[TIER_LOAD] += reserve_try(e->reserve, moves, n, &worse);
        for (uint32_t i = 0; i < n && worse; i++)
                spends |= e->problem->reserve->spends[moves[i].vm];
        return worse && !spends ? REASON_RESERVE : REASON_NONE;
}

Reason evaluator_refuse(const Evaluator *e, Move m) {
        Reason why = hot_refuse(e, m);
        Costs unused = { 0 };

        if (why == REASON_NONE && e->reserve)
                why = evaluator_reserve(e, &m, 1, &unused);
        return why;
}

Costs evaluator_delta(const Evaluator *e, Move m) {
        Costs d = hot_delta(e, m);

        if (e->reserve)
                (void) evaluator_reserve(e, &m, 1, &d);
        return d;
}

static Reason swap_reserve(const Evaluator *e, VmIx v, VmIx w, Costs *d) {
        const HostIx a = e->x->host_of[v], b = e->x->host_of[w];

        return e->reserve ? evaluator_reserve(e, (Move[]){ { v, a, b }, { w, b, a } }, 2, d) : REASON_NONE;
}

Reason evaluator_swap_refuse(Evaluator *e, VmIx v, VmIx w) {
        Reason why = hot_swap_refuse(e, v, w);
        Costs unused = { 0 };

        return why == REASON_NONE ? swap_reserve(e, v, w, &unused) : why;
}

Costs evaluator_swap_delta(Evaluator *e, VmIx v, VmIx w) {
        Costs d = hot_swap_delta(e, v, w);

        (void) swap_reserve(e, v, w, &d);
        return d;
}

static void room_move(Evaluator *e, Move m) {
        const Problem *p = e->problem;
        const HostIx home = p->home[m.vm];
        const int64_t *need = problem_need(p, m.vm);
        int64_t *from = e->room + (size_t) m.from * p->n_res, *to = e->room + (size_t) m.to * p->n_res;

        for (uint32_t r = 0; r < p->n_res; r++) {
                const bool held = e->together && p->transient[r];

                if (!held || m.from != home)
                        from[r] += need[r];
                if (!held || m.to != home)
                        to[r] -= need[r];
        }
}

void evaluator_move(Evaluator *e, Move m) {
        const Problem *p = e->problem;
        const int step = leaves_home(e, m);

        e->cost = costs_add(e->cost, hot_delta(e, m));
        if (e->reserve)
                e->cost.tier[TIER_LOAD] += reserve_move(e->reserve, m);
        most_move(e, m);
        if (rule_counts_touch(&e->rules, m.vm))
                rule_counts_move(&e->rules, m.vm, m.from, m.to);
        room_move(e, m);
        assignment_move(e->x, m);
        if (e->n_on) {
                e->n_on[m.from]--;
                e->n_on[m.to]++;
        }
        e->hosts[m.from] = hot_host(e, m.from, assignment_load(e->x, m.from));
        e->hosts[m.to] = hot_host(e, m.to, assignment_load(e->x, m.to));
        evaluator_deviation_follow(e, m.from);
        evaluator_deviation_follow(e, m.to);
        e->n_away = (uint32_t) ((int64_t) e->n_away + step);
        if (p->n_res > RES_MEMORY)
                e->mib_away += step * problem_mib(p, m.vm);
        evaluator_check_often(e);
}
