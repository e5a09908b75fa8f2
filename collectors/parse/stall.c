/* SPDX-License-Identifier: Apache-2.0 */
#include "collectors/parse/stall.h"

#define PERMILLE 1000

/* The two clocks are not read at once: all of the time may seem to be a little more than that. */
static int64_t stall_share(Rate *rate, int64_t total_us, usec_t now) {
        int64_t share;

        if (total_us < 0 || rate_next(rate, (uint64_t) total_us, now, PERMILLE, USEC_PER_SEC, &share) != 0)
                return UNKNOWN;
        return share < PERMILLE ? share : PERMILLE;
}

StallShares stall_next(Stall *s, const Pressure *pressure, usec_t now) {
        return (StallShares){ .some = stall_share(&s->some, pressure->some_total, now),
                              .full = stall_share(&s->full, pressure->full_total, now) };
}
