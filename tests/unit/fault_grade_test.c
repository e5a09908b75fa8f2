/* SPDX-License-Identifier: Apache-2.0 */
/* Grades, told as stories: what the agent reports, line by line, and what it comes to. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "scheduler/base/text.h"
#include "scheduler/snapshot/health/fault_facts.h"
#include "scheduler/snapshot/health/fault_grade.h"

#define HOUR (INT64_C(3600) * USEC_PER_SEC)
#define T0   (INT64_C(1772366400) * USEC_PER_SEC)

static Arena arena;

static void setup(void) {
        cr_assert_eq(0, arena_open(UINT64_C(64) << 20, &arena));
}
TestSuite(fault_grade, .init = setup);

/* "metric subject value" a line; the subject "-" is the host's. */
static const Report *report(const char *text) {
        Report *r = arena_new(&arena, Report, 1);
        Section *sections = arena_new(&arena, Section, 2);
        Sample *samples = arena_new(&arena, Sample, 256);
        uint32_t n = 0;

        for (const char *s = text; *s; s = strchr(s, '\n') + 1) {
                char metric[64], subject[64], value[256];
                Metric m;

                cr_assert_eq(sscanf(s, "%63s %63s %255[^\n]", metric, subject, value), 3, "%s", s);
                m = metric_by_name(metric, strlen(metric));
                cr_assert_lt(m, METRIC_N, "%s", metric);
                samples[n++] = (Sample){ .metric = m,
                                         .subject = strcmp(subject, "-") == 0
                                                            ? ""
                                                            : text_copy(&arena, subject, strlen(subject)),
                                         .number = strtoll(value, NULL, 10),
                                         .text = text_copy(&arena, value, strlen(value)) };
        }
        sections[0] = (Section){ .collector = "smart", .read_at = T0, .samples = samples, .n_samples = n };
        sections[1] = (Section){ .collector = "faults_d", .read_at = T0 };
        *r = (Report){
                .host = "h1", .sent_at = T0, .interval = USEC_PER_SEC, .sections = sections, .n_sections = 2
        };
        return r;
}

static FaultOutput grade_with(const char *text, const FaultMemory *memory, usec_t now, const Clear *clear) {
        FaultInput in = { .report = text ? report(text) : NULL,
                          .memory = memory,
                          .clears = clear,
                          .n_clears = clear ? 1 : 0,
                          .now = now,
                          .hold_permille = 1000 };
        FaultOutput out;

        cr_assert_eq(0, fault_grade(&arena, &in, &out));
        return out;
}

static FaultOutput grade(const char *text) {
        return grade_with(text, NULL, T0, NULL);
}

static const Fault *fault(const FaultOutput *out, const char *device) {
        for (uint32_t i = 0; i < out->n_faults; i++)
                if (strcmp(out->faults[i].device, device) == 0)
                        return &out->faults[i];
        return NULL;
}

static int64_t grade_of(const FaultOutput *out, const char *device) {
        const Fault *f = fault(out, device);

        return f ? f->grade : 0;
}

#define TREE                                                                                                 \
        "block.over md0 sda,sdb\nblock.mounts md0 /vms\nblock.over md1 sdc1,sdd1\nblock.mounts md1 /\n"      \
        "block.over sdc1 sdc\nblock.over sdd1 sdd\nblock.mounts sde /data\n"                                 \
        "vm.state web running\nvm.state db running\nvm.devices web none\nvm.devices db md0\n"
#define MIRROR(md, members)                                                                                  \
        "array.level " md " raid1\narray.state " md " optimal\narray.members " md " " members "\n"           \
        "array.wanted " md " 2\narray.working " md " 2\narray.failed " md " 0\narray.redundancy " md " 1\n"
#define BROKEN_MIRROR(md, member)                                                                            \
        "array.level " md " raid1\narray.state " md " degraded\narray.members " md " " member "\n"           \
        "array.lost " md " sdb\narray.wanted " md " 2\narray.working " md " 1\narray.failed " md " 1\n"      \
        "array.redundancy " md " 0\n"

Test(fault_grade, a_healthy_host_has_no_faults) {
        FaultOutput out = grade(TREE MIRROR("md0", "sda,sdb") "disk.health sda passed\ndisk.pending sda 0\n");

        cr_assert_eq(out.n_faults, 0);
}

