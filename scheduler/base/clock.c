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
