/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as arcstats of ZFS: refused, or amounts, of which not more is given back than there is. */
#include "collectors/parse/arcstats.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
        ArcStats arc;

        if (arcstats_parse((const char *) data, n, &arc) == 0)
                assert(arc.size >= 0 && arc.least >= 0 && arcstats_reclaimable(&arc) >= 0 &&
                       arcstats_reclaimable(&arc) <= arc.size);
        return 0;
}
