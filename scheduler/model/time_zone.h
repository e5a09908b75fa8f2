/* SPDX-License-Identifier: Apache-2.0 */
/* Time zones, without the C library's (it reads the environment and files): the offset from UTC at a time.
 *
 * A zone is a list of changes (from a TZif file) and a rule for what comes after them (its footer, or a POSIX
 * TZ text alone). Sources: RFC 8536 (TZif), POSIX.1-2017 §8.3 (TZ). Pure. Threads: any.
 *
 * Units: seconds since the epoch, seconds east of UTC, days since 1970-01-01. Owner: the arena. Errors:
 * -EINVAL, -EBADMSG, -ENOMEM, as said; the others have none.
 */
#pragma once

#include "scheduler/base/arena.h"

typedef enum ZoneDayKind {
        ZONE_DAY_MONTH,  /* Mm.w.d: weekday d (0 Sunday) of week w (5: the last) of month m */
        ZONE_DAY_JULIAN, /* Jn: 1 … 365, February 29 is never counted */
        ZONE_DAY_ZERO,   /* n: 0 … 365 */
} ZoneDayKind;

typedef struct ZoneDay {
        ZoneDayKind kind;
        int month, week, day;
        int64_t time; /* seconds after midnight, −167 h … 167 h */
} ZoneDay;

typedef struct ZoneRule {
        int64_t offset, dst_offset; /* seconds east of UTC */
        bool has_dst;
        ZoneDay start, end; /* of daylight saving time */
} ZoneRule;

typedef struct TimeZone {
        const int64_t *at;     /* [n] seconds since the epoch, ascending: from then on … */
        const int64_t *offset; /* [n] … this is the offset */
        uint32_t n;
        int64_t first; /* the offset before at[0] */
        ZoneRule rule; /* from at[n − 1] on, when has_rule */
        bool has_rule;
} TimeZone; /* all zero: UTC */

/* "CET-1CEST,M3.5.0,M10.5.0/3", "UTC0". 0 or -EINVAL. */
int time_zone_posix(const char *text, TimeZone *ret) must_check;

/* The bytes of a file of /usr/share/zoneinfo (version 2 or later). 0; -EBADMSG; -ENOMEM. In `a`. */
int time_zone_tzif(Arena *a, const unsigned char *bytes, size_t n, TimeZone *ret) must_check;

/* Seconds east of UTC at that time (seconds since the epoch). */
int64_t time_zone_offset(const TimeZone *z, int64_t seconds);

/* The day of a date, from 1970-01-01, by the Gregorian calendar; month 1 … 12. */
int64_t date_to_days(int64_t year, int month, int day);
