/* SPDX-License-Identifier: Apache-2.0 */
/* One disk that two sources tell of, and devices that no VM is known to be on: told as what collectors
 * report, a section each. */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "scheduler/base/text.h"
#include "scheduler/snapshot/health/fault_grade.h"

#define T0   (INT64_C(1772366400) * USEC_PER_SEC)
#define HOUR (INT64_C(3600) * USEC_PER_SEC)

static Arena arena;

static void setup(void) {
        cr_assert_eq(0, arena_open(UINT64_C(64) << 20, &arena));
}
TestSuite(disk_join, .init = setup);

/* "[collector]" begins a section, "[!collector]" one that could not be read; "metric subject value" is a sample of it. */
static const Report *report_of(const char *text) {
        Section *sections = arena_new(&arena, Section, 16);
        Report *r = arena_new(&arena, Report, 1);
        uint32_t n = 0;

        for (const char *s = text; *s; s = strchr(s, '\n') + 1) {
                char metric[64], subject[64], value[256];
                Section *section;
                Metric m;

                if (sscanf(s, "[%63[^]]]", metric) == 1) {
                        const char *name = metric[0] == '!' ? metric + 1 : metric;

                        sections[n++] = (Section){ .collector = text_copy(&arena, name, strlen(name)),
                                                   .error = name > metric ? EIO : 0,
                                                   .read_at = T0,
                                                   .samples = arena_new(&arena, Sample, 64) };
                        continue;
                }
                cr_assert_eq(sscanf(s, "%63s %63s %255[^\n]", metric, subject, value), 3, "%s", s);
                m = metric_by_name(metric, strlen(metric));
                cr_assert(m < METRIC_N && n > 0, "%s", metric);
                section = &sections[n - 1];
                ((Sample *) (uintptr_t) section->samples)[section->n_samples++] =
                        (Sample){ .metric = m,
                                  .subject = text_copy(&arena, subject, strlen(subject)),
                                  .number = strtoll(value, NULL, 10),
                                  .text = text_copy(&arena, value, strlen(value)) };
        }
        *r = (Report){
                .host = "h1", .sent_at = T0, .interval = USEC_PER_SEC, .sections = sections, .n_sections = n
        };
        return r;
}

static FaultOutput grade_after(const char *text, const FaultMemory *memory, usec_t now) {
        FaultInput in = { .report = report_of(text), .memory = memory, .now = now, .hold_permille = 1000 };
        FaultOutput out;

        cr_assert_eq(0, fault_grade(&arena, &in, &out));
        return out;
}

static FaultOutput grade(const char *text) {
        return grade_after(text, NULL, T0);
}

static const Fault *fault(const FaultOutput *out, const char *device) {
        for (uint32_t i = 0; i < out->n_faults; i++)
                if (strcmp(out->faults[i].device, device) == 0)
                        return &out->faults[i];
        return NULL;
}

#define grade_is(out, device, n)                                                                             \
        cr_assert_eq(fault(&(out), device) ? fault(&(out), device)->grade : 0, n, "%s is %lld", device,      \
                     (long long) (fault(&(out), device) ? fault(&(out), device)->grade : 0))

#define VMS                                                                                                  \
        "[blocks]\nblock.mounts sda /var/lib/libvirt/images\nblock.mounts sdb /\n"                           \
        "[vms]\nvm.state web running\nvm.devices web sda\nvm.state db running\nvm.devices db none\n"
#define MIRROR                                                                                               \
        "array.level megaraid/0/v0 raid1\narray.state megaraid/0/v0 optimal\narray.blocks megaraid/0/v0 "    \
        "sda\n"                                                                                              \
        "array.members megaraid/0/v0 megaraid/0:252:0,megaraid/0:252:1\narray.wanted megaraid/0/v0 2\n"      \
        "array.working megaraid/0/v0 2\narray.failed megaraid/0/v0 0\narray.redundancy megaraid/0/v0 1\n"

Test(disk_join, a_disk_behind_a_controller_is_a_member_of_the_controllers_array) {
        FaultOutput out = grade(VMS "[megaraid]\n" MIRROR "disk.serial megaraid/0:252:0 S1\n"
                                    "disk.serial megaraid/0:252:1 S2\n"
                                    "[smart]\ndisk.serial bus0/megaraid:8 S1\n"
                                    "disk.health bus0/megaraid:8 failing\n");
        const Fault *f = fault(&out, "megaraid/0:252:0");

        cr_assert_eq(out.n_faults, 1); /* one disk, one fault */
        cr_assert(f && f->grade == 3 && f->partly && f->vms.n == 1);
        cr_assert(strstr(f->why, "also known as bus0/megaraid:8"), "%s", f->why);
}

