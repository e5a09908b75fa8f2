/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>

#include "scheduler/app/terminal/human.h"

Test(human, sizes_are_read_at_a_glance) {
        char b[HUMAN_SIZE];

        cr_assert_str_eq("0 B", human_bytes(0, b));
        cr_assert_str_eq("1.5 KiB", human_bytes(1536, b));
        cr_assert_str_eq("512 MiB", human_mib(512, b));
        cr_assert_str_eq("1.5 GiB", human_mib(1536, b));
        cr_assert_str_eq("63 GiB", human_mib(63 * 1024, b));
        cr_assert_str_eq("8192 PiB", human_bytes(INT64_MAX, b));
        cr_assert_str_eq("?", human_mib(UNKNOWN, b));
        cr_assert_str_eq("?", human_mib(INT64_MAX, b));
}

Test(human, times_are_read_at_a_glance) {
        char b[HUMAN_SIZE];

        cr_assert_str_eq("40 ms", human_ms(40, b));
        cr_assert_str_eq("3.2 s", human_ms(3210, b));
        cr_assert_str_eq("1 min 0 s", human_ms(59990, b));
        cr_assert_str_eq("2 min 5 s", human_ms(125000, b));
        cr_assert_str_eq("3 h 10 min", human_ms(11400000, b));
        cr_assert_str_eq("?", human_ms(UNKNOWN, b));
        cr_assert_str_eq("2026-03-01T12:00:00Z", human_time(INT64_C(1772366400) * USEC_PER_SEC, b));
}

Test(human, shares_are_rounded) {
        char b[HUMAN_SIZE];

        cr_assert_str_eq("61%", human_permille(614, b));
        cr_assert_str_eq("62%", human_permille(615, b));
        cr_assert_str_eq("?", human_permille(UNKNOWN, b));
}
