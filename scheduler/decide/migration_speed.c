#include "scheduler/decide/migration_speed.h"

#include <stdlib.h>

#define LEAST_SHARE 20

static int compare(const void *a, const void *b) {
        int64_t x = *(const int64_t *) a, y = *(const int64_t *) b;

        return (x > y) - (x < y);
}

int64_t migration_speed_seen(const PastMove *moves, uint32_t n) {
        int64_t speeds[MIGRATION_SPEED_JOBS];
        uint32_t kept = 0;

        for (uint32_t i = 0; i < n && kept < MIGRATION_SPEED_JOBS; i++) {
                int64_t bits;

                if (moves[i].bytes < MIGRATION_SPEED_BYTES_LEAST || moves[i].ms < MIGRATION_SPEED_MS_LEAST ||
                    __builtin_mul_overflow(moves[i].bytes, 8, &bits))
                        continue;
                speeds[kept++] = bits / moves[i].ms; /* bits a millisecond are kbit/s */
        }
        if (kept == 0)
                return 0;
        qsort(speeds, kept, sizeof(*speeds), compare);
        return speeds[(kept - 1) / 2];
}

int64_t migration_speed(int64_t nominal, int64_t seen) {
        int64_t least = nominal / LEAST_SHARE;

        if (seen <= 0)
                return nominal;
        return seen < least ? least : seen < nominal ? seen : nominal;
}
