/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a domain's XML: refused, or facts whose lists are there. */

#include "collectors/parse/domain_xml.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
        static unsigned char memory[1 << 20];
        Arena a = arena_over(memory, sizeof(memory));
        DomainFacts f;

        if (domain_xml_parse(&a, (const char *) data, n, &f) == 0) {
                assert(f.networks && f.groups && f.labels);
                assert(f.vcpus != 0 && f.memory_mib != 0);
                for (uint32_t i = 0; i < f.n_disks; i++)
                        assert(f.disks[i].path || f.disks[i].pool || f.disks[i].network);
        }
        return 0;
}
