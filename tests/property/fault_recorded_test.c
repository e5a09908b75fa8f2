/* SPDX-License-Identifier: Apache-2.0 */
/* Grades in exact numbers and words: each hazard of hazards.def on both sides of its threshold; and random hosts over days,
 * with disks under several names, arrays, tools, serial numbers that change, and what was accepted by hand. */
#include <errno.h>

#include "scheduler/base/prng.h"
#include "scheduler/base/text.h"
#include "scheduler/model/limits.h"
#include "scheduler/snapshot/health/fault_facts.h"
#include "scheduler/snapshot/health/fault_grade.h"
#include "scheduler/snapshot/health/fault_list.h"
#include "tests/recorded.h"

#define SAMPLES 160
#define HOUR    (INT64_C(3600) * USEC_PER_SEC)
#define T0      (INT64_C(1772366400) * USEC_PER_SEC)

static Arena arena;

static void setup(void) {
        cr_assert_eq(0, arena_open(UINT64_C(256) << 20, &arena));
}

static void teardown(void) {
        arena_close(&arena);
}

TestSuite(fault_recorded, .init = setup, .fini = teardown);

typedef struct Facts {
        Report report;
        Section sections[3];
        Sample samples[3][SAMPLES];
} Facts;

static Facts *facts_new(usec_t now) {
        static const char *const collectors[] = { "smart", "raid", "faults_d" };
        Facts *f = arena_new(&arena, Facts, 1);

        cr_assert_not_null(f);
        for (uint32_t i = 0; i < 3; i++)
                f->sections[i] =
                        (Section){ .collector = collectors[i], .read_at = now, .samples = f->samples[i] };
        f->report = (Report){ .host = "h", .sent_at = now, .sections = f->sections, .n_sections = 3 };
        return f;
}

static void say(Facts *f, uint32_t section, Metric m, const char *subject, int64_t number, const char *text) {
        Section *s = &f->sections[section];

        for (uint32_t i = 0; i < s->n_samples; i++) /* a source says a thing once */
                if (s->samples[i].metric == m && strcmp(s->samples[i].subject, subject) == 0)
                        return;
        cr_assert_lt(s->n_samples, SAMPLES);
        f->samples[section][s->n_samples++] =
                (Sample){ .metric = m, .subject = subject, .number = number, .text = text };
}

static void print_vms(FILE *out, Strings vms) {
        for (uint32_t i = 0; i < vms.n; i++)
                (void) fprintf(out, "%s%s", i == 0 ? " of " : ",", vms.at[i]);
}

static void print_faults(FILE *out, const FaultOutput *o) {
        for (uint32_t i = 0; i < o->n_faults; i++) {
                const Fault *f = &o->faults[i];

                (void) fprintf(out, "    %s %lld%s: %s", f->device, (long long) f->grade,
                               f->partly ? " partly" : "", f->why);
                print_vms(out, f->vms);
                (void) fprintf(out, "\n");
        }
}

static FaultOutput grade(FILE *out, const Facts *f, const FaultMemory *memory, const Clear *clears,
                         uint32_t n_clears, usec_t now) {
        const FaultInput in = { .report = f ? &f->report : NULL,
                                .memory = memory,
                                .clears = clears,
                                .n_clears = n_clears,
                                .now = now,
                                .hold_permille = 1000 };
        FaultOutput o;

        cr_assert_eq(0, fault_grade(&arena, &in, &o));
        print_faults(out, &o);
        return o;
}

Test(fault_recorded, a_report_of_cpu_and_memory_alone_says_nothing_of_devices) {
        static const char *const collectors[] = { "cpu", "memory", "nic", "host", "node", "vms" };
        Facts *f = facts_new(T0);

        cr_assert_not(report_has_devices(&f->report), "nothing at all");
        say(f, 1, METRIC_VM_STATE, "a", 0, "running");
        cr_assert_not(report_has_devices(&f->report), "nothing of devices");
        say(f, 1, METRIC_DISK_HEALTH, "sda", 0, "passed");
        cr_assert(report_has_devices(&f->report));
        f->sections[1].error = 5;
        cr_assert_not(report_has_devices(&f->report), "it could not be read");
        f->sections[1].error = 0;
        for (size_t i = 0; i < sizeof(collectors) / sizeof(*collectors); i++) {
                f->sections[1].collector = collectors[i];
                cr_assert_not(report_has_devices(&f->report), "%s", collectors[i]);
        }
}

