/* SPDX-License-Identifier: Apache-2.0 */
/* Properties of grades, over random hosts: more facts that are bad never lower one; one never falls without
 * its clean period; the same input gives the same; the outcome is within its promises. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "scheduler/base/prng.h"
#include "scheduler/base/text.h"
#include "scheduler/snapshot/health/fault_facts.h"
#include "scheduler/snapshot/health/fault_grade.h"

#define SEEDS   400
#define SAMPLES 96
#define HOUR    (INT64_C(3600) * USEC_PER_SEC)
#define T0      (INT64_C(1772366400) * USEC_PER_SEC)

static Arena arena;

static void setup(void) {
        cr_assert_eq(0, arena_open(UINT64_C(256) << 20, &arena));
}
TestSuite(fault_property, .init = setup);

typedef struct RandomReport {
        Report report;
        Section sections[2];
        Sample samples[SAMPLES];
        uint32_t n;
} RandomReport;

static const char *const disks[] = { "sda", "sdb", "sdc", "sdd", "sde" };
static const char *const tops[] = { "md0", "md1", "dm-0", "sde", "sda" };

static void add(RandomReport *r, Metric m, const char *subject, int64_t number, const char *text) {
        for (uint32_t i = 0; i < r->n; i++) /* a metric of a subject once */
                if (r->samples[i].metric == m && strcmp(r->samples[i].subject, subject) == 0)
                        return;
        cr_assert_lt(r->n, SAMPLES);
        r->samples[r->n++] = (Sample){ .metric = m, .subject = subject, .number = number, .text = text };
        r->sections[0].n_samples = r->n;
}

static const char *pick(Prng *g, const char *const *words, uint32_t n) {
        return words[prng_below(g, n)];
}

static void random_tree(RandomReport *r, Prng *g) {
        static const char *const members[] = { "sda,sdb", "sdb,sdc", "sdc,sdd,sde" };
        static const char *const mounts[] = { "/", "/vms", "/var/lib/libvirt/images", "/data" };

        for (uint32_t i = 0; i < 2; i++) {
                const char *md = tops[i], *list = pick(g, members, 3);

                if (prng_below(g, 3) == 0)
                        continue;
                add(r, METRIC_BLOCK_OVER, md, 0, list);
                add(r, METRIC_ARRAY_LEVEL, md, 0, "raid1");
                add(r, METRIC_ARRAY_STATE, md, 0, "optimal");
                add(r, METRIC_ARRAY_MEMBERS, md, 0, list);
                add(r, METRIC_ARRAY_REDUNDANCY, md, prng_below(g, 3), NULL);
                add(r, METRIC_ARRAY_FAILED, md, prng_below(g, 4) == 0, NULL);
        }
        for (uint32_t i = 0; i < ARRAY_SIZE(disks); i++) /* that the kernel knows of them is no bad fact */
                add(r, METRIC_DISK_BLOCKS, disks[i], 0, disks[i]);
        for (uint32_t i = 0; i < ARRAY_SIZE(tops); i++)
                if (prng_below(g, 2) == 0)
                        add(r, METRIC_BLOCK_MOUNTS, tops[i], 0, pick(g, mounts, ARRAY_SIZE(mounts)));
        for (uint32_t v = 0; v < 3; v++) {
                static const char *const vms[] = { "a", "b", "c" };

                add(r, METRIC_VM_STATE, vms[v], 0, "running");
                if (prng_below(g, 5) > 0)
                        add(r, METRIC_VM_DEVICES, vms[v], 0,
                            prng_below(g, 4) == 0 ? "none" : pick(g, tops, 5));
        }
}

/* A fact that speaks against something, or not. */
static void random_fact(RandomReport *r, Prng *g) {
        static const Metric levels[] = { METRIC_DISK_REALLOCATED, METRIC_DISK_PENDING,
                                         METRIC_DISK_REPORTED,    METRIC_DISK_CRC,
                                         METRIC_DISK_WEAR,        METRIC_BLOCK_ERRORS,
                                         METRIC_BLOCK_READONLY,   METRIC_DISK_NVME_WARNING };
        static const char *const healths[] = { "passed", "failing", "warning", "unknown" };

        if (r->n + 4 > SAMPLES)
                return;
        switch (prng_below(g, 6)) {
        case 0:
                add(r, METRIC_DISK_HEALTH, pick(g, disks, 5), 0, pick(g, healths, 4));
                return;
        case 1:
                add(r, METRIC_MEMORY_CORRECTED, "mc0", prng_below(g, 300), NULL);
                return;
        case 2:
                add(r, METRIC_FAULT_GRADE, pick(g, disks, 5), prng_below(g, 5), NULL);
                return;
        default:
                add(r, levels[prng_below(g, ARRAY_SIZE(levels))], pick(g, disks, 5), prng_below(g, 40), NULL);
        }
}

static RandomReport *random_report(uint64_t seed, uint32_t facts) {
        RandomReport *r = arena_new(&arena, RandomReport, 1);
        Prng g = prng_seeded(seed);

        r->sections[0] = (Section){ .collector = "smart", .read_at = T0, .samples = r->samples };
        r->sections[1] = (Section){ .collector = "faults_d", .read_at = T0 };
        r->report = (Report){ .host = "h", .sent_at = T0, .sections = r->sections, .n_sections = 2 };
        random_tree(r, &g);
        for (uint32_t i = 0; i < facts; i++)
                random_fact(r, &g);
        return r;
}

static FaultOutput grade(const Report *report, const FaultMemory *memory, usec_t now) {
        FaultInput in = { .report = report, .memory = memory, .now = now, .hold_permille = 1000 };
        FaultOutput out;

        cr_assert_eq(0, fault_grade(&arena, &in, &out));
        return out;
}

