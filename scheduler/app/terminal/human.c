/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/app/terminal/human.h"

#include <stdio.h>
#include <time.h>

const char *human_bytes(int64_t bytes, char buf[HUMAN_SIZE]) {
        static const char *const units[] = { "B", "KiB", "MiB", "GiB", "TiB", "PiB" };
        size_t u = 0;
        int64_t unit = 1, tenths;

        if (bytes < 0) {
                (void) snprintf(buf, HUMAN_SIZE, "?");
                return buf;
        }
        while (u + 1 < ARRAY_SIZE(units) && bytes / unit >= 1024) {
                unit *= 1024;
                u++;
        }
        /* remainder first: bytes × 10 may not fit */
        tenths = bytes / unit * 10 + (bytes % unit * 10 + unit / 2) / unit;
        if (tenths < 100 && tenths % 10 != 0)
                (void) snprintf(buf, HUMAN_SIZE, "%lld.%lld %s", (long long) (tenths / 10),
                                (long long) (tenths % 10), units[u]);
        else
                (void) snprintf(buf, HUMAN_SIZE, "%lld %s", (long long) ((tenths + 5) / 10), units[u]);
        return buf;
}

const char *human_mib(int64_t mib, char buf[HUMAN_SIZE]) {
        return human_bytes(mib < 0 || mib > INT64_MAX >> 20 ? UNKNOWN : mib << 20, buf);
}

const char *human_ms(int64_t ms, char buf[HUMAN_SIZE]) {
        long long s = (long long) (ms + 500) / 1000;

        if (ms < 0)
                (void) snprintf(buf, HUMAN_SIZE, "?");
        else if (ms < 1000)
                (void) snprintf(buf, HUMAN_SIZE, "%lld ms", (long long) ms);
        else if (ms < 59950)
                (void) snprintf(buf, HUMAN_SIZE, "%lld.%lld s", (long long) (ms + 50) / 1000,
                                (long long) (ms + 50) / 100 % 10);
        else if (s < 3600)
                (void) snprintf(buf, HUMAN_SIZE, "%lld min %lld s", s / 60, s % 60);
        else
                (void) snprintf(buf, HUMAN_SIZE, "%lld h %lld min", s / 3600, s % 3600 / 60);
        return buf;
}

const char *human_permille(int64_t permille, char buf[HUMAN_SIZE]) {
        if (permille < 0)
                (void) snprintf(buf, HUMAN_SIZE, "?");
        else
                (void) snprintf(buf, HUMAN_SIZE, "%lld%%", (long long) (permille + 5) / 10);
        return buf;
}

const char *human_time(usec_t when, char buf[HUMAN_SIZE]) {
        time_t t = (time_t) (when / USEC_PER_SEC);
        struct tm tm;

        if (!gmtime_r(&t, &tm) || strftime(buf, HUMAN_SIZE, "%Y-%m-%dT%H:%M:%SZ", &tm) == 0)
                (void) snprintf(buf, HUMAN_SIZE, "?");
        return buf;
}