/* ---- each hazard ---- */

static void record_hazard(FILE *out, const HazardDef *h, int64_t number) {
        Facts *f = facts_new(T0);
        FaultMemory memory = { .host = "h" };

        (void) fprintf(out, "%s at %lld\n", h->name, (long long) number);
        if (h->test == TEST_RISE) { /* a day ago it was 5 */
                say(f, 0, h->metric, "sda", 5, NULL);
                memory = grade(out, f, &memory, NULL, 0, T0 - 23 * HOUR).memory;
                f = facts_new(T0);
                number += 5;
        }
        if (h->test == TEST_BELOW || h->test == TEST_ABOVE)
                say(f, 0, h->other, "sda", 50, NULL);
        say(f, 0, h->metric, "sda", number, h->text ? h->text : "what it says");
        say(f, 0, METRIC_DISK_BLOCKS, "sda", 0, "sda");
        say(f, 0, METRIC_BLOCK_MOUNTS, "sda", 0, "/vms");
        say(f, 0, METRIC_VM_STATE, "a", 0, "running");
        say(f, 0, METRIC_VM_DEVICES, "a", 0, "sda");
        (void) grade(out, f, &memory, NULL, 0, T0);
}

Test(fault_recorded, each_hazard_on_both_sides_of_its_threshold) {
        const HazardDef *h;
        Recording r;

        recording_begin(&r, "hazards");
        for (uint32_t i = 0; (h = hazard_at(i)); i++) {
                const int64_t at = h->test == TEST_BIT                              ? INT64_C(1) << h->number
                                   : h->test == TEST_BELOW || h->test == TEST_ABOVE ? 50
                                                                                    : h->number;
                const ArenaMark mark = arena_mark(&arena);

                const bool counts = h->test != TEST_IS && h->test != TEST_SAID;

                for (int64_t number = at - counts; number <= at + counts; number++)
                        record_hazard(r.f, h, number);
                if (strstr(h->words, "#m")) /* thousandths */
                        for (int64_t number = 999; number < 70000; number += 32999)
                                record_hazard(r.f, h, number);
                arena_rewind(&arena, mark);
        }
        recording_end(&r);
}

/* A rise counts for a day, to the half second. */
Test(fault_recorded, what_has_risen_counts_for_a_day) {
        static const int64_t ages[] = { 86398500, 86399500, 86400000, 86400001, 86400500, 86401500 };
        Recording r;

        recording_begin(&r, "rises");
        for (size_t i = 0; i < sizeof(ages) / sizeof(*ages); i++) {
                const usec_t begun = T0 - ages[i] * USEC_PER_MSEC;
                FaultMemory memory = { .host = "h" };
                Facts *f = facts_new(begun - 48 * HOUR);

                say(f, 0, METRIC_DISK_REALLOCATED, "sda", 5, NULL);
                memory = grade(r.f, f, &memory, NULL, 0, begun - 48 * HOUR).memory;
                f = facts_new(begun);
                say(f, 0, METRIC_DISK_REALLOCATED, "sda", 10, NULL);
                memory = grade(r.f, f, &memory, NULL, 0, begun).memory;
                f = facts_new(T0);
                say(f, 0, METRIC_DISK_REALLOCATED, "sda", 40, NULL);
                (void) fprintf(r.f, "after %lld ms\n", (long long) ages[i]);
                memory = grade(r.f, f, &memory, NULL, 0, T0).memory;
                f = facts_new(T0 + ages[i] * USEC_PER_MSEC); /* it stays so: held for a day, and then */
                say(f, 0, METRIC_DISK_REALLOCATED, "sda", 40, NULL);
                memory = grade(r.f, f, &memory, NULL, 0, T0 + ages[i] * USEC_PER_MSEC).memory;
                (void) grade(r.f, f, &memory, NULL, 0, T0 + 2 * ages[i] * USEC_PER_MSEC);
        }
        recording_end(&r);
}

