/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <stddef.h>

#include "scheduler/act/libvirt/migration_capabilities.h"
#include "scheduler/base/common.h"

Test(libvirt_ability, what_the_versions_of_debian_12_can) {
        const MigrationCapabilities a = migration_capabilities_of(9000000, 7002000);

        cr_assert(a.auto_converge && a.post_copy && a.parallel && a.tls);
        cr_assert(!a.zstd && !a.parallel_post_copy);
        cr_assert(migration_capabilities_of(9004000, 7002000).zstd);
        cr_assert(!migration_capabilities_of(5001000, 9000000).parallel);
        cr_assert(!migration_capabilities_of(0, 0).auto_converge);
}

/* Each needs its version of libvirt and its version of QEMU, and one release before either is too early. */
Test(libvirt_ability, each_begins_with_a_version_of_both) {
        static const struct {
                const char *name;
                size_t at;
                unsigned long libvirt, qemu;
        } all[] = {
                { "auto-converge", offsetof(MigrationCapabilities, auto_converge), 1002003, 1006000 },
                { "post-copy", offsetof(MigrationCapabilities, post_copy), 1003003, 2006000 },
                { "parallel", offsetof(MigrationCapabilities, parallel), 5002000, 4000000 },
                { "zstd", offsetof(MigrationCapabilities, zstd), 9004000, 5000000 },
                { "parallel post-copy", offsetof(MigrationCapabilities, parallel_post_copy), 5002000,
                  10001000 },
                { "TLS", offsetof(MigrationCapabilities, tls), 3002000, 2007000 },
        };

        cr_assert_eq(ARRAY_SIZE(all), sizeof(MigrationCapabilities), "one is missing here");
        for (size_t i = 0; i < ARRAY_SIZE(all); i++) {
                const MigrationCapabilities at = migration_capabilities_of(all[i].libvirt, all[i].qemu),
                                            old = migration_capabilities_of(all[i].libvirt - 1, 99000000),
                                            old_qemu = migration_capabilities_of(99000000, all[i].qemu - 1);

                cr_expect(*((const bool *) &at + all[i].at), "%s", all[i].name);
                cr_expect_not(*((const bool *) &old + all[i].at), "%s: libvirt", all[i].name);
                cr_expect_not(*((const bool *) &old_qemu + all[i].at), "%s: QEMU", all[i].name);
        }
}

Test(libvirt_ability, both_can_what_each_can) {
        const MigrationCapabilities a = migration_capabilities_of(9004000, 8000000),
                                    b = migration_capabilities_of(5002000, 4000000);

        cr_assert(migration_capabilities_both(a, b).parallel);
        cr_assert(!migration_capabilities_both(a, b).zstd);
        cr_assert(!migration_capabilities_both(b, a).zstd);
}

Test(libvirt_ability, what_was_found_holds_for_a_while) {
        const MigrationCapabilities a = migration_capabilities_of(9004000, 8000000),
                                    old = migration_capabilities_of(1003003, 2006000);
        CapabilityCache b = { 0 };
        MigrationCapabilities ret;

        cr_assert(!capability_cache_find(&b, "h1", 0, &ret));
        capability_cache_put(&b, "h1", 0, a);
        capability_cache_put(&b, "h2", 0, old);
        capability_cache_put(&b, "mute", 0, (MigrationCapabilities){ 0 });
        cr_assert(!capability_cache_find(&b, "mute", 1, &ret), "perhaps it did not answer: asked again");
        cr_assert(capability_cache_find(&b, "h1", CAPABILITY_HOLDS - 1, &ret));
        cr_assert(ret.zstd);
        cr_assert(capability_cache_find(&b, "h2", 1, &ret));
        cr_assert(!ret.parallel);
        cr_assert(!capability_cache_find(&b, "h1", CAPABILITY_HOLDS, &ret));
        capability_cache_put(&b, "h1", CAPABILITY_HOLDS, old);
        cr_assert(capability_cache_find(&b, "h1", CAPABILITY_HOLDS, &ret));
        cr_assert(!ret.zstd, "the newer one");
        capability_cache_done(&b);
        cr_assert(!capability_cache_find(&b, "h1", 0, &ret));
}
