/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a time zone file or a POSIX text: refused, or it gives offsets that a day can hold. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "scheduler/base/text.h"
#include "scheduler/model/time_zone.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void ask(const TimeZone *z) {
        for (int64_t t = -(INT64_C(1) << 40); t <= INT64_C(1) << 40; t += INT64_C(1) << 36) {
                const int64_t offset = time_zone_offset(z, t);

                if (offset > 10 * INT64_C(86400) || offset < -10 * INT64_C(86400))
                        abort();
        }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
        TimeZone z;
        char *text;
        Arena a;

        if (arena_open(8 << 20, &a) < 0)
                return 0;
        if (time_zone_tzif(&a, data, n, &z) == 0)
                ask(&z);
        text = n < 256 ? text_copy(&a, (const char *) data, n) : NULL;
        if (text && time_zone_posix(text, &z) == 0)
                ask(&z);
        arena_close(&a);
        return 0;
}
