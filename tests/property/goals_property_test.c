/* SPDX-License-Identifier: Apache-2.0 */
/* Laws of what a plan is for: hosts are emptied wholly or not at all, a lower threshold makes no more moves
 * of the kinds it leaves out. */
#include <criterion/criterion.h>

#include "tests/random_cluster.h"

#define SEEDS SEEDS_OF(300)

static Arena arena;

static void arena_for_test(void) {
        cr_assert_eq(0, arena_open((size_t) 64 << 20, &arena));
}

static const Plan *plan_of(const Snapshot *s, const Settings *settings, PlanRequest request) {
        const Plan *plan = NULL;

        cr_assert_eq(0, planner_plan(&arena, s, settings, policies_all(), request, &plan));
        return plan;
}

static Settings *packing(void) {
        Settings *s = (Settings *) (uintptr_t) default_settings(&arena);

        setting(s, "plan.goal", "pack");
        return s;
}

TestSuite(goals, .init = arena_for_test);

static const Problem *problem_after(const Snapshot *s, const Settings *settings, const Plan *plan) {
        const Problem *p = NULL;

        cr_assert_eq(0, problem_build(&arena, plan ? snapshot_after(&arena, s, plan) : s, settings, &p));
        return p;
}

static bool over_line(const Problem *p, HostIx h) {
        Assignment *x = NULL;

        cr_assert_eq(0, assignment_build(&arena, p, &x));
        for (uint32_t r = 0; r < p->n_res; r++)
                if (assignment_load(x, h)[r] > p->limit[(size_t) h * p->n_res + r])
                        return true;
        return false;
}

static uint32_t n_on(const Problem *p, HostIx h) {
        uint32_t n = 0;

        for (VmIx v = 0; v < p->n_vms; v++)
                n += p->home[v] == h;
        return n;
}

Test(goals, packing_empties_hosts_wholly_and_fills_none_above_its_line) {
        uint32_t emptied = 0;

        for (uint64_t seed = 1; seed <= SEEDS; seed++) {
                ArenaMark mark = arena_mark(&arena);
                const Settings *settings = packing();
                const Snapshot *s = random_cluster(&arena, seed, true);
                const Plan *plan = plan_of(s, settings, PLAN_REQUEST_DEFAULT);
                const Problem *before = problem_after(s, settings, NULL);
                const Problem *after = problem_after(s, settings, plan);
                bool was_over = false; /* relief comes first, and needs no more than a grain below the line */

                for (HostIx h = 0; h < s->n_hosts; h++)
                        was_over |= over_line(before, h);
                for (HostIx h = 0; h < s->n_hosts; h++) {
                        const uint32_t was = n_on(before, h), is = n_on(after, h);

                        cr_assert(was_over || !over_line(after, h), "seed %lu: %s", (unsigned long) seed,
                                  s->hosts[h].name);
                        emptied += was > 0 && is == 0;
                        for (uint32_t i = 0; i < plan->n_moves && !was_over && is > 0; i++)
                                cr_assert_neq(plan->moves[i].move.from, h,
                                              "seed %lu: %s leaves %s, which stays in use",
                                              (unsigned long) seed, s->vms[plan->moves[i].move.vm].name,
                                              s->hosts[h].name);
                }
                for (uint32_t i = 0; i < plan->n_idle; i++)
                        cr_assert_eq(0, n_on(after, plan->idle[i].host));
                arena_rewind(&arena, mark);
        }
        cr_assert_gt(emptied, SEEDS / 3);
}

static Costs upto(Costs c, Tier last) {
        for (int t = (int) last + 1; t < TIER_N; t++)
                c.tier[t] = 0;
        return c;
}

Test(goals, a_threshold_moves_only_for_its_tiers_and_serves_them_as_well) {
        static const Tier last[] = { TIER_EVACUATE, TIER_LOAD };

        for (uint64_t seed = 1; seed <= SEEDS; seed++) {
                ArenaMark mark = arena_mark(&arena);
                const Settings *settings = default_settings(&arena);
                const Snapshot *s = random_cluster(&arena, seed, seed % 4 == 0);
                PlanRequest request = PLAN_REQUEST_DEFAULT;
                const Plan *full = plan_of(s, settings, request);

                for (uint32_t t = 1; t <= 2; t++) {
                        const Plan *plan;
                        Costs before, after;

                        request.threshold = t;
                        plan = plan_of(s, settings, request);
                        before = upto(plan->before.costs, last[t - 1]);
                        after = upto(plan->after.costs, last[t - 1]);
                        cr_assert(plan->n_moves == 0 || costs_compare(&after, &before) < 0,
                                  "seed %lu, threshold %u: %u moves for nothing", (unsigned long) seed, t,
                                  plan->n_moves);
                        cr_assert(plan->n_moves <= full->n_moves + 8, "seed %lu: %u moves, %u at threshold 3",
                                  (unsigned long) seed, plan->n_moves, full->n_moves);
                }
                arena_rewind(&arena, mark);
        }
}

