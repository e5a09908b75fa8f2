/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a host's capabilities, a pool's or an interface's XML. */
#include "collectors/parse/host_xml.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
        static unsigned char memory[1 << 18];
        Arena a = arena_over(memory, sizeof(memory));
        const char *bridge;
        HostFacts host;
        PoolFacts pool;

        if (capabilities_parse(&a, (const char *) data, n, &host) == 0)
                assert(host.tsc_mhz == UNKNOWN || host.tsc_mhz > 0);
        if (pool_xml_parse(&a, (const char *) data, n, &pool) == 0)
                assert(pool.name && pool.identity);
        (void) !interface_xml_parse(&a, (const char *) data, n, &bridge);
        return 0;
}