/* To the microsecond: 24 h of clean facts, from the first of them. */
Test(fault_recorded, a_grade_falls_when_its_clean_hours_are_over) {
        FaultMemory memory = { .host = "h" };
        char *text = NULL;
        size_t size = 0;
        FILE *ignored = open_memstream(&text, &size);
        Facts *f = facts_new(T0);

        say(f, 0, METRIC_DISK_HEALTH, "sda", 0, "failing");
        memory = grade(ignored, f, &memory, NULL, 0, T0).memory;
        f = facts_new(T0 + HOUR);
        say(f, 0, METRIC_DISK_HEALTH, "sda", 0, "passed");
        memory = grade(ignored, f, &memory, NULL, 0, T0 + HOUR).memory;
        cr_expect_eq(1, grade(ignored, f, &memory, NULL, 0, T0 + 25 * HOUR - 1).n_faults);
        cr_expect_eq(0, grade(ignored, f, &memory, NULL, 0, T0 + 25 * HOUR).n_faults);
        (void) fclose(ignored);
        free(text);
}

/* ---- what is remembered, damaged ---- */

static const char remembered_text[] =
        "{ \"schema\": \"plimsoll.faults/1\", \"devices\": [\n"
        "  { \"device\": \"sda\", \"serial\": \"S1\", \"hazard\": \"disk-failing\", \"grade\": 4, \"why\": "
        "\"it says so\", \"since\": 1772366400000000, \"clean_since\": 1772366500000000, \"cleared_at\": 7, \"hours\": 24, "
        "\"vms\": [\"a\", \"b\"], \"accepted\": { \"disk-crc\": 3 }, \"marks\": { \"disk.crc\": [5, 1, 9, 2], "
        "\"disk.pending\": [6, 3] } },\n"
        "  { \"device\": \"sdb\" } ] }\n";

static void record_damaged(FILE *out, const char *text, size_t n, const char *how, size_t at) {
        const ArenaMark mark = arena_mark(&arena);
        FaultMemory memory = { 0 };
        TextFault fault = { 0 };
        const char *again = NULL;
        size_t n_again = 0;
        uint32_t sum = 2166136261U;
        const int k = fault_memory_parse(&arena, text, n, &memory, &fault);

        if (k < 0) {
                (void) fprintf(out, "%s %zu: %d %u %s: %s\n", how, at, k == -EBADMSG, fault.line, fault.field,
                               fault.what);
        } else {
                cr_assert_eq(0, fault_memory_print(&arena, &memory, &again, &n_again));
                for (size_t i = 0; i < n_again; i++)
                        sum = (sum ^ (unsigned char) again[i]) * 16777619U;
                (void) fprintf(out, "%s %zu: read, %u devices, %08x\n", how, at, memory.n_devices, sum);
        }
        arena_rewind(&arena, mark);
}

Test(fault_recorded, what_is_remembered_and_damaged_is_refused_or_read_as_it_is) {
        const size_t n = strlen(remembered_text);
        char text[sizeof(remembered_text) + 8];
        Recording r;

        recording_begin(&r, "fault_memories");
        record_damaged(r.f, remembered_text, n, "whole", n);
        for (size_t i = 0; i < n; i += 2) {
                memcpy(text, remembered_text, n);
                text[i] = "9-x\" ,]}"[i / 2 % 8];
                record_damaged(r.f, text, n, "another", i);
                memcpy(text + i, remembered_text + i + 1, n - i - 1);
                record_damaged(r.f, text, n - 1, "less", i);
        }
        recording_end(&r);
}

