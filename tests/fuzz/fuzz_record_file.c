/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a record: accepted, or refused in words; what is accepted is printed and read again as the
 * same bytes. */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "scheduler/snapshot/files/record_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
        static Arena arena;
        const Record *r = NULL, *again = NULL;
        const char *text = NULL, *twice = NULL;
        size_t text_n = 0, twice_n = 0;
        TextFault fault = { 0 };
        ArenaMark mark;
        int k;

        if (!arena.limit && arena_open((size_t) 256 << 20, &arena) < 0)
                abort();
        mark = arena_mark(&arena);
        k = record_file_parse(&arena, (const char *) data, n, &r, &fault);
        if ((k < 0) != (r == NULL) || (k == -EBADMSG && !fault.what[0]))
                abort();
        if (r && record_file_print(&arena, r, &text, &text_n) == 0) {
                if (record_file_parse(&arena, text, text_n, &again, &fault) < 0 ||
                    record_file_print(&arena, again, &twice, &twice_n) < 0)
                        abort();
                if (text_n != twice_n || memcmp(text, twice, text_n) != 0)
                        abort();
        }
        arena_rewind(&arena, mark);
        return 0;
}
