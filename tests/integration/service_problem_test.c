/* SPDX-License-Identifier: Apache-2.0 */
/* A round of the service builds the problem that its facts pose once, however many plans it makes and judges of
 * them. Counted as in problem_once_test.c. */
#include "tests/integration/service_fixture.h"

TestSuite(service_problem, .init = service_setup, .fini = service_teardown, .timeout = 60);

int __real_problem_build(Arena *a, const Snapshot *s, const Settings *settings, const Problem **ret);
int __wrap_problem_build(Arena *a, const Snapshot *s, const Settings *settings, const Problem **ret);

static unsigned built;

int __wrap_problem_build(Arena *a, const Snapshot *s, const Settings *settings, const Problem **ret) {
        built++;
        return __real_problem_build(a, s, settings, ret);
}

static unsigned built_in_a_round(const char *mode) {
        built = 0;
        cr_assert_eq(EXIT_DONE, serve(mode));
        return built;
}

Test(service_problem, a_round_that_plans_and_moves_builds_one) {
        report("h1", 4);
        report("h2", 0);
        cr_assert_eq(1, built_in_a_round("auto"));
        cr_assert_gt(live().n_moves, 0);
}

Test(service_problem, a_plan_that_waits_is_judged_by_the_problem_that_the_round_plans_by) {
        report("h1", 4);
        report("h2", 0);
        cr_assert_eq(1, built_in_a_round("confirm"), "asked");
        cr_assert_eq(1, live().n_waiting);
        cr_assert_eq(1, built_in_a_round("confirm"), "judged, and planned anew");
        cr_assert_eq(1, live().n_waiting);
}
