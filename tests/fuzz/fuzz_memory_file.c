/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as the file in which a service keeps what it remembers of its store: refused, or items that can be counted with. */
#include <errno.h>
#include <stdlib.h>

#include "scheduler/app/facts/memory_file.h"
#include "scheduler/model/bounds.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
        static unsigned char scratch[4 << 20];
        Arena a = arena_over(scratch, sizeof(scratch));
        StoreMemory *m = store_memory_new();
        int r;

        if (!m)
                return 0;
        r = memory_file_parse(&a, (const char *) data, n, m);
        if (r != 0 && r != -EBADMSG && r != -ENOMEM)
                abort();
        for (int k = 0; k < KEY_N; k++) {
                uint32_t items = 0;
                const MemoryItem *list = store_memory_items(m, (StoreKey) k, &items);

                for (uint32_t i = 0; i < items; i++)
                        if (!list[i].name || list[i].since < 0 || list[i].since > bound_of(BOUND_STORED))
                                abort();
        }
        (void) store_memory_free(m);
        return 0;
}