Test(disk_join, a_serial_number_at_full_length_is_the_one_that_is_cut) {
        FaultOutput out = grade(VMS "[megaraid]\n" MIRROR "disk.serial megaraid/0:252:0 W0A1B2C3\n"
                                    "disk.serial megaraid/0:252:1 W0A1B2C4\n"
                                    "[smart]\ndisk.serial bus0/megaraid:8 W0A1B2C40000K999WXYZ\n"
                                    "disk.health bus0/megaraid:8 failing\n");

        grade_is(out, "megaraid/0:252:1", 3);
}

/* A serial number that is cut is the one at full length from eight letters on, and where it can be one alone. */
Test(disk_join, a_cut_serial_number_is_one_at_full_length_or_none) {
        static const struct {
                const char *cut, *full, *other; /* other: of another disk, NULL: there is none */
                bool one;
        } all[] = {
                { "W0A1B2C", "W0A1B2C30000K999", NULL, false },
                { "W0A1B2C3", "W0A1B2C30000K999", NULL, true },
                { "W0A1B2C3D", "W0A1B2C3D000K999", NULL, true },
                { "W0A1B2C3Z", "W0A1B2C30000K999", NULL, false },
                { "W0A1B2C3A", "W0A1B2C30000K999", NULL, false },
                { "W0A1B2C30", "W0A1B2C3A000K999", NULL, false },
                { "W0A1B2C39", "W0A1B2C3A000K999", NULL, false },
                { "w0a1b2cz", "W0A1B2CZ0000K999", NULL, true },
                { "W0A1B2C3", "W0A1B2C30000K999", "W0A1B2C30000K999", true },
                { "W0A1B2C3", "W0A1B2C30000K999", "W0A1B2C30000K998", false },
                { "W0A1B2C3", "W0A1B2C30000K999", "W0A1B2C3", true },
                { "W0A1B2C3", "W0A1B2C30000K999", "W0A1B2C40000K999", true },
                { "W0A1B2C3", "W0A1B2C30000K999", "V0A1B2C30000K999", true },
        };

        for (size_t i = 0; i < ARRAY_SIZE(all); i++) {
                const char *other =
                        all[i].other
                                ? text_format(&arena, "[redfish]\ndisk.serial redfish/R/1 %s\n", all[i].other)
                                : "";
                FaultOutput out =
                        grade(text_format(&arena,
                                          VMS "[megaraid]\n" MIRROR "disk.serial megaraid/0:252:0 %s\n"
                                              "[smart]\ndisk.serial bus0/megaraid:8 %s\n"
                                              "disk.health bus0/megaraid:8 failing\n%s",
                                          all[i].cut, all[i].full, other));

                cr_expect_eq(fault(&out, "megaraid/0:252:0") != NULL, all[i].one, "%s %s %s", all[i].cut,
                             all[i].full, other);
        }
}

/* What a tool said is taken back by it alone: not where a collector that passes such words on could not read all. */
Test(disk_join, a_tools_word_stands_while_somebody_could_not_be_heard) {
        static const struct {
                const char *sections;
                bool stays;
        } all[] = {
                { "[faults_d]\n", false },         { "[exec]\n", false }, { "[faults_d]\n[exec]\n", false },
                { "[!faults_d]\n", true },         { "[!exec]\n", true }, { "[faults_d]\n[!exec]\n", true },
                { "[!faults_d]\n[exec]\n", true }, { "[smart]\n", true }, { "[!smart]\n[exec]\n", false },
        };
        FaultMemory none = { 0 };

        for (size_t i = 0; i < ARRAY_SIZE(all); i++) {
                FaultOutput said = grade_after(VMS "[faults_d]\nfault.grade psu1 2\nfault.why psu1 dead\n",
                                               &none, T0),
                            now = grade_after(text_format(&arena, VMS "%s", all[i].sections), &said.memory,
                                              T0 + HOUR);

                cr_assert_not_null(fault(&said, "psu1"));
                cr_expect_eq(fault(&now, "psu1") != NULL, all[i].stays, "%s", all[i].sections);
        }
}

