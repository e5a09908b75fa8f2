/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/model/time_zone.h"

#include <errno.h>
#include <string.h>

#define DAY         INT64_C(86400)
#define HOURS_MAX   167 /* RFC 8536 §3.3.1 */
#define TZIF_HEADER 44
#define SECONDS_FAR (INT64_C(1) << 55)

/* ---- dates: days_from_civil and its inverse, http://howardhinnant.github.io/date_algorithms.html ---- */

static int64_t floor_div(int64_t left, int64_t right) {
        return left / right - (left % right < 0);
}

int64_t date_to_days(int64_t year, int month, int day) {
        int64_t y = year - (month <= 2), era = floor_div(y, 400), of_era = y - era * 400;
        int64_t of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;

        return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

static int64_t year_of(int64_t days) {
        int64_t z = days + 719468, era = floor_div(z, 146097), day = z - era * 146097;
        int64_t year = (day - day / 1460 + day / 36524 - day / 146096) / 365;
        int64_t of_year = day - (365 * year + year / 4 - year / 100);

        return year + era * 400 + ((5 * of_year + 2) / 153 >= 10);
}

static bool is_leap(int64_t year) {
        return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

/* ---- rules ---- */

/* Seconds since the epoch of the rule's day and time in that year, as local time. */
static int64_t day_in_year(const ZoneDay *d, int64_t year) {
        static const int lengths[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
        int64_t first, day;
        int length;

        if (d->kind == ZONE_DAY_ZERO)
                return (date_to_days(year, 1, 1) + d->day) * DAY + d->time;
        if (d->kind == ZONE_DAY_JULIAN)
                return (date_to_days(year, 1, 1) + d->day - 1 + (d->day > 59 && is_leap(year))) * DAY +
                       d->time;
        first = date_to_days(year, d->month, 1);
        length = lengths[d->month - 1] + (d->month == 2 && is_leap(year));
        /* 1970-01-01 was a Thursday; 0 is Sunday */
        day = (d->day - (first + 4) % 7 + 14) % 7 + 7 * (int64_t) (d->week - 1);
        while (day >= length)
                day -= 7;
        return (first + day) * DAY + d->time;
}

static int64_t rule_offset(const ZoneRule *r, int64_t seconds) {
        int64_t year, start, end;
        bool dst;

        if (!r->has_dst)
                return r->offset;
        year = year_of(floor_div(seconds + r->offset, DAY));
        start = day_in_year(&r->start, year) - r->offset;
        end = day_in_year(&r->end, year) - r->dst_offset;
        dst = start < end ? seconds >= start && seconds < end : seconds < end || seconds >= start;
        return dst ? r->dst_offset : r->offset;
}

int64_t time_zone_offset(const TimeZone *z, int64_t seconds) {
        uint32_t low = 0, high = z->n;

        if (seconds > SECONDS_FAR || seconds < -SECONDS_FAR)
                return z->first;
        while (low < high) { /* the first change after `seconds` */
                const uint32_t mid = low + (high - low) / 2;

                if (z->at[mid] <= seconds)
                        low = mid + 1;
                else
                        high = mid;
        }
        if (low == z->n && z->has_rule)
                return rule_offset(&z->rule, seconds);
        return low > 0 ? z->offset[low - 1] : z->first;
}

/* ---- POSIX TZ ---- */

typedef struct Cursor {
        const char *s;
} Cursor;

static bool time_zone_take(Cursor *c, char letter) {
        if (*c->s != letter)
                return false;
        c->s++;
        return true;
}

static int time_zone_number(Cursor *c, int min, int max, int *ret) {
        int value = 0, digits = 0;

        while (*c->s >= '0' && *c->s <= '9' && digits < 4) {
                value = value * 10 + (*c->s++ - '0');
                digits++;
        }
        if (digits == 0 || value < min || value > max)
                return -EINVAL;
        *ret = value;
        return 0;
}

/* CET, or <+03>: at least three letters. */
static int zone_name(Cursor *c) {
        const char *start = c->s;

        if (time_zone_take(c, '<')) {
                while (*c->s && *c->s != '>')
                        c->s++;
                return time_zone_take(c, '>') && c->s - start >= 5 ? 0 : -EINVAL;
        }
        while ((*c->s >= 'A' && *c->s <= 'Z') || (*c->s >= 'a' && *c->s <= 'z'))
                c->s++;
        return c->s - start >= 3 ? 0 : -EINVAL;
}

/* [+-]hh[:mm[:ss]] in seconds. */
static int clock_time(Cursor *c, int64_t *ret) {
        bool negative = time_zone_take(c, '-');
        int hours = 0, minutes = 0, seconds = 0;

        if (!negative)
                (void) time_zone_take(c, '+');
        if (time_zone_number(c, 0, HOURS_MAX, &hours) < 0 ||
            (time_zone_take(c, ':') && time_zone_number(c, 0, 59, &minutes) < 0) ||
            (time_zone_take(c, ':') && time_zone_number(c, 0, 59, &seconds) < 0))
                return -EINVAL;
        *ret = (hours * INT64_C(3600) + minutes * INT64_C(60) + seconds) * (negative ? -1 : 1);
        return 0;
}

static int rule_day(Cursor *c, ZoneDay *ret) {
        ZoneDay d = { .time = 2 * INT64_C(3600) };
        int r;

        if (!time_zone_take(c, ','))
                return -EINVAL;
        if (time_zone_take(c, 'M')) {
                d.kind = ZONE_DAY_MONTH;
                r = time_zone_number(c, 1, 12, &d.month) < 0 || !time_zone_take(c, '.') ||
                                    time_zone_number(c, 1, 5, &d.week) < 0 || !time_zone_take(c, '.')
                            ? -EINVAL
                            : time_zone_number(c, 0, 6, &d.day);
        } else if (time_zone_take(c, 'J')) {
                d.kind = ZONE_DAY_JULIAN;
                r = time_zone_number(c, 1, 365, &d.day);
        } else {
                d.kind = ZONE_DAY_ZERO;
                r = time_zone_number(c, 0, 365, &d.day);
        }
        if (r == 0 && time_zone_take(c, '/'))
                r = clock_time(c, &d.time);
        *ret = d;
        return r;
}

/* POSIX counts offsets westwards. */
int time_zone_posix(const char *text, TimeZone *ret) {
        Cursor c = { text };
        ZoneRule rule = { 0 };
        int64_t west;

        if (zone_name(&c) < 0 || clock_time(&c, &west) < 0)
                return -EINVAL;
        rule.offset = rule.dst_offset = -west;
        if (*c.s) {
                rule.has_dst = true;
                rule.dst_offset = rule.offset + 3600;
                if (zone_name(&c) < 0)
                        return -EINVAL;
                if (*c.s && *c.s != ',') {
                        if (clock_time(&c, &west) < 0)
                                return -EINVAL;
                        rule.dst_offset = -west;
                }
                if (rule_day(&c, &rule.start) < 0 || rule_day(&c, &rule.end) < 0 || *c.s)
                        return -EINVAL;
        }
        *ret = (TimeZone){ .first = rule.offset, .rule = rule, .has_rule = true };
        return 0;
}

/* ---- TZif ---- */

typedef struct TzifCounts {
        uint32_t isut, isstd, leap, time, type, letters;
} TzifCounts;

static uint32_t time_zone_be32(const unsigned char *b) {
        return (uint32_t) b[0] << 24 | (uint32_t) b[1] << 16 | (uint32_t) b[2] << 8 | b[3];
}

static int64_t time_zone_be64(const unsigned char *b) {
        return (int64_t) ((uint64_t) time_zone_be32(b) << 32 | time_zone_be32(b + 4));
}

static int tzif_header(const unsigned char *b, size_t n, TzifCounts *ret) {
        if (n < TZIF_HEADER || memcmp(b, "TZif", 4) != 0 || b[4] < '2')
                return -EBADMSG;
        *ret = (TzifCounts){ time_zone_be32(b + 20), time_zone_be32(b + 24), time_zone_be32(b + 28),
                             time_zone_be32(b + 32), time_zone_be32(b + 36), time_zone_be32(b + 40) };
        if (ret->isut > 256 || ret->isstd > 256 || ret->leap > 4096 || ret->time > 65536 || ret->type == 0 ||
            ret->type > 256 || ret->letters > 65536)
                return -EBADMSG;
        return 0;
}

static size_t tzif_size(const TzifCounts *c, size_t word) {
        return c->time * (word + 1) + (size_t) c->type * 6 + c->letters + c->leap * (word + 4) +
               (size_t) c->isstd + c->isut;
}

static int tzif_changes(Arena *a, const unsigned char *b, const TzifCounts *c, TimeZone *z) {
        const unsigned char *of = b + (size_t) c->time * 8, *types = of + c->time;
        int64_t *at = arena_new(a, int64_t, c->time), *offset = arena_new(a, int64_t, c->time);

        if (!at || !offset)
                return -ENOMEM;
        z->first = (int32_t) time_zone_be32(types);
        for (uint32_t i = 0; i < c->time; i++) {
                if (of[i] >= c->type)
                        return -EBADMSG;
                at[i] = time_zone_be64(b + (size_t) i * 8);
                offset[i] = (int32_t) time_zone_be32(types + (size_t) of[i] * 6);
                if ((i > 0 && at[i] <= at[i - 1]) || offset[i] > 2 * DAY || offset[i] < -2 * DAY)
                        return -EBADMSG;
        }
        if (z->first > 2 * DAY || z->first < -2 * DAY)
                return -EBADMSG;
        z->at = at;
        z->offset = offset;
        z->n = c->time;
        return 0;
}

/* "\nTZ\n"; an empty TZ: nothing is said of what comes after the last change. */
static int tzif_footer(const unsigned char *b, size_t n, TimeZone *z) {
        const unsigned char *end = n > 1 ? memchr(b + 1, '\n', n - 1) : NULL;
        char text[128];
        TimeZone rule;
        size_t length;

        if (!end || b[0] != '\n')
                return -EBADMSG;
        length = (size_t) (end - b) - 1;
        if (length == 0)
                return 0;
        if (length >= sizeof(text))
                return -EBADMSG;
        memcpy(text, b + 1, length);
        text[length] = '\0';
        if (strlen(text) != length || time_zone_posix(text, &rule) < 0)
                return -EBADMSG;
        z->rule = rule.rule;
        z->has_rule = true;
        return 0;
}

int time_zone_tzif(Arena *a, const unsigned char *bytes, size_t n, TimeZone *ret) {
        TimeZone z = { 0 };
        TzifCounts counts;
        size_t at, size;
        int r = tzif_header(bytes, n, &counts);

        if (r < 0)
                return r;
        at = TZIF_HEADER + tzif_size(&counts, 4);
        if (at > n)
                return -EBADMSG;
        r = tzif_header(bytes + at, n - at, &counts);
        if (r < 0)
                return r;
        at += TZIF_HEADER;
        size = tzif_size(&counts, 8);
        if (size > n - at)
                return -EBADMSG;
        r = tzif_changes(a, bytes + at, &counts, &z);
        if (r == 0)
                r = tzif_footer(bytes + at + size, n - at - size, &z);
        if (r == 0)
                *ret = z;
        return r;
}
