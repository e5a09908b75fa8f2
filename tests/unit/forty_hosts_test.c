/* SPDX-License-Identifier: Apache-2.0 */
/* deploy/examples/forty-hosts.json: the cluster that the manual and the first five minutes show. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "scheduler/snapshot/files/snapshot_file.h"

#define SIZE_MAX_BYTES (1 << 20)

static Arena arena;
static const Snapshot *cluster;
static const char *text;

static void read_cluster(void) {
        FILE *f = fopen(SOURCE_DIR "/deploy/examples/forty-hosts.json", "rb");
        char *bytes;
        TextFault fault;

        cr_assert_not_null(f);
        cr_assert_eq(0, arena_open(16 << 20, &arena));
        bytes = arena_new(&arena, char, SIZE_MAX_BYTES);
        cr_assert_lt(fread(bytes, 1, SIZE_MAX_BYTES - 1, f), SIZE_MAX_BYTES - 1);
        (void) fclose(f);
        text = bytes;
        cr_assert_eq(0, snapshot_file_parse(&arena, text, strlen(text), &cluster, &fault), "%s: %s",
                     fault.field, fault.what);
}

TestSuite(forty_hosts, .init = read_cluster);

Test(forty_hosts, the_file_is_as_plimsoll_prints_it) {
        const char *printed;
        size_t n;

        cr_assert_eq(0, snapshot_file_print(&arena, cluster, &printed, &n));
        for (size_t i = 0; i <= n; i++) /* not the whole text when they differ */
                if (printed[i] != text[i])
                        cr_assert_fail("at byte %zu: %.80s, not %.80s", i, printed + i, text + i);
}

Test(forty_hosts, the_story_is_in_it) {
        unsigned maintenance = 0, cordoned = 0, faulty = 0, pinned = 0, hot = 0;

        cr_assert_eq(cluster->n_hosts, 40);
        cr_assert_eq(cluster->n_vms, 600);
        cr_assert_geq(cluster->n_rules, 40);
        for (HostIx h = 0; h < cluster->n_hosts; h++) {
                const Host *host = &cluster->hosts[h];

                maintenance += host->state == HOST_MAINTENANCE;
                cordoned += host->state == HOST_CORDONED;
                faulty += host->fault_grade == 3;
                hot += host->cpu_busy_mcores > host->cpus * 800;
                cr_expect_eq(host->excluded, EXCLUDED_NONE);
                cr_expect_eq(host->n_nics, 1);
        }
        for (VmIx v = 0; v < cluster->n_vms; v++)
                pinned += !cluster->vms[v].movable;
        cr_assert_eq(maintenance, 1);
        cr_assert_eq(cordoned, 1);
        cr_assert_eq(faulty, 1);
        cr_assert_eq(pinned, 1);
        cr_assert_geq(hot, 4, "there is something to do");
}

Test(forty_hosts, no_host_is_promised_more_memory_than_it_has) {
        int64_t promised[40] = { 0 };

        for (VmIx v = 0; v < cluster->n_vms; v++)
                promised[cluster->vms[v].host] += cluster->vms[v].memory_mib;
        for (HostIx h = 0; h < cluster->n_hosts; h++)
                cr_expect_leq(promised[h], cluster->hosts[h].memory_mib - cluster->hosts[h].reserved_mib,
                              "%s", cluster->hosts[h].name);
}
