/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as cpu.stat, memory.stat, a number, and a folder's name: refused, or amounts that are known or
 * UNKNOWN, never negative. */
#include <string.h>

#include "collectors/parse/cgroup.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
        const char *text = (const char *) data;
        char entry[256] = { 0 };
        int64_t value;

        if (cgroup_throttled_parse(text, n, &value) == 0)
                assert(value >= 0);
        if (cgroup_swap_parse(text, n, &value) == 0)
                assert(value >= UNKNOWN);
        if (cgroup_number_parse(text, n, &value) == 0)
                assert(value >= 0);
        memcpy(entry, text, n < sizeof(entry) - 1 ? n : sizeof(entry) - 1);
        (void) cgroup_is_of_domain(entry, 3, "web1");
        return 0;
}
