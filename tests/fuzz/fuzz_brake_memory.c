/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as what is remembered of the brake: what is not plainly an entry is a host that is held. */
#include <string.h>

#include "scheduler/app/facts/brake_store.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
        static unsigned char memory[1 << 20];
        Arena a = arena_over(memory, sizeof(memory));
        const BrakeMemory m = brake_memory_parse(&a, (const char *) data, n);

        assert(m.state > BRAKE_NONE && m.state < BRAKE_N && m.at >= 0);
        assert(m.state == BRAKE_HELD || (m.kind && text_is_name(m.kind, strlen(m.kind))));
        return 0;
}
