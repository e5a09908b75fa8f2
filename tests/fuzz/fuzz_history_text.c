/* SPDX-License-Identifier: Apache-2.0 */
/* Bytes → histories → text → histories → the same text; and the same of estimates. */
#include <errno.h>
#include <stdint.h>
#include <string.h>

#include "scheduler/snapshot/wire/history_text.h"

static unsigned char memory[16 << 20];

#define CHECK(condition)                                                                                     \
        do {                                                                                                 \
                if (!(condition))                                                                            \
                        __builtin_trap();                                                                    \
        } while (0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void histories(const char *data, size_t n) {
        Arena a = arena_over(memory, sizeof(memory));
        const VmHistory *list, *again;
        const char *one, *two;
        size_t n_one, n_two;
        usec_t step;
        uint32_t count, count_again;
        TextFault f = { 0 };
        int k = history_parse(&a, data, n, &step, &list, &count, &f);

        if (k < 0) {
                CHECK(k != -EBADMSG || f.what[0] != '\0');
                return;
        }
        if (history_print(&a, step, list, count, &one, &n_one) < 0)
                return; /* the arena is full */
        k = history_parse(&a, one, n_one, &step, &again, &count_again, &f);
        if (k == -ENOMEM || history_print(&a, step, again, count_again, &two, &n_two) < 0)
                return;
        CHECK(k == 0 && count == count_again && n_one == n_two && memcmp(one, two, n_one) == 0);
}

static void estimates(const char *data, size_t n) {
        Arena a = arena_over(memory, sizeof(memory));
        Estimates e, again;
        const char *one, *two;
        size_t n_one, n_two;
        TextFault f = { 0 };
        int k = estimates_parse(&a, data, n, &e, &f);

        if (k < 0) {
                CHECK(k != -EBADMSG || f.what[0] != '\0');
                return;
        }
        if (estimates_print(&a, &e, &one, &n_one) < 0)
                return;
        k = estimates_parse(&a, one, n_one, &again, &f);
        if (k == -ENOMEM || estimates_print(&a, &again, &two, &n_two) < 0)
                return;
        CHECK(k == 0 && n_one == n_two && memcmp(one, two, n_one) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
        histories((const char *) data, n);
        estimates((const char *) data, n);
        return 0;
}
