/* SPDX-License-Identifier: Apache-2.0 */
/* What is said of a stop of all moves, as the store and the service's file keep it. */
#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>

#include "scheduler/app/state/stop_entry.h"

static Arena arena;

static void setup(void) {
        cr_assert_eq(0, arena_open((size_t) 64 << 20, &arena));
}

static void teardown(void) {
        arena_close(&arena);
}

TestSuite(stop_entry, .init = setup, .fini = teardown);

static StopEntry read_text(const char *text) {
        StopEntry e = { 0 };

        cr_assert_eq(0, stop_entry_read(&arena, text, strlen(text), &e));
        return e;
}

Test(stop_entry, is_read_as_it_was_written) {
        const StopEntry e = { .stopped = true,
                              .by = "root@h1",
                              .why = "switch \"s1\" is exchanged",
                              .at = 1772366000000000,
                              .until = 1772373200000000 };
        StopEntry again = { 0 };
        const char *text = NULL;
        size_t n = 0;

        cr_assert_eq(0, stop_entry_print(&arena, &e, &text, &n));
        cr_assert_eq(0, stop_entry_parse(&arena, text, n, &again));
        cr_assert(again.stopped);
        cr_assert_str_eq(e.by, again.by);
        cr_assert_str_eq(e.why, again.why);
        cr_assert_eq(e.at, again.at);
        cr_assert_eq(e.until, again.until);
}

Test(stop_entry, ends_when_its_time_is_over_and_otherwise_never) {
        StopEntry e = { .stopped = true, .at = 1000, .until = 2000 };

        cr_assert(stop_entry_is_in_force(&e, 1999));
        cr_assert_not(stop_entry_is_in_force(&e, 2000));
        e.until = 0;
        cr_assert(stop_entry_is_in_force(&e, INT64_MAX));
        e.stopped = false;
        cr_assert_not(stop_entry_is_in_force(&e, 0));
}

Test(stop_entry, what_cannot_be_read_is_a_stop) {
        static const char *const texts[] = {
                "",
                "resumed",
                "{}",
                "[]",
                "{\"schema\":\"plimsoll.stop/2\",\"stopped\":false,\"by\":\"a\",\"why\":\"\",\"at\":1,\"until\":0,\"since\":0}",
                "{\"schema\":\"plimsoll.stop/1\",\"stopped\":false,\"by\":\"a\",\"why\":\"\",\"at\":1,\"until\":0}",
                "{\"schema\":\"plimsoll.stop/1\",\"stopped\":0,\"by\":\"a\",\"why\":\"\",\"at\":1,\"until\":0,\"since\":0}",
                "{\"schema\":\"plimsoll.stop/1\",\"stopped\":false,\"by\":\"a\",\"why\":\"\",\"at\":-1,\"until\":0,\"since\":0}",
                "{\"schema\":\"plimsoll.stop/1\",\"stopped\":false,\"by\":\"a\\u0007\",\"why\":\"\",\"at\":1,\"until\":0,\"since\":0}",
                "{\"schema\":\"plimsoll.stop/1\",\"stopped\":false,\"by\":\"a\",\"why\":\"\",\"at\":9000000000000001,\"until\":0,\"since\":0}",
        };

        for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
                const StopEntry e = read_text(texts[i]);

                cr_assert(stop_entry_is_in_force(&e, 1), "%s", texts[i]);
                cr_assert_eq(0, e.until);
        }
}

Test(stop_entry, only_a_whole_end_lets_moves_start) {
        const StopEntry e = read_text(
                "{\"schema\":\"plimsoll.stop/1\",\"stopped\":false,\"by\":\"root@h1\",\"why\":\"\",\"at\":2,"
                "\"until\":0,\"since\":1}");

        cr_assert_not(stop_entry_is_in_force(&e, 1));
        cr_assert_eq(1, e.since);
}

Test(stop_entry, the_next_one_is_later_whatever_the_clock_says) {
        const StopEntry e = { .at = 5000 }, last = { .at = STOP_TIME_MAX };

        cr_assert_eq(5001, stop_entry_next(&e, 10));
        cr_assert_eq(6000, stop_entry_next(&e, 6000));
        cr_assert_eq(7, stop_entry_next(NULL, 7));
        cr_assert_eq(STOP_TIME_MAX, stop_entry_next(&last, 1));
}

Test(stop_entry, a_reason_is_one_line_of_text) {
        char text[STOP_WHY_MAX + 2];

        memset(text, 'x', sizeof(text) - 1);
        text[sizeof(text) - 1] = '\0';
        cr_assert_not(stop_entry_is_why(text));
        text[STOP_WHY_MAX] = '\0';
        cr_assert(stop_entry_is_why(text));
        cr_assert_not(stop_entry_is_why(""));
        cr_assert_not(stop_entry_is_why("   "));
        cr_assert_not(stop_entry_is_why("two\nlines"));
        cr_assert_not(stop_entry_is_why("\033[31mred"));
}
