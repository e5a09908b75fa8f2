/* SPDX-License-Identifier: Apache-2.0 */
/* What of a host's memory is whose: the terms of docs/memory.md, one by one. */
#include <criterion/criterion.h>

#include "scheduler/model/host_memory.h"

#define GIB INT64_C(1024)

static const MemoryPolicy policy = { .keep_for_host_mib = 512, .per_vm_mib = 30 };
static Arena arena;

static void setup(void) {
        cr_assert_eq(0, arena_open(1 << 20, &arena));
}

static void teardown(void) {
        arena_close(&arena);
}

TestSuite(host_memory, .init = setup, .fini = teardown);

static Host measured(int64_t mib, int64_t used) {
        Host h = host_unknown();

        h.memory_mib = mib;
        h.memory_used_mib = used;
        return h;
}

static Vm guest(int64_t mib, int64_t resident) {
        Vm v = vm_unknown();

        v.host = 0;
        v.memory_mib = mib;
        v.memory_resident_mib = resident;
        return v;
}

static Vm on_huge_pages(int64_t mib, int64_t kib, int64_t resident) {
        Vm v = guest(mib, resident);

        v.hugepages_kib = kib;
        return v;
}

static HostMemory memory_of(Host host, const Vm *vms, uint32_t n) {
        const Snapshot s = { .cluster = "c", .hosts = &host, .n_hosts = 1, .vms = vms, .n_vms = n };
        const HostMemory *all;

        cr_assert_eq(0, host_memory_build(&arena, &s, policy, &all));
        return all[0];
}

Test(host_memory, what_guests_have_not_touched_yet_is_no_room_of_the_host) {
        const Vm v = guest(32 * GIB, 8000);
        const HostMemory m = memory_of(measured(64 * GIB, 40000), &v, 1);

        cr_assert_eq(m.own_mib, 32000, "used less resident, not less allocated");
        cr_assert_eq(vm_memory_promised(&v, policy), 32 * GIB + 30);
        cr_assert_eq(m.ordinary_mib, 64 * GIB);
}

Test(host_memory, something_is_kept_for_a_host_that_was_never_measured) {
        Host h = measured(64 * GIB, UNKNOWN);

        cr_assert_eq(memory_of(h, NULL, 0).own_mib, 512);
        h.reserved_mib = 8 * GIB;
        cr_assert_eq(memory_of(h, NULL, 0).own_mib, 8 * GIB, "it says its own");
}

Test(host_memory, a_measured_host_keeps_at_least_as_much) {
        cr_assert_eq(memory_of(measured(64 * GIB, 200), NULL, 0).own_mib, 512);
        cr_assert_eq(memory_of(measured(64 * GIB, 900), NULL, 0).own_mib, 900);
}

Test(host_memory, a_cache_that_is_given_back_is_no_use) {
        Host h = measured(64 * GIB, 52000);

        h.memory_reclaimable_mib = 40000;
        cr_assert_eq(memory_of(h, NULL, 0).own_mib, 12000);
        cr_assert_eq(memory_of(h, NULL, 0).steady_mib, 12000);
        h.memory_reclaimable_mib = 60000;
        cr_assert_eq(memory_of(h, NULL, 0).own_mib, 512,
                     "read a moment apart: nothing is below what is kept");
}

/* Else VMs would move each time a cache grew. */
Test(host_memory, where_nobody_tells_a_cache_from_use_it_is_no_ground_for_balance) {
        const HostMemory m = memory_of(measured(64 * GIB, 52000), NULL, 0);

        cr_assert_eq(m.own_mib, 52000);
        cr_assert_eq(m.steady_mib, 512);
}

Test(host_memory, a_pool_of_huge_pages_is_no_ordinary_memory_in_use_or_not) {
        const Hugepages pool = { 2048, 57344, 40960 };
        Host h = measured(64 * GIB, 58000);
        const Vm v = on_huge_pages(16 * GIB, 2048, UNKNOWN);

        h.hugepages = &pool;
        h.n_hugepages = 1;
        cr_assert_eq(memory_of(h, NULL, 0).ordinary_mib, 8 * GIB);
        cr_assert_eq(memory_of(h, NULL, 0).own_mib, 58000 - 57344);
        cr_assert_eq(memory_of(h, &v, 1).own_mib, 58000 - 57344, "its pages are in the pool");
        cr_assert_eq(vm_memory_promised(&v, policy), 30, "QEMU alone");
        cr_assert_eq(vm_memory_resident(&v), 0);
}

