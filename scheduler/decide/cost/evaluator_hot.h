/* SPDX-License-Identifier: Apache-2.0 */
/* The evaluator's inner functions, inlined into the searches: see evaluator.h for what each means.
 *
 * Units: Cost: no unit; loads in the problem's own. Owner: the evaluator is the caller's. Errors: none.
 * Threads: as the evaluator's: one.
 */
#pragma once

#include "scheduler/decide/cost/deviation.h"
#include "scheduler/decide/cost/evaluator.h"

#define inlined static inline __attribute__((always_inline, unused))

inlined Costs hot_host(const Evaluator *e, HostIx h, const int64_t *load) {
        const uint32_t n_res = e->problem->n_res;
        const size_t row = (size_t) h * n_res;
        Costs c = { 0 };

        for (uint32_t i = 0; i < e->n_lines; i++) {
                const LineFamily *f = &e->lines[i];
                int64_t sum = 0;

                for (uint32_t r = 0; r < n_res; r++) {
                        const int64_t over = load[r] - f->line[row + r];

                        sum += f->weight[r] * (over > 0 ? over : 0);
                }
                c.tier[f->tier] += sum;
        }
        for (uint32_t i = 0; i < e->n_squares; i++) {
                const SquareFamily *f = &e->squares[i];
                int64_t sum = 0;

                for (uint32_t k = 0; k < f->n; k++) {
                        const uint32_t r = f->r[k];

                        sum += share_square(load[r] - (f->line ? f->line[row + r] : 0),
                                            f->reciprocal[row + r], f->factor[row + r], f->grain);
                }
                c.tier[f->tier] += sum;
        }
        for (uint32_t i = 0; i < e->n_pairs; i++) {
                const BalancePair *b = &e->pairs[i].pair;
                const int64_t *capacity = e->problem->capacity + row;
                const int64_t gap =
                        b->target * (capacity[b->r1] - load[b->r1]) - (capacity[b->r2] - load[b->r2]);

                c.tier[e->pairs[i].tier] += b->weight * (gap > 0 ? gap : 0);
        }
        return c;
}

inlined Costs hot_place(const Evaluator *e, VmIx v, HostIx h) {
        const Terms *t = e->terms;
        const HostIx home = e->problem->home[v];
        Costs c = { 0 };

        for (uint32_t i = 0; i < t->n_host_costs; i++)
                c.tier[t->host_costs[i].tier] +=
                        t->host_costs[i].weight[h] * (t->host_costs[i].price ? t->host_costs[i].price[v] : 1);
        for (uint32_t i = 0; e->misplaceable && i < t->n_alloweds; i++)
                if (problem_class_denies(e->problem, v, h) == REASON_RULE_HOSTS)
                        c.tier[t->alloweds[i].tier] += t->alloweds[i].weight;
        for (uint32_t i = 0; i < t->n_placement_costs; i++) {
                const int64_t *row = t->placement_costs[i].cost[t->placement_costs[i].class_of[v]];

                c.tier[t->placement_costs[i].tier] += row ? t->placement_costs[i].weight * row[h] : 0;
        }
        if (h == home)
                return c;
        for (uint32_t i = 0; i < t->n_arrival_costs; i++)
                c.tier[t->arrival_costs[i].tier] += t->arrival_costs[i].weight[h];
        for (int tier = 0; tier < TIER_N; tier++)
                if (e->away[tier])
                        c.tier[tier] += e->away[tier][v];
        for (uint32_t i = 0; home != IX_NONE && i < t->n_distance_costs; i++)
                c.tier[t->distance_costs[i].tier] +=
                        t->distance_costs[i].weight *
                        t->distance_costs[i].distance[(size_t) home * e->problem->n_hosts + h];
        return c;
}

inlined Costs costs_minus(Costs left, const Costs *right) {
        for (int t = 0; t < TIER_N; t++)
                left.tier[t] -= right->tier[t];
        return left;
}

/* Host terms of h with need added (sign 1), or taken away (−1), less what it costs now. */
inlined Costs host_change(const Evaluator *e, HostIx h, const int64_t *need, int64_t sign) {
        const int64_t *now = assignment_load(e->x, h);
        int64_t load[PROBLEM_RES_MAX];

        for (uint32_t r = 0; r < e->problem->n_res; r++)
                load[r] = now[r] + sign * need[r];
        return costs_minus(hot_host(e, h, load), &e->hosts[h]);
}

