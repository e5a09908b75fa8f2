/* SPDX-License-Identifier: Apache-2.0 */
/* Report bytes → snapshot → plan, judged: what a host can say reaches the planner's sums. The first byte chooses: reports
 * as they stand, parted by a line "---", or the bytes as dice for extreme ones. */
#include <errno.h>

#include "tests/extreme_reports.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static const Snapshot *snapshot_of_bytes(Arena *a, const char *text, size_t n) {
        static const char mark[] = "---\n";
        const Report *reports[EXTREME_HOSTS];
        const char *end = text + n;
        uint32_t count = 0;

        for (const char *next; text < end && count < EXTREME_HOSTS;
             text = next ? next + sizeof(mark) - 1 : end) {
                TextFault f;

                next = memmem(text, (size_t) (end - text), mark, sizeof(mark) - 1);
                if (report_parse(a, text, (size_t) ((next ? next : end) - text), &reports[count], &f) == 0)
                        count++;
        }
        return extreme_snapshot(a, reports, count);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
        static Arena arena;
        const Objection *objections;
        const Plan *plan;
        ArenaMark mark;
        int r;

        if (n < 2)
                return 0;
        if (!arena.limit && arena_open((size_t) 256 << 20, &arena) < 0)
                abort();
        mark = arena_mark(&arena);
        {
                Dice d = { .bytes = data + 1, .n = n - 1, .arena = &arena };
                const Snapshot *s = data[0] == 'p' ? snapshot_of_bytes(&arena, (const char *) data, n)
                                                   : extreme_cluster(&d);
                const Settings *settings = data[0] == 'p' ? default_settings(&arena) : extreme_settings(&d);

                r = s ? planner_plan(&arena, s, settings, policies_all(), PLAN_REQUEST_DEFAULT, &plan)
                      : -ENOMEM;
                if (r < 0 && r != -ENOMEM)
                        abort();
                if (r == 0 && objections_to(&arena, s, settings, plan, &objections) > 0)
                        abort();
        }
        arena_rewind(&arena, mark);
        return 0;
}
