/* SPDX-License-Identifier: Apache-2.0 */
/* Cells that are bound to nodes: what is read of them, which sets are kept account of, and what a target must have free. */
#include <criterion/criterion.h>
#include <string.h>

#include "scheduler/base/text.h"
#include "scheduler/model/bound_cells.h"
#include "scheduler/model/limits.h"

static Arena arena;

static void setup(void) {
        cr_assert_eq(0, arena_open((size_t) 8 << 20, &arena));
}

TestSuite(bound_cells, .init = setup);

#define GIB_PAGES 1048576

static Vm bound_vm(const char *bound, int64_t kib) {
        VmTies *ties = arena_new(&arena, VmTies, 1);
        Vm vm = vm_unknown();

        ties->numa_bound = bound;
        vm.ties = ties;
        vm.memory_mib = 8192;
        vm.hugepages_kib = kib;
        return vm;
}

Test(bound_cells, a_cell_is_its_cpus_its_memory_its_nodes_and_its_pins) {
        BoundCells c;

        bound_cells("0-3,8 4096 0,2-3 8-11; 4-7 1024 - -; - 512", &c);
        cr_assert(!c.odd);
        cr_assert_eq(3, c.n);
        cr_assert_eq(5, c.at[0].vcpus);
        cr_assert_eq(4096, c.at[0].memory_mib);
        cr_assert_eq(UINT64_C(13), c.at[0].nodes);
        cr_assert_eq(0, strncmp(c.at[0].pins, "8-11", 4));
        cr_assert(c.at[1].nodes == 0 && !c.at[1].pins && c.at[1].memory_mib == 1024);
        cr_assert(c.at[2].nodes == 0 && c.at[2].vcpus == 0 && c.at[2].memory_mib == 512);
}

Test(bound_cells, what_is_not_understood_is_odd) {
        static const char *const odd[] = { "x",          "0-3",          "0-3 many",       "0-3 4096 64",
                                           "0-3 4096 x", "0-3 4096 3-1", "0-3 4096 0 1 2", "0 1; ",
                                           "0 -1 0" };

        for (size_t i = 0; i < ARRAY_SIZE(odd); i++) {
                BoundCells c;

                bound_cells(odd[i], &c);
                cr_expect(c.odd || strcmp(odd[i], "0 1; ") == 0, "\"%s\" is taken as %u cells", odd[i], c.n);
        }
}

/* Sets of one size that overlap ask for their union, sets of two sizes for none. */
Test(bound_cells, account_is_kept_of_sets_and_of_unions_of_each_size) {
        Vm vms[] = { bound_vm("0 1024 0-1", 0), bound_vm("0 1024 1-2", 0), bound_vm("0 1024 2-3", GIB_PAGES),
                     bound_vm("0 1024 5", 0), bound_vm("0 1024 -", 0) };
        const Snapshot s = { .vms = vms, .n_vms = ARRAY_SIZE(vms) };
        const NumaSets sets = snapshot_numa_sets(&s);
        static const uint64_t nodes[] = { 3, 6, 7, 32, 12 };

        cr_assert_eq(ARRAY_SIZE(nodes), sets.n);
        for (uint32_t i = 0; i < sets.n; i++) {
                cr_assert_eq(nodes[i], sets.nodes[i], "the set %u is %lx", i, (unsigned long) sets.nodes[i]);
                cr_assert_eq(i == 4 ? GIB_PAGES : 0, sets.kib[i]);
        }
        cr_assert_eq(1024, vm_bound_mib(&vms[0], &sets, 2), "it is bound within the union");
        cr_assert_eq(0, vm_bound_mib(&vms[0], &sets, 1));
        cr_assert_eq(0, vm_bound_mib(&vms[2], &sets, 2), "pages are no ordinary memory");
        cr_assert_eq(1024, vm_bound_mib(&vms[2], &sets, 4));
}

Test(bound_cells, beyond_eight_sets_those_that_fewest_name_are_left_out_and_their_vms_are_odd) {
        static const char *const nodes[] = { "0 64 0", "0 64 1", "0 64 2", "0 64 3", "0 64 4",
                                             "0 64 5", "0 64 6", "0 64 7", "0 64 8" };
        Vm vms[18];
        const Snapshot s = { .vms = vms,
                             .n_vms = ARRAY_SIZE(vms) - 1 }; /* node 0 is named once, the others twice */
        NumaSets sets;

        for (uint32_t i = 0; i < ARRAY_SIZE(vms); i++)
                vms[i] = bound_vm(nodes[8 - i % 9], 0);
        sets = snapshot_numa_sets(&s);
        cr_assert_eq(NUMA_SETS_MAX, sets.n);
        cr_assert(vm_has_odd_cells(&sets, &vms[8]), "node 0");
        for (uint32_t i = 0; i < 8; i++)
                cr_assert(!vm_has_odd_cells(&sets, &vms[i]));
}