/* The share of h once `more` has come. */
inlined int64_t deviation_with(const Evaluator *e, const DeviationSums *k, HostIx h, int64_t more) {
        const DeviationGoal *g = &k->term.goal;

        return deviation_share(assignment_load(e->x, h)[g->r] + more, g->zero ? g->zero[h] : 0,
                               k->reciprocal[h]);
}

/* The sums once `more` has come to h; IX_NONE: to nowhere. */
inlined void deviation_shift(const Evaluator *e, const DeviationSums *k, HostIx h, int64_t more,
                             int64_t *io_sum, int64_t *io_squares) {
        if (h != IX_NONE && k->reciprocal[h] != 0) {
                const int64_t was = k->share[h], is = deviation_with(e, k, h, more);

                *io_sum += is - was;
                *io_squares += is * is - was * was;
        }
}

/* See evaluator_deviate(). */
inlined void deviate(const Evaluator *e, HostIx left, HostIx right, const int64_t *more, Costs *d) {
        for (uint32_t i = 0; i < e->n_deviations; i++) {
                const DeviationSums *k = &e->deviations[i];
                const int64_t n = more[k->term.goal.r];
                int64_t sum = k->sum, squares = k->squares;

                if (n == 0)
                        continue;
                deviation_shift(e, k, left, -n, &sum, &squares);
                deviation_shift(e, k, right, n, &sum, &squares);
                d->tier[k->term.tier] += deviation_cost(k->term.goal.weight, k->n, sum, squares) - k->cost;
        }
}

/* +1: v leaves home, −1: it comes home, 0: neither. */
inlined int leaves_home(const Evaluator *e, Move m) {
        const HostIx home = e->problem->home[m.vm];

        return (m.from == home) - (m.to == home);
}

/* What it changes that m.from may be empty after it, and m.to no longer. */
inlined void use_change(const Evaluator *e, Move m, Costs *d) {
        const Terms *t = e->terms;

        for (uint32_t i = 0; e->n_on && i < t->n_use_costs; i++) {
                if (m.from != IX_NONE && e->n_on[m.from] == 1)
                        d->tier[t->use_costs[i].tier] -= t->use_costs[i].weight[m.from];
                if (m.to != IX_NONE && e->n_on[m.to] == 0)
                        d->tier[t->use_costs[i].tier] += t->use_costs[i].weight[m.to];
        }
}

inlined void most_change(const Evaluator *e, Move m, Costs *d) {
        const int step = leaves_home(e, m);

        for (uint32_t i = 0; step != 0 && i < e->terms->n_service_moves; i++) {
                const ServiceMoveCount *k = &e->service_moves[i];
                const uint32_t away = k->away[k->term.service_of[m.vm]];

                if (step > 0 && away == k->most)
                        d->tier[k->term.tier] += k->term.weight;
                else if (step < 0 && away == k->most && k->having[away] == 1)
                        d->tier[k->term.tier] -= k->term.weight;
        }
}

inlined void most_move(Evaluator *e, Move m) {
        const int step = leaves_home(e, m);

        for (uint32_t i = 0; step != 0 && i < e->terms->n_service_moves; i++) {
                ServiceMoveCount *k = &e->service_moves[i];
                uint32_t *away = &k->away[k->term.service_of[m.vm]];

                k->having[*away]--;
                *away = step > 0 ? *away + 1 : *away - 1;
                k->having[*away]++;
                if (*away > k->most)
                        k->most = *away;
                while (k->most > 0 && k->having[k->most] == 0)
                        k->most--;
        }
}

inlined Reason hot_denied(const Evaluator *e, VmIx v, HostIx to) {
        const Problem *p = e->problem;
        const HostIx from = e->x->host_of[v];

        if (e->terms->n_alloweds == 0)
                return REASON_NONE;
        if (p->pinned && p->pinned[v] != REASON_NONE)
                return p->pinned[v];
        if (p->roles[from].no_exit)
                return REASON_SOURCE_FENCED;
        return to == p->home[v] ? problem_class_denies(p, v, to) : problem_denied(p, v, to);
}

/* `need` more of resource r on h. home: v comes home, where a transient resource is still held for it. */
inlined Reason room_refuse(const Evaluator *e, HostIx h, uint32_t r, int64_t need, bool home) {
        const Problem *p = e->problem;

        if (need <= 0 || need <= e->room[(size_t) h * p->n_res + r])
                return REASON_NONE;
        if (!e->together || !p->transient[r])
                return p->lacks[r] != REASON_NONE ? p->lacks[r] : REASON_NO_ROOM;
        if (home)
                return REASON_NONE;
        return need > problem_capacity(p, h)[r] - assignment_load(e->x, h)[r] ? REASON_NO_ROOM
                                                                              : REASON_NO_ROOM_DURING;
}

