/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <string.h>

#include "scheduler/decide/migration/move_strategy.h"

static Arena arena;

static void setup(void) {
        cr_assert_eq(0, arena_open((size_t) 1 << 20, &arena));
}

static void teardown(void) {
        arena_close(&arena);
}

TestSuite(move_strategy, .init = setup, .fini = teardown);

static const MovePolicy usual = {
        .auto_converge = true, .multifd = true, .patience = 5, .downtime_ms = 300, .downtime_most_ms = 1000
};

#define MBIT 1000
#define GBIT 1000000

static MoveChoice choose(int64_t kbit, int64_t dirty_mib_s, MovePolicy policy) {
        MigrationFacts f = { .basis = { .memory_mib = 8192,
                                        .dirty_kib_s = dirty_mib_s == UNKNOWN ? UNKNOWN : dirty_mib_s * 1024,
                                        .dirty_burst_kib_s = UNKNOWN,
                                        .bandwidth_kbit = kbit } };
        MoveChoice c = { 0 };

        cr_assert_eq(0, move_choose(&arena, f, true, &policy, &c));
        return c;
}

Test(move_strategy, follows_dirty_rate_bandwidth_and_policy) {
        MovePolicy nothing = usual, post = usual;
        const struct {
                int64_t kbit, dirty_mib_s;
                const MovePolicy *policy;
                MoveStrategy expected;
        } rows[] = {
                { GBIT, 0, &usual, STRATEGY_PLAIN },
                { GBIT, 50, &usual, STRATEGY_PLAIN },
                { GBIT, UNKNOWN, &usual, STRATEGY_PLAIN },
                { GBIT, 300, &usual, STRATEGY_AUTO_CONVERGE },
                { GBIT, 300, &post, STRATEGY_POST_COPY },
                { GBIT, 50, &post, STRATEGY_PLAIN },
                { GBIT, 300, &nothing, STRATEGY_NOT_NOW },
                { 10 * GBIT, 300, &usual, STRATEGY_PLAIN },
                { 25 * GBIT, 300, &usual, STRATEGY_MULTIFD },
                { 25 * GBIT, 300, &post, STRATEGY_PLAIN },
                { 100 * GBIT, 2000, &usual, STRATEGY_MULTIFD },
                { 100 * GBIT, 2000, &post, STRATEGY_POST_COPY },
        };

        nothing.auto_converge = false;
        post.post_copy = true;
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                MoveChoice c = choose(rows[i].kbit, rows[i].dirty_mib_s, *rows[i].policy);

                cr_assert_eq(c.manner.strategy, rows[i].expected, "row %zu: %s, %s", i,
                             move_strategy_names[c.manner.strategy], c.manner.reason);
                cr_assert_not_null(c.manner.reason);
                cr_assert_gt(c.manner.deadline_ms, c.forecast.predicted.ms);
        }
}

Test(move_strategy, a_guest_that_cannot_be_moved_is_refused_with_its_figures) {
        MovePolicy nothing = usual;
        MoveChoice c;

        nothing.auto_converge = false;
        c = choose(100 * MBIT, 60, nothing);
        cr_assert_str_eq(
                c.manner.reason,
                "it dirties 60 MiB/s of memory, and the path carries 11 MiB/s: it would not converge, and "
                "its policy allows nothing else");
}

Test(move_strategy, a_faster_way_gets_more_connections) {
        cr_assert_eq(choose(25 * GBIT, 0, usual).manner.channels, 4);
        cr_assert_eq(choose(100 * GBIT, 0, usual).manner.channels, 13);
        cr_assert_eq(choose(400 * GBIT, 0, usual).manner.channels, CHANNELS_CHOSEN_MOST);
        cr_assert_eq(choose(GBIT, 0, usual).manner.channels, 0);
}

Test(move_strategy, the_deadline_is_the_prediction_times_patience_and_then_what_the_policy_says) {
        MovePolicy post = usual;
        MoveChoice c = choose(100 * MBIT, 0, usual);

        post.post_copy = true;
        cr_assert_eq(c.manner.deadline_ms, 5 * c.forecast.predicted.ms_high);
        cr_assert_eq(c.manner.at_deadline, DEADLINE_ABORT);
        cr_assert_eq(choose(100 * MBIT, 0, post).manner.at_deadline, DEADLINE_POST_COPY);
        cr_assert_eq(choose(10 * GBIT, 0, usual).manner.deadline_ms, 60000, "at least a minute");
}

