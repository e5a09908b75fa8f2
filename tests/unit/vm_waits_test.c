/* SPDX-License-Identifier: Apache-2.0 */
/* What a guest waits for, on trees of both cgroup versions (tests/fixtures/cgroups): web1 has a limit of its own
 * on each vCPU and is held back by it; db-1 has none, and waits because machine.slice, a parent, is held back. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "collectors/guests/vm_waits.h"
#include "collectors/parse/cgroup.h"

#define TREES SOURCE_DIR "/tests/fixtures/cgroups/"
#define BAD   "usage_usec 1\nthrottled_usec x\n"
#define VCPUS 2
#define WALL  (4 * USEC_PER_SEC)
#define MS    INT64_C(1000000) /* in ns */

static Arena arena, scratch;
static SampleList samples;

static void open_arenas(void) {
        cr_assert_eq(0, arena_open(16 << 20, &arena));
        cr_assert_eq(0, arena_open(16 << 20, &scratch));
}

TestSuite(vm_waits, .init = open_arenas);

static int64_t told(Metric metric) {
        for (uint32_t i = 0; i < samples.n; i++)
                if (samples.samples[i].metric == metric)
                        return samples.samples[i].number;
        return UNKNOWN;
}

static VmStats stats_none(void) {
        VmStats s;

        memset(&s, 0xff, sizeof(s));
        return s;
}

typedef struct Guest {
        const char *name, *before, *after; /* trees; NULL: only libvirt is at hand */
        unsigned id;
        bool limited;
        int64_t delay_ms; /* more of it at the second reading, summed over vCPUs */
} Guest;

/* Two readings, four seconds apart: what the second one tells is in `samples`. */
static void read_twice(const Guest *g) {
        const char *trees[] = { g->before, g->after };
        VmWaits w = { 0 };

        for (int i = 0; i < 2; i++) {
                char root[512];
                VmStats s = stats_none();
                VmWaitsReading v = { .stats = &s,
                                     .name = g->name,
                                     .root = trees[i] ? root : NULL,
                                     .vcpus = VCPUS,
                                     .limited = g->limited,
                                     .now = USEC_PER_SEC + i * WALL,
                                     .scratch = &scratch,
                                     .sink = &samples.sink };

                (void) snprintf(root, sizeof(root), TREES "%s", trees[i] ? trees[i] : "");
                s.vcpu_ns = 5000 * MS + i * 1600 * MS;
                s.delay_ns = 1 + i * g->delay_ms * MS;
                samples = sample_list_over(&arena);
                if (trees[i])
                        cr_assert_eq(0, vm_cgroup_find(&arena, root, g->id, g->name, &w.group));
                cr_assert_eq(0, vm_waits_emit(&w, &v));
        }
}

Test(vm_waits, its_own_limit_is_no_contention) {
        static const struct {
                const char *before, *after;
        } versions[] = { { "v1-first", "v1-second" }, { "v2-first", "v2-second" } };

        for (size_t i = 0; i < ARRAY_SIZE(versions); i++) {
                read_twice(&(Guest){ "web1", versions[i].before, versions[i].after, 3, true, 6400 });
                cr_assert_eq(told(METRIC_VM_CPU_DELAY), 0, "%s: %lld", versions[i].before,
                             (long long) told(METRIC_VM_CPU_DELAY));
                cr_assert_eq(told(METRIC_VM_CPU_THROTTLED), 800, "3.2 s of each vCPU's 4");
        }
}

/* 9 s more of throttling in machine.slice, and nothing of the guest's own. */
Test(vm_waits, what_a_parent_is_held_back_is_contention) {
        static const struct {
                const char *before, *after;
        } versions[] = { { "v1-first", "v1-second" }, { "v2-first", "v2-second" } };

        for (size_t i = 0; i < ARRAY_SIZE(versions); i++) {
                read_twice(&(Guest){ "db-1", versions[i].before, versions[i].after, 4, false, 1000 });
                cr_assert_eq(told(METRIC_VM_CPU_DELAY), 125, "1 s of 8");
                cr_assert_eq(told(METRIC_VM_CPU_THROTTLED), 0);
        }
}

Test(vm_waits, whose_fault_it_is_is_unknown_where_the_limit_cannot_be_read) {
        read_twice(&(Guest){ "web1", NULL, NULL, 3, true, 6400 });
        cr_assert_eq(told(METRIC_VM_CPU_DELAY), UNKNOWN, "not 800, and not 0");
        cr_assert_eq(told(METRIC_VM_CPU_THROTTLED), UNKNOWN);
        read_twice(&(Guest){ "db-1", NULL, NULL, 4, false, 1000 });
        cr_assert_eq(told(METRIC_VM_CPU_DELAY), 125, "without a limit there is no other fault");
        read_twice(&(Guest){ "other", "v2-first", "v2-second", 5, true, 1000 });
        cr_assert_eq(told(METRIC_VM_CPU_DELAY), UNKNOWN, "no group of its own was found");
}

Test(vm_waits, a_kernel_that_does_not_count_says_0_and_is_not_believed) {
        VmStats s = stats_none();
        VmWaits w = { 0 };
        VmWaitsReading v = {
                .stats = &s, .name = "g", .vcpus = VCPUS, .scratch = &scratch, .sink = &samples.sink
        };

        for (int i = 1; i < 3; i++) {
                s.vcpu_ns = 60000 * MS * i;
                s.delay_ns = 0;
                v.now = i * WALL;
                samples = sample_list_over(&arena);
                cr_assert_eq(0, vm_waits_emit(&w, &v));
        }
        cr_assert_eq(told(METRIC_VM_CPU_DELAY), UNKNOWN);
        for (int i = 3; i < 5; i++) {
                s.delay_ns = MS;
                v.now = i * WALL;
                samples = sample_list_over(&arena);
                cr_assert_eq(0, vm_waits_emit(&w, &v));
        }
        cr_assert_eq(told(METRIC_VM_CPU_DELAY), 0, "this one counts, and nobody waited");
}

