/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a host's pulse: refused, or what is printed is read as the same. So is the pulse of what they are as a report. */
#include <string.h>

#include "scheduler/snapshot/wire/pulse.h"
#include "scheduler/snapshot/wire/sample_wire.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void comes_back(const Pulse *is) {
        const Pulse p = *is;
        Pulse again;
        char text[PULSE_SIZE];

        if (pulse_parse(text, pulse_print(&p, text), &again) < 0 ||
            again.sent_at / USEC_PER_MSEC != p.sent_at / USEC_PER_MSEC ||
            again.interval / USEC_PER_MSEC != p.interval / USEC_PER_MSEC ||
            again.cpu_permille != p.cpu_permille || again.memory_permille != p.memory_permille ||
            again.n_vms != p.n_vms || again.vms_hash != p.vms_hash)
                __builtin_trap();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
        static unsigned char memory[16 << 20];
        Arena a = arena_over(memory, sizeof(memory));
        const Report *report = NULL;
        TextFault fault;
        Pulse p;

        if (pulse_parse((const char *) data, n, &p) == 0)
                comes_back(&p);
        if (report_parse(&a, (const char *) data, n, &report, &fault) < 0)
                return 0;
        pulse_of_report(report, &p);
        comes_back(&p);
        return 0;
}
