/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as the list of BMCs: refused with its line, or entries that have a host and a URL. */
#include <errno.h>
#include <string.h>

#include "scheduler/app/facts/bmc_list.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
        static unsigned char memory[4 << 20];
        Arena a = arena_over(memory, sizeof(memory));
        const char *text = text_copy(&a, (const char *) data, n);
        const Bmc *list = NULL;
        TextFault f = { 0 };
        uint32_t count = 0;
        int r = text ? bmc_list_parse(&a, text, n, &list, &count, &f) : -ENOMEM;

        assert(r == 0 || r == -ENOMEM || (r == -EBADMSG && f.what[0]));
        for (uint32_t i = 0; r == 0 && i < count; i++)
                assert(*list[i].host && *list[i].url && list[i].user && list[i].password);
        return 0;
}