Test(host_memory, pages_that_vms_have_are_set_aside_whatever_the_host_tells) {
        const Hugepages pool = { 1048576, 4 * GIB, 0 };
        const Vm vms[] = { on_huge_pages(8 * GIB, 2048, UNKNOWN), on_huge_pages(6 * GIB, 1048576, UNKNOWN) };
        Host h = measured(64 * GIB, UNKNOWN);

        cr_assert_eq(memory_of(h, vms, 2).ordinary_mib, 50 * GIB, "it tells nothing");
        h.hugepages = &pool;
        h.n_hugepages = 1;
        cr_assert_eq(memory_of(h, vms, 2).ordinary_mib, 50 * GIB, "it tells of fewer than are in use");
}

Test(host_memory, vms_on_huge_pages_are_those_of_their_host) {
        const Vm vms[] = { on_huge_pages(8 * GIB, 2048, UNKNOWN), guest(GIB, UNKNOWN),
                           on_huge_pages(4 * GIB, 2048, UNKNOWN), on_huge_pages(2 * GIB, 2048, UNKNOWN) };
        Vm placed[ARRAY_SIZE(vms)];
        const Host hosts[] = { measured(64 * GIB, UNKNOWN), measured(64 * GIB, UNKNOWN),
                               measured(64 * GIB, 9000) };
        const Snapshot s = {
                .cluster = "c", .hosts = hosts, .n_hosts = 3, .vms = placed, .n_vms = ARRAY_SIZE(vms)
        };
        const HostMemory *all;

        memcpy(placed, vms, sizeof(vms));
        placed[0].host = 2;
        placed[1].host = 2;
        placed[2].host = 0;
        placed[3].host = IX_NONE; /* nowhere yet */
        cr_assert_eq(0, host_memory_build(&arena, &s, policy, &all));
        cr_assert_eq(all[0].ordinary_mib, 60 * GIB);
        cr_assert_eq(all[1].ordinary_mib, 64 * GIB);
        cr_assert_eq(all[2].ordinary_mib, 56 * GIB);
        cr_assert_eq(all[2].own_mib, 512, "9000 are the pages and the guest");
}

Test(host_memory, qemu_counts_as_measured_and_is_estimated_where_it_is_not) {
        const Vm unmeasured = guest(4 * GIB, UNKNOWN), partly = guest(4 * GIB, 2 * GIB),
                 whole = guest(4 * GIB, 4 * GIB + 200);
        const Vm huge = on_huge_pages(4 * GIB, 2048, 180), small = on_huge_pages(4 * GIB, 2048, 12);
        Vm off = whole;

        off.state = VM_OFF;
        cr_assert_eq(vm_memory_overhead(&unmeasured, policy), 30);
        cr_assert_eq(vm_memory_overhead(&partly, policy), 30, "it hides in what the guest has not touched");
        cr_assert_eq(vm_memory_overhead(&whole, policy), 200);
        cr_assert_eq(vm_memory_overhead(&huge, policy), 180, "its pages are not resident");
        cr_assert_eq(vm_memory_overhead(&small, policy), 12, "also where it is less than the estimate");
        cr_assert_eq(vm_memory_overhead(&off, policy), 30);
        cr_assert_eq(vm_memory_resident(&unmeasured), 4 * GIB, "as if it had touched all");
        cr_assert_eq(vm_memory_resident(&off), 0);
}

Test(host_memory, a_vm_that_is_off_is_promised_what_it_starts_with) {
        Vm off = guest(4 * GIB, UNKNOWN);

        off.state = VM_OFF;
        cr_assert_eq(vm_memory_promised(&off, policy), 4 * GIB + 30);
        cr_assert_eq(vm_memory_in_use(&off, policy), 4 * GIB + 30);
}

/* A guest whose own caches are full holds them on its host, too, and takes them along. */
Test(host_memory, in_use_is_what_is_resident_or_used_inside_whichever_is_more) {
        Vm v = guest(8 * GIB, 6 * GIB);

        v.memory_used_mib = 2 * GIB;
        cr_assert_eq(vm_memory_in_use(&v, policy), 6 * GIB);
        v.memory_used_mib = 7 * GIB;
        cr_assert_eq(vm_memory_in_use(&v, policy), 7 * GIB + 30);
        v.memory_used_mib = 9 * GIB;
        cr_assert_eq(vm_memory_in_use(&v, policy), 8 * GIB + 30, "never more than is promised");
        v.memory_used_mib = v.memory_resident_mib = UNKNOWN;
        cr_assert_eq(vm_memory_in_use(&v, policy), 8 * GIB + 30, "nobody measured it");
}

Test(host_memory, pools_larger_than_the_host_leave_nothing) {
        const Hugepages pools[] = { { 2048, 40 * GIB, 0 }, { 1048576, 40 * GIB, 0 } };
        Host h = measured(64 * GIB, 60 * GIB);

        h.hugepages = pools;
        h.n_hugepages = 2;
        cr_assert_eq(memory_of(h, NULL, 0).ordinary_mib, 0);
        cr_assert_eq(memory_of(h, NULL, 0).own_mib, 512);
}
