/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as /dev/kmsg: records whose device is within the text. */
#include "collectors/parse/kmsg_record.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
        Span rest = { (const char *) data, n };
        KmsgRecord r;

        while (kmsg_next(&rest, &r)) {
                assert(r.kind < KMSG_KIND_N && r.at >= 0);
                assert(r.device.n == 0 || (r.device.at >= (const char *) data &&
                                           r.device.at + r.device.n <= (const char *) data + n));
        }
        return 0;
}
