/* SPDX-License-Identifier: Apache-2.0 */
/* Terms → columns, once per search. */
#include <errno.h>
#include <string.h>

#include "scheduler/decide/cost/evaluator.h"

static void lines_compile(Evaluator *e) {
        const Terms *t = e->terms;

        for (uint32_t i = 0; i < t->n_lines; i++) {
                const LineCost *l = &t->lines[i];
                uint32_t f = 0;

                if (l->line == e->problem->capacity && t->capacity && !e->overfull)
                        continue;
                while (f < e->n_lines && (e->lines[f].line != l->line || e->lines[f].tier != l->tier))
                        f++;
                if (f == e->n_lines)
                        e->lines[e->n_lines++] = (LineFamily){ .line = l->line, .tier = l->tier };
                e->lines[f].weight[l->r] += l->weight;
        }
}

static int shares_compile(Arena *a, const Problem *p, uint32_t r, int64_t weight, SquareFamily *f) {
        const int64_t mean = problem_mean_capacity(p, r);

        if (!f->reciprocal) {
                f->reciprocal = arena_new(a, uint64_t, (size_t) p->n_hosts * p->n_res);
                f->factor = arena_new(a, int64_t, (size_t) p->n_hosts * p->n_res);
                if (!f->reciprocal || !f->factor)
                        return -ENOMEM;
        }
        for (HostIx h = 0; h < p->n_hosts; h++) {
                const int64_t capacity = problem_capacity(p, h)[r];

                f->reciprocal[(size_t) h * p->n_res + r] = share_reciprocal(capacity);
                f->factor[(size_t) h * p->n_res + r] = share_factor(weight, capacity, mean);
        }
        f->r[f->n++] = r;
        return 0;
}

/* One weight a resource within a family: a second term of the same kind makes a family of its own. */
static bool family_has(const SquareFamily *f, const SquareCost *q) {
        for (uint32_t i = 0; i < f->n; i++)
                if (f->r[i] == q->r)
                        return true;
        return false;
}

static int squares_compile(Arena *a, Evaluator *e) {
        const Terms *t = e->terms;

        for (uint32_t i = 0; i < t->n_squares; i++) {
                const SquareCost *q = &t->squares[i];
                uint32_t f = 0;

                while (f < e->n_squares && (e->squares[f].line != q->line || e->squares[f].tier != q->tier ||
                                            e->squares[f].grain != q->grain || family_has(&e->squares[f], q)))
                        f++;
                if (f == e->n_squares)
                        e->squares[e->n_squares++] =
                                (SquareFamily){ .line = q->line, .tier = q->tier, .grain = q->grain };
                if (shares_compile(a, e->problem, q->r, q->weight, &e->squares[f]) < 0)
                        return -ENOMEM;
        }
        return 0;
}

static int deviations_compile(Arena *a, Evaluator *e) {
        const Problem *p = e->problem;

        for (uint32_t i = 0; i < e->terms->n_deviations; i++) {
                DeviationSums *k = &e->deviations[e->n_deviations++];

                k->term = e->terms->deviations[i];
                k->reciprocal = arena_new(a, uint64_t, p->n_hosts);
                k->share = arena_new(a, int64_t, p->n_hosts);
                if (!k->reciprocal || !k->share)
                        return -ENOMEM;
                for (HostIx h = 0; h < p->n_hosts; h++) {
                        k->reciprocal[h] = share_reciprocal(k->term.goal.unit[h]);
                        k->n += k->reciprocal[h] != 0;
                }
        }
        for (HostIx h = 0; h < p->n_hosts; h++)
                evaluator_deviation_follow(e, h);
        for (uint32_t i = 0; i < e->n_deviations; i++)
                e->cost.tier[e->deviations[i].term.tier] += e->deviations[i].cost;
        return 0;
}

static int stays_compile(Arena *a, Evaluator *e) {
        const Terms *t = e->terms;
        const uint32_t n = e->problem->n_vms;

        for (uint32_t i = 0; i < t->n_move_costs; i++) {
                const MoveCost *s = &t->move_costs[i];

                if (!e->away[s->tier])
                        e->away[s->tier] = arena_new(a, int64_t, n);
                if (!e->away[s->tier])
                        return -ENOMEM;
                for (VmIx v = 0; v < n; v++)
                        e->away[s->tier][v] += s->weight * (s->price ? s->price[v] : 1);
        }
        return 0;
}

static int mosts_compile(Arena *a, Evaluator *e) {
        const Problem *p = e->problem;

        for (uint32_t i = 0; i < e->terms->n_service_moves; i++) {
                ServiceMoveCount *k = &e->service_moves[i];

                k->term = e->terms->service_moves[i];
                k->away = arena_new(a, uint32_t, k->term.n_services);
                k->having = arena_new(a, uint32_t, (size_t) p->n_vms + 1);
                if (!k->away || !k->having)
                        return -ENOMEM;
                for (VmIx v = 0; v < p->n_vms; v++)
                        k->away[k->term.service_of[v]] += e->x->host_of[v] != p->home[v];
                for (uint32_t s = 0; s < k->term.n_services; s++) {
                        k->having[k->away[s]]++;
                        if (k->away[s] > k->most)
                                k->most = k->away[s];
                }
                e->cost.tier[k->term.tier] += k->term.weight * k->most;
        }
        return 0;
}

