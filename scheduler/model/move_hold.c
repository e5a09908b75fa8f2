/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/model/move_hold.h"

#include <stdio.h>
#include <string.h>

#include "scheduler/base/text.h"

#define DAY_SECONDS INT64_C(86400)

const char *const move_miss_names[MOVE_MISS_N] = { "refused", "failed", "deadline", "unreached" };

static int move_hold_order(const char *left, const char *right) {
        return strcmp(left ? left : "", right ? right : "");
}

/* Where a hold is of one VM to one target, where it ran tells two holds not apart. */
int move_hold_compare(const void *left, const void *right) {
        const MoveHold *x = left, *y = right;
        int c = move_hold_order(x->vm, y->vm);

        if (c == 0 && x->vm)
                c = move_hold_order(x->uuid, y->uuid);
        if (c == 0)
                c = move_hold_order(x->to, y->to);
        return c != 0 || x->vm ? c : move_hold_order(x->from, y->from);
}

/* "2026-11-30T00:14:05Z". The date: civil_from_days, http://howardhinnant.github.io/date_algorithms.html */
static const char *move_hold_time(Arena *a, usec_t at) {
        const int64_t seconds = at / USEC_PER_SEC, days = seconds / DAY_SECONDS + 719468;
        const int64_t era = days / 146097, of_era = days % 146097;
        const int64_t year = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
        const int64_t of_year = of_era - (365 * year + year / 4 - year / 100),
                      month = (5 * of_year + 2) / 153;
        const int64_t common = year + era * 400 + (month >= 10), clock = seconds % DAY_SECONDS;
        const int64_t number = month < 10 ? month + 3 : month - 9, day = of_year - (153 * month + 2) / 5 + 1;
        const int64_t hour = clock / 3600, minute = clock / 60 % 60, second = clock % 60;

        return text_format(a, "%04lld-%02lld-%02lldT%02lld:%02lld:%02lldZ", (long long) common,
                           (long long) number, (long long) day, (long long) hour, (long long) minute,
                           (long long) second);
}

static const char *move_hold_event(Arena *a, const MoveHold *hold) {
        const char *host = hold->to ? hold->to : hold->from;

        switch (hold->miss) {
        case MISS_REFUSED:
                return "libvirt refused to move it";
        case MISS_FAILED:
                return "moving it failed";
        case MISS_DEADLINE:
                return "moving it did not end by its deadline";
        case MISS_UNREACHED:
                return host ? text_format(a, "%s could not be reached", host) : "a host could not be reached";
        case MOVE_MISS_N:
                break;
        }
        return "moving it failed";
}

const char *move_hold_text(Arena *a, const MoveHold *hold) {
        const char *event = move_hold_event(a, hold), *until = move_hold_time(a, hold->until), *times = "";

        if (hold->tries > 1)
                times = text_format(a, " (%lld times in a row)", (long long) hold->tries);
        if (!event || !until || !times)
                return NULL;
        return text_format(a, "%s%s%s%s%s; not tried again before %s", event, times, hold->why ? ": \"" : "",
                           hold->why ? hold->why : "", hold->why ? "\"" : "", until);
}
