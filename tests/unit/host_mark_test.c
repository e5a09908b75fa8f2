/* SPDX-License-Identifier: Apache-2.0 */
/* What operators said of a host, as the store keeps it. */
#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>

#include "scheduler/app/state/host_mark.h"

static Arena arena;

static void setup(void) {
        cr_assert_eq(0, arena_open((size_t) 64 << 20, &arena));
}

static void teardown(void) {
        arena_close(&arena);
}

TestSuite(host_mark, .init = setup, .fini = teardown);

static int parse(const char *text, OperatorMark *ret) {
        return host_mark_parse(&arena, text, strlen(text), ret);
}

Test(host_mark, is_read_as_it_was_written) {
        OperatorMark m = { .state = HOST_MAINTENANCE,
                           .by = "root@h1",
                           .why = "new \"memory\"",
                           .at = 1772366000000000,
                           .leave_by = 1772367800000000,
                           .for_good = true,
                           .before = HOST_CORDONED };
        OperatorMark again = { 0 };
        const char *text = NULL;

        cr_assert_eq(0, host_mark_print(&arena, &m, &text));
        cr_assert_eq(0, parse(text, &again));
        cr_assert_eq(HOST_MAINTENANCE, again.state);
        cr_assert_eq(HOST_CORDONED, again.before);
        cr_assert_str_eq("root@h1", again.by);
        cr_assert_str_eq("new \"memory\"", again.why);
        cr_assert_eq(m.at, again.at);
        cr_assert_eq(m.leave_by, again.leave_by);
        cr_assert(again.for_good);
}

Test(host_mark, a_bare_word_is_a_mark_too) {
        OperatorMark m = { 0 };

        cr_assert_eq(0, parse("cordoned", &m));
        cr_assert_eq(HOST_CORDONED, m.state);
        cr_assert_null(m.by);
        cr_assert_eq(0, m.leave_by);
}

Test(host_mark, what_is_none_is_refused_and_nothing_is_written) {
        static const char *const bad[] = {
                "",
                "cordon",
                "{}",
                "[]",
                "{\"schema\":\"plimsoll.mark/2\",\"state\":\"cordoned\"}",
                "{\"schema\":\"plimsoll.mark/1\",\"state\":\"cordoned\",\"at\":-1}",
                "{\"schema\":\"plimsoll.mark/1\",\"state\":\"flying\"}"
        };

        for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
                OperatorMark m = { .state = HOST_OFFLINE };

                cr_assert_eq(-EBADMSG, parse(bad[i], &m), "%s", bad[i]);
                cr_assert_eq(HOST_OFFLINE, m.state);
        }
}

Test(host_mark, words_that_could_steer_a_terminal_are_not_taken) {
        OperatorMark m = { 0 };

        cr_assert_eq(
                0,
                parse("{\"schema\":\"plimsoll.mark/1\",\"state\":\"cordoned\",\"why\":\"\\u001b[2J\"}", &m));
        cr_assert_null(m.why);
}