Test(fault_grade, a_predicted_member_of_a_whole_mirror_drains_its_vms_by_and_by) {
        FaultOutput out = grade(TREE MIRROR("md0", "sda,sdb") "disk.health sda failing\n");
        const Fault *f = fault(&out, "sda");

        cr_assert_eq(f->grade, 3);
        cr_assert(f->partly);
        cr_assert_eq(f->vms.n, 1);
        cr_assert_str_eq(f->vms.at[0], "db");
        cr_assert_str_eq(f->hazard, "disk-failing");
        cr_assert_str_eq(f->why, "SMART health status: failing; member of md0 (raid1: 2 of 2 members active, "
                                 "1 more may fail); used by VM db");
        cr_assert_eq(out.n_faults, 1);
}

Test(fault_grade, a_degraded_mirror_with_a_predicted_member_is_drained_now) {
        FaultOutput out = grade(TREE BROKEN_MIRROR("md0", "sda") "disk.health sda failing\n");

        cr_assert_eq(grade_of(&out, "sda"), 4);
        cr_assert_eq(grade_of(&out, "md0"), 4);
        cr_assert_eq(fault(&out, "sda")->vms.n, 1);
}

Test(fault_grade, a_degraded_mirror_with_a_suspect_member_is_drained_now) {
        FaultOutput out = grade(TREE BROKEN_MIRROR("md0", "sda") "disk.pending sda 1\n");

        cr_assert_eq(grade_of(&out, "sda"), 4);
}

Test(fault_grade, a_degraded_mirror_alone_drains_and_one_that_recovers_is_in_quarantine) {
        FaultOutput out = grade(TREE BROKEN_MIRROR("md0", "sda"));

        cr_assert_eq(grade_of(&out, "md0"), 3);
        cr_assert_str_eq(fault(&out, "md0")->why,
                         "raid1 degraded: 1 of 2 members active, no redundancy left; lost: sdb; "
                         "used by VM db");
        cr_assert_str_eq(fault(&out, "md0")->hazard, "array-degraded");
        out = grade(TREE BROKEN_MIRROR("md0", "sda") "array.action md0 recover\n");
        cr_assert_eq(grade_of(&out, "md0"), 2);
}

Test(fault_grade, a_redundant_system_disk_is_quarantine_for_the_host) {
        FaultOutput out = grade(TREE MIRROR("md1", "sdc1,sdd1") "disk.health sdc failing\n");
        const Fault *f = fault(&out, "sdc");

        cr_assert_eq(f->grade, 2);
        cr_assert_not(f->partly);
        cr_assert_str_eq(f->why, "SMART health status: failing; member of md1 (raid1: 2 of 2 members active, "
                                 "1 more may fail); used by the host's own system");
}

Test(fault_grade, a_single_disk_of_vms_that_is_predicted_is_drained_now_and_only_they_are_concerned) {
        FaultOutput out =
                grade("block.mounts sdb /vms\nblock.mounts sda /\nvm.state a running\nvm.devices a sdb\n"
                      "vm.state b running\nvm.devices b sda\ndisk.health sdb failing\n");
        const Fault *f = fault(&out, "sdb");

        cr_assert_eq(f->grade, 4);
        cr_assert(f->partly && f->vms.n == 1);
        cr_assert_str_eq(f->vms.at[0], "a");
}

Test(fault_grade, a_disk_that_nothing_uses_is_watched) {
        FaultOutput out = grade(TREE "disk.health sdz failing\ndisk.blocks sdz sdz\n");

        cr_assert_eq(grade_of(&out, "sdz"), 1);
        cr_assert(strstr(fault(&out, "sdz")->why, "not in use"));
}

/* y's disks are not known: it may be on any that is used. */
Test(fault_grade, a_spare_that_is_used_all_the_same_concerns_its_vms_and_those_that_may_be_on_it) {
        const char *spare = "disk.health sdq failing\ndisk.role sdq spare\nvm.state y running\n";
        const char *used = "block.mounts sdq /more\nvm.state x running\nvm.devices x sdq\n";
        FaultOutput out = grade(text_format(&arena, "%s%s", TREE, spare));

        cr_assert_eq(grade_of(&out, "sdq"), 1);
        out = grade(text_format(&arena, "%s%s%s", TREE, spare, used));
        cr_assert_eq(grade_of(&out, "sdq"), 4);
        cr_assert_eq(fault(&out, "sdq")->vms.n, 2);
        cr_assert_str_eq(fault(&out, "sdq")->vms.at[0], "x");
        cr_assert_str_eq(fault(&out, "sdq")->vms.at[1], "y");
}

