/* SPDX-License-Identifier: Apache-2.0 */
/* Relief hands nothing on: of hundreds of random clusters in which many hosts are above their load lines, counted again
 * from the plan's moves alone. */
#include <criterion/criterion.h>
#include <criterion/logging.h>

#include "scheduler/decide/plan/planner.h"
#include "scheduler/decide/problem/problem_build.h"
#include "tests/random_cluster.h"

#define SEEDS PART_OF(600)

typedef struct Seen {
        uint32_t plans, moves, above, relieved, blocked;
} Seen;

/* Lines so low that a good part of the hosts is above them. */
static const Settings *tight_settings(Arena *a, uint64_t seed) {
        static const char *const headrooms[] = { "30%", "50%", "65%", "80%" };
        Settings *s = (Settings *) (uintptr_t) default_settings(a);

        setting(s, "load.headroom_cpu", headrooms[seed % 4]);
        setting(s, "load.headroom_memory", headrooms[seed / 4 % 4]);
        if (seed % 3 == 0)
                setting(s, "load.price", "0");
        return s;
}

static int64_t *loads(Arena *a, const Problem *p, const HostIx *host_of) {
        int64_t *sum = arena_new(a, int64_t, (size_t) p->n_hosts * p->n_res);

        cr_assert_not_null(sum);
        for (size_t i = 0; i < (size_t) p->n_hosts * p->n_res; i++)
                sum[i] = p->base ? p->base[i] : 0;
        for (VmIx v = 0; v < p->n_vms; v++)
                for (uint32_t r = 0; r < p->n_res; r++)
                        sum[(size_t) host_of[v] * p->n_res + r] += p->need[(size_t) v * p->n_res + r];
        return sum;
}

static void check_lines(Arena *a, const Snapshot *s, const Problem *p, const Plan *plan, uint64_t seed,
                        Seen *seen) {
        HostIx *end = arena_new(a, HostIx, p->n_vms);
        const int64_t *before, *after;

        for (VmIx v = 0; v < p->n_vms; v++)
                end[v] = s->vms[v].host;
        before = loads(a, p, end);
        for (uint32_t i = 0; i < plan->n_moves; i++)
                end[plan->moves[i].move.vm] = plan->moves[i].move.to;
        after = loads(a, p, end);
        for (size_t i = 0; i < (size_t) p->n_hosts * p->n_res; i++)
                cr_expect(after[i] <= before[i] || after[i] <= p->limit[i],
                          "seed %lu: host %s holds %ld of resource %zu, its line is %ld, it held %ld", seed,
                          s->hosts[i / p->n_res].name, after[i], i % p->n_res, p->limit[i], before[i]);
        cr_expect_leq(plan->after.over_limit, plan->before.over_limit, "seed %lu", seed);
        seen->plans++;
        seen->moves += plan->n_moves;
        seen->above += plan->before.over_limit > 0;
        seen->relieved += plan->after.over_limit < plan->before.over_limit;
        seen->blocked += plan->status == PLAN_BLOCKED;
}

/* Nothing must leave and nothing is broken: what moves, moves for load and balance. */
Test(relief, no_host_gets_above_a_line_or_further_above_it_by_a_plan_that_is_not_urgent) {
        Seen seen = { 0 };
        Arena arena;

        cr_assert_eq(0, arena_open((size_t) 256 << 20, &arena));
        for (uint64_t seed = 1; seed <= SEEDS; seed++) {
                const ArenaMark mark = arena_mark(&arena);
                const Settings *settings = tight_settings(&arena, seed);
                const Snapshot *s = random_cluster(&arena, seed + 90000, true);
                const Plan *plan = NULL;
                const Problem *p = NULL;

                cr_assert_eq(0, problem_build(&arena, s, settings, &p));
                cr_assert_eq(0, planner_decide(&arena, s, p, settings, policies_all(), PLAN_REQUEST_DEFAULT,
                                               &plan));
                if (plan->before.costs.tier[TIER_REPAIR] == 0 && plan->before.costs.tier[TIER_EVACUATE] == 0)
                        check_lines(&arena, s, p, plan, seed, &seen);
                arena_rewind(&arena, mark);
        }
        cr_log_info("%u plans, %u moves; hosts above in %u, fewer after in %u, blocked %u", seen.plans,
                    seen.moves, seen.above, seen.relieved, seen.blocked);
        cr_expect_gt(seen.plans, PART_OF(150), "%u", seen.plans);
        cr_expect_gt(seen.moves, PART_OF(400), "%u", seen.moves);
        cr_expect_gt(seen.above, PART_OF(80), "%u", seen.above);
        cr_expect_gt(seen.relieved, PART_OF(30), "%u", seen.relieved);
}
