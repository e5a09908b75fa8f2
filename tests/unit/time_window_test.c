/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "scheduler/model/time_window.h"

#define BERLIN "CET-1CEST,M3.5.0,M10.5.0/3"

static unsigned char memory[1 << 16];

/* Microseconds of a UTC date and time. */
static usec_t utc(int year, int month, int day, int hour, int minute) {
        return (date_to_days(year, month, day) * 86400 + hour * 3600 + minute * 60) * USEC_PER_SEC;
}

static TimeZone zone(const char *text) {
        TimeZone z;

        cr_assert_eq(0, time_zone_posix(text, &z), "%s", text);
        return z;
}

static int64_t offset(const char *text, usec_t at) {
        TimeZone z = zone(text);

        return time_zone_offset(&z, at / USEC_PER_SEC);
}

Test(time_zone, daylight_saving_begins_and_ends_to_the_second) {
        cr_assert_eq(3600, offset(BERLIN, utc(2026, 3, 29, 0, 59)));
        cr_assert_eq(7200, offset(BERLIN, utc(2026, 3, 29, 1, 0)));
        cr_assert_eq(7200, offset(BERLIN, utc(2026, 10, 25, 0, 59)));
        cr_assert_eq(3600, offset(BERLIN, utc(2026, 10, 25, 1, 0)));
        cr_assert_eq(7200, offset(BERLIN, utc(2028, 7, 1, 0, 0)));
}

Test(time_zone, the_south_the_west_and_days_by_number) {
        cr_assert_eq(11 * 3600, offset("AEST-10AEDT,M10.1.0,M4.1.0/3", utc(2026, 1, 15, 0, 0)));
        cr_assert_eq(10 * 3600, offset("AEST-10AEDT,M10.1.0,M4.1.0/3", utc(2026, 6, 15, 0, 0)));
        cr_assert_eq(-5 * 3600, offset("EST5EDT,M3.2.0,M11.1.0", utc(2026, 3, 8, 6, 59)));
        cr_assert_eq(-4 * 3600, offset("EST5EDT,M3.2.0,M11.1.0", utc(2026, 3, 8, 7, 0)));
        cr_assert_eq(19800, offset("<+0530>-5:30", utc(2026, 1, 1, 0, 0)));
        /* J60 is always March 1; 59 is February 29 in a leap year */
        cr_assert_eq(3600, offset("AAA0BBB,J60/0,J61/0", utc(2028, 3, 1, 12, 0)));
        cr_assert_eq(0, offset("AAA0BBB,J60/0,J61/0", utc(2028, 2, 29, 12, 0)));
        cr_assert_eq(3600, offset("AAA0BBB,59/0,60/0", utc(2028, 2, 29, 12, 0)));
}

Test(time_zone, what_is_no_zone_is_refused) {
        static const char *const texts[] = { "",
                                             "CE-1",
                                             "CET",
                                             "CET-1CEST",
                                             "CET-1CEST,M3.5.0",
                                             "CET-1CEST,M13.5.0,M10.5.0",
                                             "CET-1CEST,M3.6.0,M10.5.0",
                                             "CET-1CEST,M3.5.7,M10.5.0",
                                             "CET-200",
                                             "CET-1CEST,J0,J5",
                                             "<>-1",
                                             "CET-1CEST,M3.5.0,M10.5.0x" };
        TimeZone z;

        for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
                cr_assert_eq(-EINVAL, time_zone_posix(texts[i], &z), "%s", texts[i]);
}

/* A file of one change (at 1000000, from +1 h to +2 h) and a rule for what comes after it. */
static size_t tzif(unsigned char *b, const char *footer) {
        static const unsigned char head[44] = { 'T', 'Z', 'i', 'f', '2', [39] = 1, [43] = 4 };
        unsigned char *at = b;
        size_t n = strlen(footer);

        memcpy(at, head, 44);
        at += 44;
        memset(at, 0, 6 + 4); /* the old block: one type, four letters */
        at += 10;
        memcpy(at, head, 44);
        at[35] = 1; /* one change */
        at[39] = 2; /* two types */
        at += 44;
        memcpy(at, (unsigned char[]){ 0, 0, 0, 0, 0, 0x0f, 0x42, 0x40, 1 }, 9);
        at += 9;
        memcpy(at, (unsigned char[]){ 0, 0, 0x0e, 0x10, 0, 0, 0, 0, 0x1c, 0x20, 1, 0 }, 12);
        at += 12;
        memset(at, 0, 4);
        at += 4;
        *at++ = '\n';
        memcpy(at, footer, n);
        at += n;
        *at++ = '\n';
        return (size_t) (at - b);
}

