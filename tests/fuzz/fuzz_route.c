/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as the kernel's answer about a route: refused, or an interface. */
#include "collectors/parse/route.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
        uint32_t index = 0;

        if (route_parse(data, n, &index) == 0)
                assert(index > 0);
        return 0;
}
