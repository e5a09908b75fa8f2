/* SPDX-License-Identifier: Apache-2.0 */
/* What moves are made for, held against what is so of their VMs, of hundreds of random clusters. */
#include <criterion/criterion.h>

#include "scheduler/decide/plan/planner.h"
#include "scheduler/decide/problem/problem_build.h"
#include "tests/random_cluster.h"

#define SEEDS PART_OF(300)

static const Plan *plan_of(Arena *a, const Snapshot *s, const Settings *settings, PlanRequest request) {
        const Plan *plan = NULL;

        cr_assert_eq(0, planner_plan(a, s, settings, policies_all(), request, &plan));
        return plan;
}

static bool helps(const PlanMove *m) {
        for (uint32_t i = 0; i < m->because->n_facts; i++)
                if (m->because->facts[i].kind == CLAIM_COMES || m->because->facts[i].kind == CLAIM_SWAPS ||
                    m->because->facts[i].kind == CLAIM_GOES_ON || m->because->facts[i].kind == CLAIM_NO_GAIN)
                        return true;
        return false;
}

static void check_kind(const Problem *p, const Snapshot *s, const Plan *plan, const PlanMove *m,
                       uint64_t seed) {
        const VmIx v = m->move.vm;
        const bool leaves = problem_leave(p, v, s->vms[v].host) > 0;
        const bool pressing = m->kind == ACTION_KIND_EVACUATION || m->kind == ACTION_KIND_MAINTENANCE;
        const Cost *before = plan->before.costs.tier;

        cr_expect_lt(m->kind, ACTION_KIND_N, "seed %lu: nobody named a VM", seed);
        if (leaves)
                cr_expect_eq(m->kind == ACTION_KIND_EVACUATION, snapshot_vm_fault(s, v, NULL) >= 3,
                             "seed %lu: %s", seed, m->why);
        cr_expect(!leaves || pressing, "seed %lu: %s: %s", seed, action_kind_names[m->kind], m->why);
        cr_expect(leaves || !pressing || helps(m), "seed %lu: %s: %s", seed, action_kind_names[m->kind],
                  m->why);
        if (m->kind == ACTION_KIND_REPAIR)
                cr_expect(before[TIER_REPAIR] > 0, "seed %lu: nothing was broken: %s", seed, m->why);
        if (m->kind == ACTION_KIND_LOAD && m->delta.tier[TIER_LOAD] >= 0 && !helps(m))
                cr_expect(before[TIER_LOAD] > plan->after.costs.tier[TIER_LOAD], "seed %lu: %s", seed,
                          m->why);
}

Test(kind, a_moves_kind_is_what_is_so_of_its_vm_and_of_what_it_gains) {
        uint32_t seen[ACTION_KINDS_NAMED] = { 0 };
        Arena arena;

        cr_assert_eq(0, arena_open((size_t) 256 << 20, &arena));
        for (uint64_t seed = 1; seed <= SEEDS; seed++) {
                const ArenaMark mark = arena_mark(&arena);
                const Settings *settings = default_settings(&arena);
                const Snapshot *s = random_cluster(&arena, seed + 7000, seed % 5 == 0);
                const Plan *plan = plan_of(&arena, s, settings, PLAN_REQUEST_DEFAULT);
                const Problem *p = NULL;

                cr_assert_eq(0, problem_build(&arena, s, settings, &p));
                for (uint32_t i = 0; i < plan->n_moves; i++) {
                        check_kind(p, s, plan, &plan->moves[i], seed);
                        seen[plan->moves[i].kind]++;
                }
                arena_rewind(&arena, mark);
        }
        for (int k = 0; k < ACTION_KIND_N; k++)
                cr_expect_gt(seen[k], PART_OF(10), "%s: %u", action_kind_names[k], seen[k]);
}

/* A kind that is left for later is not made under its own name. */
Test(kind, what_is_not_wanted_now_is_not_made) {
        uint32_t moves = 0;
        Arena arena;

        cr_assert_eq(0, arena_open((size_t) 256 << 20, &arena));
        for (uint64_t seed = 1; seed <= SEEDS; seed++) {
                const ArenaMark mark = arena_mark(&arena);
                const Settings *settings = default_settings(&arena);
                Snapshot *s = (Snapshot *) (uintptr_t) random_cluster(&arena, seed + 7000, seed % 5 == 0);
                const ActionKind kind = (ActionKind) (seed % ACTION_KIND_N);
                const Plan *plan;

                s->not_now |= action_kind_bit(kind);
                plan = plan_of(&arena, s, settings, PLAN_REQUEST_DEFAULT);
                for (uint32_t i = 0; i < plan->n_moves; i++)
                        cr_expect_neq(plan->moves[i].kind, kind, "seed %lu: %s, though not now: %s", seed,
                                      action_kind_names[kind], plan->moves[i].why);
                moves += plan->n_moves;
                arena_rewind(&arena, mark);
        }
        cr_expect_gt(moves, PART_OF(300), "%u", moves);
}

/* The VM that a person named, and whatever makes way for it. */
Test(kind, what_a_person_asks_for_is_manual) {
        uint32_t seen = 0;
        Arena arena;

        cr_assert_eq(0, arena_open((size_t) 256 << 20, &arena));
        for (uint64_t seed = 1; seed <= SEEDS / 3; seed++) {
                const ArenaMark mark = arena_mark(&arena);
                const Snapshot *s = random_cluster(&arena, seed + 7000, false);
                PlanRequest q = PLAN_REQUEST_DEFAULT;
                const Plan *plan;

                q.wish = (MoveWish){ .vm = s->vms[seed % s->n_vms].name, .makes_way = true };
                plan = plan_of(&arena, s, default_settings(&arena), q);
                for (uint32_t i = 0; i < plan->n_moves; i++, seen++)
                        cr_expect_eq(plan->moves[i].kind, ACTION_KIND_MANUAL, "seed %lu: %s", seed,
                                     action_kind_names[plan->moves[i].kind]);
                arena_rewind(&arena, mark);
        }
        cr_expect_gt(seen, PART_OF(20), "%u", seen);
}