inlined Reason hot_refuse(const Evaluator *e, Move m) {
        const Problem *p = e->problem;
        const int64_t *need = problem_need(p, m.vm);
        Reason why = hot_denied(e, m.vm, m.to);
        Costs unused = { 0 };

        for (uint32_t r = 0; why == REASON_NONE && e->terms->capacity && r < p->n_res; r++)
                why = room_refuse(e, m.to, r, need[r], m.to == p->home[m.vm]);
        if (why == REASON_NONE && rule_counts_touch(&e->rules, m.vm))
                why = rule_counts_try(&e->rules, m.vm, m.from, m.to, &unused);
        return why;
}

inlined Costs hot_delta(const Evaluator *e, Move m) {
        const int64_t *need = problem_need(e->problem, m.vm);
        const Costs was = hot_place(e, m.vm, m.from);
        Costs d = costs_minus(hot_place(e, m.vm, m.to), &was);

        d = costs_add(d, host_change(e, m.from, need, -1));
        d = costs_add(d, host_change(e, m.to, need, 1));
        deviate(e, m.from, m.to, need, &d);
        most_change(e, m, &d);
        use_change(e, m, &d);
        if (rule_counts_touch(&e->rules, m.vm))
                (void) rule_counts_try(&e->rules, m.vm, m.from, m.to, &d);
        return d;
}

/* The second half of a swap is judged with the first half made, where that matters: groups and services. */
inlined Reason swap_rest(Evaluator *e, Move move, Move w, Costs *d) {
        Reason why = REASON_NONE;

        most_change(e, move, d);
        most_move(e, move);
        most_change(e, w, d);
        most_move(e, (Move){ move.vm, move.to, move.from });
        if (!e->rules.start)
                return why;
        why = rule_counts_try(&e->rules, move.vm, move.from, move.to, d);
        if (!rule_counts_touch(&e->rules, w.vm))
                return why;
        rule_counts_move(&e->rules, move.vm, move.from, move.to);
        /* What the first half alone would break, the second may mend: two VMs of one group, for one. */
        if (why == REASON_NONE)
                why = rule_counts_try(&e->rules, w.vm, w.from, w.to, d);
        rule_counts_move(&e->rules, move.vm, move.to, move.from);
        return why;
}

inlined Reason hot_swap_refuse(Evaluator *e, VmIx v, VmIx w) {
        const Problem *p = e->problem;
        const HostIx a = e->x->host_of[v], b = e->x->host_of[w];
        const int64_t *need_v = problem_need(p, v), *need_w = problem_need(p, w);
        Reason why = hot_denied(e, v, b);
        Costs unused = { 0 };

        if (why == REASON_NONE)
                why = hot_denied(e, w, a);
        for (uint32_t r = 0; why == REASON_NONE && e->terms->capacity && r < p->n_res; r++) {
                const bool held = e->together && p->transient[r];
                /* What leaves home goes on holding a transient resource there; what comes home held it. */
                const int64_t in_b = held && b == p->home[v] ? 0 : need_v[r];
                const int64_t in_a = held && a == p->home[w] ? 0 : need_w[r];
                const int64_t out_a = held && a == p->home[v] ? 0 : need_v[r];
                const int64_t out_b = held && b == p->home[w] ? 0 : need_w[r];

                why = room_refuse(e, b, r, in_b - out_b, false);
                if (why == REASON_NONE)
                        why = room_refuse(e, a, r, in_a - out_a, false);
        }
        return why == REASON_NONE ? swap_rest(e, (Move){ v, a, b }, (Move){ w, b, a }, &unused) : why;
}

inlined Costs hot_swap_delta(Evaluator *e, VmIx v, VmIx w) {
        const Problem *p = e->problem;
        const HostIx a = e->x->host_of[v], b = e->x->host_of[w];
        const int64_t *need_v = problem_need(p, v), *need_w = problem_need(p, w);
        const Costs was_v = hot_place(e, v, a), was_w = hot_place(e, w, b);
        int64_t more[PROBLEM_RES_MAX];
        Costs d = costs_add(hot_place(e, v, b), hot_place(e, w, a));

        for (uint32_t r = 0; r < p->n_res; r++)
                more[r] = need_v[r] - need_w[r];
        d = costs_minus(costs_minus(d, &was_v), &was_w);
        d = costs_add(d, host_change(e, a, more, -1));
        d = costs_add(d, host_change(e, b, more, 1));
        deviate(e, a, b, more, &d);
        (void) swap_rest(e, (Move){ v, a, b }, (Move){ w, b, a }, &d);
        return d;
}