static const Fault *fault_of(const FaultOutput *out, const char *device) {
        for (uint32_t i = 0; i < out->n_faults; i++)
                if (strcmp(out->faults[i].device, device) == 0)
                        return &out->faults[i];
        return NULL;
}

static int64_t grade_of(const FaultOutput *out, const char *device) {
        const Fault *f = fault_of(out, device);

        return f ? f->grade : 0;
}

Test(fault_property, more_bad_facts_never_lower_a_grade) {
        for (uint64_t seed = 1; seed <= SEEDS; seed++) {
                ArenaMark mark = arena_mark(&arena);
                RandomReport *r = random_report(seed, 6);
                FaultOutput before = grade(&r->report, NULL, T0), after;
                Prng g = prng_seeded(seed * 7919);

                random_fact(r, &g);
                random_fact(r, &g);
                after = grade(&r->report, NULL, T0);
                for (uint32_t i = 0; i < before.n_faults; i++)
                        cr_assert_geq(grade_of(&after, before.faults[i].device), before.faults[i].grade,
                                      "seed %lu: %s", (unsigned long) seed, before.faults[i].device);
                arena_rewind(&arena, mark);
        }
}

Test(fault_property, a_grade_never_falls_before_its_clean_period_is_over) {
        for (uint64_t seed = 1; seed <= SEEDS; seed++) {
                ArenaMark mark = arena_mark(&arena);
                FaultMemory memory = { 0 };
                usec_t now = T0;

                for (uint64_t turn = 0; turn < 20; turn++, now += 2 * HOUR) {
                        RandomReport *r = random_report(seed * 100 + turn, turn % 3 == 0 ? 6 : 1);
                        FaultOutput out = grade(&r->report, &memory, now);

                        for (uint32_t i = 0; i < memory.n_devices; i++) {
                                const DeviceMemory *m = &memory.devices[i];

                                if (m->grade == 0 || m->hours == 0 || grade_of(&out, m->device) >= m->grade)
                                        continue;
                                cr_assert(m->clean_since > 0 && now - m->clean_since >= m->hours * HOUR,
                                          "seed %lu, turn %lu: %s fell from %lld", (unsigned long) seed,
                                          (unsigned long) turn, m->device, (long long) m->grade);
                        }
                        memory = out.memory;
                }
                arena_rewind(&arena, mark);
        }
}

Test(fault_property, the_same_facts_give_the_same_words) {
        for (uint64_t seed = 1; seed <= SEEDS; seed++) {
                ArenaMark mark = arena_mark(&arena);
                RandomReport *r = random_report(seed, 8);
                FaultMemory none = { 0 };
                FaultOutput one = grade(&r->report, &none, T0), two = grade(&r->report, &none, T0);
                const char *first, *second;
                size_t n, m;

                cr_assert_eq(0, fault_memory_print(&arena, &one.memory, &first, &n));
                cr_assert_eq(0, fault_memory_print(&arena, &two.memory, &second, &m));
                cr_assert_str_eq(first, second);
                arena_rewind(&arena, mark);
        }
}

Test(fault_property, faults_keep_their_promises) {
        for (uint64_t seed = 1; seed <= SEEDS; seed++) {
                ArenaMark mark = arena_mark(&arena);
                FaultOutput out = grade(&random_report(seed, 10)->report, NULL, T0);

                for (uint32_t i = 0; i < out.n_faults; i++) {
                        const Fault *f = &out.faults[i];

                        cr_assert(f->grade >= 1 && f->grade <= 4 && f->why && *f->why);
                        cr_assert(text_is_name(f->device, strlen(f->device)));
                        for (uint32_t k = 1; k < f->vms.n; k++)
                                cr_assert_lt(strcmp(f->vms.at[k - 1], f->vms.at[k]), 0);
                        for (uint32_t k = 0; k < i; k++)
                                cr_assert_str_neq(f->device, out.faults[k].device);
                }
                arena_rewind(&arena, mark);
        }
}

/* ---- the table ---- */

Test(fault_property, the_manual_has_every_hazard_with_its_source) {
        static char text[65536];
        FILE *f = fopen(SOURCE_DIR "/docs/faults.md", "r");
        const HazardDef *h;

        cr_assert_not_null(f);
        text[fread(text, 1, sizeof(text) - 1, f)] = '\0';
        (void) fclose(f);
        for (uint32_t i = 0; (h = hazard_at(i)); i++) {
                const char *row = strstr(
                        text, text_format(&arena, "\n| `%s` | `%s` ", h->name, metric_defs[h->metric].name));
                const char *end = row ? strchr(row + 1, '\n') : NULL;
                const char *tail = text_format(&arena, " | %lld h | %s |", (long long) h->hours, h->source);

                cr_assert(row && end && (size_t) (end - row) > strlen(tail), "docs/faults.md lacks %s",
                          h->name);
                cr_assert_eq(0, strncmp(end - strlen(tail), tail, strlen(tail)), "docs/faults.md: %s",
                             h->name);
        }
}

Test(fault_property, every_hazard_has_a_name_of_its_own_words_and_a_source) {
        const HazardDef *h;

        for (uint32_t i = 0; (h = hazard_at(i)); i++) {
                cr_assert(*h->name && *h->words && *h->source && h->hours > 0, "%s", h->name);
                cr_assert(h->effect == EFFECT_WATCH || h->effect == EFFECT_SUSPECT ||
                          h->effect == EFFECT_PREDICTED || h->effect == EFFECT_FAILED);
                for (uint32_t k = 0; k < i; k++)
                        cr_assert_str_neq(hazard_at(k)->name, h->name);
                cr_assert_eq(metric_defs[h->metric].kind == METRIC_TEXT,
                             h->test == TEST_IS || h->test == TEST_SAID);
        }
}
