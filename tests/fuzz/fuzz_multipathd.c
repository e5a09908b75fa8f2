/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as multipathd's answer: refused, or maps whose paths add up. */
#include "collectors/parse/multipathd.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
        static unsigned char memory[8 << 20];
        Arena a = arena_over(memory, sizeof(memory));
        const MultipathMap *maps;
        uint32_t count;

        if (multipathd_parse(&a, (const char *) data, n, &maps, &count) == 0)
                for (uint32_t i = 0; i < count; i++)
                        assert(*maps[i].name && maps[i].working && maps[i].failed &&
                               maps[i].n_working <= maps[i].n_paths);
        return 0;
}
