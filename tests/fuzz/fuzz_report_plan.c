/* SPDX-License-Identifier: Apache-2.0 */
/* Bytes → reports, parted by a line "---" → snapshot → rules → plan, judged: the whole way of what a host says, with all
 * its quantities at their edges. Nothing is asserted of the plan but that the judge accepts it. */
#include <errno.h>

#include "scheduler/snapshot/build/build.h"
#include "scheduler/snapshot/rules/rules_apply.h"
#include "scheduler/snapshot/wire/sample_wire.h"
#include "tests/random_cluster.h"

#define REPORTS_MAX 8

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static uint32_t reports_read(Arena *a, const uint8_t *data, size_t n, const Report **reports) {
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

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
        static const SettingSection sections[] = { { "snapshot", "", snapshot_settings } };
        static Arena arena;
        const Report *reports[REPORTS_MAX];
        const Objection *objections;
        BuildInput in = { .cluster = "c", .reports = reports };
        Settings *of_build;
        const Settings *settings;
        const Snapshot *s;
        const Plan *plan;

        if (!arena.limit && arena_open((size_t) 1 << 30, &arena) < 0)
                abort();
        arena_rewind(&arena, 0);
        in.n_reports = reports_read(&arena, data, n, reports);
        if (in.n_reports == 0)
                return 0;
        in.now = reports[0]->sent_at;
        settings = default_settings(&arena);
        if (settings_new(&arena, sections, 1, &of_build) < 0)
                abort();
        if (snapshot_build(&arena, &in, of_build, &s) != 0 || rules_apply(&arena, s, NULL, &s) != 0)
                return 0;
        if (planner_plan(&arena, s, settings, policies_all(), PLAN_REQUEST_DEFAULT, &plan) != 0 ||
            objections_to(&arena, s, settings, plan, &objections) > 0)
                abort();
        return 0;
}
