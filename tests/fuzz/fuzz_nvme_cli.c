/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as nvme-cli's smart-log: refused, or facts that keep their promises. */
#include <string.h>

#include "collectors/parse/nvme_cli.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
        SmartFacts f;

        if (nvme_cli_parse((const char *) data, n, &f) < 0)
                return 0;
        assert(f.health < SMART_HEALTH_N && f.health != SMART_UNKNOWN && f.nvme_warning >= 0);
        assert((f.nvme_warning == 0) == (f.health == SMART_PASSED));
        assert(f.spare >= UNKNOWN && f.wear >= UNKNOWN && f.temperature >= UNKNOWN &&
               strlen(f.why) < sizeof(f.why));
        return 0;
}
