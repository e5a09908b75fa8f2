/* SPDX-License-Identifier: Apache-2.0 */
/* place agrees with plan: where it says a VM should start, the planner leaves it. On random clusters. */
#include <criterion/criterion.h>

#include "scheduler/decide/query/place.h"
#include "tests/random_cluster.h"

#define SEEDS SEEDS_OF(120)

static Arena arena;

static void open_arena(void) {
        cr_assert_eq(0, arena_open((size_t) 1 << 30, &arena));
}

TestSuite(place, .init = open_arena);

static const Plan *plan_of(const Snapshot *s, const Settings *settings) {
        const Plan *plan = NULL;
        Arena share;

        cr_assert_eq(0, arena_split(&arena, 16 << 20, &share));
        cr_assert_eq(0, planner_plan(&share, s, settings, policies_all(), PLAN_REQUEST_DEFAULT, &plan));
        return plan;
}

/* The cluster when the planner has nothing left to do; NULL: it does not come to rest. */
static const Snapshot *at_rest(const Snapshot *s, const Settings *settings) {
        for (int i = 0; i < 4; i++) {
                const Plan *plan = plan_of(s, settings);

                if (plan->n_moves == 0)
                        return s;
                s = snapshot_after(&arena, s, plan);
        }
        return NULL;
}

/* With one VM more, that runs nowhere yet and is of some rules. */
static const Snapshot *with_one_more(const Snapshot *s, uint64_t seed) {
        Prng random = prng_seeded(seed);
        Dice dice = { .prng = random, .arena = &arena };
        Snapshot *copy = arena_new(&arena, Snapshot, 1);
        Vm *vms = arena_new(&arena, Vm, s->n_vms + 1);
        Rule *rules = arena_new(&arena, Rule, s->n_rules);

        memcpy(vms, s->vms, sizeof(Vm) * s->n_vms);
        random_vm(&dice, &vms[s->n_vms], 999, s->n_hosts, true);
        vms[s->n_vms].host = IX_NONE;
        for (uint32_t i = 0; i < s->n_rules; i++) {
                VmIx *group = arena_new(&arena, VmIx, s->rules[i].n_vms + 1);

                rules[i] = s->rules[i];
                if (dice_percent(&dice, 60))
                        continue;
                memcpy(group, rules[i].vms, sizeof(VmIx) * rules[i].n_vms);
                group[rules[i].n_vms++] = s->n_vms;
                rules[i].vms = group;
        }
        *copy = *s;
        copy->vms = vms;
        copy->rules = rules;
        copy->n_vms++;
        return copy;
}

static const Snapshot *started_on(const Snapshot *s, const Settings *settings, HostIx h) {
        HostIx *host_of = arena_new(&arena, HostIx, s->n_vms);
        const Snapshot *started = NULL;
        Trial t;

        for (VmIx v = 0; v < s->n_vms; v++)
                host_of[v] = s->vms[v].host == IX_NONE ? h : s->vms[v].host;
        cr_assert_eq(0, trial_build(&arena, s, settings, policies_all(), 0, &t));
        cr_assert_eq(0, trial_start(&arena, &t, host_of, &started));
        return started;
}

/* Some host that accepts it, among those the answer had to look at, leaves the planner nothing to do. */
static bool some_start_is_at_rest(const Snapshot *s, const Settings *settings, const PlaceAnswer *answer) {
        for (uint32_t i = 0; i < answer->n_open && i < PLACE_TRIES - 2; i++) {
                bool same = true;

                for (int t = 0; t < TIER_BALANCE; t++)
                        same &= answer->hosts[i].delta.tier[t] == answer->hosts[0].delta.tier[t];
                if (same && plan_of(started_on(s, settings, answer->hosts[i].host), settings)->n_moves == 0)
                        return true;
        }
        return false;
}

Test(place, on_a_cluster_at_rest_no_move_is_needed_where_any_start_needs_none) {
        uint32_t placed = 0, settled = 0;

        for (uint64_t seed = 1; seed <= SEEDS; seed++) {
                const PlaceRequest request = { .plan = PLAN_REQUEST_DEFAULT, .tries = PLACE_TRIES };
                ArenaMark mark = arena_mark(&arena);
                const Settings *settings = default_settings(&arena);
                const Snapshot *s = at_rest(random_cluster(&arena, seed, seed % 3 == 0), settings);
                PlaceAnswer answer;

                if (!s) {
                        arena_rewind(&arena, mark);
                        continue;
                }
                s = with_one_more(s, seed);
                cr_assert_eq(0, place_find(&arena, s, settings, policies_all(), &request, &answer));
                cr_assert_eq(answer.n_placed, answer.n_open > 0, "seed %llu", (unsigned long long) seed);
                if (answer.n_placed > 0 && some_start_is_at_rest(s, settings, &answer))
                        cr_assert_eq(answer.plan->n_moves, 0, "seed %llu: %u moves",
                                     (unsigned long long) seed, answer.plan->n_moves);
                placed += answer.n_placed;
                settled += answer.n_placed > 0 && answer.settled;
                arena_rewind(&arena, mark);
        }
        cr_assert_gt(placed, SEEDS / 2);
        cr_assert_geq(settled * 100, placed * 95, "%u of %u stay where they were placed", settled, placed);
}

/* What it says of the plan after it is what the planner says, and starts are where nothing refuses them. */
Test(place, several_are_placed_together_and_the_answer_is_what_the_planner_says) {
        for (uint64_t seed = 1; seed <= SEEDS; seed++) {
                const PlaceRequest request = { .plan = PLAN_REQUEST_DEFAULT, .tries = PLACE_TRIES };
                ArenaMark mark = arena_mark(&arena);
                const Settings *settings = default_settings(&arena);
                const Snapshot *s = random_cluster(&arena, seed, seed % 3 == 0);
                const Plan *plan;
                PlaceAnswer answer;
                uint32_t moved = 0;

                for (int i = 0; i < 5; i++) {
                        s = with_one_more(s, seed * 10 + (uint64_t) i);
                        ((Vm *) (uintptr_t) s->vms)[s->n_vms - 1].name =
                                text_format(&arena, "vm99%d", i); /* the order of names */
                }
                cr_assert_eq(0, place_find(&arena, s, settings, policies_all(), &request, &answer));
                cr_assert_eq(answer.n_vms, 5);
                plan = plan_of(answer.snapshot, settings);
                cr_assert_eq(plan->n_moves, answer.plan->n_moves);
                for (uint32_t i = 0; i < plan->n_moves; i++)
                        moved += strncmp(answer.snapshot->vms[plan->moves[i].move.vm].name, "vm99", 4) == 0;
                cr_assert_eq(moved, answer.moved);
                cr_assert_eq(answer.settled, moved == 0);
                for (uint32_t i = 0; i < answer.n_vms; i++)
                        if (answer.vms[i].host != IX_NONE)
                                cr_assert_eq(
                                        problem_denied(answer.trial.p, answer.vms[i].vm, answer.vms[i].host),
                                        REASON_NONE);
                arena_rewind(&arena, mark);
        }
}