/* A world-wide name of a controller is on all behind it: other serial numbers are other disks. */
Test(disk_join, two_serial_numbers_are_two_disks_whatever_else_they_share) {
        FaultOutput out = grade(VMS "[megaraid]\n" MIRROR "disk.serial megaraid/0:252:0 ZA1B2C3D\n"
                                    "disk.wwn megaraid/0:252:0 5000C500ABCD0123\n"
                                    "[smart]\ndisk.serial bus0/megaraid:8 ZA1B2C3E\n"
                                    "disk.wwn bus0/megaraid:8 5000C500ABCD0123\n"
                                    "disk.health bus0/megaraid:8 failing\n");

        cr_assert_null(fault(&out, "megaraid/0:252:0"));
        cr_assert_not_null(fault(&out, "bus0/megaraid:8"));
}

Test(disk_join, by_world_wide_name_and_by_what_the_controller_calls_it) {
        FaultOutput out = grade(VMS "[megaraid]\n" MIRROR "disk.wwn megaraid/0:252:0 5000C500ABCD0123\n"
                                    "disk.address megaraid/0:252:1 megaraid:9\n"
                                    "[redfish]\ndisk.wwn redfish/R/0 0x5000c500abcd0123\n"
                                    "disk.predicted redfish/R/0 1\n"
                                    "[smart]\ndisk.address bus0/megaraid:9 megaraid:9\n"
                                    "disk.pending bus0/megaraid:9 1\n");

        cr_assert_eq(out.n_faults, 2);
        grade_is(out, "megaraid/0:252:0", 3); /* a whole mirror with one predicted and one suspect */
        grade_is(out, "megaraid/0:252:1", 3);
}

/* Where its fields end belongs to an address. */
Test(disk_join, addresses_are_compared_field_by_field) {
        FaultOutput out = grade(VMS "[megaraid]\n" MIRROR "disk.address megaraid/0:252:1 sas:19\n"
                                    "[smart]\ndisk.address bus0/sas sas1:9\ndisk.health bus0/sas failing\n");

        cr_assert_null(fault(&out, "megaraid/0:252:1"));
        cr_assert_not_null(fault(&out, "bus0/sas"));
}

Test(disk_join, a_bmcs_drive_is_the_kernels_of_that_serial) {
        FaultOutput out = grade(
                VMS "block.serial nvme0n1 N7\n[blocks]\nblock.serial sda NaZz9\n"
                    "[redfish]\ndisk.serial redfish/CPU/Bay0 nAzZ9\ndisk.predicted redfish/CPU/Bay0 1\n");

        cr_assert_eq(out.n_faults, 1);
        cr_assert(fault(&out, "sda")->partly);
        grade_is(out, "sda", 4);
}

Test(disk_join, a_number_that_many_have_joins_none) {
        FaultOutput out =
                grade(VMS "[megaraid]\ndisk.serial megaraid/0:252:0 0000\ndisk.serial megaraid/0:252:1 0000\n"
                          "disk.serial megaraid/0:252:2 AB\ndisk.serial megaraid/0:252:3 AB\n"
                          "[smart]\ndisk.serial sdb AB\ndisk.blocks sdb sdb\ndisk.health sdb passed\n"
                          "[redfish]\ndisk.serial redfish/R/1 0000\ndisk.predicted redfish/R/1 1\n");

        cr_assert_eq(out.n_faults, 1);
        cr_assert_not_null(fault(&out, "redfish/R/1"));
}

Test(disk_join, one_that_could_be_several_paths_appears_as_all_of_them) {
        FaultOutput out = grade(VMS "block.serial sda P1\nblock.serial sdb P1\n"
                                    "[redfish]\ndisk.serial redfish/R/1 P1\ndisk.predicted redfish/R/1 1\n");
        const Fault *f = fault(&out, "redfish/R/1");

        cr_assert(f && f->grade == 4 && strstr(f->why, "the host's own system"), "%s", f ? f->why : "");
}

