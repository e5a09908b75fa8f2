/* What migrations really get of the network: the nominal speed, corrected by what past ones reached. Pure.
 */
#pragma once

#include "scheduler/model/units.h"

/* Less was sent, or it took less time: preparing and switching over are most of it, and tell no speed. */
#define MIGRATION_SPEED_BYTES_LEAST (INT64_C(64) << 20)
#define MIGRATION_SPEED_MS_LEAST    INT64_C(500)
#define MIGRATION_SPEED_JOBS        32 /* the newest of them count */

typedef struct PastMove {
        int64_t bytes, ms; /* UNKNOWN, where nobody measured */
} PastMove;

/* The median of what the newest MIGRATION_SPEED_JOBS that tell a speed reached, kbit/s; 0: none tells any.
 * `moves` newest first. A median, since one that shared its link, or was throttled to converge, says little
 * of others. */
int64_t migration_speed_seen(const PastMove *moves, uint32_t n);

/* kbit/s to reckon with: what was seen, but at most `nominal` (what a migration may take, as the settings
 * say), and at least a twentieth of it: a day of bad luck must not make every move look impossible. seen 0:
 * nominal. */
int64_t migration_speed(int64_t nominal, int64_t seen);