static void room_count(Evaluator *e) {
        const Problem *p = e->problem;

        for (size_t i = 0; i < (size_t) p->n_hosts * p->n_res; i++)
                e->room[i] = problem_fill(p, 0)[i] - e->x->load[i];
        for (VmIx v = 0; e->together && v < p->n_vms; v++)
                for (uint32_t r = 0; e->x->host_of[v] != p->home[v] && r < p->n_res; r++)
                        if (p->transient[r])
                                e->room[(size_t) p->home[v] * p->n_res + r] -= problem_need(p, v)[r];
}

static void vms_count(Evaluator *e) {
        const Problem *p = e->problem;

        e->misplaceable = p->passable != NULL && e->terms->n_alloweds > 0;
        for (VmIx v = 0; v < p->n_vms; v++) {
                const HostIx h = e->x->host_of[v];

                if (h == IX_NONE || p->home[v] == IX_NONE)
                        continue; /* newcomers: never where they are denied, and at no price */
                if (e->terms->n_alloweds > 0 && p->n_classes > 0)
                        e->misplaceable |= problem_class_denies(p, v, h) == REASON_RULE_HOSTS ||
                                           problem_class_denies(p, v, p->home[v]) == REASON_RULE_HOSTS;
                if (h == p->home[v])
                        continue;
                e->n_away++;
                if (p->n_res > RES_MEMORY)
                        e->mib_away += problem_mib(p, v);
        }
        for (VmIx v = 0; v < p->n_vms; v++)
                if (e->x->host_of[v] != IX_NONE)
                        e->cost = costs_add(e->cost, evaluator_place(e, v, e->x->host_of[v]));
        for (HostIx h = 0; h < p->n_hosts; h++) {
                e->hosts[h] = evaluator_host(e, h, assignment_load(e->x, h));
                e->cost = costs_add(e->cost, e->hosts[h]);
        }
}

static int uses_compile(Arena *a, Evaluator *e) {
        const Problem *p = e->problem;

        if (e->terms->n_use_costs == 0)
                return 0;
        e->n_on = arena_new(a, uint32_t, p->n_hosts);
        if (!e->n_on)
                return -ENOMEM;
        for (VmIx v = 0; v < p->n_vms; v++)
                if (e->x->host_of[v] != IX_NONE)
                        e->n_on[e->x->host_of[v]]++;
        for (uint32_t i = 0; i < e->terms->n_use_costs; i++)
                for (HostIx h = 0; h < p->n_hosts; h++)
                        e->cost.tier[e->terms->use_costs[i].tier] +=
                                e->n_on[h] > 0 ? e->terms->use_costs[i].weight[h] : 0;
        return 0;
}

static void overfull_note(Evaluator *e) {
        const Problem *p = e->problem;

        for (size_t i = 0; i < (size_t) p->n_hosts * p->n_res; i++)
                e->overfull |= e->x->load[i] > p->capacity[i];
}

int evaluator_build(Arena *a, const Terms *t, const HostIx *host_of, Evaluator **ret) {
        const Problem *p = t->problem;
        Evaluator *e = arena_new(a, Evaluator, 1);

        if (!e)
                return -ENOMEM;
        e->problem = p;
        e->terms = t;
        e->together = t->capacity && p->transient_mode == TRANSIENT_TOGETHER;
        e->hosts = arena_new(a, Costs, p->n_hosts);
        e->room = arena_new(a, int64_t, (size_t) p->n_hosts * p->n_res);
        e->lines = arena_new(a, LineFamily, t->n_lines);
        e->squares = arena_new(a, SquareFamily, t->n_squares);
        e->service_moves = arena_new(a, ServiceMoveCount, t->n_service_moves);
        e->deviations = arena_new(a, DeviationSums, t->n_deviations);
        e->pairs = t->pairs;
        e->n_pairs = t->n_pairs;
        if (!e->hosts || !e->room || !e->lines || !e->squares || !e->service_moves || !e->deviations ||
            assignment_build(a, p, &e->x) < 0)
                return -ENOMEM;
        overfull_note(e); /* at home: where a VM may always return to */
        for (VmIx v = 0; host_of && v < p->n_vms; v++)
                if (host_of[v] != p->home[v])
                        assignment_move(e->x, (Move){ v, p->home[v], host_of[v] });
        overfull_note(e);
        lines_compile(e);
        if (squares_compile(a, e) < 0 || stays_compile(a, e) < 0 || mosts_compile(a, e) < 0 ||
            uses_compile(a, e) < 0 || deviations_compile(a, e) < 0 ||
            rule_counts_build(a, t, e->x->host_of, &e->rules) < 0)
                return -ENOMEM;
        room_count(e);
        vms_count(e);
        e->cost = costs_add(e->cost, e->rules.broken);
        if (t->reserve && reserve_build(a, p, e->x->host_of, &e->reserve) < 0)
                return -ENOMEM;
        if (e->reserve)
                e->cost.tier[TIER_LOAD] += reserve_cost(e->reserve);
        *ret = e;
        return 0;
}