Test(disk_join, what_the_worst_of_two_sources_counts_is_what_counts) {
        FaultOutput out =
                grade("[blocks]\nblock.mounts sdb /srv\nblock.serial sdb Q1\n"
                      "[smart]\ndisk.media.errors sdb 0\ndisk.health sdb passed\n"
                      "[megaraid]\ndisk.serial megaraid/0:1:2 Q1\ndisk.media.errors megaraid/0:1:2 5\n"
                      "disk.predictions megaraid/0:1:2 2\n");

        cr_assert_eq(out.n_faults, 1);
        grade_is(out, "sdb", 4);
}

Test(disk_join, a_grade_stays_when_a_disk_gets_a_better_name) {
        FaultMemory none = { 0 };
        FaultOutput alone = grade_after(VMS "[smart]\ndisk.serial bus0/megaraid:8 S1\n"
                                            "disk.health bus0/megaraid:8 failing\n",
                                        &none, T0),
                    joined = grade_after(VMS "[megaraid]\n" MIRROR "disk.serial megaraid/0:252:0 S1\n"
                                             "[smart]\ndisk.serial bus0/megaraid:8 S1\n"
                                             "disk.health bus0/megaraid:8 passed\n",
                                         &alone.memory, T0 + HOUR);

        grade_is(alone, "bus0/megaraid:8", 4);
        grade_is(joined, "megaraid/0:252:0", 4); /* held: a day of good facts is not over */
        cr_assert_eq(joined.n_faults, 1);
}

/* ---- who is on it ---- */

/* ---- by the slot they are in ---- */

#define NO_SLOTS                                                                                             \
        "array.level hpraid/0/A1 raid1\narray.state hpraid/0/A1 optimal\narray.blocks hpraid/0/A1 sda\n"     \
        "array.members hpraid/0/A1 hpraid/0:1I:1:1,hpraid/0:1I:1:2\narray.wanted hpraid/0/A1 2\n"            \
        "array.working hpraid/0/A1 2\narray.failed hpraid/0/A1 0\narray.redundancy hpraid/0/A1 1\n"
#define BARE_MIRROR NO_SLOTS "disk.slot hpraid/0:1I:1:1 0:1I:1:1\ndisk.slot hpraid/0:1I:1:2 0:1I:1:2\n"

Test(disk_join, a_bmcs_drive_without_a_serial_number_is_the_one_in_its_slot) {
        FaultOutput out =
                grade(VMS "[hpraid]\n" BARE_MIRROR "disk.serial hpraid/0:1I:1:2 S2\n"
                          "[redfish]\ndisk.slot redfish/R/1 0:1I:1:1\ndisk.slot redfish/R/2 0:1I:1:2\n"
                          "disk.predicted redfish/R/2 1\n");
        const Fault *f = fault(&out, "hpraid/0:1I:1:2");

        cr_assert_eq(out.n_faults, 1);
        cr_assert(f && f->grade == 3 && f->partly && f->vms.n == 1);
        cr_assert(strstr(f->why, "also known as redfish/R/2"), "%s", f->why);
}

Test(disk_join, the_end_of_a_slot_is_enough_where_it_fits_one) {
        FaultOutput out =
                grade(VMS "[hpraid]\n" BARE_MIRROR
                          "[redfish]\ndisk.slot redfish/R/2 1I:1:2\ndisk.predicted redfish/R/2 1\n");

        grade_is(out, "hpraid/0:1I:1:2", 3);
}

Test(disk_join, a_slots_fields_are_letters_and_digits) {
        for (const char *c = "0159AMZamz/:;@[`{-"; *c; c++) {
                const bool joined = (*c >= '0' && *c <= '9') || strchr("AMZamz", *c);
                FaultOutput out =
                        grade(text_format(&arena,
                                          VMS "[hpraid]\n" NO_SLOTS "disk.slot hpraid/0:1I:1:2 0:1I:%c\n"
                                              "[redfish]\ndisk.slot redfish/R/2 0:1I:%c\n"
                                              "disk.predicted redfish/R/2 1\n",
                                          *c, *c));

                cr_expect_eq(joined, fault(&out, "hpraid/0:1I:1:2") != NULL, "%c", *c);
        }
}

Test(disk_join, two_controllers_with_the_same_slot_join_none) {
        FaultOutput out =
                grade(VMS "[hpraid]\n" BARE_MIRROR "disk.slot hpraid/3:1I:1:2 3:1I:1:2\n"
                          "[redfish]\ndisk.slot redfish/R/2 1I:1:2\ndisk.predicted redfish/R/2 1\n");

        cr_assert_null(fault(&out, "hpraid/0:1I:1:2"));
        grade_is(out, "redfish/R/2", 4);
        cr_assert(!fault(&out, "redfish/R/2")->partly); /* who uses it is not known */
}

