/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as smartctl's answer, of a disk and of a scan, with any exit status (the first byte): refused, or
 * facts that keep their promises. */
#include <string.h>

#include "collectors/parse/smartctl.h"
#include "scheduler/base/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void devices_check(const char *text, size_t n) {
        static unsigned char memory[1 << 20];
        Arena a = arena_over(memory, sizeof(memory));
        const SmartDevice *devices;
        uint32_t count;

        if (smart_scan_parse(&a, text, n, &devices, &count) == 0)
                for (uint32_t i = 0; i < count; i++)
                        assert(strncmp(devices[i].name, "/dev/", 5) == 0 && devices[i].type);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
        SmartFacts f;
        int status;

        if (n == 0)
                return 0;
        status = data[0];
        devices_check((const char *) data + 1, n - 1);
        if (smart_facts_parse((const char *) data + 1, n - 1, status, &f) < 0)
                return 0;
        assert(f.health < SMART_HEALTH_N);
        assert(f.health != SMART_PASSED || (status & 0x1f) == 0);
        assert(f.asleep || (status & 0x18) == 0 || f.health == SMART_FAILING || f.health == SMART_WARNING);
        assert(f.timeouts <= 0xffff && f.timeouts_5s <= 0xffff && f.timeouts_7s <= 0xffff);
        assert(f.reallocated >= UNKNOWN && f.wear >= UNKNOWN && f.uncorrected >= UNKNOWN);
        assert(strlen(f.why) < sizeof(f.why) && strlen(f.failing_now) < sizeof(f.failing_now));
        return 0;
}