Test(fault_grade, a_block_device_on_which_nothing_stands_is_nobodys) {
        FaultOutput out = grade(TREE "block.errors sdy 1\n");

        cr_assert_eq(grade_of(&out, "sdy"), 1);
        cr_assert(strstr(fault(&out, "sdy")->why, "not in use"), "%s", fault(&out, "sdy")->why);
}

Test(fault_grade, a_failing_data_disk_without_vms_takes_none) {
        FaultOutput out = grade(TREE "disk.health sde failing\n");

        cr_assert_eq(grade_of(&out, "sde"), 4);
        cr_assert_eq(fault(&out, "sde")->vms.n, 0);
        cr_assert(fault(&out, "sde")->partly);
}

Test(fault_grade, where_nobody_says_who_uses_a_disk_all_vms_may) {
        FaultOutput out = grade("vm.state a running\ndisk.health sda failing\n");

        cr_assert_eq(grade_of(&out, "sda"), 4);
        cr_assert_not(fault(&out, "sda")->partly);
        cr_assert(strstr(fault(&out, "sda")->why, "its users are not known"));
}

Test(fault_grade, a_vm_whose_disks_are_not_known_may_use_any) {
        FaultOutput out = grade(TREE "vm.state odd running\ndisk.health sde failing\n");

        cr_assert_eq(fault(&out, "sde")->vms.n, 1);
        cr_assert_str_eq(fault(&out, "sde")->vms.at[0], "odd");
}

Test(fault_grade, levels_of_attributes_have_their_grades) {
        static const struct {
                const char *fact;
                int64_t grade;
        } all[] = { { "disk.reallocated sde 1", 1 },  { "disk.reallocated sde 16", 1 },
                    { "disk.reallocated sde 17", 3 }, { "disk.reallocated sde 1101", 4 },
                    { "disk.pending sde 1", 3 },      { "disk.pending sde 3", 4 },
                    { "disk.reported sde 1", 3 },     { "disk.uncorrectable sde 1", 4 },
                    { "disk.crc sde 100000", 1 },     { "disk.wear sde 89", 0 },
                    { "disk.wear sde 90", 1 },        { "disk.wear sde 100", 3 },
                    { "disk.nvme.warning sde 4", 4 }, { "disk.nvme.warning sde 8", 4 },
                    { "disk.nvme.warning sde 2", 1 }, { "disk.health sde unknown", 0 },
                    { "block.errors sde 1", 3 },      { "block.readonly sde 1", 4 },
                    { "block.stuck sde 9", 0 },       { "block.stuck sde 61", 4 } };

        for (size_t i = 0; i < ARRAY_SIZE(all); i++) {
                FaultOutput out = grade(text_format(&arena, TREE "%s\n", all[i].fact));

                cr_expect_eq(grade_of(&out, "sde"), all[i].grade, "%s is %lld", all[i].fact,
                             (long long) grade_of(&out, "sde"));
        }
}

/* 1101 sectors are more than 16 and more than none: the worst of it is said, once. */
Test(fault_grade, a_fact_is_told_once_by_the_worst_that_it_means) {
        FaultOutput out = grade(TREE "disk.reallocated sde 1101\n");
        const char *why = fault(&out, "sde")->why, *first = strstr(why, "1101");

        cr_assert_not_null(first, "%s", why);
        cr_assert_null(strstr(first + 1, "1101"), "%s", why);
}

Test(fault_grade, what_the_whole_host_depends_on_concerns_all) {
        FaultOutput out = grade(
                "memory.uncorrected mc0 1\nsensor.fan nct-0/fan2 0\nsensor.fan.min nct-0/fan2 300\n"
                "sensor.temperature core-0/temp1 101000\nsensor.temperature.critical core-0/temp1 100000\n"
                "kernel.hung.tasks - 2\n");

        cr_assert_eq(grade_of(&out, "memory mc0"), 4);
        cr_assert_eq(grade_of(&out, "sensor nct-0/fan2"), 1); /* a hot room is hot for every host of it */
        cr_assert_eq(grade_of(&out, "sensor core-0/temp1"), 1);
        cr_assert_eq(grade_of(&out, "the kernel"), 1);
        cr_assert_not(fault(&out, "memory mc0")->partly);
}

