/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a fault file: refused with a reason, or faults within the limits of the manual. */
#include <errno.h>
#include <string.h>

#include "collectors/parse/fault_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
        static unsigned char memory[8 << 20];
        Arena a = arena_over(memory, sizeof(memory));
        const ToolFault *list = NULL;
        uint32_t count = 0;
        TextFault fault;
        int r = fault_file_parse(&a, (const char *) data, n, &list, &count, &fault);

        assert(r == 0 || (r == -EBADMSG && fault.what[0]) || r == -ENOMEM);
        for (uint32_t i = 0; r == 0 && i < count; i++) {
                assert(list[i].grade >= 0 && list[i].grade <= 4 && list[i].until >= 0);
                assert(!list[i].device || text_is_name(list[i].device, strlen(list[i].device)));
                assert(!list[i].why || text_is_line(list[i].why, strlen(list[i].why)));
                assert(!list[i].vms || *list[i].vms);
        }
        return 0;
}
