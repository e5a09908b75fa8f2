/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a host's history of load: each figure is not known or two digits, and is printed and read again as the same. */
#include <string.h>

#include "scheduler/app/state/load_history.h"
#include "scheduler/base/common.h"
#include "scheduler/model/units.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
        static const int64_t slots[] = { 0, 1, 100, 200, 2993100, INT64_MAX / 2 };
        LoadPoint points[LOAD_POINTS], again[LOAD_POINTS];

        for (size_t s = 0; s < ARRAY_SIZE(slots); s++) {
                char line[2 + LOAD_POINT_SIZE] = "0 ";

                load_history_read((const char *) data, n, slots[s], points);
                for (int i = 0; i < LOAD_POINTS; i++)
                        for (int k = 0; k < LOAD_OF_N; k++)
                                assert(points[i].of[k] == UNKNOWN ||
                                       (points[i].of[k] >= 0 && points[i].of[k] <= 3843));
                (void) load_point_print(&points[LOAD_POINTS - 1], line + 2);
                load_history_read(line, strlen(line), 0, again);
                assert(memcmp(&points[LOAD_POINTS - 1], &again[LOAD_POINTS - 1], sizeof(again[0])) == 0);
        }
        return 0;
}