/* What else is refused of what is remembered, and a list of changes that is full. */
Test(fault_recorded, a_memory_without_a_name_or_with_one_twice_is_refused) {
        static const char *const texts[] = {
                "{ \"schema\": \"plimsoll.faults/1\", \"devices\": [ { \"grade\": 1 } ] }",
                "{ \"schema\": \"plimsoll.faults/1\", \"devices\": [ { \"device\": \"b\" }, { \"device\": \"a\" }, { "
                "\"device\": \"b\" } ] }",
                "{ \"schema\": \"plimsoll.faults/1\", \"devices\": [ { \"device\": \"b\" }, { \"device\": \"a\" } ] }",
                "{ \"schema\": \"plimsoll.faults/1\", \"devices\": [ { \"device\": \"b\", \"grade\": 5 } ] }",
                "{ \"schema\": \"plimsoll.faults/1\", \"devices\": [ { \"device\": \"b\", \"grade\": -1 } ] }",
                "{ \"schema\": \"plimsoll.faults/1\", \"devices\": [ { \"device\": \"b\", \"marks\": { \"disk.crc\": [1, 1, 2, 2, "
                "3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8, 8, 9, 9, 10, 10, 11, 11, 12, 12] } } ] }",
                "{ \"schema\": \"plimsoll.faults/1\", \"devices\": [ { \"device\": \"b\", \"marks\": { \"disk.crc\": [1, 1, 2, 2, "
                "3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8, 8, 9, 9, 10, 10, 11, 11, 12, 12, 13, 13] } } ] }",
                "{ \"schema\": \"plimsoll.faults/1\", \"devices\": [ { \"device\": \"b\", \"marks\": { \"disk.crc\": [1] } } ] }",
                "{ \"devices\": [] }",
                "{ }",
                "[ ]",
                "",
        };
        Recording r;

        recording_begin(&r, "fault_memories_refused");
        for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
                record_damaged(r.f, texts[i], strlen(texts[i]), "text", i);
        recording_end(&r);
}

Test(fault_recorded, of_a_counter_that_rises_for_days_the_last_twelve_changes_are_kept) {
        CounterMark mark = { .metric = METRIC_DISK_CRC };

        for (int64_t i = 0; i < 14; i++) {
                const DeviceMemory memory = { .device = "sda", .marks = &mark, .n_marks = 1 };

                mark = mark_next(&memory, METRIC_DISK_CRC, 10 + i, T0 + i * 3 * HOUR);
                cr_assert_eq(i < (int64_t) MARKS_MAX ? i + 1 : MARKS_MAX, mark.n);
        }
        for (uint32_t i = 0; i < MARKS_MAX; i++) {
                cr_assert_eq(12 + i, mark.points[i].number);
                cr_assert_eq(T0 + (2 + (int64_t) i) * 3 * HOUR, mark.points[i].at);
        }
}

/* Many VMs on a disk, and evidence of thousands of bytes, some of two bytes a letter. */
Test(fault_recorded, names_and_evidence_are_cut) {
        static const char *const all[] = { "v1", "v2", "v3", "v4", "v5", "v6", "v7" };
        static char text[3200];
        Recording r;

        recording_begin(&r, "faults_cut");
        for (uint32_t n = 4; n <= 7; n++) {
                Facts *f = facts_new(T0);

                for (uint32_t i = 0; i < n; i++) {
                        say(f, 0, METRIC_VM_STATE, all[i], 0, "running");
                        say(f, 0, METRIC_VM_DEVICES, all[i], 0, "sda");
                }
                say(f, 0, METRIC_DISK_BLOCKS, "sda", 0, "sda");
                say(f, 0, METRIC_DISK_HEALTH, "sda", 0, "failing");
                memset(text, 'x', sizeof(text));
                for (size_t i = n; i + 1 < sizeof(text); i += 2)
                        memcpy(text + i, "\u00e4", 2);
                text[sizeof(text) - 2 + n % 2] = '\0';
                say(f, 2, METRIC_FAULT_GRADE, "vendor", 3, NULL);
                say(f, 2, METRIC_FAULT_DEVICE, "vendor", 0, "fan 3");
                say(f, 2, METRIC_FAULT_WHY, "vendor", 0, text);
                (void) grade(r.f, f, NULL, NULL, 0, T0);
        }
        recording_end(&r);
}