Test(fault_grade, a_temperature_is_told_in_degrees) {
        FaultOutput out = grade("sensor.temperature a/t 61500\nsensor.temperature.max a/t 61000\n"
                                "sensor.temperature b/t 90049\nsensor.temperature.max b/t 88000\n");

        cr_assert_str_eq(fault(&out, "sensor a/t")->why, "61.5 °C, its maximum is 61 °C");
        cr_assert_str_eq(fault(&out, "sensor b/t")->why, "90 °C, its maximum is 88 °C");
        out = grade("sensor.temperature a/t 61500\nsensor.temperature.max a/t 0\n"
                    "sensor.temperature b/t 1\nsensor.temperature.max b/t 1\n");
        cr_assert_null(fault(&out, "sensor a/t"), "a maximum of nought is none");
        cr_assert_not_null(fault(&out, "sensor b/t"), "as much as the maximum is too much");
}

Test(fault_grade, an_operators_tool_is_believed_and_says_whom_it_concerns) {
        FaultOutput out =
                grade(TREE "fault.grade psu.json 3\nfault.why psu.json one of two supplies is dead\n"
                           "fault.device psu.json psu1\nfault.grade x.json 4\nfault.device x.json /dev/sde\n"
                           "fault.grade y.json 4\nfault.vms y.json web\nfault.device y.json gpu\n"
                           "fault.unreadable z.json no JSON\n");

        cr_assert_eq(grade_of(&out, "psu1"), 3);
        cr_assert_not(fault(&out, "psu1")->partly);
        cr_assert_str_eq(fault(&out, "psu1")->why, "one of two supplies is dead (reported by psu.json)");
        cr_assert_eq(grade_of(&out, "sde"), 4);
        cr_assert(fault(&out, "sde")->partly && fault(&out, "sde")->vms.n == 0);
        cr_assert_str_eq(fault(&out, "gpu")->vms.at[0], "web");
        cr_assert_eq(grade_of(&out, "z.json"), 1);
        cr_assert_str_eq(fault(&out, "z.json")->why, "the report of z.json cannot be read: no JSON");
}

#define RUNS_ON_SDE(vm) "vm.state " vm " running\nvm.devices " vm " sde\n"

Test(fault_grade, of_many_guests_four_are_named_and_the_rest_counted) {
        static const char four[] = "block.mounts sde /data\ndisk.health sde failing\n" RUNS_ON_SDE("a")
                RUNS_ON_SDE("b") RUNS_ON_SDE("c") RUNS_ON_SDE("d");
        FaultOutput out = grade(four);

        cr_assert(strstr(fault(&out, "sde")->why, "; used by VMs a, b, c, d"), "%s", fault(&out, "sde")->why);
        cr_assert_null(strstr(fault(&out, "sde")->why, "more"));
        out = grade(text_format(&arena, "%s" RUNS_ON_SDE("e"), four));
        cr_assert(strstr(fault(&out, "sde")->why, "; used by VMs a, b, c, d and 1 more"), "%s",
                  fault(&out, "sde")->why);
}

/* ---- history ---- */

Test(fault_grade, what_rises_within_a_day_counts_more) {
        FaultMemory none = { 0 };
        FaultOutput out = grade_with(TREE "disk.reported sde 0\n", &none, T0, NULL);

        cr_assert_eq(out.n_faults, 0);
        out = grade_with(TREE "disk.reported sde 1\n", &out.memory, T0 + HOUR, NULL);
        cr_assert_eq(grade_of(&out, "sde"), 4);
        cr_assert(strstr(fault(&out, "sde")->why, "1 new uncorrectable error within a day"));
        out = grade_with(TREE "disk.reported sde 1\n", &out.memory, T0 + 26 * HOUR, NULL);
        cr_assert_eq(grade_of(&out, "sde"), 4, "it is held");
        out = grade_with(TREE "disk.reported sde 1\n", &out.memory, T0 + 51 * HOUR, NULL);
        cr_assert_eq(grade_of(&out, "sde"), 3, "and then the level remains");
}

