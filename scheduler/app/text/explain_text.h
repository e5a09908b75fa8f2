/* SPDX-License-Identifier: Apache-2.0 */
/* What explain shows, as text and as JSON (docs/explain.md).
 *
 * Units: Costs; permille. Owner: JSON is the caller's, by json_decref(); the arena is scratch. Errors:
 * -ENOMEM; JSON: NULL, no memory. Threads: one.
 */
#pragma once

#include <jansson.h>

#include "scheduler/app/terminal/screen.h"
#include "scheduler/decide/query/explain.h"

typedef struct ExplainView {
        const Snapshot *snapshot;
        const PlanMove *move; /* what the plan does with the VM, or NULL: it leaves it */
        bool all;
} ExplainView;

int explain_vm_text(Arena *a, const ExplainVm *explained, const ExplainView *view,
                    const Screen *screen) must_check;
int explain_plan_text(Arena *a, const ExplainPlan *explained, const ExplainView *view,
                      const Screen *screen) must_check;

/* Without "schema". */
json_t *explain_vm_json(Arena *a, const ExplainVm *explained, const ExplainView *view);
json_t *explain_plan_json(const ExplainPlan *explained, const ExplainView *view);
