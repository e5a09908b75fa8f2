/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/model/instant.h"

#include <errno.h>
#include <string.h>

#include "scheduler/model/time_zone.h"

#define DAY INT64_C(86400)

/* `n` digits and the mark after them; where the next go. */
static char *instant_put(char *at, int64_t value, int n, char mark) {
        for (int i = n; i-- > 0; value /= 10)
                at[i] = (char) ('0' + value % 10);
        at[n] = mark;
        return at + n + 1;
}

/* civil_from_days, http://howardhinnant.github.io/date_algorithms.html */
const char *instant_print(usec_t at, char buf[INSTANT_SIZE]) {
        const int64_t seconds = at / USEC_PER_SEC, days = seconds / DAY + 719468, clock = seconds % DAY;
        const int64_t era = days / 146097, of_era = days % 146097;
        const int64_t year = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
        const int64_t of_year = of_era - (365 * year + year / 4 - year / 100),
                      month = (5 * of_year + 2) / 153;
        const int64_t common = year + era * 400 + (month >= 10);
        const int64_t number = month < 10 ? month + 3 : month - 9, day = of_year - (153 * month + 2) / 5 + 1;
        int digits = 4; /* more of what is far off and no date of RFC 3339 any more: it is never read */
        char *end;

        for (int64_t rest = common / 10000; rest > 0; rest /= 10)
                digits++;
        end = instant_put(buf, common, digits, '-');

        end = instant_put(end, number, 2, '-');
        end = instant_put(end, day, 2, 'T');
        end = instant_put(end, clock / 3600, 2, ':');
        end = instant_put(end, clock / 60 % 60, 2, ':');
        end = instant_put(end, clock % 60, 2, at % USEC_PER_SEC == 0 ? 'Z' : '.');
        if (at % USEC_PER_SEC != 0)
                end = instant_put(end, at % USEC_PER_SEC, 6, 'Z');
        *end = '\0';
        return buf;
}

/* ---- reading ---- */

/* `n` digits at *s, which moves on behind them, from `least` to `most`. -1: no such thing. */
static int instant_digits(const char **s, int n, int least, int most) {
        int value = 0;

        for (int i = 0; i < n; i++, (*s)++) {
                if (**s < '0' || **s > '9')
                        return -1;
                value = value * 10 + (**s - '0');
        }
        return value >= least && value <= most ? value : -1;
}

static bool instant_mark(const char **s, const char *marks) {
        if (!**s || !strchr(marks, **s))
                return false;
        (*s)++;
        return true;
}

static int instant_month_days(int year, int month) {
        static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
        const bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

        return days[month - 1] + (month == 2 && leap);
}

static int instant_date(const char **s, int64_t *ret_seconds) {
        const int year = instant_digits(s, 4, 1970, 9999);
        const int month = year >= 0 && instant_mark(s, "-") ? instant_digits(s, 2, 1, 12) : -1;
        const int day = month >= 0 && instant_mark(s, "-") ? instant_digits(s, 2, 1, 31) : -1;

        if (day < 0 || day > instant_month_days(year, month))
                return -EINVAL;
        *ret_seconds = date_to_days(year, month, day) * DAY;
        return 0;
}

/* A leap second is the first of the next minute. */
static int instant_clock(const char **s, usec_t *ret) {
        const int hour = instant_mark(s, "Tt ") ? instant_digits(s, 2, 0, 23) : -1;
        const int minute = hour >= 0 && instant_mark(s, ":") ? instant_digits(s, 2, 0, 59) : -1;
        const int second = minute >= 0 && instant_mark(s, ":") ? instant_digits(s, 2, 0, 60) : -1;
        usec_t place = USEC_PER_SEC / 10, decimals = 0;

        if (second < 0)
                return -EINVAL;
        if (instant_mark(s, ".")) {
                if (**s < '0' || **s > '9')
                        return -EINVAL;
                for (; **s >= '0' && **s <= '9'; (*s)++, place /= 10)
                        decimals += place * (**s - '0');
        }
        *ret = (hour * 3600 + minute * 60 + second) * USEC_PER_SEC + decimals;
        return 0;
}

static int instant_offset(const char **s, int64_t *ret_seconds) {
        const int sign = **s == '-' ? -1 : 1;
        int hours, minutes;

        *ret_seconds = 0;
        if (instant_mark(s, "Zz"))
                return 0;
        hours = instant_mark(s, "+-") ? instant_digits(s, 2, 0, 23) : -1;
        minutes = hours >= 0 && instant_mark(s, ":") ? instant_digits(s, 2, 0, 59) : -1;
        if (minutes < 0)
                return -EINVAL;
        *ret_seconds = sign * ((int64_t) hours * 3600 + (int64_t) minutes * 60);
        return 0;
}

int instant_parse(const char *text, usec_t *ret) {
        int64_t day = 0, offset = 0;
        usec_t clock = 0, at;

        if (instant_date(&text, &day) < 0 || instant_clock(&text, &clock) < 0 ||
            instant_offset(&text, &offset) < 0 || *text)
                return -EINVAL;
        at = (day - offset) * USEC_PER_SEC + clock;
        if (at < 0)
                return -EINVAL;
        *ret = at;
        return 0;
}
