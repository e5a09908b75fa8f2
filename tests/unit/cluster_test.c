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

Test(cluster, lists_of_numbers_hold_each_other_or_do_not) {
        static const struct {
                const char *a, *b;
                bool within;
        } rows[] = { { "60-62", "0-63", true }, { "60-62", "0-31", false }, { "3", "0,2,4", false },
                     { "0,4", "0-1,4", true },  { NULL, "0", true },        { "7", NULL, true },
                     { "nonsense", "0", true }, { "1", "nonsense", true },  { "0-1", "0", false } };
        static const NumaNode nodes[] = { { .id = 0 }, { .id = 2 } };
        static const HostPlatform platform = { .numa = nodes, .n_numa = 2 }, unknown = { .n_numa = 0 };

        for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
                cr_assert_eq(number_list_within(rows[i].a, rows[i].b), rows[i].within, "row %zu", i);
        cr_assert(host_has_numa_nodes(&(Host){ .platform = &platform }, "0,2"));
        cr_assert_not(host_has_numa_nodes(&(Host){ .platform = &platform }, "0-2"));
        cr_assert(host_has_numa_nodes(&(Host){ .platform = &unknown }, "1"), "not known: no restriction");
        cr_assert(host_has_numa_nodes(&(Host){ 0 }, "1"));
}
