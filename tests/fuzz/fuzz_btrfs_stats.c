/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a btrfs device's error_stats: a count, or none. */
#include "collectors/parse/btrfs_stats.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
        int64_t sum = btrfs_stats_sum((const char *) data, n);

        assert(sum >= UNKNOWN && sum <= QUANTITY_MAX);
        return 0;
}
