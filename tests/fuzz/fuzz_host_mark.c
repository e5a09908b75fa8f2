/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a host's mark: refused, or a mark that is printed and read again as the same. */
#include <errno.h>
#include <string.h>

#include "scheduler/app/state/host_mark.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
        static unsigned char memory[1 << 20];
        Arena a = arena_over(memory, sizeof(memory));
        OperatorMark m = { 0 }, again = { 0 };
        const char *text = NULL;
        int r = host_mark_parse(&a, (const char *) data, n, &m);

        assert(r == 0 || r == -EBADMSG || r == -ENOMEM);
        if (r != 0 || host_mark_print(&a, &m, &text) < 0)
                return 0;
        r = host_mark_parse(&a, text, strlen(text), &again);
        assert(r == 0 || r == -ENOMEM);
        assert(r != 0 || (again.state == m.state && again.before == m.before && again.at == m.at &&
                          again.leave_by == m.leave_by && again.several == m.several && !again.by == !m.by &&
                          !again.why == !m.why));
        return 0;
}
