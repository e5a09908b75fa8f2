/* SPDX-License-Identifier: Apache-2.0 */
/* A plan of what cannot wait (the lowest threshold: what the service carries out within the hold time, and beside moves that run),
 * on random clusters. Law: each of its moves leaves a host that must be left, mends what is broken, or makes way for one that does:
 * without it more would stay or be broken, or the judge would refuse the rest. */
#include <criterion/criterion.h>

#include "scheduler/decide/problem/problem_build.h"
#include "tests/random_cluster.h"

#define SEEDS SEEDS_OF(400)

static Arena arena;

static void setup(void) {
        cr_assert_eq(0, arena_open((size_t) 64 << 20, &arena));
}

static void teardown(void) {
        arena_close(&arena);
}

TestSuite(urgent_plan, .init = setup, .fini = teardown);

/* Some hosts die, or are in maintenance: each second cluster has a host that must be left. */
static const Snapshot *in_need(uint64_t seed) {
        const Snapshot *s = random_cluster(&arena, seed, seed % 5 == 0);
        Snapshot *copy = arena_new(&arena, Snapshot, 1);
        Host *hosts = arena_new(&arena, Host, s->n_hosts);

        memcpy(hosts, s->hosts, sizeof(*hosts) * s->n_hosts);
        for (HostIx h = 0; h < s->n_hosts && seed % 3 == 0; h++)
                hosts[h].memory_mib = hosts[h].memory_mib * (int64_t) (50 + seed % 40) / 100;
        if (seed % 2 == 0) {
                hosts[seed % s->n_hosts].state = HOST_MAINTENANCE;
                hosts[seed % s->n_hosts].excluded = EXCLUDED_NONE;
        }
        *copy = *s;
        copy->hosts = hosts;
        return copy;
}

/* What is broken, and what stays where it must leave, after all moves but one. */
static Costs costs_without(const Snapshot *s, const Settings *settings, const Plan *plan, uint32_t without) {
        const Problem *p = NULL;
        Assignment *x = NULL;

        cr_assert_eq(0, problem_build(&arena, s, settings, &p));
        cr_assert_eq(0, assignment_build(&arena, p, &x));
        for (uint32_t i = 0; i < plan->n_moves; i++)
                if (i != without)
                        assignment_move(x, (Move){ plan->moves[i].move.vm, x->host_of[plan->moves[i].move.vm],
                                                   plan->moves[i].move.to });
        return policies_total(policies_all(), p, settings, x);
}

static bool is_safe_without(const Snapshot *s, const Settings *settings, const Plan *plan, uint32_t without) {
        MoveOrder *orders = arena_new(&arena, MoveOrder, plan->n_moves);
        const Objection *objections;
        uint32_t n = 0, n_objections;

        for (uint32_t i = 0; i < plan->n_moves; i++)
                if (i != without)
                        orders[n++] = move_order_of(s, &plan->moves[i]);
        return plan_check(&arena, s, settings, orders, n, &objections, &n_objections) == 0;
}

static bool is_needed(const Snapshot *s, const Settings *settings, const Plan *plan, uint32_t i) {
        const Costs all = costs_without(s, settings, plan, UINT32_MAX),
                    less = costs_without(s, settings, plan, i);

        return less.tier[TIER_REPAIR] > all.tier[TIER_REPAIR] ||
               less.tier[TIER_EVACUATE] > all.tier[TIER_EVACUATE] || !is_safe_without(s, settings, plan, i);
}

Test(urgent_plan, each_move_leaves_or_mends_or_makes_way) {
        PlanRequest request = PLAN_REQUEST_DEFAULT;
        uint32_t moves = 0, ways = 0;

        request.threshold = PLAN_THRESHOLD_MIN;
        for (uint64_t seed = 1; seed <= SEEDS; seed++) {
                const ArenaMark mark = arena_mark(&arena);
                const Settings *settings = random_settings(&arena, seed);
                const Snapshot *s = in_need(seed);
                const Plan *plan = NULL;

                cr_assert_eq(0, planner_plan(&arena, s, settings, policies_all(), request, &plan), "seed %lu",
                             (unsigned long) seed);
                moves += plan->n_moves;
                for (uint32_t i = 0; i < plan->n_moves; i++) {
                        const PlanMove *m = &plan->moves[i];

                        ways += m->delta.tier[TIER_REPAIR] >= 0 && m->delta.tier[TIER_EVACUATE] >= 0;
                        cr_expect(
                                is_needed(s, settings, plan, i),
                                "seed %lu: %s moves from %s to %s (%s), and nothing that cannot wait needs it",
                                (unsigned long) seed, s->vms[m->move.vm].name, s->hosts[m->move.from].name,
                                s->hosts[m->move.to].name, m->why);
                }
                arena_rewind(&arena, mark);
        }
        cr_log_info("%u moves, of which %u make way", moves, ways);
        cr_expect(moves >= SEEDS && ways >= SEEDS / 40, "%u moves, of which %u make way: hardly tried", moves,
                  ways);
}
