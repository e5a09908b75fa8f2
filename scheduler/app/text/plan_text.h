/* SPDX-License-Identifier: Apache-2.0 */
/* A plan as people read it: hosts before and after, moves by wave with reasons, what was refused, in sum.
 *
 * Units: MiB, ms by suffix. Owner: texts are in the arena. Errors: -ENOMEM, or NULL: the arena is full.
 * Threads: one.
 */
#pragma once

#include "scheduler/app/terminal/screen.h"
#include "scheduler/decide/judge/plan_check.h"
#include "scheduler/model/plan.h"

typedef struct PlanView {
        const Snapshot *snapshot;
        const Problem *problem; /* of the snapshot */
        const Plan *plan;
        usec_t took; /* to plan; 0: not said */
        bool all;    /* every host and move, however many */
} PlanView;

/* 0 or -ENOMEM. */
int plan_text_print(Arena *a, const PlanView *view, const Screen *screen) must_check;

/* Why it was refused, with who refused it, in the arena; NULL: out of memory. */
const char *plan_text_refused(Arena *a, const Snapshot *s, const Refused *f);

/* The rules that cannot hold together, if any. */
void plan_text_conflicts(const Conflict *conflicts, uint32_t n, const Screen *screen);

/* "improved: 14 moves in 3 waves, 63 GiB, about 2 min 10 s" in the arena; NULL: out of memory. */
const char *plan_text_summary(Arena *a, const Snapshot *s, const Plan *plan);