static Host host_of(NumaNode *nodes, uint32_t n, HostPlatform *platform) {
        Host h = host_unknown();

        *platform = (HostPlatform){ .numa = nodes, .n_numa = n };
        h.platform = platform;
        return h;
}

Test(bound_cells, a_target_is_asked_for_what_is_bound_within_each_set) {
        NumaNode nodes[] = { { .id = 0, .memory_mib = 8192, .free_mib = 1000, .available_mib = 3000 },
                             { .id = 1, .memory_mib = 8192, .free_mib = 2000, .available_mib = 2500 } };
        const Vm vm = bound_vm("0 1024 0; 1 2048 0-1; 2 512 -", 0),
                 pages = bound_vm("0 1024 1; 1 2048 1", 2048);
        HostPlatform platform;
        const Host h = host_of(nodes, 2, &platform);
        NodeNeed n[NODE_NEEDS_MAX];

        cr_assert_eq(2, vm_node_needs(&vm, &h, n));
        cr_assert(n[0].nodes == 1 && n[0].kib == 0 && n[0].need_mib == 1024 && n[0].lent_mib == 2000);
        cr_assert(n[1].nodes == 3 && n[1].need_mib == 3072 && n[1].lent_mib == 2500);
        cr_assert_eq(2, vm_node_needs(&pages, &h, n));
        cr_assert(n[0].nodes == 0 && n[0].kib == 2048 && n[0].need_mib == 8192, "all of its pages");
        cr_assert(n[1].nodes == 2 && n[1].kib == 2048 && n[1].need_mib == 3072 && n[1].lent_mib == 0);
        nodes[1].available_mib = UNKNOWN;
        cr_assert_eq(1, vm_node_needs(&vm, &h, n), "what node 1 gives back is not known");
        cr_assert_eq(0, vm_node_needs(&(Vm){ .memory_mib = 4096 }, &h, n));
}

/* Where it comes the pages are taken, in the order of the nodes, and given back where it leaves. */
Test(bound_cells, what_moves_takes_its_memory_and_its_pages_along) {
        const Hugepages pages[] = { { 2048, 4096, 1024 }, { 2048, 4096, 4096 } };
        NumaNode nodes[] = { { .id = 0,
                               .memory_mib = 8192,
                               .free_mib = UNKNOWN,
                               .available_mib = 2000,
                               .hugepages = pages,
                               .n_hugepages = 1 },
                             { .id = 1,
                               .memory_mib = 8192,
                               .free_mib = UNKNOWN,
                               .available_mib = UNKNOWN,
                               .hugepages = pages + 1,
                               .n_hugepages = 1 } };
        const Vm vm = bound_vm("0 3072 0-1", 0), huge = bound_vm("0 3072 0-1", 2048);
        HostPlatform platform;
        Host h = host_of(nodes, 2, &platform);

        cr_assert_eq(0, host_numa_shift(&arena, &h, &huge, 1));
        cr_assert(h.platform->numa[0].hugepages[0].free_mib == 0 &&
                  h.platform->numa[1].hugepages[0].free_mib == 2048);
        cr_assert(pages[0].free_mib == 1024 && nodes[0].available_mib == 2000, "the facts are as they were");
        cr_assert_eq(0, host_numa_shift(&arena, &h, &huge, -1));
        cr_assert_eq(5120,
                     h.platform->numa[0].hugepages[0].free_mib + h.platform->numa[1].hugepages[0].free_mib);
        cr_assert_eq(0, host_numa_shift(&arena, &h, &vm, 1));
        cr_assert_eq(0, h.platform->numa[0].available_mib, "as much as there is; of node 1 nobody tells");
        cr_assert_eq(UNKNOWN, h.platform->numa[1].available_mib);
}

Test(bound_cells, sets_read_as_people_write_them) {
        cr_assert_str_eq("0-1,3", node_set_text(&arena, 11));
        cr_assert_str_eq("63", node_set_text(&arena, UINT64_C(1) << 63));
}