#define BAYS                                                                                                 \
        "disk.slot megaraid/0:252:0 0:252:0\ndisk.slot megaraid/0:252:1 0:252:1\n"                           \
        "disk.model megaraid/0:252:0 ST4000\ndisk.model megaraid/0:252:1 ATA ST4000\n"
#define BAY_1 "[redfish]\ndisk.slot redfish/R/1 1\ndisk.predicted redfish/R/1 1\n"

Test(disk_join, a_bare_number_needs_one_enclosure_and_the_model) {
        FaultOutput out = grade(VMS "[megaraid]\n" MIRROR BAYS BAY_1 "disk.model redfish/R/1 ST4000\n");

        grade_is(out, "megaraid/0:252:1", 3);
        out = grade(VMS "[megaraid]\n" MIRROR BAYS BAY_1); /* the BMC does not say which model */
        grade_is(out, "redfish/R/1", 4);
        out = grade(VMS "[megaraid]\n" MIRROR BAYS BAY_1 "disk.model redfish/R/1 PM983\n");
        grade_is(out, "redfish/R/1", 4);
        out = grade(VMS "[megaraid]\n" MIRROR BAYS "disk.slot megaraid/0:253:7 0:253:7\n" BAY_1
                        "disk.model redfish/R/1 ST4000\n"); /* another enclosure: bay 1 of which? */
        grade_is(out, "redfish/R/1", 4);
        out = grade(VMS "[megaraid]\n" MIRROR BAYS BAY_1
                        "disk.model redfish/R/1 ST4000\ndisk.slot redfish/NVMe/1 1\n"); /* two bays 1 */
        grade_is(out, "redfish/R/1", 4);
}

Test(disk_join, a_slots_end_is_whole_fields) {
        FaultOutput out =
                grade(VMS "[megaraid]\n" MIRROR "disk.slot megaraid/0:252:0 0:252:0\n"
                          "disk.slot megaraid/0:252:1 0:252:11\ndisk.model megaraid/0:252:1 ST4000\n" BAY_1
                          "disk.model redfish/R/1 ST4000\n");

        grade_is(out, "redfish/R/1", 4);
}

Test(disk_join, a_bmc_that_tells_some_slots_in_full_and_some_not_joins_no_bare_number) {
        FaultOutput out = grade(VMS "[megaraid]\n" MIRROR BAYS BAY_1 "disk.model redfish/R/1 ST4000\n"
                                    "disk.slot redfish/S/7 3:1I:1:7\n");

        grade_is(out, "redfish/R/1", 4);
}

Test(disk_join, another_kind_of_disk_or_world_wide_name_is_another_disk) {
        FaultOutput out = grade(VMS "[hpraid]\n" BARE_MIRROR "disk.kind hpraid/0:1I:1:2 hdd\n"
                                    "[redfish]\ndisk.slot redfish/R/2 0:1I:1:2\ndisk.kind redfish/R/2 nvme\n"
                                    "disk.predicted redfish/R/2 1\n");

        grade_is(out, "redfish/R/2", 4);
        out = grade(VMS "[hpraid]\n" BARE_MIRROR "disk.wwn hpraid/0:1I:1:2 5000C500A1\n"
                        "[redfish]\ndisk.slot redfish/R/2 0:1I:1:2\ndisk.wwn redfish/R/2 5000C500B2\n"
                        "disk.predicted redfish/R/2 1\n");
        grade_is(out, "redfish/R/2", 4);
}

Test(disk_join, serial_numbers_that_differ_say_more_than_a_slot) {
        FaultOutput out =
                grade(VMS "[hpraid]\n" BARE_MIRROR "disk.serial hpraid/0:1I:1:2 OLD1\n"
                          "[redfish]\ndisk.slot redfish/R/2 0:1I:1:2\ndisk.serial redfish/R/2 NEW1\n"
                          "disk.predicted redfish/R/2 1\n");

        cr_assert_null(fault(&out, "hpraid/0:1I:1:2"));
        grade_is(out, "redfish/R/2", 4);
}

