/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/decide/search/flat.h"

#include <errno.h>
#include <string.h>

#include "scheduler/decide/cost/evaluator_hot.h"

#define ROOM_ENDLESS (INT64_C(1) << 61)

bool flat_fits(const Evaluator *e) {
        const Terms *t = e->terms;

        if (e->problem->n_vms == 0 || e->n_squares > 0 || e->n_deviations > 0 || t->n_host_costs > 0 ||
            t->n_placement_costs > 0 || t->n_distance_costs > 1 || t->n_arrival_costs + t->n_use_costs > 0 ||
            e->misplaceable || e->reserve || e->n_lines > 1 ||
            e->problem->n_res + e->n_pairs > FLAT_WIDTH_MAX)
                return false;
        for (uint32_t i = 0; i < e->n_lines; i++)
                if (e->lines[i].tier != TIER_BALANCE)
                        return false;
        for (uint32_t i = 0; i < e->n_pairs; i++)
                if (e->pairs[i].tier != TIER_BALANCE)
                        return false;
        for (uint32_t i = 0; i < t->n_move_costs; i++)
                if (t->move_costs[i].tier != TIER_BALANCE)
                        return false;
        for (uint32_t i = 0; i < t->n_rules; i++)
                if (!t->rules[i].rule->must)
                        return false;
        for (size_t i = 0; t->capacity && i < (size_t) e->problem->n_hosts * e->problem->n_res; i++)
                if (e->room[i] < 0)
                        return false;
        for (uint32_t i = 0; i < t->n_distance_costs + t->n_service_moves; i++)
                if ((i < t->n_distance_costs
                             ? t->distance_costs[i].tier
                             : t->service_moves[i - t->n_distance_costs].tier) != TIER_BALANCE)
                        return false;
        return true;
}

static int64_t flat_positive(int64_t value) {
        return value > 0 ? value : 0;
}

static void flat_host_fill(Flat *f, HostIx h) {
        const Evaluator *e = f->e;
        const Problem *p = e->problem;
        const int64_t *load = assignment_load(e->x, h), *capacity = problem_capacity(p, h);
        int64_t *over = flat_over(f, h), *room = flat_room(f, h);

        for (uint32_t r = 0; r < p->n_res; r++) {
                room[r] =
                        e->terms->capacity ? e->room[(size_t) h * p->n_res + r] * f->scale[r] : ROOM_ENDLESS;
                if (e->n_lines > 0)
                        over[r] = e->lines[0].weight[r] *
                                  (load[r] - e->lines[0].line[(size_t) h * p->n_res + r]);
        }
        for (uint32_t i = 0; i < e->n_pairs; i++) {
                const BalancePair *b = &e->pairs[i].pair;

                over[p->n_res + i] = b->weight * (b->target * (capacity[b->r1] - load[b->r1]) -
                                                  (capacity[b->r2] - load[b->r2]));
        }
        f->host_cost[h] = 0;
        for (uint32_t k = 0; k < f->width; k++)
                f->host_cost[h] += flat_positive(over[k]);
}

static void vm_fill(Flat *f, VmIx v) {
        const Evaluator *e = f->e;
        const Problem *p = e->problem;
        const int64_t *need = problem_need(p, v);
        int64_t *row = f->vms + (size_t) v * 2 * f->width;

        for (uint32_t r = 0; r < p->n_res; r++) {
                row[r] = e->n_lines > 0 ? e->lines[0].weight[r] * need[r] : 0;
                row[f->width + r] = need[r] * f->scale[r];
        }
        for (uint32_t i = 0; i < e->n_pairs; i++) {
                const BalancePair *b = &e->pairs[i].pair;

                row[p->n_res + i] = b->weight * (need[b->r2] - b->target * need[b->r1]);
        }
}

/* A unit of room counts by the size of the resource: 1 % of a host is as much of any, and of the order of
 * what the largest line cost is. */