Test(time_zone, a_file_gives_its_changes_and_then_its_rule) {
        unsigned char bytes[256];
        Arena a = arena_over(memory, sizeof(memory));
        TimeZone z;

        cr_assert_eq(0, time_zone_tzif(&a, bytes, tzif(bytes, ""), &z));
        cr_assert_eq(3600, time_zone_offset(&z, 999999));
        cr_assert_eq(7200, time_zone_offset(&z, 1000000));
        cr_assert_eq(7200, time_zone_offset(&z, 2000000000));
        cr_assert_eq(0, time_zone_tzif(&a, bytes, tzif(bytes, "XXX-3"), &z));
        cr_assert_eq(3600, time_zone_offset(&z, 999999));
        cr_assert_eq(3 * 3600, time_zone_offset(&z, 2000000000));
}

Test(time_zone, a_file_cut_anywhere_is_refused) {
        unsigned char bytes[256];
        const size_t n = tzif(bytes, "XXX-3");
        TimeZone z;

        for (size_t i = 0; i < n; i++) {
                Arena a = arena_over(memory, sizeof(memory));

                cr_assert_eq(-EBADMSG, time_zone_tzif(&a, bytes, i, &z), "%zu", i);
        }
}

static TimeWindow night(unsigned days) {
        return (TimeWindow){ .name = "night",
                             .days = days,
                             .from = 22 * 60,
                             .to = 6 * 60,
                             .zone_name = "Europe/Berlin",
                             .zone = zone(BERLIN) };
}

Test(time_window, it_crosses_midnight_into_a_day_that_is_not_its_own) {
        TimeWindow w = night(1U << 4); /* Friday; 2026-06-05 is one. Berlin is UTC+2 then */

        cr_assert_not(time_window_open(&w, utc(2026, 6, 5, 19, 59)));
        cr_assert(time_window_open(&w, utc(2026, 6, 5, 20, 0)));
        cr_assert(time_window_open(&w, utc(2026, 6, 6, 3, 59)));
        cr_assert_not(time_window_open(&w, utc(2026, 6, 6, 4, 0)));
        cr_assert_not(time_window_open(&w, utc(2026, 6, 6, 21, 0)), "Saturday's night is not open");
        cr_assert_not(time_window_open(&w, utc(2026, 6, 4, 23, 0)), "nor Thursday's");
}

Test(time_window, it_goes_by_the_wall_clock_over_a_change_of_daylight_saving) {
        TimeWindow w = night(DAYS_ALL);

        /* the night to 2026-03-29 is 7 hours long, the one to 2026-10-25 is 9 */
        cr_assert(time_window_open(&w, utc(2026, 3, 28, 21, 0)));
        cr_assert(time_window_open(&w, utc(2026, 3, 29, 3, 59)));
        cr_assert_not(time_window_open(&w, utc(2026, 3, 29, 4, 0)));
        cr_assert(time_window_open(&w, utc(2026, 10, 24, 20, 0)));
        cr_assert(time_window_open(&w, utc(2026, 10, 25, 4, 59)));
        cr_assert_not(time_window_open(&w, utc(2026, 10, 25, 5, 0)));
}

Test(time_window, an_hour_that_is_skipped_is_never_open_and_one_that_comes_twice_is_twice) {
        TimeWindow w = { .days = DAYS_ALL, .from = 120, .to = 180, .zone_name = "b", .zone = zone(BERLIN) };
        int open = 0;

        for (int m = 0; m < 1440; m++)
                open += time_window_open(&w, utc(2026, 3, 29, 0, 0) + m * 60 * USEC_PER_SEC);
        cr_assert_eq(0, open);
        for (int m = -120; m < 1320; m++)
                open += time_window_open(&w, utc(2026, 10, 25, 0, 0) + m * 60 * USEC_PER_SEC);
        cr_assert_eq(120, open);
}

Test(time_window, a_time_that_is_not_known_is_outside) {
        TimeWindow w = { .days = DAYS_ALL, .from = 0, .to = 1440, .zone_name = "UTC" };

        cr_assert_not(time_window_open(&w, 0));
        cr_assert(time_window_open(&w, 1));
        cr_assert_eq(0, time_window_opens(&w, 0));
}

Test(time_window, when_it_opens_next_and_how_it_is_said) {
        Arena a = arena_over(memory, sizeof(memory));
        TimeWindow w = night(1U << 0 | 1U << 1 | 1U << 2 | 1U << 5), weekend = night(1U << 5 | 1U << 6);

        cr_assert_eq(utc(2026, 6, 6, 20, 0), time_window_opens(&w, utc(2026, 6, 4, 12, 0)));
        cr_assert_str_eq("sat 22:00 Europe/Berlin", time_window_clock(&a, &w, utc(2026, 6, 6, 20, 0)));
        cr_assert_str_eq("mon-wed,sat 22:00-06:00 Europe/Berlin", time_window_text(&a, &w));
        cr_assert_str_eq("sat,sun 22:00-06:00 Europe/Berlin", time_window_text(&a, &weekend));
}
