/* SPDX-License-Identifier: Apache-2.0 */
/* What a snapshot's hosts say of themselves, put together. */
#include <criterion/criterion.h>

#include "scheduler/model/cluster.h"

static const char *taken(const Nic *nics, uint32_t n) {
        const Host h = { .name = "h1", .nics = nics, .n_nics = n };
        const Nic *nic = host_migration_nic(&h);

        return nic ? nic->name : "none";
}

Test(cluster, migrations_take_the_nic_most_hosts_are_reached_over) {
        const Nic nics[] = { { .name = "a", .carrier = true, .peers = 0, .speed_mbit = 100000 },
                             { .name = "b", .carrier = true, .peers = 1, .speed_mbit = 1000 },
                             { .name = "c", .carrier = true, .peers = 3, .speed_mbit = 10000 },
                             { .name = "d", .carrier = true, .peers = 3, .speed_mbit = 25000 } };

        cr_assert_str_eq(taken(nics, 4), "c");
        cr_assert_str_eq(taken(nics, 2), "b");
        cr_assert_str_eq(taken(nics, 1), "none", "it is known that no host is reached over it");
        cr_assert_str_eq(taken(NULL, 0), "none");
}

Test(cluster, a_nic_without_a_carrier_takes_no_migration) {
        const Nic nics[] = { { .name = "a", .carrier = false, .peers = 5 },
                             { .name = "b", .carrier = true, .peers = 1 } };

        cr_assert_str_eq(taken(nics, 2), "b");
        cr_assert_str_eq(taken(nics, 1), "none");
}

Test(cluster, where_nobody_told_of_routes_the_only_nic_is_taken) {
        const Nic nics[] = { { .name = "a", .carrier = true, .peers = UNKNOWN },
                             { .name = "b", .carrier = false, .peers = UNKNOWN },
                             { .name = "c", .carrier = true, .peers = UNKNOWN } };

        cr_assert_str_eq(taken(nics, 2), "a");
        cr_assert_str_eq(taken(nics, 3), "none");
}