Test(disk_join, a_slot_joins_what_a_serial_number_gave_the_kernels_name) {
        FaultOutput out =
                grade(VMS "block.serial sda S7\n[hpraid]\ndisk.slot hpraid/0:1I:1:3 0:1I:1:3\n"
                          "disk.serial hpraid/0:1I:1:3 S7\n"
                          "[redfish]\ndisk.slot redfish/R/3 0:1I:1:3\ndisk.predicted redfish/R/3 1\n");

        cr_assert_eq(out.n_faults, 1);
        grade_is(out, "sda", 4);
        cr_assert(fault(&out, "sda")->partly);
}

Test(disk_join, what_is_not_tied_to_vms_concerns_the_host) {
        FaultOutput out = grade(
                VMS "[smart]\ndisk.health sg0/cciss:0 failing\n"
                    "[redfish]\narray.level redfish/R/volume/1 raid5\narray.state redfish/R/volume/1 failed\n"
                    "array.redundancy redfish/R/volume/1 0\narray.failed redfish/R/volume/1 2\n");

        grade_is(out, "sg0/cciss:0", 4);
        grade_is(out, "redfish/R/volume/1", 4);
        cr_assert_not(fault(&out, "sg0/cciss:0")->partly);
        cr_assert(strstr(fault(&out, "sg0/cciss:0")->why, "every VM on this host is affected"));
}

Test(disk_join, a_vm_of_unknown_disks_does_not_make_the_others_safe) {
        FaultOutput out = grade(VMS "vm.state odd running\n[smart]\ndisk.health sg0/cciss:0 failing\n");

        cr_assert_not(fault(&out, "sg0/cciss:0")->partly);
}

Test(disk_join, a_spare_one_in_no_array_and_one_that_was_given_up_hold_no_data) {
        FaultOutput out = grade(VMS "[megaraid]\n" MIRROR "array.lost megaraid/0/v0 megaraid/0:252:7\n"
                                    "disk.state megaraid/0:252:5 failed\ndisk.role megaraid/0:252:5 spare\n"
                                    "disk.state megaraid/0:252:6 failed\ndisk.role megaraid/0:252:6 none\n"
                                    "disk.state megaraid/0:252:7 failed\n");

        grade_is(out, "megaraid/0:252:5", 2);
        grade_is(out, "megaraid/0:252:6", 2);
        grade_is(out, "megaraid/0:252:7", 2);
}

/* Whichever is told of first. */
Test(disk_join, what_an_array_has_given_up_holds_no_data_also_where_the_array_comes_first) {
        FaultOutput out = grade("[megaraid]\n" MIRROR "array.lost megaraid/0/v0 megaraid/0:252:7\n"
                                "disk.state megaraid/0:252:7 failed\n" VMS);

        grade_is(out, "megaraid/0:252:7", 2);
}

/* What holds no data concerns no VM, not even one whose disks nobody knows; of any other disk such a VM may be. Without
 * what lies on what, nothing is known of a disk but what its controller says. */
Test(disk_join, whom_a_disk_concerns_by_its_role_and_by_what_is_known) {
#define FAILED(role) "[megaraid]\ndisk.state megaraid/0:252:5 failed\n" role
#define ROLE(word)   "disk.role megaraid/0:252:5 " word "\n"
#define NO_TREE      "[vms]\nvm.state web running\nvm.devices web sda\n"
        static const struct {
                const char *tells, *report;
                int64_t grade;
                bool partly;
                uint32_t vms;
        } all[] = {
                { "a spare", VMS FAILED(ROLE("spare")), 2, true, 0 },
                { "a spare beside a VM of unknown disks", VMS "vm.state odd running\n" FAILED(ROLE("spare")),
                  2, true, 0 },
                { "a member", VMS FAILED(ROLE("member")), 4, false, 0 },
                { "one of no role", VMS FAILED(""), 4, false, 0 },
                { "a spare, and no tree", NO_TREE FAILED(ROLE("spare")), 2, true, 0 },
                { "a member, and no tree", NO_TREE FAILED(ROLE("member")), 4, false, 0 },
                { "the disk of a VM", VMS "[smart]\ndisk.health sda failing\ndisk.blocks sda sda\n", 4, true,
                  1 },
                { "the disk of a VM, and one of unknown disks",
                  VMS "vm.state odd running\n[smart]\ndisk.health sda failing\ndisk.blocks sda sda\n", 4,
                  true, 2 },
                { "the disk of a VM, and no tree",
                  NO_TREE "[smart]\ndisk.health sda failing\ndisk.blocks sda sda\n", 4, false, 1 },
        };

        for (size_t i = 0; i < ARRAY_SIZE(all); i++) {
                FaultOutput out = grade(all[i].report);
                const Fault *f = out.n_faults > 0 ? &out.faults[0] : NULL;

                cr_assert_eq(1, out.n_faults, "%s", all[i].tells);
                cr_expect(f->grade == all[i].grade && f->partly == all[i].partly && f->vms.n == all[i].vms,
                          "%s: %lld, %s, %u VMs", all[i].tells, (long long) f->grade,
                          f->partly ? "in part" : "all", f->vms.n);
        }
}

