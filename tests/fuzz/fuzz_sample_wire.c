/* SPDX-License-Identifier: Apache-2.0 */
/* Bytes → report → text → report → text: the same text, in the room that was asked for. */
#include <errno.h>
#include <stdint.h>
#include <string.h>

#include "scheduler/snapshot/wire/sample_wire.h"

static unsigned char memory[4 << 20];

#define CHECK(condition)                                                                                     \
        do {                                                                                                 \
                if (!(condition))                                                                            \
                        __builtin_trap();                                                                    \
        } while (0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
        Arena a = arena_over(memory, sizeof(memory));
        const Report *r, *again;
        const char *one, *two;
        size_t n_one, n_two;
        TextFault f = { 0 };
        int k = report_parse(&a, (const char *) data, n, &r, &f);

        CHECK(a.used <= report_parse_room((const char *) data, n));
        if (k < 0) {
                CHECK(k != -EBADMSG || f.what[0] != '\0');
                return 0;
        }
        if (report_print(&a, r, &one, &n_one) < 0)
                return 0; /* the arena is full */
        CHECK(r->n_dropped > 0 ||
              n_one <= n); /* what is skipped, and zeros before numbers, are all that is lost */
        k = report_parse(&a, one, n_one, &again, &f);
        if (k == -ENOMEM)
                return 0;
        CHECK(k == 0);
        if (report_print(&a, again, &two, &n_two) < 0)
                return 0;
        CHECK(n_one == n_two && memcmp(one, two, n_one) == 0);
        return 0;
}
