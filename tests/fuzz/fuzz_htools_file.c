/* SPDX-License-Identifier: Apache-2.0 */
/* Bytes → htools file, and after a line "---" a file of use → snapshot → printed → read → printed: the same
 * bytes. */
#include <errno.h>
#include <stdint.h>
#include <string.h>

#include "scheduler/snapshot/files/snapshot_file.h"
#include "scheduler/snapshot/import/htools_file.h"

static unsigned char memory[8 << 20];

#define CHECK(condition)                                                                                     \
        do {                                                                                                 \
                if (!(condition))                                                                            \
                        __builtin_trap();                                                                    \
        } while (0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
        static const char mark[] = "---\n";
        const char *text = (const char *) data, *use = n > 0 ? memmem(text, n, mark, strlen(mark)) : NULL;
        const ImportText in = { .cluster = "c",
                                .data = text,
                                .n_data = use ? (size_t) (use - text) : n,
                                .use = use ? use + strlen(mark) : NULL,
                                .n_use = use ? n - (size_t) (use - text) - strlen(mark) : 0 };
        Arena a = arena_over(memory, sizeof(memory));
        const Snapshot *s, *again;
        const char *one, *two;
        size_t n_one, n_two;
        TextFault f = { 0 };
        int k = htools_file_parse(&a, &in, &s, &f);

        CHECK(k != -EBADMSG || f.what[0] != '\0');
        if (k < 0 || snapshot_file_print(&a, s, &one, &n_one) < 0)
                return 0;
        k = snapshot_file_parse(&a, one, n_one, &again, &f);
        if (k == -ENOMEM)
                return 0;
        CHECK(k == 0);
        CHECK(again->n_rules == s->n_rules && again->n_vms == s->n_vms);
        if (snapshot_file_print(&a, again, &two, &n_two) < 0)
                return 0;
        CHECK(n_one == n_two && memcmp(one, two, n_one) == 0);
        return 0;
}
