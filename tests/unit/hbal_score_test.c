/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <math.h>

#include "scheduler/app/commands/hbal_score.h"

static unsigned char memory[1 << 16];

static Host host(const char *name, int64_t cpus, int64_t mib) {
        return (Host){ .name = name, .cpus = cpus, .memory_mib = mib };
}

static Vm vm(const char *name, HostIx h, int64_t vcpus, int64_t mib, int64_t mcores) {
        return (Vm){ .name = name, .host = h, .vcpus = vcpus, .memory_mib = mib, .cpu_mcores = mcores };
}

/* The number that hbal 3.0.2 (-t, -U, -l 0) says of the same cluster. */
Test(hbal_score, is_what_hbal_says) {
        const Host hosts[] = { host("a", 16, 65536), host("b", 16, 65536), host("c", 16, 65536) };
        const Vm vms[] = { vm("db1", 0, 8, 16384, 5000), vm("db2", 1, 2, 8192, 1000),
                           vm("web1", 0, 2, 8192, 1000), vm("web2", 0, 4, 4096, 2000) };
        const Snapshot s = { .n_hosts = 3, .n_vms = 4, .hosts = hosts, .vms = vms };
        const HostIx even[] = { 2, 1, 0, 0 };
        Arena a = arena_over(memory, sizeof(memory));
        double now, after;

        cr_assert_eq(0, hbal_score(&a, &s, NULL, &now));
        cr_assert_lt(fabs(now - 0.97682994), 1e-6, "%.8f", now);
        cr_assert_eq(0, hbal_score(&a, &s, even, &after));
        cr_assert_lt(after, now);
}

/* A host's own CPU counts, which shows only where hosts differ. hbal -v -v -v: 0.19320039 + 0.39059028 +
 * 0.19066211 + 0.15771002. */
Test(hbal_score, is_what_hbal_says_of_unlike_hosts) {
        const Host hosts[] = { host("a", 16, 65536), host("b", 32, 131072), host("c", 8, 32768) };
        const Vm vms[] = { vm("db1", 0, 8, 16384, 5000), vm("db2", 1, 2, 8192, 1000),
                           vm("web1", 0, 2, 8192, 1000), vm("web2", 0, 4, 4096, 2000) };
        const Snapshot s = { .n_hosts = 3, .n_vms = 4, .hosts = hosts, .vms = vms };
        Arena a = arena_over(memory, sizeof(memory));
        double now;

        cr_assert_eq(0, hbal_score(&a, &s, NULL, &now));
        cr_assert_lt(fabs(now - 0.93216280), 1e-6, "%.8f", now);
}

Test(hbal_score, vms_on_an_offline_host_count_twenty_each) {
        Host hosts[] = { host("a", 16, 65536), host("b", 16, 65536) };
        const Vm vms[] = { vm("db1", 0, 8, 16384, 5000), vm("db2", 1, 2, 8192, 1000) };
        const Snapshot s = { .n_hosts = 2, .n_vms = 2, .hosts = hosts, .vms = vms };
        Arena a = arena_over(memory, sizeof(memory));
        double score;

        hosts[0].state = HOST_OFFLINE;
        cr_assert_eq(0, hbal_score(&a, &s, NULL, &score));
        cr_assert_lt(fabs(score - 20), 1e-9, "%.8f", score);
}
