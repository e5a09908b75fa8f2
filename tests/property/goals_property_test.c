/* Laws of what a plan is for: hosts are emptied wholly or not at all, a lower threshold makes no more moves
 * of the kinds it leaves out. */
#include <criterion/criterion.h>

#include "tests/random_cluster.h"

#define SEEDS 300

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
                                cr_assert_neq(plan->moves[i].from, h,
                                              "seed %lu: %s leaves %s, which stays in use",
                                              (unsigned long) seed, s->vms[plan->moves[i].vm].name,
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