static void scales_set(Flat *f) {
        const Evaluator *e = f->e;
        const Problem *p = e->problem;
        int64_t most = 1;

        for (uint32_t r = 0; r < p->n_res; r++) {
                const int64_t cost =
                        (e->n_lines > 0 ? e->lines[0].weight[r] : 1) * problem_mean_capacity(p, r);

                most = cost > most ? cost : most;
        }
        for (uint32_t r = 0; r < p->n_res; r++) {
                f->scale[r] = most / problem_mean_capacity(p, r);
                f->scale[r] = f->scale[r] > 0 ? f->scale[r] : 1;
        }
}

int flat_build(Arena *a, Evaluator *e, Flat *ret) {
        const Problem *p = e->problem;
        Flat f = { .e = e, .away = e->away[TIER_BALANCE] };

        f.width = (p->n_res + e->n_pairs + FLAT_BLOCK - 1) / FLAT_BLOCK * FLAT_BLOCK;
        f.host_of = arena_new(a, HostIx, p->n_vms);
        f.hosts = arena_new(a, int64_t, (size_t) p->n_hosts * 2 * f.width);
        f.vms = arena_new(a, int64_t, (size_t) p->n_vms * 2 * f.width);
        f.host_cost = arena_new(a, Cost, p->n_hosts);
        f.host_excess = arena_new(a, Cost, p->n_hosts);
        if (!f.host_of || !f.hosts || !f.vms || !f.host_cost || !f.host_excess)
                return -ENOMEM;
        if (e->terms->n_distance_costs > 0) {
                f.distance = e->terms->distance_costs[0].distance;
                f.distance_weight = e->terms->distance_costs[0].weight;
        }
        for (uint32_t k = 0; k < f.width; k++) {
                f.elsewhere[k] = -1;
                f.at_home[k] = k < p->n_res && e->together && p->transient[k] ? 0 : -1;
        }
        scales_set(&f);
        for (HostIx h = 0; h < p->n_hosts; h++)
                flat_host_fill(&f, h);
        for (VmIx v = 0; v < p->n_vms; v++)
                vm_fill(&f, v);
        memcpy(f.host_of, e->x->host_of, sizeof(HostIx) * p->n_vms);
        f.cost = e->cost.tier[TIER_BALANCE];
        *ret = f;
        return 0;
}

/* sign −1: v leaves h; 1: it comes. A transient resource stays taken at home while v is away. */
static void host_add(Flat *f, HostIx h, VmIx v, int64_t sign) {
        const int64_t *step = flat_step(f, v), *need = flat_need(f, v);
        const int64_t *keep = f->e->problem->home[v] == h ? f->at_home : f->elsewhere;
        int64_t *over = flat_over(f, h), *room = flat_room(f, h);
        Cost cost = 0, excess = 0;

        for (uint32_t k = 0; k < f->width; k++) {
                over[k] += sign * step[k];
                cost += flat_positive(over[k]);
        }
        for (uint32_t k = 0; k < f->width; k++) {
                room[k] -= sign * (need[k] & keep[k]);
                excess += flat_positive(-room[k]);
        }
        f->cost += cost - f->host_cost[h];
        f->host_cost[h] = cost;
        f->excess += excess - f->host_excess[h];
        f->host_excess[h] = excess;
}

void flat_move(Flat *f, Move m) {
        Evaluator *e = f->e;
        Costs prices = { 0 };

        assert(f->host_of[m.vm] == m.from);
        most_change(e, m, &prices);
        f->cost += prices.tier[TIER_BALANCE] + flat_place(f, m.vm, m.to) - flat_place(f, m.vm, m.from);
        f->host_of[m.vm] = m.to;
        host_add(f, m.from, m.vm, -1);
        host_add(f, m.to, m.vm, 1);
        most_move(e, m);
        if (rule_counts_touch(&e->rules, m.vm))
                rule_counts_move(&e->rules, m.vm, m.from, m.to);
}
