/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as what is remembered of a host's devices: refused, or the same again after it was printed. */
#include <string.h>

#include "scheduler/snapshot/health/fault_memory.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
        static unsigned char memory[16 << 20];
        Arena a = arena_over(memory, sizeof(memory));
        FaultMemory m, again;
        const char *text, *second;
        size_t n_text, n_second;
        TextFault fault;

        if (fault_memory_parse(&a, (const char *) data, n, &m, &fault) < 0 ||
            fault_memory_print(&a, &m, &text, &n_text) < 0)
                return 0;
        if (fault_memory_parse(&a, text, n_text, &again, &fault) < 0 ||
            fault_memory_print(&a, &again, &second, &n_second) < 0)
                return 0;
        assert(n_text == n_second && memcmp(text, second, n_text) == 0);
        return 0;
}
