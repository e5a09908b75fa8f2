/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as what is remembered of a host's devices: refused, or the same again after it was printed. */
#include <string.h>

#include "scheduler/snapshot/health/fault_memory.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

/* What comes next to what is remembered: a number more, the same, less, at once and later. */
static void remember(const FaultMemory *m, const DeviceMemory *d) {
        assert(device_memory(m, d->device) == d && !device_memory(m, "\x01"));
        for (uint32_t i = 0; i < d->n_marks; i++) {
                const MarkPoint last = d->marks[i].points[d->marks[i].n - 1];

                for (int more = -1; more <= 1; more++)
                        for (usec_t later = 0; later <= 8; later += 4) {
                                const usec_t now = last.at + later * 3600 * USEC_PER_SEC;
                                const CounterMark next =
                                        mark_next(d, d->marks[i].metric, last.number + more, now);

                                assert(next.n > 0 && next.n <= MARKS_MAX &&
                                       next.points[next.n - 1].number == last.number + more);
                                assert(mark_rise(d, next.metric, last.number + more, now,
                                                 24 * 3600 * USEC_PER_SEC) >= UNKNOWN);
                        }
        }
}

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
        for (uint32_t i = 0; i < m.n_devices; i++)
                remember(&m, &m.devices[i]);
        return 0;
}
