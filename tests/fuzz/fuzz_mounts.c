/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as /proc/self/mountinfo: refused, or mounts a path can be looked up in. */
#include "collectors/parse/mounts.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
        static unsigned char memory[1 << 20];
        Arena a = arena_over(memory, sizeof(memory));
        const Mount *mounts, *m;
        uint32_t count;

        if (mounts_parse(&a, (const char *) data, n, &mounts, &count) < 0)
                return 0;
        m = mount_of(mounts, count, "/mnt/my vms/a.qcow2");
        assert(!m || m->point[0] == '/');
        for (uint32_t i = 0; i < count; i++)
                (void) mount_is_shared(&mounts[i]);
        return 0;
}
