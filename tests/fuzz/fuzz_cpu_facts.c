/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as what libvirt says of the CPUs a VM can be given: domain capabilities, and a <cpu> with its
 * features. What was read of the host's CPU is XML that is read again. */
#include <string.h>

#include "collectors/parse/host_xml.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
        static unsigned char memory[1 << 18];
        Arena a = arena_over(memory, sizeof(memory));
        const char *features = NULL;
        CpuFacts facts = { 0 };

        if (domain_capabilities_parse(&a, (const char *) data, n, &facts) == 0) {
                assert(!facts.models || *facts.models);
                if (facts.host_cpu)
                        (void) !cpu_features_parse(&a, facts.host_cpu, strlen(facts.host_cpu), &features);
        }
        if (cpu_features_parse(&a, (const char *) data, n, &features) == 0)
                assert(!features || *features);
        return 0;
}
