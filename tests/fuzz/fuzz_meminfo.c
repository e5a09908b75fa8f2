/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as /proc/meminfo: refused, or amounts that are known or UNKNOWN, never negative. */
#include "collectors/parse/meminfo.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
        MemInfo m;

        if (meminfo_parse((const char *) data, n, &m) == 0)
                assert(m.total >= 0 && m.available >= UNKNOWN && m.swap_free >= UNKNOWN &&
                       m.hugepages_free >= UNKNOWN && m.hugepage_kib >= UNKNOWN);
        return 0;
}
