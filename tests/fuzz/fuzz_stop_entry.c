/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as what is said of a stop: refused, which stops all moves, or an entry that is printed and read again as the
 * same. Nothing but a whole entry that says so lets moves start. */
#include <errno.h>
#include <string.h>

#include "scheduler/app/state/stop_entry.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
        static unsigned char memory[1 << 20];
        Arena a = arena_over(memory, sizeof(memory));
        StopEntry e = { 0 }, again = { 0 };
        const char *text = NULL;
        size_t length = 0;
        int r = stop_entry_parse(&a, (const char *) data, n, &e);

        assert(r == 0 || r == -EBADMSG || r == -ENOMEM);
        if (r == -EBADMSG) {
                r = stop_entry_read(&a, (const char *) data, n, &e);
                assert(r == -ENOMEM || (r == 0 && stop_entry_is_in_force(&e, INT64_MAX)));
                return 0;
        }
        if (r != 0 || stop_entry_print(&a, &e, &text, &length) < 0)
                return 0;
        assert(memmem(data, n, STOP_ENTRY_SCHEMA, strlen(STOP_ENTRY_SCHEMA)) || memchr(data, '\\', n));
        r = stop_entry_parse(&a, text, length, &again);
        assert(r == 0 || r == -ENOMEM);
        assert(r != 0 ||
               (again.stopped == e.stopped && again.at == e.at && again.until == e.until &&
                again.since == e.since && strcmp(again.by, e.by) == 0 && strcmp(again.why, e.why) == 0));
        return 0;
}
