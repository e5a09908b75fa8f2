/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a pressure file: refused, or permille. */
#include "collectors/parse/pressure.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
        Pressure p;

        if (pressure_parse((const char *) data, n, &p) == 0)
                assert(p.some >= UNKNOWN && p.some <= 1000 && p.full >= UNKNOWN && p.full <= 1000);
        return 0;
}