Test(fault_recorded, faults_are_sorted_and_the_worst_is_the_hosts) {
        Fault many[FAULTS_MAX + 1], few[] = { { .device = "c", .grade = 2, .why = "x" },
                                              { .device = "b", .grade = 3 },
                                              { .device = "a", .grade = 3, .why = "y" },
                                              { .device = "d", .grade = 1, .why = "z" } };
        Host host = { .name = "h" };

        cr_assert_eq(0, host_take_faults(&arena, &host, few, 4));
        cr_assert_eq(4, host.n_faults);
        for (uint32_t i = 0; i < 4; i++)
                cr_assert_eq("abcd"[i], host.faults[i].device[0]);
        cr_assert_eq(3, host.fault_grade);
        cr_assert_str_eq("a: y", host.fault_why, "of two alike the first by name");
        few[0].grade = 0;
        cr_assert_eq(0, host_take_faults(&arena, &host, few, 2));
        cr_assert_str_eq("b", host.fault_why, "nobody says why");
        cr_assert_eq(0, host_take_faults(&arena, &host, few, 1));
        cr_assert_eq(0, host.fault_grade);
        cr_assert_null(host.fault_why);
        few[1].device = few[0].device;
        cr_assert_eq(-EEXIST, host_take_faults(&arena, &host, few, 2));
        for (uint32_t i = 0; i <= FAULTS_MAX; i++)
                many[i] = (Fault){ .device = text_format(&arena, "d%05u", i),
                                   .grade = i == 7 ? 1 : 2 + (i == 9) };
        cr_assert_eq(0, host_take_faults(&arena, &host, many, FAULTS_MAX + 1));
        cr_assert_eq(FAULTS_MAX, host.n_faults);
        cr_assert_eq(3, host.fault_grade);
        for (uint32_t i = 0; i < host.n_faults; i++)
                cr_assert_str_neq("d00007", host.faults[i].device, "the least is left out");
}

/* A serial number of one digit over and over is none: some controllers say that of all their disks. */
Test(fault_recorded, disks_are_one_by_a_serial_number_that_is_one) {
        static const struct {
                const char *left, *right;
                uint32_t n;
        } all[] = { { "0001", "0001", 1 },
                    { "0001", "0002", 2 },
                    { "0000", "0000", 2 },
                    { "00", "00", 2 },
                    { "AAAA", "aaaa", 2 },
                    { "0X12", "0x12", 1 },
                    { "NA", "NA", 2 },
                    { "unknown", "Unknown", 2 },
                    { "unknown1", "Unknown1", 1 },
                    { "-", "-", 2 },
                    { "7", "7", 1 },
                    { "9A", "9a", 1 } };
        char *text = NULL;
        size_t size = 0;
        FILE *ignored = open_memstream(&text, &size);

        for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++) {
                Facts *f = facts_new(T0);

                say(f, 0, METRIC_DISK_HEALTH, "sda", 0, "failing");
                say(f, 0, METRIC_DISK_SERIAL, "sda", 0, all[i].left);
                say(f, 1, METRIC_DISK_HEALTH, "c0:e8:s1", 0, "failing");
                say(f, 1, METRIC_DISK_SERIAL, "c0:e8:s1", 0, all[i].right);
                cr_expect_eq(all[i].n, grade(ignored, f, NULL, NULL, 0, T0).n_faults, "%s, %s", all[i].left,
                             all[i].right);
        }
        (void) fclose(ignored);
        free(text);
}

/* ---- hosts over days ---- */

static const char *const blocks[] = { "sda", "sdb", "sdc", "sdd", "sde" };
static const char *const subjects[] = { "sda", "sdb", "c0:e8:s1", "c0:e8:s2", "nvme0" };
static const char *const tops[] = { "md0", "md1", "dm-0", "sde", "sda" };
static const char *const vms[] = { "a", "b", "c" };

static const char *pick(Prng *g, const char *const *words, uint32_t n) {
        return words[prng_below(g, n)];
}

