/* SPDX-License-Identifier: Apache-2.0 */
/* explain and capacity on random clusters: what they say is true of the cluster when it is tried. */
#include <criterion/criterion.h>

#include "scheduler/decide/query/explain.h"
#include "scheduler/decide/query/fit.h"
#include "tests/random_cluster.h"

#define SEEDS 150

static Arena arena;

static void open_arena(void) {
        cr_assert_eq(0, arena_open((size_t) 512 << 20, &arena));
}

TestSuite(answers, .init = open_arena);

/* A remedy that changes the snapshot lets the VM go there; one that moves another VM away does too. */
static void expect_true(const ExplainVm *e, const Settings *settings, uint32_t i, uint64_t seed) {
        const Remedy *remedy = &e->remedies[i];
        const Snapshot *s = e->trial.s;
        TrialHost verdict;
        Trial t;

        if (remedy->kind == REMEDY_ROOM) {
                cr_assert_eq(0, trial_free(&arena, &e->trial, e->hosts[i].host, remedy->amount, &t));
        } else {
                if (remedy->kind != REMEDY_AWAY)
                        cr_assert_eq(0, remedy_apply(&arena, s, e->vm, e->hosts[i].host, remedy, &s));
                cr_assert_eq(0, trial_build(&arena, s, settings, policies_all(), 0, &t));
                if (remedy->kind == REMEDY_AWAY) {
                        const Move m = { remedy->vm, s->vms[remedy->vm].host, remedy->host };

                        cr_assert_eq(REASON_NONE, evaluator_refuse(t.e, m), "seed %llu",
                                     (unsigned long long) seed);
                        trial_put(&t, remedy->vm, remedy->host);
                }
        }
        cr_assert_eq(0, trial_host(&arena, &t, e->vm, e->hosts[i].host, &verdict));
        cr_assert_eq(verdict.reason, REASON_NONE, "seed %llu: %s is not enough", (unsigned long long) seed,
                     remedy->text);
}

Test(answers, what_would_allow_a_refused_move_does) {
        uint32_t found[REMEDY_N] = { 0 };

        for (uint64_t seed = 1; seed <= SEEDS; seed++) {
                ArenaMark mark = arena_mark(&arena);
                const Settings *settings = default_settings(&arena);
                const Snapshot *s = random_cluster(&arena, seed, false);
                ExplainVm e;

                cr_assert_eq(0, explain_vm(&arena, s, settings, policies_all(), (VmIx) (seed % s->n_vms),
                                           IX_NONE, &e));
                for (uint32_t i = 0; i < e.n; i++) {
                        cr_assert_eq(e.hosts[i].reason != REASON_NONE, e.refusals[i] != NULL);
                        found[e.remedies[i].kind]++;
                        if (e.remedies[i].kind != REMEDY_NONE)
                                expect_true(&e, settings, i, seed);
                }
                arena_rewind(&arena, mark);
        }
        for (int kind = REMEDY_STATE; kind < REMEDY_N; kind++)
                cr_expect_gt(found[kind], 0, "no %s in any cluster", remedy_names[kind]);
}

/* Without rules, as many fit on a host as fit by its room below the load line. */
Test(answers, capacity_without_rules_is_what_the_room_allows) {
        for (uint64_t seed = 1; seed <= SEEDS; seed++) {
                ArenaMark mark = arena_mark(&arena);
                const Snapshot *s = random_cluster(&arena, seed, true);
                Snapshot with = *s;
                Vm *vms = arena_new(&arena, Vm, s->n_vms + 2);
                uint32_t expected = 0;
                Trial t;
                Fit fit;

                memcpy(vms, s->vms, sizeof(Vm) * s->n_vms);
                for (VmIx v = s->n_vms; v < s->n_vms + 2; v++) {
                        vms[v] = vms[0];
                        vms[v].name = v == s->n_vms ? "vm998" : "vm999";
                        vms[v].host = IX_NONE;
                }
                with.vms = vms;
                with.n_vms += 2;
                cr_assert_eq(0, trial_build(&arena, &with, default_settings(&arena), policies_all(), 0, &t));
                for (HostIx h = 0; h < s->n_hosts; h++) {
                        int64_t least = INT64_MAX;

                        for (uint32_t r = 0; r < t.p->n_res; r++) {
                                const int64_t need = problem_need(t.p, s->n_vms)[r];
                                const int64_t room = t.p->limit[(size_t) h * t.p->n_res + r] -
                                                     assignment_load(t.e->x, h)[r];

                                if (need > 0 && (room > 0 ? room / need : 0) < least)
                                        least = room > 0 ? room / need : 0;
                        }
                        expected += (uint32_t) least;
                }
                cr_assert_eq(0, fit_count(&arena, &with, default_settings(&arena), policies_all(), s->n_vms,
                                          &fit));
                cr_assert_eq(fit.count, expected, "seed %llu: %u, not %u", (unsigned long long) seed,
                             fit.count, expected);
                arena_rewind(&arena, mark);
        }
}

/* The plan's sentences and explain's figures are one: each move's change is the sum over policies. */
Test(answers, a_plans_moves_change_what_the_plan_says) {
        for (uint64_t seed = 1; seed <= 60; seed++) {
                ArenaMark mark = arena_mark(&arena);
                const Settings *settings = default_settings(&arena);
                const Snapshot *s = random_cluster(&arena, seed, false);
                PlanRequest request = PLAN_REQUEST_DEFAULT;
                const Plan *plan = NULL;
                ExplainPlan e;
                Arena share;

                cr_assert_eq(0, arena_split(&arena, 32 << 20, &share));
                cr_assert_eq(0, planner_plan(&share, s, settings, policies_all(), request, &plan));
                cr_assert_eq(0, explain_plan(&arena, s, settings, policies_all(), plan, &request, &e));
                for (uint32_t i = 0; i < plan->n_moves; i++)
                        for (int tier = 0; tier < TIER_N; tier++) {
                                Cost sum = 0;

                                for (uint32_t k = 0; k < e.policies.n; k++)
                                        sum += e.moves[i].by_policy[k].tier[tier];
                                cr_assert_eq(sum, plan->moves[i].delta.tier[tier], "seed %llu",
                                             (unsigned long long) seed);
                        }
                cr_assert_eq(e.n_rules + e.n_unpriced, s->n_rules);
                arena_rewind(&arena, mark);
        }
}
