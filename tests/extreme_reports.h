/* SPDX-License-Identifier: Apache-2.0 */
/* Reports such as no honest agent makes: every metric there is, with the largest and the oddest values that a report can
 * hold, from a seed or from a fuzzer's bytes. For property tests and fuzzers. */
#pragma once

#include <stdarg.h>

#include "scheduler/model/bounds.h"
#include "scheduler/snapshot/build/build.h"
#include "scheduler/snapshot/rules/rules_apply.h"
#include "scheduler/snapshot/wire/sample_wire.h"
#include "tests/random_cluster.h"

#define EXTREME_NOW   (INT64_C(1767225600) * USEC_PER_SEC)
#define EXTREME_HOSTS 5U

typedef struct ExtremeText {
        char *at;
        size_t n, room;
        uint32_t odd; /* percent of numbers that are nothing usual */
} ExtremeText;

__attribute__((format(printf, 2, 3))) static inline void extreme_put(ExtremeText *t, const char *format,
                                                                     ...) {
        va_list ap;
        int n;

        va_start(ap, format);
        n = vsnprintf(t->at + t->n, t->room - t->n, format, ap);
        va_end(ap);
        if (n > 0 && (size_t) n < t->room - t->n)
                t->n += (size_t) n;
}

/* Mostly something usual; else a limit of a type, of a table, or one off it. */
static inline int64_t extreme_number(Dice *d, int64_t usual, uint32_t chance, int64_t most) {
        const int64_t odd[] = { 0,
                                1,
                                2,
                                1000,
                                INT64_C(1) << 16,
                                INT64_C(1) << 20,
                                (INT64_C(1) << 31) - 1,
                                INT64_C(1) << 31,
                                INT64_C(1) << 32,
                                INT64_C(1) << 39,
                                most - 1,
                                most,
                                most + 1 };

        return dice_percent(d, chance) ? odd[dice_below(d, ARRAY_SIZE(odd))] : usual;
}

static inline void extreme_line(Dice *d, ExtremeText *t, Metric m, const char *subject, int64_t usual) {
        static const char *const texts[] = { "running",
                                             "off",
                                             "paused",
                                             "1",
                                             "g,h",
                                             "priority=1",
                                             "talks=v0:5",
                                             "talks=v1:1099511627776",
                                             "migration-out",
                                             "br0,br1",
                                             "0-3,8",
                                             "pci:0000:01:00.0",
                                             "{}",
                                             "degraded",
                                             "raid1",
                                             "sda,sdb",
                                             "device",
                                             "optimal",
                                             "4",
                                             "zone=a" };

        if (metric_defs[m].kind == METRIC_NUMBER)
                extreme_put(t, "%s\t%s\t%lld\n", metric_defs[m].name, subject,
                            (long long) extreme_number(d, usual, t->odd, metric_bound(m)));
        else
                extreme_put(t, "%s\t%s\t%s\n", metric_defs[m].name, subject,
                            texts[dice_below(d, ARRAY_SIZE(texts))]);
}

/* Metrics of a kind are named "kind.": some of them, by chance, of this subject. */
static inline void extreme_some(Dice *d, ExtremeText *t, const char *kind, const char *subject,
                                uint32_t chance) {
        for (int m = 0; m < METRIC_N; m++)
                if (strncmp(metric_defs[m].name, kind, strlen(kind)) == 0 && dice_percent(d, chance))
                        extreme_line(d, t, (Metric) m, subject, dice_between(d, 1, 5000));
}

static inline void extreme_vm(Dice *d, ExtremeText *t, uint32_t host, uint32_t i) {
        static const char *const states[] = { "running", "running", "running", "paused", "off" };
        char name[16];

        /* Some are claimed by the first host, too. */
        (void) snprintf(name, sizeof(name), "v%u-%u", dice_percent(d, 10) ? 0 : host, i);
        extreme_put(t, "vm.state\t%s\t%s\n", name, states[dice_below(d, ARRAY_SIZE(states))]);
        extreme_line(d, t, METRIC_VM_VCPUS, name, 2);
        extreme_line(d, t, METRIC_VM_MEMORY, name, 2048);
        extreme_line(d, t, METRIC_VM_CPU, name, 500);
        extreme_some(d, t, "vm.", name, 2 + t->odd / 4);
        if (dice_percent(d, 25))
                extreme_put(t, "vm.hugepages\t%s\t%d\n", name, dice_percent(d, 50) ? 2048 : 1048576);
}

