/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/milp/exact.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#include "scheduler/decide/search/bound.h"
#include "scheduler/milp/formulation.h"
#include "scheduler/milp/tree.h"

typedef struct Exact {
        Arena *arena;
        const SolverTask *task;
        Formulation *f;
        HostIx *best, *trial; /* [vm] */
        Costs cost;           /* of best */
        int64_t *count;       /* [place] */
        int64_t *broken_home; /* [rule of the terms] */
        Tier tier;            /* being minimized */
        Tier improved;        /* the earliest tier that got better since this one was begun */
        int64_t hold[TIER_N]; /* rows that keep earlier tiers at their best; −1: none yet */
        int error;            /* -ENOMEM from within a callback */
} Exact;

/* The place of a kind that is furthest from point in the direction of `step`, the first of equals. */
static uint32_t place_furthest(const Kind *kind, const double *point, const int64_t *count, int64_t step) {
        uint32_t at = kind->place;
        double most = -INFINITY;

        for (uint32_t j = kind->place; j < kind->place + kind->n_places; j++) {
                const double rest = (point[j] - (double) count[j]) * (double) step;

                if (rest > most && (step > 0 || count[j] > 0)) {
                        most = rest;
                        at = j;
                }
        }
        return at;
}

/* Counts near point that add up: whole parts, then the largest remainders. */
static void counts_round(const Formulation *f, const double *point, int64_t *count) {
        for (uint32_t k = 0; k < f->n_kinds; k++) {
                const Kind *kind = &f->kinds[k];
                int64_t left = kind->n;

                for (uint32_t j = kind->place; j < kind->place + kind->n_places; j++) {
                        count[j] = (int64_t) floor(point[j] + 1e-6);
                        left -= count[j];
                }
                while (left != 0) {
                        const int64_t step = left > 0 ? 1 : -1;

                        count[place_furthest(kind, point, count, step)] += step;
                        left -= step;
                }
        }
}

static bool loads_stand(const Exact *s, const Evaluator *e) {
        const Formulation *f = s->f;
        const uint32_t n_res = f->problem->n_res;

        for (uint32_t i = 0; s->task->terms->capacity && i < f->n_hosts * n_res; i++) {
                const HostIx h = f->hosts[i / n_res];
                const uint32_t r = i % n_res;
                const int64_t capacity = problem_fill(f->problem, h)[r], home = f->home_load[i];
                /* The evaluator's room counts VMs under way where they are to be counted. */
                const int64_t held = capacity - e->room[(size_t) h * n_res + r];

                if (held > (home > capacity ? home : capacity))
                        return false;
        }
        return true;
}

static bool rules_stand(const Exact *s, const Evaluator *e) {
        const Terms *t = s->task->terms;

        for (uint32_t i = 0; i < t->n_rules; i++)
                if (t->rules[i].rule->must &&
                    rule_broken(t->problem, t->rules[i].rule, e->x) > s->broken_home[i])
                        return false;
        return true;
}

static bool caps_stand(const Exact *s, const Evaluator *e) {
        return e->n_away <= s->task->max_moves && e->mib_away <= s->task->max_mib;
}

/* Keeps what is near the point when it stands and is cheaper. Returns what a point must be cheaper than in this
 * tier; when an earlier tier got better, that there is no use going on. */
static int64_t exact_judge(void *arg, const double *point) {
        Exact *s = arg;
        const ArenaMark mark = arena_mark(s->arena);
        Evaluator *e;

        counts_round(s->f, point, s->count);
        memcpy(s->trial, s->task->start, sizeof(HostIx) * s->f->problem->n_vms);
        formulation_assignment(s->f, s->count, s->trial);
        if (evaluator_build(s->arena, s->task->terms, s->trial, &e) < 0)
                s->error = -ENOMEM;
        else if (costs_compare(&e->cost, &s->cost) < 0 && loads_stand(s, e) && rules_stand(s, e) &&
                 caps_stand(s, e)) {
                for (Tier t = 0; t < s->improved; t++)
                        if (e->cost.tier[t] < s->cost.tier[t])
                                s->improved = t;
                s->cost = e->cost;
                memcpy(s->best, s->trial, sizeof(HostIx) * s->f->problem->n_vms);
        }
        arena_rewind(s->arena, mark);
        if (s->error < 0 || s->improved < s->tier)
                return INT64_MIN;
        return s->cost.tier[s->tier] - s->f->constant.tier[s->tier];
}

static int exact_cut(void *arg, const double *point) {
        const Exact *s = arg;

        return formulation_cut(s->f, s->tier, point);
}

/* The rows that hold tiers before `tier` at their best, and no later ones. */
static int tiers_hold(Exact *s, Tier tier) {
        for (Tier t = 0; t < TIER_N; t++) {
                Program *g = s->f->program;

                if (t < tier && s->hold[t] < 0)
                        s->hold[t] = formulation_hold(s->f, t, s->cost.tier[t]);
                if (t < tier && s->hold[t] < 0)
                        return (int) s->hold[t];
                if (s->hold[t] >= 0)
                        g->row_hi[s->hold[t]] =
                                t < tier ? s->cost.tier[t] - s->f->constant.tier[t] : PROGRAM_NO_HIGH;
        }
        return 0;
}

