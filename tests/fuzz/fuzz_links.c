/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as an rtnetlink answer: refused, or links with names. */
#include "collectors/parse/links.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
        static unsigned char memory[1 << 20];
        Arena a = arena_over(memory, sizeof(memory));
        const Link *links;
        uint32_t count;

        if (links_parse(&a, data, n, &links, &count) == 0)
                for (uint32_t i = 0; i < count; i++) {
                        assert(links[i].name[0] != '\0');
                        (void) link_is_uplink(&links[i]);
                        (void) link_is_bridge(&links[i]);
                        (void) link_bond_mode(&links[i]);
                        assert(!link_uplink(links, count, links[i].index) ||
                               link_is_uplink(link_uplink(links, count, links[i].index)));
                }
        return 0;
}
