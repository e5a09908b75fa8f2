/* SPDX-License-Identifier: Apache-2.0 */
#include "collectors/parse/redundancy.h"

#include <string.h>

static const struct {
        const char *level;
        int64_t bears; /* -1: all but one; -2: copies − 1 */
} redundancy_levels[] = {
        { "raid0", 0 },   { "linear", 0 }, { "raid1", -1 }, { "raid4", 1 },  { "raid5", 1 },  { "raid6", 2 },
        { "raid10", -2 }, { "raid50", 1 }, { "raid60", 2 }, { "raidz1", 1 }, { "raidz2", 2 }, { "raidz3", 3 },
};

int64_t array_redundancy(const char *level, int64_t wanted, int64_t lost, int64_t copies) {
        for (size_t i = 0; i < ARRAY_SIZE(redundancy_levels); i++) {
                int64_t bears = redundancy_levels[i].bears;

                if (strcmp(redundancy_levels[i].level, level) != 0)
                        continue;
                if (bears == -1)
                        bears = wanted - 1;
                else if (bears == -2)
                        bears = (copies > 0 ? copies : 2) - 1;
                if (bears > wanted - 1) /* the last one is never to spare */
                        bears = wanted > 0 ? wanted - 1 : 0;
                return bears - lost;
        }
        return INT64_MIN;
}