Test(vm_waits, pressure_and_swap_are_of_its_own_group) {
        read_twice(&(Guest){ "web1", "v2-first", "v2-second", 3, true, 6400 });
        cr_assert_eq(told(METRIC_VM_CPU_STALLED), 800);
        cr_assert_eq(told(METRIC_VM_CPU_STALLED_FULL), 800);
        cr_assert_eq(told(METRIC_VM_MEMORY_STALLED), 20);
        cr_assert_eq(told(METRIC_VM_MEMORY_STALLED_FULL), 10);
        cr_assert_eq(told(METRIC_VM_IO_STALLED), 0);
        cr_assert_eq(told(METRIC_VM_MEMORY_SWAPPED), 13, "rounded up");
        read_twice(&(Guest){ "web1", "v1-first", "v1-second", 3, true, 6400 });
        cr_assert_eq(told(METRIC_VM_CPU_STALLED), UNKNOWN, "v1 has no pressure");
        cr_assert_eq(told(METRIC_VM_MEMORY_SWAPPED), 3);
        read_twice(&(Guest){ "db-1", "v1-first", "v1-second", 4, false, 0 });
        cr_assert_eq(told(METRIC_VM_MEMORY_SWAPPED), UNKNOWN, "swap is not accounted there");
}

/* Its own clock is balloon.last-update: while that stands still, nothing new is known. */
Test(vm_waits, the_guests_own_swapping_is_told_as_it_tells_it) {
        static const struct {
                int64_t at, in_kib, out_kib, now_s, in, out;
        } steps[] = {
                { UNKNOWN, 0, 0, 1, UNKNOWN, UNKNOWN },       /* no period: it says nothing of when */
                { 1000, 4096, 0, 2, UNKNOWN, UNKNOWN },       /* the first */
                { 1000, 4096, 0, 7, UNKNOWN, UNKNOWN },       /* the same again */
                { 1010, 14336, 5120, 12, 1024, 512 },         /* 10 s by the guest's clock */
                { 1010, 14336, 5120, 17, 1024, 512 },         /* holds until the next */
                { 1010, 14336, 5120, 200, UNKNOWN, UNKNOWN }, /* the driver has stopped */
                { 1020, 0, 0, 205, UNKNOWN, UNKNOWN },        /* the guest was restarted */
        };
        VmStats s = stats_none();
        VmWaits w = { 0 };
        VmWaitsReading v = {
                .stats = &s, .name = "g", .vcpus = VCPUS, .scratch = &scratch, .sink = &samples.sink
        };

        for (size_t i = 0; i < ARRAY_SIZE(steps); i++) {
                s.balloon_at = steps[i].at;
                s.swap_in_kib = steps[i].in_kib;
                s.swap_out_kib = steps[i].out_kib;
                v.now = steps[i].now_s * USEC_PER_SEC;
                samples = sample_list_over(&arena);
                cr_assert_eq(0, vm_waits_emit(&w, &v));
                cr_assert_eq(told(METRIC_VM_SWAP_IN), steps[i].in, "step %zu", i);
                cr_assert_eq(told(METRIC_VM_SWAP_OUT), steps[i].out, "step %zu", i);
        }
}

Test(vm_waits, a_domains_folder_is_told_by_driver_id_and_name) {
        static const struct {
                const char *entry;
                unsigned id;
                const char *name;
                bool is;
        } rows[] = {
                { "machine-qemu\\x2d3\\x2dweb1.scope", 3, "web1", true },
                { "machine-qemu\\x2d3\\x2dweb1.scope", 31, "web1", false },
                { "machine-qemu\\x2d31\\x2dweb1.scope", 3, "web1", false },
                { "machine-qemu\\x2d3\\x2dweb1.scope", 3, "web2", false },
                { "machine-qemu\\x2d3\\x2dmy\\x2dweb.1.scope", 3, "my-web.1", true },
                { "machine-qemu\\x2d3\\x2dmywebold.scope", 3, "my web (old)", true },
                { "machine-qemu\\x2d3\\x2daaaaaaaaaa.scope", 3, "aaaaaaaaaaaaaaaa", true }, /* cut at 64 */
                { "machine-lxc\\x2d3\\x2dweb1.scope", 3, "web1", false },
                { "qemu-3-web1.libvirt-qemu", 3, "web1", true },
                { "qemu-3-web1", 3, "web1", false },
                { ".scope", 3, "web1", false },
        };

        for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
                cr_assert_eq(cgroup_is_of_domain(rows[i].entry, rows[i].id, rows[i].name), rows[i].is,
                             "%s of %s", rows[i].entry, rows[i].name);
}

Test(vm_waits, files_that_are_none_are_refused) {
        int64_t value;

        cr_assert_lt(cgroup_throttled_parse("", 0, &value), 0);
        cr_assert_lt(cgroup_throttled_parse(BAD, strlen(BAD), &value), 0);
        cr_assert_eq(cgroup_throttled_parse("usage_usec 1\n", 13, &value), 0);
        cr_assert_eq(value, 0, "no CPU controller: no limit");
        cr_assert_lt(cgroup_number_parse("max\n", 4, &value), 0);
        cr_assert_lt(cgroup_swap_parse("cache 1\n", 8, &value), 0);
}
