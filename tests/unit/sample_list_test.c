/* SPDX-License-Identifier: Apache-2.0 */
/* What collectors find: a number out of bounds decides nothing where it was found, and is named where it is read. */
#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>

#include "collectors/read/sample_list.h"
#include "scheduler/model/bounds.h"
#include "scheduler/snapshot/wire/sample_wire.h"

static Arena arena;

static void open_arena(void) {
        cr_assert_eq(0, arena_open(16 << 20, &arena));
}

TestSuite(sample_list, .init = open_arena);

/* What libvirt, a tool or a file says of a VM: each number one too much. */
static Section section_over(void) {
        SampleList list = sample_list_over(&arena), copy = sample_list_over(&arena);
        Section s = { .collector = "vms", .read_at = 1 }, again;

        cr_assert_eq(0, emit_text(&list.sink, METRIC_VM_STATE, "web", "running"));
        cr_assert_eq(0, emit_number(&list.sink, METRIC_VM_VCPUS, "web", metric_bound(METRIC_VM_VCPUS)));
        cr_assert_eq(0, emit_number(&list.sink, METRIC_VM_MEMORY, "web", metric_bound(METRIC_VM_MEMORY) + 1));
        cr_assert_eq(0, emit_number(&list.sink, METRIC_VM_DIRTY, "web", INT64_MAX));
        cr_assert_eq(0, emit_number(&list.sink, METRIC_VM_DIRTY, "web", UNKNOWN));
        cr_assert_eq(0, sample_list_tell(&list, &copy.sink));
        sample_list_end(&copy, &s);
        cr_assert_eq(0, section_copy(&arena, &s, &again));
        return again;
}

Test(sample_list, a_number_over_its_bound_is_kept_aside) {
        const Section s = section_over();

        cr_assert_eq(s.n_samples, 2);
        cr_assert_eq(s.samples[1].metric, METRIC_VM_VCPUS);
        cr_assert_eq(s.n_over, 2);
        cr_assert_eq(s.over[0].metric, METRIC_VM_MEMORY);
        cr_assert_eq(s.over[1].number, INT64_MAX);
}

Test(sample_list, whoever_reads_the_report_can_name_it) {
        const Section s = section_over();
        const Report report = { .host = "h", .sections = &s, .n_sections = 1 };
        const Report *read = NULL;
        TextFault f = { 0 };

        cr_assert_eq(0, report_reread(&arena, &report, &read, &f), "%s", f.what);
        cr_assert_eq(read->sections[0].n_samples, 2);
        cr_assert_eq(read->n_dropped, 2);
        cr_assert_eq(read->dropped[0].metric, METRIC_VM_MEMORY);
        cr_assert_str_eq(read->dropped[1].subject, "web");
        cr_assert_str_eq(read->dropped[1].text, "out of bounds");
}

/* As Prometheus' answers are turned into samples, which no collector emits. */
Test(sample_list, of_what_nobody_printed_the_same_is_left_out) {
        static const Sample samples[] = {
                { .metric = METRIC_HOST_CPUS, .subject = "", .number = INT64_MAX },
                { .metric = METRIC_HOST_CPU_BUSY, .subject = "", .number = -1 },
                { .metric = METRIC_HOST_MEMORY_TOTAL, .subject = "", .number = 1024 },
        };
        static const Section section = {
                .collector = "host", .read_at = 1, .samples = samples, .n_samples = 3
        };
        static const Report report = { .host = "h\n", .sections = &section, .n_sections = 1 };
        const Report *read = NULL;
        TextFault f = { 0 };

        cr_assert_eq(0, report_reread(&arena, &report, &read, &f), "%s", f.what);
        cr_assert_str_eq(read->host, "h?");
        cr_assert_eq(read->sections[0].n_samples, 1);
        cr_assert_eq(read->sections[0].samples[0].number, 1024);
        cr_assert_eq(read->n_dropped, 2);
}
