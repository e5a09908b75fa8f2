/* SPDX-License-Identifier: Apache-2.0 */
/* Where VMs were last seen, as the store says it: what is read is printed and read the same. */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>

#include "scheduler/app/round/vm_homes.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
        VmHomes homes = { 0 }, again = { 0 };
        const char *text = NULL;
        size_t size = 0;
        Arena a;
        int r;

        if (arena_open((size_t) 64 << 20, &a) < 0)
                return 0;
        r = vm_homes_parse(&a, (const char *) data, n, &homes);
        if (r == 0 &&
            (vm_homes_print(&a, &homes, &text, &size) < 0 || vm_homes_parse(&a, text, size, &again) < 0 ||
             !vm_homes_same(&homes, &again) || homes.written_at != again.written_at))
                abort();
        if (r != 0 && r != -EBADMSG && r != -ENOMEM)
                abort();
        arena_close(&a);
        return 0;
}
