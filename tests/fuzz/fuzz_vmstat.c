/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as /proc/vmstat: refused, or counts that are known or UNKNOWN, never negative. */
#include "collectors/parse/vmstat.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
        VmStat s;

        if (vmstat_parse((const char *) data, n, &s) == 0)
                assert(s.swapped_in >= UNKNOWN && s.swapped_out >= UNKNOWN);
        return 0;
}
