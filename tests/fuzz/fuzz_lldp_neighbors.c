/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as lldpcli's answer: refused, or neighbours with names. */
#include <string.h>

#include "collectors/parse/lldp_neighbors.h"
#include "scheduler/base/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
        static unsigned char memory[1 << 20];
        Arena a = arena_over(memory, sizeof(memory));
        const LldpNeighbor *found;
        uint32_t count;

        if (lldp_neighbors_parse(&a, (const char *) data, n, &found, &count) == 0)
                for (uint32_t i = 0; i < count; i++)
                        assert(text_is_name(found[i].interface, strlen(found[i].interface)) &&
                               text_is_name(found[i].system, strlen(found[i].system)) && found[i].port);
        return 0;
}