static void random_names_of_disks(Facts *f, Prng *g) {
        static const char *const serials[] = { "S1", "S2", "s1", "0", "S 3" };
        static const char *const wwns[] = { "5000c500a1", "5000C500A1", "naa.5000c500a1", "5000c500a2" };
        static const char *const slots[] = { "0:8:1", "0:8:2", "0:8:01" };

        for (uint32_t i = 0; i < 5; i++) {
                if (prng_below(g, 3) > 0)
                        say(f, i / 2 % 2, METRIC_DISK_BLOCKS, subjects[i], 0, blocks[i]);
                if (prng_below(g, 2) > 0)
                        say(f, i / 2 % 2, METRIC_DISK_SERIAL, subjects[i], 0, pick(g, serials, 5));
                if (prng_below(g, 4) == 0)
                        say(f, i / 2 % 2, METRIC_DISK_WWN, subjects[i], 0, pick(g, wwns, 4));
                if (prng_below(g, 2) > 0)
                        say(f, i / 2 % 2, METRIC_DISK_SLOT, subjects[i], 0, pick(g, slots, 3));
                if (prng_below(g, 4) == 0)
                        say(f, 0, METRIC_BLOCK_SERIAL, blocks[i], 0, pick(g, serials, 5));
        }
}

static void random_arrays(Facts *f, Prng *g) {
        static const char *const members[] = { "sda,sdb", "sdb,sdc", "sdc,sdd,sde", "c0:e8:s1,c0:e8:s2",
                                               "sda" };
        static const char *const levels[] = { "raid1", "raid5", "raid6", "raid0", "multipath" };
        static const char *const states[] = { "optimal", "degraded", "failed", "inactive", "unknown" };

        for (uint32_t i = 0; i < 2; i++) {
                if (prng_below(g, 3) == 0)
                        continue;
                say(f, 1, METRIC_BLOCK_OVER, tops[i], 0, pick(g, members, 5));
                say(f, 1, METRIC_ARRAY_LEVEL, tops[i], 0, pick(g, levels, 5));
                say(f, 1, METRIC_ARRAY_STATE, tops[i], 0, pick(g, states, prng_below(g, 2) ? 1 : 5));
                say(f, 1, METRIC_ARRAY_MEMBERS, tops[i], 0, pick(g, members, 5));
                say(f, 1, METRIC_ARRAY_REDUNDANCY, tops[i], prng_below(g, 3), NULL);
                if (prng_below(g, 2) > 0)
                        say(f, 1, METRIC_ARRAY_FAILED, tops[i], prng_below(g, 3), NULL);
                if (prng_below(g, 2) > 0)
                        say(f, 1, METRIC_ARRAY_WANTED, tops[i], 2 + prng_below(g, 3), NULL);
                if (prng_below(g, 2) > 0)
                        say(f, 1, METRIC_ARRAY_WORKING, tops[i], prng_below(g, 4), NULL);
                if (prng_below(g, 3) == 0)
                        say(f, 1, METRIC_ARRAY_LOST, tops[i], 0, pick(g, members, 5));
                if (prng_below(g, 3) == 0)
                        say(f, 1, METRIC_ARRAY_SUSPECTS, tops[i], 0, pick(g, members, 5));
                if (prng_below(g, 4) == 0)
                        say(f, 1, METRIC_ARRAY_SPARES, tops[i], prng_below(g, 2), NULL);
        }
}

static void random_users(Facts *f, Prng *g) {
        static const char *const mounts[] = { "/",     "/vms",   "/var/lib/libvirt/images",
                                              "/data", "[SWAP]", "/boot,/x" };

        if (prng_below(g, 3) == 0)
                say(f, 0, METRIC_BLOCK_OVER, "dm-0", 0, pick(g, tops, 2));
        for (uint32_t i = 0; i < 5; i++)
                if (prng_below(g, 2) == 0)
                        say(f, 0, METRIC_BLOCK_MOUNTS, tops[i], 0, pick(g, mounts, 6));
        for (uint32_t v = 0; v < 3; v++) {
                say(f, 0, METRIC_VM_STATE, vms[v], 0, "running");
                if (prng_below(g, 5) > 0)
                        say(f, 0, METRIC_VM_DEVICES, vms[v], 0,
                            prng_below(g, 4) == 0   ? "none"
                            : prng_below(g, 4) == 0 ? "md0,sde"
                                                    : pick(g, tops, 5));
        }
}

