/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as an entry of the journal: refused, or an entry that is printed and read again as the same, that is found
 * open where it is, and from which migrations are learnt. */
#include <errno.h>
#include <string.h>

#include "scheduler/app/state/move_journal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void journal_check(Arena *a, const JournalEntry *entry) {
        const JournalEntry both[] = { *entry, *entry }, *open = NULL;
        const RecordMove finished[] = { move_finished(entry), move_finished(entry) };
        const MoveLessons *lessons = NULL;
        uint32_t n = 0;

        if (journal_open_ones(a, both, 2, &open, &n) == 0)
                assert(n == (journal_is_open(entry->event) ? 1U : 0U));
        (void) !migration_learn(a, finished, 2, &lessons);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
        static unsigned char memory[8 << 20];
        Arena a = arena_over(memory, sizeof(memory));
        JournalEntry entry, again;
        const char *one, *two;
        size_t n_one, n_two;
        int r = journal_parse(&a, (const char *) data, n, &entry);

        assert(r == 0 || r == -EBADMSG || r == -ENOMEM);
        if (r != 0)
                return 0;
        journal_check(&a, &entry);
        if (journal_print(&a, &entry, &one, &n_one) < 0)
                return 0;
        r = journal_parse(&a, one, n_one, &again);
        assert(r == 0 || r == -ENOMEM);
        if (r != 0 || journal_print(&a, &again, &two, &n_two) < 0)
                return 0;
        assert(n_one == n_two && memcmp(one, two, n_one) == 0);
        return 0;
}
