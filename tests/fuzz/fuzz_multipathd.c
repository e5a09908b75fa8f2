/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as multipathd's answer: refused, or maps whose paths add up. */
#include "collectors/parse/multipathd.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
        static unsigned char memory[8 << 20];
        Arena a = arena_over(memory, sizeof(memory));
        MultipathFacts f;

        if (multipathd_parse(&a, (const char *) data, n, &f) < 0)
                return 0;
        for (uint32_t i = 0; i < f.n; i++)
                assert(*f.maps[i].name && f.maps[i].working && f.maps[i].failed &&
                       f.maps[i].n_working <= f.maps[i].n_paths);
        for (const Unread *u = f.unread; u; u = u->next)
                assert(*u->name && *u->why);
        return 0;
}