static void random_facts(Facts *f, Prng *g, uint32_t n) {
        static const char *const said[] = { "sda", "md0", "fan 3", "c0:e8:s1" };
        static const char *const whom[] = { "a", "a,b", "none", "c,nobody" };

        for (uint32_t i = 0; i < n; i++) {
                uint32_t k = 0;
                const char *subject;
                const HazardDef *h;
                int64_t number;

                while (hazard_at(k))
                        k++;
                h = hazard_at(prng_below(g, k));
                number = h->number + (int64_t) prng_below(g, 30) - 4;
                subject = pick(g, subjects, 5); /* one draw after the other: arguments have no order */
                say(f, prng_below(g, 2), h->metric, subject, number > 0 ? number : 0,
                    h->text ? h->text : "what it says");
        }
        for (uint32_t i = 0; i < 2; i++)
                if (prng_below(g, 3) == 0) {
                        const char *tool = i == 0 ? "vendor" : "script";

                        say(f, 2, METRIC_FAULT_GRADE, tool, prng_below(g, 5), NULL);
                        say(f, 2, METRIC_FAULT_DEVICE, tool, 0, pick(g, said, 4));
                        say(f, 2, METRIC_FAULT_WHY, tool, 0, "a light is on");
                        if (prng_below(g, 2) == 0)
                                say(f, 2, METRIC_FAULT_VMS, tool, 0, pick(g, whom, 4));
                        if (prng_below(g, 3) == 0)
                                say(f, 2, METRIC_FAULT_SERIAL, tool, 0, "S1");
                }
        if (prng_below(g, 12) == 0)
                say(f, 2, METRIC_FAULT_UNREADABLE, "vendor", 0, "no JSON");
}

/* Through its text and back: what is remembered is what the store keeps. */
static FaultMemory remembered(FILE *out, const FaultMemory *memory, bool shown) {
        FaultMemory again = { 0 };
        TextFault fault = { 0 };
        const char *text = NULL;
        size_t n = 0;

        cr_assert_eq(0, fault_memory_print(&arena, memory, &text, &n));
        cr_assert_eq(0, fault_memory_parse(&arena, text, n, &again, &fault), "%s", fault.what);
        again.host = "h";
        if (shown)
                (void) fprintf(out, "    remembered: %s\n", text);
        return again;
}

static void record_days(FILE *out, uint64_t seed) {
        Prng g = prng_seeded(seed * 7937);
        FaultMemory memory = { .host = "h" };
        usec_t now = T0;

        for (uint32_t turn = 0; turn < 8; turn++) {
                Prng tree = prng_seeded(seed * 31 + turn / 5); /* it is rebuilt once */
                const Clear clear = { "h", subjects[turn % 5], "anna", "seen", now - HOUR };
                Facts *f = facts_new(now);

                (void) fprintf(out, "%llu, turn %u\n", (unsigned long long) seed, turn);
                random_names_of_disks(f, &tree);
                random_arrays(f, &tree);
                random_users(f, &tree);
                random_facts(f, &g, turn % 3 == 0 ? 7 : turn % 3);
                memory = grade(out, turn == 6 ? NULL : f, &memory, &clear, turn % 4 == 3, now).memory;
                memory = remembered(out, &memory, turn == 7);
                now += (INT64_C(1) << prng_below(&g, 6)) * HOUR;
        }
}

Test(fault_recorded, hosts_over_days) {
        Recording r;

        recording_begin(&r, "faults");
        for (uint64_t seed = 1; seed <= 26; seed++) {
                const ArenaMark mark = arena_mark(&arena);

                record_days(r.f, seed);
                arena_rewind(&arena, mark);
        }
        recording_end(&r);
}
