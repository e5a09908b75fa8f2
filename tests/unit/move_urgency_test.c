/* SPDX-License-Identifier: Apache-2.0 */
/* Which moves may be told to stop for more urgent ones. */
#include <criterion/criterion.h>

#include "scheduler/app/round/move_urgency.h"

#define NOW (INT64_C(1767225600) * USEC_PER_SEC)

/* Ten minutes by its prediction, of which one has passed. */
static MoveOrder slow = { .vm = "big", .from = "h2", .to = "h3", .predicted = { .ms = 600000 } };
static MoveOrder waiting = { .vm = "a", .from = "h1", .to = "h3", .predicted = { .ms = 20000 } };
static const MoveUrgency at_once = { .spared = true, .now = true };

static MoveUnderWay under_way(void) {
        return (MoveUnderWay){ .order = &slow, .status = { .phase = MIGRATION_RUNNING }, .ran_ms = 60000 };
}

Test(move_urgency, one_for_balance_yields_to_what_leaves_hardware_of_grade_4) {
        MoveUnderWay m = under_way();

        cr_assert_eq(move_urgency_left(&m), 540000);
        cr_assert(move_urgency_yields(&m, &waiting, &at_once, NOW));
        cr_assert_not(move_urgency_yields(&m, &waiting, &(MoveUrgency){ .spared = true }, NOW),
                      "what has no deadline waits");
}

Test(move_urgency, one_that_leaves_a_host_itself_is_in_post_copy_or_verified_does_not) {
        MoveUnderWay spared = under_way(), post_copy = under_way(), verified = under_way();

        spared.urgency.spared = true;
        post_copy.status.post_copy = true;
        verified.status.phase = MIGRATION_VERIFYING;
        cr_assert_not(move_urgency_yields(&spared, &waiting, &at_once, NOW));
        cr_assert_not(move_urgency_yields(&post_copy, &waiting, &at_once, NOW));
        cr_assert_not(move_urgency_yields(&verified, &waiting, &at_once, NOW));
}

Test(move_urgency, nor_does_one_in_its_last_ten_seconds) {
        MoveUnderWay m = under_way();

        m.ran_ms = 589999;
        cr_assert(move_urgency_may_stop(&m));
        m.ran_ms = 590000;
        cr_assert_not(move_urgency_may_stop(&m));
        m.ran_ms = 590001;
        cr_assert_not(move_urgency_may_stop(&m));
}

Test(move_urgency, of_one_that_takes_longer_than_predicted_what_is_left_says_it) {
        MoveUnderWay m = under_way();

        m.ran_ms = 700000;
        cr_assert_eq(move_urgency_left(&m), INT64_MAX, "nothing is known of how it gets on");
        cr_assert(move_urgency_may_stop(&m));
        m.status.bytes_total = 1000;
        m.status.bytes_per_s = 10;
        m.status.bytes_left = 200;
        cr_assert_eq(move_urgency_left(&m), 20000);
        m.status.bytes_left = 50;
        cr_assert_not(move_urgency_may_stop(&m));
        m.status.stalled = 1; /* the same 50 bytes again and again */
        cr_assert(move_urgency_may_stop(&m));
}

Test(move_urgency, it_yields_to_a_deadline_that_would_be_missed_and_can_be_met) {
        const MoveUnderWay m = under_way(); /* has nine minutes yet */
        MoveUrgency u = { .spared = true, .leave_by = NOW + 300 * USEC_PER_SEC };

        cr_assert(move_urgency_yields(&m, &waiting, &u, NOW));
        u.leave_by = NOW + 560 * USEC_PER_SEC;
        cr_assert_not(move_urgency_yields(&m, &waiting, &u, NOW), "in time, if only just");
        u.leave_by = NOW + 559999 * USEC_PER_MSEC;
        cr_assert(move_urgency_yields(&m, &waiting, &u, NOW));
        u.leave_by = NOW + 20 * USEC_PER_SEC;
        cr_assert(move_urgency_yields(&m, &waiting, &u, NOW), "it has just time enough");
        u.leave_by = NOW + 19 * USEC_PER_SEC;
        cr_assert_not(move_urgency_yields(&m, &waiting, &u, NOW), "it is too late for it anyway");
}
