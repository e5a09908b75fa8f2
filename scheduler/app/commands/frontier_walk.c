/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/app/commands/frontier_walk.h"

#include <errno.h>

#include "policies/policies.h"

#define POOL_MAX ((size_t) FRONTIER_POINTS * FRONTIER_PRICE_N)

typedef struct Walk {
        Arena *arena;
        RoundInput input; /* with the caps of the command line, which hold for every point */
        FrontierPoint *pool;
        uint32_t n_pool;
        const char *const *res_names, *const *policy_names;
        uint32_t n_policies;
} Walk;

static const int64_t frontier_walk_units[FRONTIER_PRICE_N] = {
        [FRONTIER_MOVES] = 1, [FRONTIER_MIB] = 1024, [FRONTIER_MS] = 60000
};

static int64_t frontier_walk_lesser(int64_t left, int64_t right) {
        return left < right ? left : right;
}

/* Adds the best plan within the cap to the pool. The first one's memory stays, for the names. */
static int walk_step(Walk *w, FrontierPrice by, int64_t cap) {
        Costs *policies = arena_new(w->arena, Costs, 2 * (size_t) policies_all().n);
        ArenaMark mark = arena_mark(w->arena);
        RoundInput input = w->input;
        PlanRequest *request = &input.request;
        Round round;
        int r;

        if (!policies)
                return -ENOMEM;
        if (by == FRONTIER_MOVES)
                request->max_moves = (uint32_t) frontier_walk_lesser(request->max_moves, cap);
        else if (by == FRONTIER_MIB)
                request->max_mib = frontier_walk_lesser(request->max_mib, cap);
        else
                request->max_ms = frontier_walk_lesser(request->max_ms, cap);
        r = round_decide(w->arena, &input, &round);
        if (r < 0)
                return r;
        w->pool[w->n_pool++] = frontier_point(w->input.snapshot, round.plan, by, cap, policies);
        if (!w->res_names) {
                w->res_names = round.plan->res_names;
                w->policy_names = round.plan->policy_names;
                w->n_policies = round.plan->n_policies;
        } else
                arena_rewind(w->arena, mark);
        return 0;
}

/* Plans with caps on `by`, up to what the plan without any takes. The series ends where a cap is no cap. */
static int walk_series(Walk *w, FrontierPrice by) {
        int64_t whole = w->pool[0].price[by], cap;
        int r = 0;

        for (uint32_t i = 0; r == 0 && i < FRONTIER_POINTS - 1; i++) {
                cap = frontier_budget(i, frontier_walk_units[by]);
                if (cap >= whole)
                        break;
                r = walk_step(w, by, cap);
        }
        return r;
}

/* The planner heeds a cap on time only once it has ordered the moves: plans of little memory are often the
 * better ones of those that are as short. */
static int frontier_walk_all(Walk *w, FrontierPrice by) {
        int r = walk_step(w, by, FRONTIER_NO_CAP);

        if (r == 0)
                r = walk_series(w, by);
        if (r == 0 && by == FRONTIER_MS)
                r = walk_series(w, FRONTIER_MIB);
        return r;
}

static int frontier_walk_settle(const Walk *w, FrontierPrice by, FrontierView *view) {
        FrontierPoint *points = arena_new(w->arena, FrontierPoint, FRONTIER_POINTS);

        if (!points)
                return -ENOMEM;
        for (uint32_t i = 0; view->n < FRONTIER_POINTS - 1; i++) {
                int64_t budget = frontier_budget(i, frontier_walk_units[by]);

                if (budget >= w->pool[0].price[by])
                        break;
                points[view->n++].budget = budget;
        }
        points[view->n++].budget = FRONTIER_NO_CAP;
        view->knee = frontier_settle(points, view->n, w->pool, w->n_pool, by);
        view->points = points;
        view->res_names = w->res_names;
        view->policy_names = w->policy_names;
        view->n_policies = w->n_policies;
        return 0;
}

int frontier_walk(Arena *a, const RoundInput *input, FrontierPrice by, FrontierView *ret) {
        FrontierView view = { .snapshot = input->snapshot, .by = by, .seed = input->request.seed };
        Walk w = { .arena = a, .input = *input, .pool = arena_new(a, FrontierPoint, POOL_MAX) };
        int r = w.pool ? frontier_walk_all(&w, by) : -ENOMEM;

        if (r == 0)
                r = frontier_walk_settle(&w, by, &view);
        if (r == 0)
                *ret = view;
        return r;
}
