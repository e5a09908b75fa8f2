/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes, cut at NULs, as the files of an array's folder: refused, or an array that adds up. */
#include <string.h>

#include "collectors/parse/md_array.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static MdText file_next(const uint8_t **data, size_t *n) {
        const char *at = (const char *) *data;
        const char *end = *n > 0 ? memchr(at, '\0', *n) : NULL;
        size_t length = end ? (size_t) (end - at) : *n;
        MdText text = { length > 0 ? at : NULL, length };

        *data += end ? length + 1 : length;
        *n -= end ? length + 1 : length;
        return text;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
        static unsigned char memory[1 << 20];
        static const char *const names[] = { "sda1", "sdb1", "sdc1", "sdd1" };
        MdMemberFiles members[ARRAY_SIZE(names)] = { 0 };
        Arena a = arena_over(memory, sizeof(memory));
        MdFiles f = { .name = "md0", .members = members };
        Unread *unread = NULL;
        MdArray x;

        f.level = file_next(&data, &n);
        f.raid_disks = file_next(&data, &n);
        f.array_state = file_next(&data, &n);
        f.sync_action = file_next(&data, &n);
        f.sync_completed = file_next(&data, &n);
        f.mismatch_cnt = file_next(&data, &n);
        f.layout = file_next(&data, &n);
        for (; f.n_members < ARRAY_SIZE(names) && n > 0; f.n_members++) {
                members[f.n_members].name = names[f.n_members];
                members[f.n_members].state = file_next(&data, &n);
                members[f.n_members].slot = file_next(&data, &n);
        }
        switch (md_array_parse(&a, &f, &x, &unread)) {
        case 0:
                break;
        case 1:
                assert(unread && strcmp(unread->name, "md0") == 0 && *unread->why);
                return 0;
        default:
                return 0;
        }
        assert(x.n_working >= 0 && x.n_working <= x.wanted && x.spares >= 0);
        assert(x.redundancy >= UNKNOWN && x.redundancy <= x.wanted);
        assert(x.progress_permille >= UNKNOWN && x.progress_permille <= 1000);
        assert(x.level && x.state && x.working && x.lost && x.suspects);
        return 0;
}
