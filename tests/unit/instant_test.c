/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <errno.h>
#include <time.h>

#include "scheduler/model/instant.h"

static usec_t read_back(const char *text) {
        usec_t at = -1;

        cr_assert_eq(0, instant_parse(text, &at), "%s", text);
        return at;
}

/* Days of all kinds up to the year 9999, as the C library has them. */
Test(instant, what_is_printed_is_what_the_library_says_and_reads_back) {
        for (int64_t seconds = 0, i = 0; seconds < INT64_C(253402300800); seconds += 86399 * 37 + 1, i++) {
                const usec_t at = seconds * USEC_PER_SEC + (i % 3 == 0 ? 0 : (i * 7919) % USEC_PER_SEC);
                const time_t t = (time_t) seconds;
                char buf[INSTANT_SIZE], expected[INSTANT_SIZE];
                struct tm tm;

                cr_assert_not_null(gmtime_r(&t, &tm));
                cr_assert_gt(strftime(expected, sizeof(expected), "%Y-%m-%dT%H:%M:%S", &tm), 0);
                cr_assert_eq(0, strncmp(instant_print(at, buf), expected, 19), "%s, not %s", buf, expected);
                cr_assert_eq(read_back(buf), at, "%s", buf);
        }
}

Test(instant, has_decimals_only_where_there_are_any) {
        char buf[INSTANT_SIZE];

        cr_assert_str_eq(instant_print(0, buf), "1970-01-01T00:00:00Z");
        cr_assert_str_eq(instant_print(INT64_C(1767225600250000), buf), "2026-01-01T00:00:00.250000Z");
        cr_assert_str_eq(instant_print(INT64_C(1709164800000001), buf), "2024-02-29T00:00:00.000001Z");
}

Test(instant, years_beyond_9999_are_shown_whole) {
        char buf[INSTANT_SIZE];

        cr_assert_str_eq(instant_print(INT64_C(9223372036854000000), buf), "294247-01-10T04:00:54Z");
}

Test(instant, other_forms_of_rfc_3339_are_read) {
        cr_assert_eq(read_back("2026-01-01T02:00:00+02:00"), INT64_C(1767225600000000));
        cr_assert_eq(read_back("2025-12-31T18:30:00-05:30"), INT64_C(1767225600000000));
        cr_assert_eq(read_back("2026-01-01t00:00:00z"), INT64_C(1767225600000000));
        cr_assert_eq(read_back("2026-01-01 00:00:00.5Z"), INT64_C(1767225600500000));
        cr_assert_eq(read_back("2026-01-01T00:00:00.1234567890Z"), INT64_C(1767225600123456));
        cr_assert_eq(read_back("2016-12-31T23:59:60Z"), INT64_C(1483228800000000));
}

Test(instant, what_is_none_is_refused) {
        static const char *const bad[] = { "",
                                           "2026",
                                           "2026-01-01",
                                           "2026-01-01T00:00:00",
                                           "2026-02-29T00:00:00Z",
                                           "2026-13-01T00:00:00Z",
                                           "2026-00-01T00:00:00Z",
                                           "2026-01-00T00:00:00Z",
                                           "2026-01-01T24:00:00Z",
                                           "2026-01-01T00:60:00Z",
                                           "2026-01-01T00:00:61Z",
                                           "2026-01-01T00:00:00.Z",
                                           "2026-01-01T00:00:00Z ",
                                           "2026-01-01T00:00:00+2:00",
                                           "2026-01-01T00:00:00+24:00",
                                           "1969-12-31T23:59:59Z",
                                           "1970-01-01T00:00:00+01:00",
                                           "-026-01-01T00:00:00Z",
                                           "1767225600" };
        usec_t at = 7;

        for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
                cr_expect_eq(instant_parse(bad[i], &at), -EINVAL, "%s", bad[i]);
        cr_assert_eq(at, 7);
}
