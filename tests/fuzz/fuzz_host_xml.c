/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a host's capabilities, a pool's or an interface's XML. */
#include <string.h>

#include "collectors/parse/host_xml.h"
#include "scheduler/act/libvirt/libvirt_connection.h"
#include "scheduler/base/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
        static unsigned char memory[1 << 18];
        Arena a = arena_over(memory, sizeof(memory));
        const char *bridge;
        WordList groups = { 0 };
        uint32_t n_cells = 0;
        NumaCell cells[4];
        HostFacts host;
        PoolFacts pool;
        char machine[LIBVIRT_MACHINE];
        const char *whole = text_copy(&a, (const char *) data, n);

        if (capabilities_parse(&a, (const char *) data, n, &host) == 0)
                assert(host.tsc_mhz == UNKNOWN || host.tsc_mhz > 0);
        if (pool_xml_parse(&a, (const char *) data, n, &pool) == 0)
                assert(pool.name && pool.identity);
        if (numa_parse(&a, (const char *) data, n, cells, ARRAY_SIZE(cells), &n_cells) == 0)
                assert(n_cells <= ARRAY_SIZE(cells));
        if (whole && libvirt_machine_of(whole, machine))
                assert(strspn(machine, "0123456789abcdefABCDEF-") == strlen(machine));
        (void) !network_xml_parse(&a, (const char *) data, n, &groups);
        (void) !interface_xml_parse(&a, (const char *) data, n, &bridge);
        return 0;
}