static PlanRequest random_budgets(uint64_t seed) {
        PlanRequest request = PLAN_REQUEST_DEFAULT;
        Prng g = prng_seeded(seed * 7 + 3);

        if (prng_below(&g, 2) == 0)
                request.max_moves = prng_below(&g, 12);
        if (prng_below(&g, 2) == 0)
                request.max_mib = (int64_t) prng_below(&g, 64) * 1024;
        if (prng_below(&g, 3) > 0)
                request.max_ms = (int64_t) prng_below(&g, 600) * 1000;
        return request;
}

Test(goals, budgets_hold_together_and_what_is_left_gains) {
        uint32_t cut = 0;

        for (uint64_t seed = 1; seed <= SEEDS; seed++) {
                ArenaMark mark = arena_mark(&arena);
                const PlanRequest request = random_budgets(seed);
                const Settings *settings = random_settings(&arena, seed);
                const Snapshot *s = random_cluster(&arena, seed, seed % 4 == 0);
                const Plan *plan = plan_of(s, settings, request);
                int64_t mib = 0;

                for (uint32_t i = 0; i < plan->n_moves; i++)
                        mib += s->vms[plan->moves[i].move.vm].memory_mib;
                cr_assert_leq(plan->n_moves, request.max_moves, "seed %lu", (unsigned long) seed);
                cr_assert_leq(mib, request.max_mib, "seed %lu", (unsigned long) seed);
                cr_assert_leq(plan->makespan_ms, request.max_ms, "seed %lu", (unsigned long) seed);
                cr_assert(plan->n_moves == 0 || costs_compare(&plan->after.costs, &plan->before.costs) < 0,
                          "seed %lu", (unsigned long) seed);
                for (uint32_t i = 0; i < plan->n_refused; i++)
                        cut += plan->refused[i].reason == REASON_BUDGET;
                arena_rewind(&arena, mark);
        }
        cr_assert_gt(cut, 0);
}

/* VMs alike but for their priority, on a failing host, and room for some of them. */
Test(goals, of_vms_alike_the_more_important_are_saved) {
        for (uint64_t seed = 1; seed <= SEEDS; seed++) {
                ArenaMark mark = arena_mark(&arena);
                Prng g = prng_seeded(seed);
                Host hosts[2] = { { 0 }, { 0 } };
                Vm vms[12] = { { 0 } };
                Snapshot s = { .cluster = "two", .n_hosts = 2, .n_vms = 12, .hosts = hosts, .vms = vms };
                const Plan *plan;
                int64_t least_saved = INT64_MAX, most_left = 0;
                bool saved[12] = { false };

                for (int i = 0; i < 2; i++)
                        hosts[i] = (Host){ .name = i == 0 ? "h1" : "h2",
                                           .cpus = 32,
                                           .cpu_mhz = 2000,
                                           .memory_mib = (int64_t) (2 + prng_below(&g, 9)) * 4096,
                                           .fault_grade = i == 0 ? 4 : 0,
                                           .cpu_busy_mcores = UNKNOWN,
                                           .memory_used_mib = UNKNOWN,
                                           .headroom_permille = { UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN } };
                hosts[0].memory_mib = 65536;
                for (int i = 0; i < 12; i++)
                        vms[i] = (Vm){ .name = text_format(&arena, "vm%02d", i),
                                       .movable = true,
                                       .in_flight_to = IX_NONE,
                                       .vcpus = 1,
                                       .memory_mib = 4096,
                                       .cpu_mcores = 500,
                                       .memory_used_mib = UNKNOWN,
                                       .rx_kbit = UNKNOWN,
                                       .tx_kbit = UNKNOWN,
                                       .dirty_kib_s = UNKNOWN,
                                       .priority = 1 + prng_below(&g, 1000) };
                plan = plan_of(&s, default_settings(&arena), PLAN_REQUEST_DEFAULT);
                for (uint32_t i = 0; i < plan->n_moves; i++)
                        saved[plan->moves[i].move.vm] = true;
                for (int i = 0; i < 12; i++)
                        if (saved[i])
                                least_saved = vms[i].priority < least_saved ? vms[i].priority : least_saved;
                        else
                                most_left = vms[i].priority > most_left ? vms[i].priority : most_left;
                cr_assert_gt(plan->n_moves, 0);
                cr_assert_geq(least_saved, most_left, "seed %lu", (unsigned long) seed);
                for (uint32_t i = 1; i < plan->n_moves; i++)
                        cr_assert(plan->moves[i].wave == plan->moves[i - 1].wave ||
                                          vms[plan->moves[i].move.vm].priority <=
                                                  vms[plan->moves[i - 1].move.vm].priority ||
                                          plan->moves[i].wave == 0,
                                  "seed %lu: a less important VM leaves first", (unsigned long) seed);
                arena_rewind(&arena, mark);
        }
}