Test(fault_grade, a_grade_falls_after_a_clean_day_and_not_before) {
        FaultMemory none = { 0 };
        FaultOutput out = grade_with(TREE "block.errors sde 1\n", &none, T0, NULL);

        cr_assert_eq(grade_of(&out, "sde"), 3);
        cr_assert_eq(fault(&out, "sde")->since, T0);
        out = grade_with(TREE "block.errors sde 0\n", &out.memory, T0 + HOUR, NULL);
        cr_assert_eq(grade_of(&out, "sde"), 3);
        cr_assert_eq(fault(&out, "sde")->clean_since, T0 + HOUR);
        cr_assert(
                strstr(fault(&out, "sde")->why, "grade kept: 1 I/O error within an hour in the kernel log"));
        out = grade_with(TREE "block.errors sde 1\n", &out.memory, T0 + 12 * HOUR, NULL);
        cr_assert_eq(fault(&out, "sde")->clean_since, 0, "not clean after all");
        out = grade_with(TREE "block.errors sde 0\n", &out.memory, T0 + 13 * HOUR, NULL);
        out = grade_with(TREE "block.errors sde 0\n", &out.memory, T0 + 36 * HOUR, NULL);
        cr_assert_eq(grade_of(&out, "sde"), 3);
        out = grade_with(TREE "block.errors sde 0\n", &out.memory, T0 + 37 * HOUR, NULL);
        cr_assert_eq(grade_of(&out, "sde"), 0);
}

Test(fault_grade, a_device_whose_counters_are_followed_has_no_grade_and_none_since) {
        FaultMemory none = { 0 };
        FaultOutput out = grade_with(TREE "block.errors sde 1\ndisk.reported sde 0\n", &none, T0, NULL);

        cr_assert_eq(grade_of(&out, "sde"), 3);
        out = grade_with(TREE "block.errors sde 0\ndisk.reported sde 0\n", &out.memory, T0 + HOUR, NULL);
        out = grade_with(TREE "block.errors sde 0\ndisk.reported sde 0\n", &out.memory, T0 + 99 * HOUR, NULL);
        cr_assert_eq(grade_of(&out, "sde"), 0);
        cr_assert_eq(out.memory.n_devices, 1);
        cr_assert_str_eq(out.memory.devices[0].device, "sde");
        cr_assert_eq(out.memory.devices[0].since, 0);
}

Test(fault_grade, silence_is_not_health) {
        FaultMemory none = { 0 };
        FaultOutput out = grade_with(TREE "disk.health sde failing\n", &none, T0, NULL);

        out = grade_with(NULL, &out.memory, T0 + 100 * HOUR, NULL);
        cr_assert_eq(grade_of(&out, "sde"), 4);
        out = grade_with("vm.state web running\n", &out.memory, T0 + 200 * HOUR, NULL);
        cr_assert_eq(grade_of(&out, "sde"), 4, "a disk that is not told of is not better");
}

Test(fault_grade, another_serial_is_another_disk) {
        FaultMemory none = { 0 };
        FaultOutput out = grade_with(TREE "disk.serial sde A\ndisk.health sde failing\n", &none, T0, NULL);

        cr_assert_str_eq(fault(&out, "sde")->serial, "A");
        out = grade_with(TREE "disk.serial sde B\ndisk.health sde passed\n", &out.memory, T0 + HOUR, NULL);
        cr_assert_eq(out.n_faults, 0);
}

Test(fault_grade, what_was_cleared_by_hand_counts_again_when_it_grows) {
        FaultMemory none = { 0 };
        Clear clear = { .host = "h1", .device = "sde", .at = T0 + HOUR };
        FaultOutput out = grade_with(TREE "disk.reallocated sde 20\n", &none, T0, NULL);

        cr_assert_eq(grade_of(&out, "sde"), 3);
        out = grade_with(TREE "disk.reallocated sde 20\n", &out.memory, T0 + HOUR, &clear);
        cr_assert_eq(out.n_faults, 0);
        out = grade_with(TREE "disk.reallocated sde 20\n", &out.memory, T0 + 2 * HOUR, &clear);
        cr_assert_eq(out.n_faults, 0, "a clear is taken once, and holds");
        out = grade_with(TREE "disk.reallocated sde 21\n", &out.memory, T0 + 3 * HOUR, NULL);
        cr_assert_eq(grade_of(&out, "sde"), 3);
}

