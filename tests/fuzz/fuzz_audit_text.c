/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as an audit entry: accepted, or refused in words; what is accepted is printed and read again as
 * the same bytes. */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "scheduler/snapshot/files/audit_text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
        static Arena arena;
        AuditEntry e = { 0 }, again = { 0 };
        const AuditEntry *joined = NULL;
        const char *text = NULL, *twice = NULL;
        size_t text_n = 0, twice_n = 0;
        TextFault fault = { 0 };
        uint32_t n_joined = 0;
        AuditSum sum;
        ArenaMark mark;
        int k;

        if (!arena.limit && arena_open((size_t) 64 << 20, &arena) < 0)
                abort();
        mark = arena_mark(&arena);
        k = audit_text_parse(&arena, (const char *) data, n, &e, &fault);
        if (k == -EBADMSG && !fault.what[0])
                abort();
        if (k == 0 && audit_text_print(&arena, &e, &text, &text_n) == 0) {
                if (audit_text_parse(&arena, text, text_n, &again, &fault) < 0 ||
                    audit_text_print(&arena, &again, &twice, &twice_n) < 0)
                        abort();
                if (text_n != twice_n || memcmp(text, twice, text_n) != 0)
                        abort();
                if (audit_text_join(&arena, &e, 1, &joined, &n_joined) == 0 &&
                    audit_sum(&arena, joined, n_joined, &sum) < 0)
                        abort();
        }
        arena_rewind(&arena, mark);
        return 0;
}
