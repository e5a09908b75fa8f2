/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a host's pulse: refused, or what is printed is read as the same. */
#include <string.h>

#include "scheduler/snapshot/wire/pulse.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
        Pulse p, again;
        char text[PULSE_SIZE];

        if (pulse_parse((const char *) data, n, &p) < 0)
                return 0;
        if (pulse_parse(text, pulse_print(&p, text), &again) < 0 || again.sent_at != p.sent_at ||
            again.interval != p.interval || again.cpu_permille != p.cpu_permille ||
            again.memory_permille != p.memory_permille || again.n_vms != p.n_vms ||
            again.vms_hash != p.vms_hash)
                __builtin_trap();
        return 0;
}