/* The tool goes on saying so: what a person has looked at is no fault, until it says worse. */
Test(fault_grade, what_a_tool_says_stays_cleared_until_it_says_worse) {
        FaultMemory none = { 0 };
        Clear clear = { .host = "h1", .device = "x", .at = T0 + HOUR };
        FaultOutput out = grade_with("fault.grade x 3\n", &none, T0, NULL);

        cr_assert_eq(grade_of(&out, "x"), 3);
        out = grade_with("fault.grade x 3\n", &out.memory, T0 + HOUR, &clear);
        cr_assert_eq(out.n_faults, 0);
        out = grade_with("fault.grade x 3\n", &out.memory, T0 + 2 * HOUR, NULL);
        cr_assert_eq(out.n_faults, 0, "it says no more than what was cleared");
        out = grade_with("fault.grade x 2\n", &out.memory, T0 + 3 * HOUR, NULL);
        cr_assert_eq(out.n_faults, 0);
        out = grade_with("fault.grade x 4\n", &out.memory, T0 + 4 * HOUR, NULL);
        cr_assert_eq(grade_of(&out, "x"), 4);
}

Test(fault_grade, the_least_that_a_tool_says_stays_cleared_too) {
        FaultMemory none = { 0 };
        Clear clear = { .host = "h1", .device = "x", .at = T0 + HOUR };
        FaultOutput out = grade_with("fault.grade x 1\n", &none, T0, NULL);

        cr_assert_eq(grade_of(&out, "x"), 1);
        out = grade_with("fault.grade x 1\n", &out.memory, T0 + HOUR, &clear);
        cr_assert_eq(out.n_faults, 0);
        for (int i = 2; i < 5; i++) {
                out = grade_with("fault.grade x 1\n", &out.memory, T0 + i * HOUR, NULL);
                cr_assert_eq(out.n_faults, 0, "after %d hours", i);
        }
}

/* What was cleared and is not said any more is forgotten, and only that. */
Test(fault_grade, of_two_things_that_were_cleared_the_one_that_has_gone_is_forgotten) {
        FaultMemory none = { 0 };
        Clear clear = { .host = "h1", .device = "sde", .at = T0 + HOUR };
        const char *both = TREE "disk.reallocated sde 20\nfault.grade sde 2\n",
                   *tool = TREE "fault.grade sde 2\n";
        FaultOutput out = grade_with(both, &none, T0, NULL);

        cr_assert_gt(grade_of(&out, "sde"), 0);
        out = grade_with(both, &out.memory, T0 + HOUR, &clear);
        cr_assert_eq(out.n_faults, 0);
        for (int i = 2; i < 5; i++) {
                out = grade_with(tool, &out.memory, T0 + i * HOUR, NULL);
                cr_assert_eq(out.n_faults, 0, "what the tool says was cleared: after %d hours", i);
        }
        out = grade_with(both, &out.memory, T0 + 5 * HOUR, NULL);
        cr_assert_gt(grade_of(&out, "sde"), 0, "it came back");
}

/* A grade falls late, but whom it concerns is known at once. */
Test(fault_grade, a_held_disk_that_its_vms_have_left_concerns_none_of_them) {
        FaultMemory none = { 0 };
        FaultOutput out = grade_with(
                TREE
                "vm.state app running\nvm.devices app sdf\ndisk.blocks sdf sdf\ndisk.health sdf failing\n",
                &none, T0, NULL);

        cr_assert_eq(grade_of(&out, "sdf"), 4);
        cr_assert_eq(fault(&out, "sdf")->vms.n, 1);
        cr_assert_str_eq(fault(&out, "sdf")->vms.at[0], "app");
        out = grade_with(TREE "disk.blocks sdf sdf\ndisk.health sdf failing\n", NULL, T0 + HOUR, NULL);
        cr_assert_eq(grade_of(&out, "sdf"), 1, "by itself: nothing uses it");
        out = grade_with(
                TREE
                "vm.state app running\nvm.devices app sdf\ndisk.blocks sdf sdf\ndisk.health sdf failing\n",
                &none, T0, NULL);
        out = grade_with(TREE "disk.blocks sdf sdf\ndisk.health sdf failing\n", &out.memory, T0 + HOUR, NULL);
        cr_assert_eq(grade_of(&out, "sdf"), 4, "held");
        cr_assert_eq(fault(&out, "sdf")->vms.n, 0);
}

