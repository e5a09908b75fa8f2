/* SPDX-License-Identifier: Apache-2.0 */
/* A host's history of load as text: what was not written is not known, never 0. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "scheduler/app/state/load_history.h"
#include "scheduler/model/units.h"

static LoadPoint points[LOAD_POINTS];

static int64_t cpu_at(int back) {
        return points[LOAD_POINTS - 1 - back].of[LOAD_CPU];
}

static void read_text(const char *text, int64_t slot) {
        load_history_read(text, strlen(text), slot, points);
}

Test(load_history, a_point_is_read_as_it_was_written) {
        const LoadPoint point = { .of = { 0, 1, 61, 62, 1000, UNKNOWN, 3843 } };
        char text[LOAD_POINT_SIZE], line[64];

        cr_assert_str_eq("00010z10G8--zz", load_point_print(&point, text));
        (void) snprintf(line, sizeof(line), "7 %s", text);
        read_text(line, 7);
        for (int i = 0; i < LOAD_OF_N; i++)
                cr_assert_eq(point.of[i], points[LOAD_POINTS - 1].of[i], "%s", load_of_names[i]);
        cr_assert_eq(UNKNOWN, cpu_at(1));
}

Test(load_history, what_is_more_than_two_digits_is_the_most) {
        const LoadPoint point = { .of = { INT64_MAX, UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN } };
        char text[LOAD_POINT_SIZE];

        cr_assert_str_eq("zz------------", load_point_print(&point, text));
}

Test(load_history, points_stand_at_their_time) {
        read_text("100 00------------05------------", 102);
        cr_assert_eq(5, cpu_at(2));
        cr_assert_eq(0, cpu_at(3), "0 is known");
        cr_assert_eq(UNKNOWN, cpu_at(0));
        cr_assert_eq(UNKNOWN, cpu_at(1));
        cr_assert_eq(UNKNOWN, cpu_at(4));
        read_text("100 00------------05------------", 99);
        cr_assert_eq(0, cpu_at(0), "what is of later is left out");
        read_text("100 00------------05------------", 100 + LOAD_POINTS - 1);
        cr_assert_eq(5, cpu_at(LOAD_POINTS - 1));
        read_text("100 00------------05------------", 100 + LOAD_POINTS);
        for (int i = 0; i < LOAD_POINTS; i++)
                cr_assert_eq(UNKNOWN, cpu_at(i), "it is of yesterday");
}

Test(load_history, what_cannot_be_read_is_not_known) {
        static const char *const texts[] = { "",
                                             "x",
                                             "100",
                                             "100 ",
                                             "100 0500",
                                             "x 05------------",
                                             "-1 05------------",
                                             "99999999999999999999 05------------",
                                             "100 \xff\xff------------" };

        for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
                read_text(texts[i], 100);
                for (int k = 0; k < LOAD_POINTS; k++)
                        cr_assert_eq(UNKNOWN, cpu_at(k), "%s", texts[i]);
        }
        load_history_read(NULL, 0, 100, points);
        cr_assert_eq(UNKNOWN, cpu_at(0));
}
