/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as /proc/diskstats: refused, or lines with a name. */
#include "collectors/parse/diskstats_line.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
        Span rest = { (const char *) data, n };
        DiskStats d;

        while (diskstats_next(&rest, &d) == 0)
                assert(d.name.n > 0);
        return 0;
}
