/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as ssacli's answer: refused, or facts whose texts are all there and whose drives are of a
 * controller. */
#include "collectors/parse/ssacli.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
        static unsigned char memory[8 << 20];
        Arena a = arena_over(memory, sizeof(memory));
        SsacliFacts f;

        if (ssacli_parse(&a, (const char *) data, n, &f) < 0)
                return 0;
        assert(f.n_controllers > 0);
        for (uint32_t i = 0; i < f.n_volumes; i++)
                assert(f.volumes[i].controller < f.n_controllers && f.volumes[i].level &&
                       f.volumes[i].array && f.volumes[i].progress_permille <= 1000);
        for (uint32_t i = 0; i < f.n_drives; i++)
                assert(f.drives[i].controller < f.n_controllers && f.drives[i].place && f.drives[i].state &&
                       f.drives[i].wear <= 100);
        for (uint32_t i = 0; i < f.n_controllers; i++)
                assert(f.controllers[i].subject && f.controllers[i].state);
        for (const Unread *u = f.unread; u; u = u->next)
                assert(*u->name && *u->why);
        return 0;
}
