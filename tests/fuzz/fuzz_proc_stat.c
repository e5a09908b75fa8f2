/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as /proc/stat: refused, or CPUs in growing order. */
#include "collectors/parse/proc_stat.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
        static unsigned char memory[1 << 20];
        Arena a = arena_over(memory, sizeof(memory));
        ProcStat s;

        if (proc_stat_parse(&a, (const char *) data, n, &s) == 0)
                for (uint32_t i = 0; i < s.n_cpus; i++)
                        assert(s.ids[i] < CPUS_MAX && (i == 0 || s.ids[i] > s.ids[i - 1]));
        return 0;
}