Test(fault_grade, a_tool_that_takes_its_word_back_is_believed_if_it_was_heard) {
        FaultMemory none = { 0 };
        FaultOutput out = grade_with("fault.grade x 4\n", &none, T0, NULL);
        FaultInput deaf = { .memory = &out.memory, .now = T0 + HOUR, .hold_permille = 1000 };
        FaultOutput later;
        Report *r;

        cr_assert_eq(grade_of(&out, "x"), 4);
        r = (Report *) (uintptr_t) report("vm.state a running\n");
        ((Section *) (uintptr_t) &r->sections[1])->error = 5;
        deaf.report = r;
        cr_assert_eq(0, fault_grade(&arena, &deaf, &later));
        cr_assert_eq(grade_of(&later, "x"), 4, "the folder could not be read");
        ((Section *) (uintptr_t) &r->sections[1])->collector = "exec";
        cr_assert_eq(0, fault_grade(&arena, &deaf, &later));
        cr_assert_eq(grade_of(&later, "x"), 4, "the tool could not be run");
        ((Section *) (uintptr_t) &r->sections[1])->error = 0;
        cr_assert_eq(0, fault_grade(&arena, &deaf, &later));
        cr_assert_eq(later.n_faults, 0, "it was run, and says nothing");
        ((Section *) (uintptr_t) &r->sections[1])->collector = "smart";
        cr_assert_eq(0, fault_grade(&arena, &deaf, &later));
        cr_assert_eq(grade_of(&later, "x"), 4, "nobody runs tools any more");
        out = grade_with("vm.state a running\n", &out.memory, T0 + HOUR, NULL);
        cr_assert_eq(out.n_faults, 0);
}

Test(fault_grade, memory_is_the_same_after_a_text) {
        FaultMemory none = { 0 }, read;
        Clear clear = { .host = "h1", .device = "sdb", .at = T0 };
        FaultOutput out = grade_with(TREE "disk.serial sde A\ndisk.health sde failing\ndisk.reported sde 3\n"
                                          "disk.reallocated sdb 9\nfault.grade x 2\n",
                                     &none, T0, &clear);
        const char *text, *again;
        TextFault why;
        size_t n, m;

        out = grade_with(TREE "disk.serial sde A\ndisk.health sde failing\ndisk.reported sde 5\n"
                              "disk.reallocated sdb 9\nfault.grade x 2\n",
                         &out.memory, T0 + 7 * HOUR, NULL);
        cr_assert_eq(0, fault_memory_print(&arena, &out.memory, &text, &n));
        cr_assert_eq(0, fault_memory_parse(&arena, text, n, &read, &why), "%s %s", why.field, why.what);
        cr_assert_eq(0, fault_memory_print(&arena, &read, &again, &m));
        cr_assert_str_eq(text, again);
        cr_assert(strstr(text, "\"accepted\": { \"disk-reallocated\": 9 }"), "%s", text);
        cr_assert(strstr(text, "\"disk.reported\": [1772366400000000, 3, "), "%s", text);
}

static bool is_read(const char *field, int64_t number) {
        const char *text = text_format(&arena,
                                       "{\"schema\": \"plimsoll.faults/1\", \"devices\": "
                                       "[{\"device\": \"sde\", \"%s\": %lld}]}",
                                       field, (long long) number);
        FaultMemory read = { 0 };
        TextFault why = { 0 };

        return fault_memory_parse(&arena, text, strlen(text), &read, &why) == 0;
}