static int tier_solve(Exact *s, Tier tier, uint64_t nodes, Cost bound, TreeResult *ret) {
        TreeTask task = { .program = s->f->program,
                          .n_decisive = s->f->n_places,
                          .weight = s->f->weight,
                          .cut = exact_cut,
                          .judge = exact_judge,
                          .arg = s,
                          .at_least = bound - s->f->constant.tier[tier],
                          .below = s->cost.tier[tier] - s->f->constant.tier[tier],
                          .nodes = nodes,
                          .max_mib = EXACT_GLPK_MIB,
                          .time = s->task->time };
        int r;

        s->tier = s->improved = tier;
        formulation_aim(s->f, tier);
        r = tiers_hold(s, tier);
        if (r == 0)
                r = tree_search(task, ret);
        return s->error < 0 ? s->error : r;
}

/* A tier that is not finished when half of what was left is spent makes room for the next ones: their goals
 * improve too, but the bound then ends with it. */
static int tiers_solve(Exact *s, SolverResult *ret) {
        bool open = false;
        Tier tier = 0;

        while (tier < TIER_N) {
                const uint64_t left = s->task->nodes - ret->nodes;
                TreeResult tree = { 0 };
                int r = tier_solve(s, tier, tier + 1 < TIER_N ? (left + 1) / 2 : left, ret->bound.tier[tier],
                                   &tree);

                if (r < 0)
                        return r;
                ret->nodes += tree.nodes;
                ret->guard_fired |= tree.guard_fired;
                if (s->improved < tier) { /* only below a tier that is open */
                        tier = s->improved;
                        open = false;
                        for (Tier t = 0; t < tier; t++)
                                open |= ret->bound.tier[t] < s->cost.tier[t];
                        continue;
                }
                if (!open && tree.bound + s->f->constant.tier[tier] > ret->bound.tier[tier])
                        ret->bound.tier[tier] = tree.bound + s->f->constant.tier[tier];
                open |= ret->bound.tier[tier] < s->cost.tier[tier];
                tier++;
        }
        ret->proven = !open;
        return 0;
}

/* Cuts at the start, and where all hosts are about equally full. */
static int cuts_begin(Exact *s) {
        const Formulation *f = s->f;
        const size_t n = f->program->n_cols;
        double *x = arena_new(s->arena, double, 2 * n); /* 0 for cost columns: below every curve */
        int r;

        if (!x)
                return -ENOMEM;
        formulation_point(f, s->task->start, x);
        for (uint32_t j = 0; j < f->n_places; j++)
                x[n + j] = (double) f->kinds[f->places[j].kind].n / f->kinds[f->places[j].kind].n_places;
        r = formulation_cut(s->f, (Tier) (TIER_N - 1), x);
        return r < 0 ? r : formulation_cut(s->f, (Tier) (TIER_N - 1), x + n);
}

static int exact_begin(Arena *a, const SolverTask *task, const Evaluator *start, Exact *s) {
        const Problem *p = task->terms->problem;
        Assignment home = { .problem = p };
        int r;

        *s = (Exact){ .arena = a, .task = task, .cost = start->cost };
        s->best = arena_new(a, HostIx, p->n_vms);
        s->trial = arena_new(a, HostIx, p->n_vms);
        s->broken_home = arena_new(a, int64_t, task->terms->n_rules);
        if (!s->best || !s->trial || !s->broken_home)
                return -ENOMEM;
        r = formulation_build(a, task, start, &s->f);
        if (r < 0)
                return r;
        s->count = arena_new(a, int64_t, s->f->n_places);
        if (!s->count)
                return -ENOMEM;
        r = cuts_begin(s);
        if (r < 0)
                return r;
        memcpy(s->best, task->start, sizeof(HostIx) * p->n_vms);
        memcpy(s->trial, p->home, sizeof(HostIx) * p->n_vms);
        home.host_of = s->trial;
        for (uint32_t i = 0; i < task->terms->n_rules; i++)
                s->broken_home[i] = rule_broken(p, task->terms->rules[i].rule, &home);
        for (Tier t = 0; t < TIER_N; t++)
                s->hold[t] = -1;
        return 0;
}

static int exact_solve(Arena *a, const SolverTask *task, SolverResult *ret) {
        const uint64_t vms = task->free ? task->n_free : task->terms->problem->n_vms;
        const uint64_t hosts = task->hosts ? task->n_hosts : task->terms->problem->n_hosts;
        SolverResult result = { 0 };
        Evaluator *start;
        HostIx *kept;
        ArenaMark mark;
        Exact s;
        int r;

        /* a reserve and a deviation are no sums, and hosts in use are counted by a search of their own
         * (search_pack.c) */
        if (vms * hosts > EXACT_PLACES_MAX || task->terms->reserve || task->terms->n_use_costs > 0 ||
            task->terms->n_deviations > 0)
                return SOLVER_DECLINED;
        kept = arena_new(a, HostIx, task->terms->problem->n_vms);
        mark = arena_mark(a); /* what remains is the result */
        if (!kept)
                return -ENOMEM;
        r = bound_aggregate(a, task->terms, &result.bound);
        if (r == 0)
                r = evaluator_build(a, task->terms, task->start, &start);
        if (r == 0)
                r = exact_begin(a, task, start, &s);
        if (r == 0)
                r = tiers_solve(&s, &result);
        if (r == 0) {
                memcpy(kept, s.best, sizeof(HostIx) * task->terms->problem->n_vms);
                result.host_of = kept;
                result.cost = s.cost;
                *ret = result;
        }
        arena_rewind(a, mark);
        return r < 0 && r != -ENOMEM ? SOLVER_DECLINED : r;
}

const Solver exact_solver = { .name = "exact", .solve = exact_solve };
