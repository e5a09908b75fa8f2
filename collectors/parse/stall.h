/* SPDX-License-Identifier: Apache-2.0 */
/* Pressure of one thing (a host, a cgroup) by its totals: the share of the time since the last reading. The
 * kernel's own averages tell of 10 s, whenever they are read; between two totals nothing is left out.
 *
 * Units: permille; usec_t, in microseconds, monotonic. Owner: the Stall is the caller's. Errors: none;
 * UNKNOWN: it cannot be told. Threads: any, a Stall belongs to one.
 */
#pragma once

#include "collectors/parse/pressure.h"
#include "collectors/read/rate.h"

typedef struct Stall { /* zeroed: no reading yet */
        Rate some, full;
} Stall;

typedef struct StallShares {
        int64_t some, full; /* permille; UNKNOWN: it cannot be told from this reading */
} StallShares;

StallShares stall_next(Stall *s, const Pressure *pressure, usec_t now);
