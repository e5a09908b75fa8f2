/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/model/time_window.h"

#define DAY_MINUTES  1440
#define LOOK_MINUTES (9 * DAY_MINUTES)

const char *const day_names[7] = { "mon", "tue", "wed", "thu", "fri", "sat", "sun" };

typedef struct LocalTime {
        int weekday, minute; /* 0 Monday */
} LocalTime;

static LocalTime local_time(const TimeWindow *w, usec_t at) {
        int64_t seconds = at / USEC_PER_SEC, local, days, rest;

        seconds -= at % USEC_PER_SEC < 0;
        local = seconds + time_zone_offset(&w->zone, seconds);
        days = local / 86400;
        rest = local % 86400;
        if (rest < 0) {
                rest += 86400;
                days--;
        }
        /* 1970-01-01 was a Thursday */
        return (LocalTime){ .weekday = (int) (((days + 3) % 7 + 7) % 7), .minute = (int) (rest / 60) };
}

static bool has_day(const TimeWindow *w, int weekday) {
        return w->days >> ((weekday + 7) % 7) & 1;
}

bool time_window_open(const TimeWindow *w, usec_t at) {
        LocalTime t;

        if (at <= 0)
                return false;
        t = local_time(w, at);
        if (w->from < w->to)
                return has_day(w, t.weekday) && t.minute >= w->from && t.minute < w->to;
        return (has_day(w, t.weekday) && t.minute >= w->from) ||
               (has_day(w, t.weekday - 1) && t.minute < w->to);
}

usec_t time_window_opens(const TimeWindow *w, usec_t at) {
        const usec_t minute = 60 * USEC_PER_SEC;
        bool was = time_window_open(w, at);
        usec_t t = at - at % minute;

        for (int i = 0; i < LOOK_MINUTES && at > 0; i++) {
                bool now;

                t += minute;
                now = time_window_open(w, t);
                if (now && !was)
                        return t;
                was = now;
        }
        return 0;
}

/* "mon-fri,sun", or "" for all. */
static const char *days_text(Arena *a, unsigned days) {
        char buf[32];
        size_t n = 0;

        if (days == DAYS_ALL)
                return "";
        for (int d = 0; d < 7; d++) {
                int last = d;

                if (!(days >> d & 1))
                        continue;
                while (last < 6 && days >> (last + 1) & 1)
                        last++;
                if (n > 0)
                        buf[n++] = ',';
                for (int i = 0; i < 3; i++)
                        buf[n++] = day_names[d][i];
                if (last > d)
                        buf[n++] = last > d + 1 ? '-' : ',';
                for (int i = 0; i < 3 && last > d; i++)
                        buf[n++] = day_names[last][i];
                d = last;
        }
        buf[n++] = ' ';
        return text_copy(a, buf, n);
}

const char *time_window_text(Arena *a, const TimeWindow *w) {
        const char *days = days_text(a, w->days);

        return days ? text_format(a, "%s%02d:%02d-%02d:%02d %s", days, w->from / 60, w->from % 60, w->to / 60,
                                  w->to % 60, w->zone_name)
                    : NULL;
}

const char *time_window_clock(Arena *a, const TimeWindow *w, usec_t at) {
        LocalTime t = local_time(w, at);

        return text_format(a, "%s %02d:%02d %s", day_names[t.weekday], t.minute / 60, t.minute % 60,
                           w->zone_name);
}
