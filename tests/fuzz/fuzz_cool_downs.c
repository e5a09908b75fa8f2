/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as the VMs that were moved lately: refused, or a list that is printed, and read again as the same, also with
 * one VM more. */
#include <errno.h>
#include <string.h>

#include "scheduler/app/round/cool_downs.h"

#define COOL_NOW INT64_C(1700000000000000)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void cool_check(Arena *a, const CoolDown *list, uint32_t n) {
        const char *one, *two;
        const CoolDown *again;
        size_t n_one, n_two;
        uint32_t n_again;
        int r;

        if (cool_downs_print(a, list, n, COOL_NOW, &one, &n_one) < 0)
                return;
        r = cool_downs_parse(a, one, n_one, &again, &n_again);
        assert(r == 0 || r == -ENOMEM);
        if (r != 0 || cool_downs_print(a, again, n_again, COOL_NOW, &two, &n_two) < 0)
                return;
        assert(n_one == n_two && memcmp(one, two, n_one) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
        static unsigned char memory[16 << 20];
        Arena a = arena_over(memory, sizeof(memory));
        const CoolLength length = { 600 * USEC_PER_SEC, 86400 * USEC_PER_SEC };
        const CoolDown *list;
        uint32_t count;
        int r = cool_downs_parse(&a, (const char *) data, n, &list, &count);

        assert(r == 0 || r == -EBADMSG || r == -ENOMEM);
        if (r != 0)
                return 0;
        cool_check(&a, list, count);
        if (cool_downs_moved(&a, list, count, (VmMoved){ count > 0 ? list[0].vm : "v", COOL_NOW, NULL },
                             length, &list, &count) == 0)
                cool_check(&a, list, count);
        return 0;
}
