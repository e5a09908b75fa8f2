/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as what the service says of itself: refused with what is wrong, or printed and read again as the same. */
#include <errno.h>
#include <string.h>

#include "scheduler/app/state/live_state.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
        static unsigned char memory[16 << 20];
        Arena a = arena_over(memory, sizeof(memory));
        const char *one, *two;
        size_t n_one, n_two;
        LiveState s, again;
        TextFault f = { 0 };
        int r = live_state_parse(&a, (const char *) data, n, &s, &f);

        assert(r == 0 || r == -ENOMEM || (r == -EBADMSG && f.what[0]));
        if (r != 0)
                return 0;
        (void) live_state_leads(&s, s.leader, s.written_at);
        if (live_state_print(&a, &s, &one, &n_one) < 0)
                return 0;
        r = live_state_parse(&a, one, n_one, &again, &f);
        assert(r == 0 || r == -ENOMEM);
        if (r != 0 || live_state_print(&a, &again, &two, &n_two) < 0)
                return 0;
        assert(n_one == n_two && memcmp(one, two, n_one) == 0);
        return 0;
}
