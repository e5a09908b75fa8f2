/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes, cut in four at NULs, as storcli's answers: refused, or facts whose texts are all there. */
#include <string.h>

#include "collectors/parse/storcli.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
        static unsigned char memory[16 << 20];
        Arena a = arena_over(memory, sizeof(memory));
        const char *text = (const char *) data;
        StorcliText texts[4] = { 0 };
        StorcliFacts f;

        for (size_t i = 0; i < ARRAY_SIZE(texts) && n > 0; i++) {
                const char *end = i < 3 ? memchr(text, '\0', n) : NULL;
                size_t length = end ? (size_t) (end - text) : n;

                texts[i] = (StorcliText){ text, length };
                text += length + (end != NULL);
                n -= length + (end != NULL);
        }
        if (storcli_parse(&a, "megaraid", texts[0], texts[1], texts[2], texts[3], &f) < 0)
                return 0;
        for (uint32_t i = 0; i < f.n_controllers; i++)
                assert(f.controllers[i].subject && f.controllers[i].state && f.controllers[i].battery);
        for (uint32_t i = 0; i < f.n_volumes; i++)
                assert(f.volumes[i].subject && f.volumes[i].level && f.volumes[i].state &&
                       f.volumes[i].wanted >= UNKNOWN);
        for (uint32_t i = 0; i < f.n_drives; i++)
                assert(f.drives[i].subject && f.drives[i].serial && f.drives[i].state &&
                       f.drives[i].alert <= 1 && f.drives[i].predictions >= UNKNOWN && f.drives[i].role);
        for (const Unread *u = f.unread; u; u = u->next)
                assert(*u->name && *u->why);
        return 0;
}
