/* SPDX-License-Identifier: Apache-2.0 */
/* How hosts were loaded in the last 24 hours: of each a ring of points, one each ten minutes, in the store. A point is 14 bytes:
 * two digits of base 62 for each of its figures, in permille, or "--". What was not written is not known.
 *
 * Pure. Units: usec_t, in microseconds since the epoch; a slot is ten minutes, counted from there; permille. Owner: the
 * caller. Errors: none. Threads: any.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "scheduler/base/clock.h"

#define LOAD_EVERY      (600 * USEC_PER_SEC)
#define LOAD_POINTS     144 /* 24 hours */
#define LOAD_POINT_SIZE 15  /* as text, and its NUL */

typedef enum LoadOf {
        LOAD_CPU,
        LOAD_MEMORY,
        LOAD_NET_RX,
        LOAD_NET_TX,
        LOAD_CPU_WAITING,
        LOAD_MEMORY_WAITING,
        LOAD_IO_WAITING,
        LOAD_OF_N,
} LoadOf;
extern const char *const load_of_names[LOAD_OF_N]; /* "cpu_used_points" …, as lists of them are called */

typedef struct LoadPoint {
        int64_t of[LOAD_OF_N]; /* UNKNOWN; more than 3843 counts as that */
} LoadPoint;

int64_t load_slot(usec_t at);

/* Returns buf. */
const char *load_point_print(const LoadPoint *point, char buf[LOAD_POINT_SIZE]);
bool load_point_is_known(const LoadPoint *point);

/* The points up to and with `slot`, oldest first, as the store has them ("SLOT POINTS": store_keep_loads()). What is not there, cannot
 * be read or is of a later time is UNKNOWN. */
void load_history_read(const char *text, size_t n, int64_t slot, LoadPoint ret[LOAD_POINTS]);