Test(disk_join, an_array_that_two_sources_tell_of_has_the_users_of_the_one_that_knows_its_device) {
        FaultOutput out = grade(
                VMS "[megaraid]\n" MIRROR "disk.serial megaraid/0:252:0 S1\ndisk.serial megaraid/0:252:1 S2\n"
                    "[redfish]\ndisk.serial redfish/R/0 S1\ndisk.serial redfish/R/1 S2\n"
                    "array.level redfish/R/volume/1 raid1\narray.state redfish/R/volume/1 degraded\n"
                    "array.members redfish/R/volume/1 redfish/R/0,redfish/R/1\narray.wanted "
                    "redfish/R/volume/1 2\n"
                    "array.failed redfish/R/volume/1 1\narray.redundancy redfish/R/volume/1 0\n");
        const Fault *f = fault(&out, "redfish/R/volume/1");

        cr_assert(f && f->grade == 3 && f->partly && f->vms.n == 1, "%s", f ? f->why : "nothing");
}

/* Of a degraded array that does not say so nobody may believe that another of its disks can be lost. */
Test(disk_join, an_array_that_tells_of_no_redundancy_has_none_left) {
        static const struct {
                const char *line, *words;
        } all[] = {
                { "", "1 of 2 members active, no redundancy left" },
                { "array.redundancy md0 0\n", "1 of 2 members active, no redundancy left" },
                { "array.redundancy md0 1\n", "1 of 2 members active, 1 more may fail" },
        };

        for (size_t i = 0; i < ARRAY_SIZE(all); i++) {
                FaultOutput out =
                        grade(text_format(&arena,
                                          VMS "[md]\narray.level md0 raid1\narray.state md0 degraded\n"
                                              "array.blocks md0 sda\narray.wanted md0 2\n"
                                              "array.working md0 1\narray.failed md0 1\n%s",
                                          all[i].line));
                const Fault *f = fault(&out, "md0");

                cr_assert(f && strstr(f->why, all[i].words), "%s: %s", all[i].line, f ? f->why : "nothing");
        }
}

Test(disk_join, a_spare_that_stands_in_is_a_member) {
        FaultOutput out =
                grade("[blocks]\nblock.over xda1 xda\nblock.over xdf1 xdf\nblock.mounts zfs/tank /tank\n"
                      "[vms]\nvm.state web running\nvm.devices web zfs/tank\n"
                      "[zfs]\narray.level zfs/tank raid1\narray.state zfs/tank degraded\n"
                      "array.members zfs/tank xda1,xdf1\narray.lost zfs/tank xdb1,xdf1\n"
                      "array.wanted zfs/tank 2\narray.failed zfs/tank 0\narray.redundancy zfs/tank 1\n"
                      "[smart]\ndisk.health xdf failing\ndisk.blocks xdf xdf\n");

        grade_is(out, "xdf", 3);
}

Test(disk_join, what_is_not_understood_is_not_better) {
        FaultMemory none = { 0 };
        FaultOutput bad = grade_after(VMS "[zfs]\ndisk.state sda failed\n", &none, T0),
                    odd = grade_after(VMS "[zfs]\ndisk.state sda unknown\nitem.unread sda state Zqx\n",
                                      &bad.memory, T0 + HOUR),
                    still = grade_after(VMS "[zfs]\ndisk.state sda unknown\nitem.unread sda state Zqx\n",
                                        &odd.memory, T0 + 100 * HOUR);

        grade_is(bad, "sda", 4);
        grade_is(still, "sda", 4);
        odd = grade(VMS "[zfs]\ndisk.state sda unknown\n");
        grade_is(odd, "sda", 1);
}
