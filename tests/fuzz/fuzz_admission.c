/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as what a host was admitted as: refused, or printed and read again as the same. */
#include <errno.h>
#include <string.h>

#include "scheduler/app/state/admission_record.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
        static unsigned char memory[4 << 20];
        Arena a = arena_over(memory, sizeof(memory));
        HostAdmission x, again;
        const char *one, *two;
        int r = admission_parse(&a, "h1", (const char *) data, n, &x);

        assert(r == 0 || r == -EBADMSG || r == -ENOMEM);
        if (r != 0 || admission_print(&a, &x, &one) < 0)
                return 0;
        r = admission_parse(&a, "h1", one, strlen(one), &again);
        assert(r == 0 || r == -ENOMEM);
        if (r == 0 && admission_print(&a, &again, &two) == 0)
                assert(strcmp(one, two) == 0);
        return 0;
}