Test(move_strategy, whether_it_may_be_slowed_down_is_said_of_every_move) {
        MovePolicy never = usual;

        never.auto_converge = false;
        cr_assert_eq(choose(GBIT, 0, usual).manner.slow_down, SLOW_DOWN_ALLOWED, "also of a calm one");
        cr_assert_eq(choose(GBIT, 0, never).manner.slow_down, SLOW_DOWN_NEVER);
}

Test(move_strategy, what_is_said_of_a_vm_counts_before_the_settings) {
        const Vm never = { .post_copy = POST_COPY_NEVER }, may = { .post_copy = POST_COPY_IF_NEEDED },
                 unsaid = { 0 };
        MovePolicy post = usual;

        post.post_copy = true;
        cr_assert_not(move_policy_of(&post, &never).post_copy);
        cr_assert(move_policy_of(&post, &unsaid).post_copy);
        cr_assert(move_policy_of(&usual, &may).post_copy);
        cr_assert_not(move_policy_of(&usual, &unsaid).post_copy);
}

static MigrationFacts busy(int64_t dirty_mib_s) {
        return (MigrationFacts){ .basis = { .memory_mib = 8192,
                                            .dirty_kib_s = dirty_mib_s * 1024,
                                            .dirty_burst_kib_s = UNKNOWN,
                                            .bandwidth_kbit = GBIT } };
}

Test(move_strategy, one_that_would_miss_its_deadline_goes_in_a_swifter_way_that_its_policy_allows) {
        MovePolicy nothing = usual, post = usual, both = usual;
        const MigrationFacts f = busy(80);
        int64_t within;
        MoveChoice c;

        nothing.auto_converge = post.auto_converge = false;
        post.post_copy = both.post_copy = true;
        within = move_least_ms(f, &post);
        c = choose(GBIT, 80, nothing);
        cr_assert_eq(STRATEGY_PLAIN, c.manner.strategy);
        cr_assert_gt(c.forecast.predicted.ms, within, "else there is nothing to win");
        cr_assert_eq(0, move_strategy_deadline(&arena, f, &nothing, within, &c),
                     "its policy allows nothing else");
        cr_assert_eq(STRATEGY_PLAIN, c.manner.strategy);
        c = choose(GBIT, 80, post);
        cr_assert_eq(0, move_strategy_deadline(&arena, f, &post, within - 1, &c),
                     "it would be late all the same");
        cr_assert_eq(STRATEGY_PLAIN, c.manner.strategy);
        cr_assert_eq(1, move_strategy_deadline(&arena, f, &post, within, &c));
        cr_assert_eq(STRATEGY_POST_COPY, c.manner.strategy);
        cr_assert_leq(c.forecast.predicted.ms, within);
        cr_assert(strstr(c.manner.reason, "must leave its host within"), "%s", c.manner.reason);
        cr_assert_eq(0, move_strategy_deadline(&arena, f, &post, INT64_MAX, &c), "there is time");
}

Test(move_strategy, slowing_it_down_goes_before_post_copy) {
        MovePolicy slow = usual, both = usual;
        bool any = false;

        both.post_copy = true;
        for (int64_t dirty = 60; dirty < 112; dirty += 4) {
                MoveChoice c = choose(GBIT, dirty, slow);
                const int64_t least = move_least_ms(busy(dirty), &slow);

                if (c.manner.strategy != STRATEGY_PLAIN || least >= c.forecast.predicted.ms)
                        continue;
                any = true;
                cr_assert_eq(1, move_strategy_deadline(&arena, busy(dirty), &both, least, &c));
                cr_assert_eq(STRATEGY_AUTO_CONVERGE, c.manner.strategy);
                cr_assert_leq(c.forecast.predicted.ms, least);
        }
        cr_assert(any, "there are guests that converge by themselves, and sooner when they are slowed down");
}
