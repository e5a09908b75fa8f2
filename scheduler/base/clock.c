/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/base/clock.h"

#include <time.h>

static usec_t read_clock(clockid_t id) {
        struct timespec t = { 0 };

        (void) clock_gettime(id, &t);
        return (usec_t) t.tv_sec * USEC_PER_SEC + t.tv_nsec / 1000;
}

usec_t clock_now(void) {
        return read_clock(CLOCK_REALTIME);
}

usec_t clock_monotonic(void) {
        return read_clock(CLOCK_MONOTONIC);
}

void clock_sleep(usec_t d) {
        struct timespec t = { .tv_sec = (time_t) (d / USEC_PER_SEC),
                              .tv_nsec = (long) (d % USEC_PER_SEC) * 1000 };

        if (d > 0)
                (void) nanosleep(&t, NULL);
}

usec_t clock_now_of(const Clock *c) {
        return c ? c->now(c->self) : clock_now();
}

usec_t clock_monotonic_of(const Clock *c) {
        return c ? c->monotonic(c->self) : clock_monotonic();
}

void clock_sleep_of(const Clock *c, usec_t d) {
        if (c)
                c->sleep(c->self, d);
        else
                clock_sleep(d);
}
