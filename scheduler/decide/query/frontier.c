/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/decide/query/frontier.h"

int64_t frontier_budget(uint32_t i, int64_t unit) {
        static const int64_t steps[] = { 1, 2, 5 };
        int64_t power = 1;

        if (i == 0)
                return 0;
        for (uint32_t k = (i - 1) / 3; k > 0; k--)
                power *= 10;
        if (__builtin_mul_overflow(power * steps[(i - 1) % 3], unit, &power))
                return FRONTIER_NO_CAP;
        return power;
}

FrontierPoint frontier_point(const Snapshot *s, const Plan *plan, FrontierPrice by, int64_t cap,
                             Costs *policies) {
        FrontierPoint point = {
                .budget = cap,
                .found_by = by,
                .found_with = cap,
                .status = plan->status,
                .moves = plan->n_moves,
                .waves = plan->n_waves,
                .over_limit = plan->after.over_limit,
                .refused = plan->n_refused_all,
                .n_res = plan->n_res,
                .bytes = plan->bytes,
                .costs = plan->after.costs,
                .before = plan->before,
                .after = plan->after,
                .guard_fired = plan->guard_fired,
        };

        for (uint32_t i = 0; i < plan->n_policies; i++) {
                policies[i] = plan->before.policy[i];
                policies[plan->n_policies + i] = plan->after.policy[i];
        }
        point.before.policy = policies;
        point.after.policy = policies + plan->n_policies;
        for (uint32_t r = 0; r < plan->n_res; r++)
                point.spread[r] = plan->after.spread[r];
        for (uint32_t i = 0; i < plan->n_moves; i++)
                point.price[FRONTIER_MIB] += s->vms[plan->moves[i].move.vm].memory_mib;
        point.price[FRONTIER_MOVES] = plan->n_moves;
        point.price[FRONTIER_MS] = plan->makespan_ms;
        return point;
}

static bool frontier_is_better(const FrontierPoint *left, const FrontierPoint *right, FrontierPrice by) {
        int c = costs_compare(&left->costs, &right->costs);

        return c != 0 ? c < 0 : left->price[by] < right->price[by];
}

static void take_best(FrontierPoint *point, const FrontierPoint *pool, uint32_t n_pool, FrontierPrice by) {
        const FrontierPoint *best = NULL;
        int64_t budget = point->budget;

        for (uint32_t j = 0; j < n_pool; j++)
                if (pool[j].price[by] <= budget && (!best || frontier_is_better(&pool[j], best, by)))
                        best = &pool[j];
        assert(best);
        *point = *best;
        point->budget = budget;
}

static void tell_gains(FrontierPoint *points, uint32_t n) {
        int64_t sum, gained = 0;
        Costs least = points[0].costs;
        int tiers = 0;

        for (uint32_t i = 1; i < n; i++)
                for (int t = 0; t < TIER_N; t++)
                        if (points[i].costs.tier[t] < least.tier[t])
                                least.tier[t] = points[i].costs.tier[t];
        for (int t = 0; t < TIER_N; t++)
                tiers += least.tier[t] < points[0].costs.tier[t];
        for (uint32_t i = 0; i < n && tiers > 0; i++) {
                sum = 0;
                for (int t = 0; t < TIER_N; t++) {
                        int64_t way = points[0].costs.tier[t] - least.tier[t];
                        int64_t done = points[0].costs.tier[t] - points[i].costs.tier[t];

                        if (way > 0 && done > 0)
                                sum += (int64_t) ((__int128) FRONTIER_ALL * done / way);
                }
                gained = sum / tiers > gained ? sum / tiers : gained;
                points[i].gained = gained;
        }
}

static uint32_t find_knee(const FrontierPoint *points, uint32_t n, FrontierPrice by) {
        const FrontierPoint *a = &points[0], *z = &points[n - 1];
        __int128 furthest = 0;
        uint32_t knee = n;

        for (uint32_t i = 1; i + 1 < n; i++) {
                __int128 up = (__int128) (points[i].gained - a->gained) * (z->price[by] - a->price[by]);
                __int128 along = (__int128) (points[i].price[by] - a->price[by]) * (z->gained - a->gained);

                if (up - along > furthest) {
                        furthest = up - along;
                        knee = i;
                }
        }
        return knee;
}

uint32_t frontier_settle(FrontierPoint *points, uint32_t n, const FrontierPoint *pool, uint32_t n_pool,
                         FrontierPrice by) {
        if (n == 0)
                return 0;
        for (uint32_t i = 0; i < n; i++)
                take_best(&points[i], pool, n_pool, by);
        tell_gains(points, n);
        return find_knee(points, n, by);
}
