/* SPDX-License-Identifier: Apache-2.0 */
/* Bytes → several reports, parted by a line "---" → snapshot, twice, in both orders: what build.h promises,
 * and that a snapshot file holds all of it. */
#include <errno.h>
#include <stdint.h>
#include <string.h>

#include "scheduler/snapshot/build/build.h"
#include "scheduler/snapshot/files/snapshot_file.h"
#include "scheduler/snapshot/wire/sample_wire.h"

#define REPORTS_MAX 8
#define NOW         (INT64_C(1000) * USEC_PER_SEC)

static unsigned char memory[16 << 20];

#define CHECK(condition)                                                                                     \
        do {                                                                                                 \
                if (!(condition))                                                                            \
                        __builtin_trap();                                                                    \
        } while (0)

static void check_snapshot(const Snapshot *s) {
        for (HostIx i = 0; i < s->n_hosts; i++) {
                const Host *h = &s->hosts[i];

                CHECK(i == 0 || strcmp(s->hosts[i - 1].name, h->name) < 0);
                CHECK((h->excluded == EXCLUDED_NONE) == (h->excluded_why == NULL));
                if (h->excluded != EXCLUDED_NONE)
                        continue;
                CHECK(h->cpus > 0 && h->memory_mib > 0);
        }
        for (VmIx i = 0; i < s->n_vms; i++) {
                const Vm *v = &s->vms[i];

                CHECK(i == 0 || strcmp(s->vms[i - 1].name, v->name) < 0);
                CHECK(v->host < s->n_hosts);
                CHECK(v->in_flight_to == IX_NONE || (v->in_flight && v->in_flight_to < s->n_hosts));
                CHECK(v->in_flight_to != v->host);
                CHECK(v->movable == (v->unmovable_why == NULL));
        }
}

static uint32_t read_reports(Arena *a, const uint8_t *data, size_t n, const Report **reports) {
        static const char mark[] = "---\n";
        const char *s = (const char *) data, *end = s + n;
        uint32_t count = 0;

        while (s < end && count < REPORTS_MAX) {
                const char *next = memmem(s, (size_t) (end - s), mark, sizeof(mark) - 1);
                TextFault f;

                if (report_parse(a, s, (size_t) ((next ? next : end) - s), &reports[count], &f) == 0)
                        count++;
                s = next ? next + sizeof(mark) - 1 : end;
        }
        return count;
}

static bool has_ties(const Report *const *reports, uint32_t n) {
        for (uint32_t i = 0; i < n; i++)
                for (uint32_t k = 0; k < i; k++)
                        if (strcmp(reports[i]->host, reports[k]->host) == 0 &&
                            reports[i]->sent_at == reports[k]->sent_at &&
                            reports[i]->sequence == reports[k]->sequence)
                                return true;
        return false;
}

static int build_text(Arena *a, const Report *const *reports, uint32_t n, const char **ret, size_t *ret_n) {
        static const SettingSection sections[] = { { "snapshot", "", snapshot_settings } };
        static const char *const expected[] = { "h1", "silent" };
        static const HostMark marks[] = { { .host = "h2", .state = HOST_CORDONED, .rack = "r" } };
        const BuildInput in = { .cluster = "c",
                                .now = NOW,
                                .reports = reports,
                                .n_reports = n,
                                .expected = expected,
                                .n_expected = 2,
                                .marks = marks,
                                .n_marks = 1 };
        Settings *settings;
        const Snapshot *s;
        int k = settings_new(a, sections, 1, &settings);

        if (k == 0)
                k = snapshot_build(a, &in, settings, &s);
        if (k < 0)
                return k;
        check_snapshot(s);
        return snapshot_file_print(a, s, ret, ret_n);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
        Arena a = arena_over(memory, sizeof(memory));
        const Report *forth[REPORTS_MAX], *back[REPORTS_MAX];
        uint32_t count = read_reports(&a, data, n, forth);
        const char *one, *two, *file;
        size_t n_one, n_two, n_file;
        const Snapshot *s;
        TextFault f;
        int k;

        for (uint32_t i = 0; i < count; i++)
                back[i] = forth[count - 1 - i];
        if (build_text(&a, forth, count, &one, &n_one) < 0 || build_text(&a, back, count, &two, &n_two) < 0)
                return 0; /* the arena is full */
        CHECK(has_ties(forth, count) || (n_one == n_two && memcmp(one, two, n_one) == 0));
        k = snapshot_file_parse(&a, one, n_one, &s, &f);
        if (k == -ENOMEM)
                return 0;
        CHECK(k == 0);
        if (snapshot_file_print(&a, s, &file, &n_file) < 0)
                return 0;
        CHECK(n_file == n_one && memcmp(file, one, n_one) == 0);
        return 0;
}