/* What one agent has written, another reads: to the last word, and to the largest number. */
Test(fault_grade, all_that_is_remembered_of_a_device_comes_back) {
        static const char *const numbers[] = { "grade", "since", "clean_since", "cleared_at", "hours" };
        static const int64_t most[] = { 4, INT64_C(4294967295) * USEC_PER_SEC,
                                        INT64_C(4294967295) * USEC_PER_SEC,
                                        INT64_C(4294967295) * USEC_PER_SEC, 100000 };
        const char *vms[] = { "db1", "web1" };
        const CounterMark mark = { .metric = METRIC_DISK_REPORTED,
                                   .n = 2,
                                   .points = { { 0, 0 }, { T0, 3 } } };
        const Accepted accepted = { .hazard = "disk-reported", .number = 0 };
        DeviceMemory d = { .device = "sde",
                           .serial = "A",
                           .hazard = "disk-failing",
                           .why = "predicted to fail",
                           .grade = 4,
                           .since = 5,
                           .clean_since = 6,
                           .cleared_at = 7,
                           .hours = 8,
                           .partly = true,
                           .vms = { .at = vms, .n = 2 },
                           .marks = &mark,
                           .n_marks = 1,
                           .accepted = &accepted,
                           .n_accepted = 1 };
        const FaultMemory memory = { .devices = &d, .n_devices = 1 };
        FaultMemory read;
        TextFault fault;
        const char *text;
        size_t n;

        cr_assert_eq(0, fault_memory_print(&arena, &memory, &text, &n));
        cr_assert_eq(0, fault_memory_parse(&arena, text, n, &read, &fault));
        cr_assert_eq(1, read.n_devices);
        cr_assert_str_eq("A", read.devices[0].serial);
        cr_assert_str_eq("disk-failing", read.devices[0].hazard);
        cr_assert_str_eq("predicted to fail", read.devices[0].why);
        cr_assert_eq(4, read.devices[0].grade);
        cr_assert_eq(5, read.devices[0].since);
        cr_assert_eq(6, read.devices[0].clean_since);
        cr_assert_eq(7, read.devices[0].cleared_at);
        cr_assert_eq(8, read.devices[0].hours);
        cr_assert(read.devices[0].partly);
        cr_assert_eq(2, read.devices[0].vms.n);
        cr_assert_str_eq("web1", read.devices[0].vms.at[1]);
        cr_assert_eq(1, read.devices[0].n_marks);
        cr_assert_eq(2, read.devices[0].marks[0].n);
        cr_assert_eq(0, read.devices[0].marks[0].points[0].number);
        cr_assert_eq(T0, read.devices[0].marks[0].points[1].at);
        cr_assert_eq(1, read.devices[0].n_accepted);
        cr_assert_eq(0, read.devices[0].accepted[0].number);
        for (size_t i = 0; i < ARRAY_SIZE(numbers); i++) {
                cr_expect(is_read(numbers[i], most[i]), "%s", numbers[i]);
                cr_expect_not(is_read(numbers[i], most[i] + 1), "%s", numbers[i]);
        }
}

/* The first keeps its place; those within three hours of the last are one with it. */
Test(fault_grade, points_of_a_counter_are_three_hours_apart) {
        DeviceMemory d = { .device = "sde", .n_marks = 1 };
        CounterMark mark = { .metric = METRIC_DISK_REPORTED, .n = 2, .points = { { T0, 1 }, { T0, 2 } } };

        d.marks = &mark;
        cr_assert_eq(2, mark_next(&d, METRIC_DISK_REPORTED, 3, T0 + 3 * HOUR - 1).n);
        cr_assert_eq(3, mark_next(&d, METRIC_DISK_REPORTED, 3, T0 + 3 * HOUR - 1).points[1].number);
        cr_assert_eq(3, mark_next(&d, METRIC_DISK_REPORTED, 3, T0 + 3 * HOUR).n);
        cr_assert_eq(2, mark_next(&d, METRIC_DISK_REPORTED, 2, T0 + 9 * HOUR).n, "nothing has risen");
        cr_assert_eq(1, mark_next(&d, METRIC_DISK_REPORTED, 1, T0 + 9 * HOUR).n, "another disk: anew");
        mark.n = 1;
        cr_assert_eq(2, mark_next(&d, METRIC_DISK_REPORTED, 3, T0 + 1).n, "where it began is kept");
}

Test(fault_grade, circles_end) {
        FaultOutput out =
                grade("block.over a b\nblock.over b c\nblock.over c a\narray.level b raid1\n"
                      "array.members b c,a,b\nvm.state v running\nvm.devices v a\ndisk.health c failing\n");

        cr_assert_geq(grade_of(&out, "c"), 1);
}
