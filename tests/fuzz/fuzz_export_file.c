/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a file of `plimsoll store export`: refused with a line, or an export of which every key may be restored, and
 * which is printed and read again as the same. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "scheduler/store/admin/export_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void check(const StoreExport *e) {
        for (uint32_t i = 0; i < e->n; i++) {
                const ExportKey *k = &e->keys[i];

                assert(store_export_kind(k->key, k->part) == EXPORT_KEPT && k->n > 0 && k->ttl_ms >= 0);
                assert(!k->part == !store_key_defs[k->key].part[0]);
                for (uint32_t j = 0; j < k->n; j++)
                        assert(store_export_is_text(k->items[j].text, k->items[j].n));
        }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
        static unsigned char memory[8 << 20];
        Arena a = arena_over(memory, sizeof(memory));
        StoreExport e, again;
        TextFault fault;
        char *text = NULL;
        size_t size = 0;
        FILE *out;
        int r = export_file_parse(&a, (const char *) data, n, &e, &fault);

        assert(r == 0 || r == -EBADMSG || r == -ENOMEM);
        assert(r != -EBADMSG || (fault.line > 0 && fault.what[0]));
        if (r != 0)
                return 0;
        check(&e);
        out = open_memstream(&text, &size);
        if (out && export_file_print(&e, out) == 0 && fclose(out) == 0) {
                r = export_file_parse(&a, text, size, &again, &fault);
                assert(r == -ENOMEM ||
                       (r == 0 && store_export_equal(&e, &again) && e.taken_at == again.taken_at));
        }
        free(text);
        return 0;
}