static inline void extreme_parts(Dice *d, ExtremeText *t) {
        static const struct {
                const char *kind, *subjects[3];
        } parts[] = { { "nic.", { "eth0", "eth1", "bond0" } },
                      { "peer.", { "h0", "h1", "h2" } },
                      { "numa.", { "0", "1", "65535" } },
                      { "disk.", { "sda", "sdb", "megaraid/0/d1" } },
                      { "array.", { "md0", "zfs/tank", "md1" } },
                      { "block.", { "sda", "sda1", "md0" } },
                      { "fault.", { "psu", "fan", "x" } },
                      { "memory.", { "mc0", "mc0/dimm3", "mc1" } },
                      { "sensor.", { "coretemp-0/temp1", "a", "b" } },
                      { "hugepages.", { "2048", "1048576", "1099511627776" } },
                      { "cpu.", { "0", "1", "2" } },
                      { "controller.", { "megaraid/0", "hpraid/0", "x" } } };

        for (size_t i = 0; i < ARRAY_SIZE(parts); i++)
                for (size_t k = 0; k < ARRAY_SIZE(parts[i].subjects) && dice_percent(d, 60); k++)
                        extreme_some(d, t, parts[i].kind, parts[i].subjects[k], 40);
}

static inline const char *extreme_report(Dice *d, uint32_t host, uint32_t odd, size_t *ret_n) {
        ExtremeText t = { .room = (size_t) 64 << 10, .odd = odd };
        const uint32_t n_vms = dice_percent(d, 20) ? dice_below(d, 40) : dice_below(d, 6);

        t.at = arena_new(d->arena, char, t.room);
        if (!t.at)
                abort();
        extreme_put(&t, "plimsoll.report/1 h%u sent=%lld seq=%u every=5000000\n", host,
                    (long long) EXTREME_NOW, host + 1);
        extreme_put(&t, "@host %lld\nhost.daemon\t\t1\n", (long long) EXTREME_NOW);
        extreme_line(d, &t, METRIC_HOST_CPUS, "", 64);
        extreme_line(d, &t, METRIC_HOST_CPU_BUSY, "", 3000);
        extreme_line(d, &t, METRIC_HOST_MEMORY_TOTAL, "", 262144);
        extreme_line(d, &t, METRIC_HOST_MEMORY_AVAILABLE, "", 100000);
        if (dice_percent(d, 50))
                extreme_line(d, &t, METRIC_HOST_CPU_MHZ, "", 2000);
        extreme_some(d, &t, "host.", "", 8);
        extreme_parts(d, &t);
        extreme_put(&t, "@vms %lld\n", (long long) EXTREME_NOW);
        for (uint32_t i = 0; i < n_vms; i++)
                extreme_vm(d, &t, host, i);
        *ret_n = t.n;
        return t.at;
}

static inline const Settings *extreme_settings(Dice *d) {
        Settings *s = (Settings *) (uintptr_t) default_settings(d->arena);
        static const struct {
                const char *key, *value;
        } odd[] = { { "cluster.local_disks", "copy" },   { "plan.goal", "pack" },
                    { "reserve.losses", "1" },           { "reserve.losses", "2" },
                    { "balance.measure", "htools" },     { "plan.threshold", "5" },
                    { "plan.threshold", "1" },           { "cluster.overcommit_cpu", "4" },
                    { "cluster.overcommit_cpu", "100" }, { "cluster.overcommit_memory", "4" },
                    { "traffic.weight", "1000" },        { "migration.force", "on" },
                    { "stay.price", "1000000" },         { "load.weight", "1000" },
                    { "balance.memory", "1000" },        { "balance.cpu", "1000" },
                    { "balance.network", "1000" },       { "reserve.share", "60%" } };

        for (size_t i = 0; i < ARRAY_SIZE(odd); i++)
                if (dice_percent(d, 12))
                        setting(s, odd[i].key, odd[i].value);
        return s;
}

/* What is known of what these reports say; NULL: there is no room for it. */
static inline const Snapshot *extreme_snapshot(Arena *a, const Report *const *reports, uint32_t n) {
        static const SettingSection sections[] = { { "snapshot", "", snapshot_settings } };
        const BuildInput in = {
                .cluster = "extreme", .now = EXTREME_NOW, .reports = reports, .n_reports = n
        };
        const Snapshot *s = NULL;
        Settings *settings;
        int r = settings_new(a, sections, 1, &settings);

        if (r == 0)
                r = snapshot_build(a, &in, settings, &s);
        if (r == 0)
                r = rules_apply(a, s, NULL, &s);
        if (r < 0 && r != -ENOMEM)
                abort();
        return r == 0 ? s : NULL;
}

static inline const Snapshot *extreme_cluster(Dice *d) {
        static const uint32_t odds[] = { 1, 3, 10, 30, 60 };
        const uint32_t n = 1 + dice_below(d, EXTREME_HOSTS), odd = odds[dice_below(d, ARRAY_SIZE(odds))];
        const Report *reports[EXTREME_HOSTS];
        TextFault fault = { 0 };

        for (uint32_t i = 0; i < n; i++) {
                size_t length;
                const char *text = extreme_report(d, i, odd, &length);

                if (report_parse(d->arena, text, length, &reports[i], &fault) < 0) {
                        (void) fprintf(stderr, "line %u: %s: %s\n", fault.line, fault.field, fault.what);
                        abort();
                }
        }
        return extreme_snapshot(d->arena, reports, n);
}
