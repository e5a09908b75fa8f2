/* SPDX-License-Identifier: Apache-2.0 */
#include "collectors/parse/btrfs_stats.h"

#include <string.h>

#include "collectors/parse/lines.h"
#include "scheduler/model/bounds.h"

int64_t btrfs_stats_sum(const char *text, size_t n) {
        Span rest = { text, n }, line, name;
        int64_t sum = UNKNOWN;

        while (line_next(&rest, &line)) {
                uint64_t count;

                if (!word_next(&line, &name) || name.n < 5 || memcmp(name.at + name.n - 5, "_errs", 5) != 0 ||
                    number_next(&line, (uint64_t) bound_of(BOUND_QUANTITY), &count) != 0)
                        continue;
                sum = (sum < 0 ? 0 : sum) + (int64_t) count;
                sum = sum < QUANTITY_MAX ? sum : QUANTITY_MAX;
        }
        return sum;
}
