/* SPDX-License-Identifier: Apache-2.0 */
/* Bytes → a small cluster → a plan, twice: the same bytes, accepted by the judge, no dearer; and planned
 * again after it is carried out, nothing that the judge would refuse. */
#include "scheduler/snapshot/files/plan_file.h"
#include "tests/random_cluster.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static const char *plan_text(Arena *a, const Snapshot *s, const Settings *settings, const Plan **ret) {
        const char *text = NULL;
        size_t length;

        if (planner_plan(a, s, settings, policies_all(), PLAN_REQUEST_DEFAULT, ret) != 0 ||
            plan_file_print(a, s, *ret, &text, &length) < 0)
                abort();
        return text;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
        static Arena arena;
        const Objection *objections;
        const Settings *settings;
        const Plan *plan, *twin;
        const Snapshot *s;
        const char *text;
        ArenaMark mark;

        if (n < 2)
                return 0;
        if (!arena.limit && arena_open((size_t) 256 << 20, &arena) < 0)
                abort();
        mark = arena_mark(&arena);
        settings = default_settings(&arena);
        s = cluster_of_dice((Dice){ .bytes = data + 1, .n = n - 1, .arena = &arena }, data[0] % 4 == 0);
        text = plan_text(&arena, s, settings, &plan);
        if (strcmp(text, plan_text(&arena, s, settings, &twin)) != 0 ||
            objections_to(&arena, s, settings, plan, &objections) > 0 ||
            costs_compare(&plan->after.costs, &plan->before.costs) > 0)
                abort();
        (void) plan_text(&arena, snapshot_after(&arena, s, plan), settings, &twin);
        arena_rewind(&arena, mark);
        return 0;
}
