/* SPDX-License-Identifier: Apache-2.0 */
/* A roll as it is stored: read again as it was printed, and what is none is refused. */
#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>

#include "scheduler/app/state/roll_state.h"

#define ROOM 8U

static Arena arena;

static void setup(void) {
        cr_assert_eq(0, arena_open((size_t) 16 << 20, &arena));
}

static void teardown(void) {
        arena_close(&arena);
}

TestSuite(roll_state, .init = setup, .fini = teardown);

static int parsed(const char *text, RollState *ret) {
        return roll_state_parse(&arena, text, strlen(text), ROOM, ret);
}

Test(roll_state, what_is_printed_is_read_again) {
        const char *left[] = { "h3", "h4" }, *done[] = { "h1" };
        RollHost now[] = { { .name = "h2", .since = 5, .entered = true },
                           { .name = "h5", .since = 6, .finished = 7, .entered = true, .aside = true } };
        const RollState s = { .by = "ann",
                              .at = 4,
                              .process = "",
                              .digest = "",
                              .at_once = 2,
                              .left = left,
                              .n_left = 2,
                              .done = done,
                              .n_done = 1,
                              .id = "june",
                              .held = "held by ann: lunch",
                              .changed_by = "bob",
                              .now = now,
                              .n_now = 2 };
        const char *text = NULL, *again = NULL;
        RollState x;

        cr_assert_eq(0, roll_state_print(&arena, &s, &text));
        cr_assert_eq(0, parsed(text, &x));
        cr_assert_eq(0, roll_state_print(&arena, &x, &again));
        cr_assert_str_eq(text, again);
        cr_assert_eq(7, roll_state_now(&x, "h5")->finished);
        cr_assert(roll_state_now(&x, "h5")->aside);
        cr_assert_not(roll_state_now(&x, "h2")->aside);
        cr_assert_null(roll_state_now(&x, "h3"));
        cr_assert_not(roll_state_is_over(&x));
        x.n_left = 0;
        cr_assert_not(roll_state_is_over(&x));
        x.n_now = 0;
        cr_assert(roll_state_is_over(&x));
}

Test(roll_state, one_that_was_abandoned_is_over) {
        RollState x;

        cr_assert_eq(
                0,
                parsed("{\"schema\": \"plimsoll.roll/1\", \"by\": \"a\", \"at\": 1, \"run_sha256\": \"\", \"at_once\": 1, "
                       "\"left\": [\"h1\"], \"done\": [], \"id\": \"june\", \"abandoned\": true, \"now\": []}",
                       &x));
        cr_assert(roll_state_is_over(&x));
}

#define ROLL(more)                                                                                                             \
        "{\"schema\": \"plimsoll.roll/1\", \"by\": \"a\", \"at\": 1, \"run_sha256\": \"\", \"at_once\": 1, \"done\": [\"h1\"]" \
        ", " more "}"
#define NOW(more) "\"left\": [], \"id\": \"june\", \"now\": [" more "]"
#define HOST(name)                                                                                           \
        "{\"name\": \"" name "\", \"since\": 1, \"finished\": 0, \"entered\": true, \"aside\": false}"

Test(roll_state, what_is_none_is_refused) {
        static const char *const bad[] = {
                "{}",
                ROLL("\"left\": \"h2\""),
                ROLL("\"left\": [\"h2\", \"h2\"]"), /* the order of hosts is of distinct ones */
                ROLL("\"left\": [\"h1\"]"),
                ROLL("\"left\": [\"h2\", \"h3\", \"h4\", \"h5\", \"h6\", \"h7\", \"h8\", \"h9\", \"h10\"]"),
                ROLL("\"left\": [], \"id\": \"june\""),
                ROLL("\"left\": [], \"id\": \"\", \"now\": []"),
                ROLL("\"left\": [], \"id\": \"-june\", \"now\": []"),
                ROLL("\"left\": [], \"id\": \"a b\", \"now\": []"),
                ROLL(NOW("{}")),
                ROLL(NOW(HOST("h1"))),
                ROLL(NOW(HOST("h2") ", " HOST("h2"))),
                ROLL(NOW(HOST("a\\u0007"))),
                /* one more than there is room for, when a host goes from one list to another */
                ROLL("\"left\": [\"h2\", \"h3\", \"h4\", \"h5\", \"h6\", \"h7\", \"h8\"], \"id\": \"june\", \"now\": [" HOST(
                        "h9") "]"),
        };
        RollState x;

        for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
                cr_assert_eq(-EBADMSG, parsed(bad[i], &x), "%s", bad[i]);
        cr_assert_eq(0, parsed(ROLL(NOW(HOST("h2") ", " HOST("h3"))), &x));
        cr_assert_eq(2, x.n_now);
}

Test(roll_state, names_of_rolls) {
        char longest[66];

        memset(longest, 'a', sizeof(longest));
        longest[64] = '\0';
        cr_assert(roll_state_is_id(longest));
        longest[64] = 'a';
        longest[65] = '\0';
        cr_assert_not(roll_state_is_id(longest));
        cr_assert(roll_state_is_id("June_2026.1-a"));
        cr_assert_not(roll_state_is_id(""));
        cr_assert_not(roll_state_is_id("a/b"));
        cr_assert_not(roll_state_is_id("a\nb"));
}
