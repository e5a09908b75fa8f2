/* SPDX-License-Identifier: Apache-2.0 */
/* The decision: a pure function from a Snapshot and settings to a Plan. Everything else carries facts in, or
 * carries the plan out.
 *
 * Units: ms, MiB in the request, by suffix. Owner: the plan is in the arena. Errors: -ENOMEM, -ENOTRECOVERABLE, what
 * problem_build() and a policy's add_terms() return. Threads: one for each call; the request's `workers` do
 * the searching.
 */
#pragma once

#include "scheduler/decide/order/wave_links.h"
#include "scheduler/decide/problem/problem_build.h"
#include "scheduler/decide/search/search.h"
#include "scheduler/decide/search/solver.h"

typedef struct PlanRequest {
        uint32_t max_moves; /* UINT32_MAX: no cap */
        int64_t max_mib;    /* INT64_MAX: no cap */
        int64_t max_ms;     /* predicted length of the whole schedule; INT64_MAX: no cap */
        uint32_t threshold; /* PLAN_THRESHOLD_MIN … MAX in place of plan.threshold; 0: as the settings say */
        Strings about; /* hosts, by name: only what leaves these moves, and what must make way for it; none: the cluster */
        MoveWish wish; /* vm not NULL: this VM moves, and nothing else but what makes way for it */
        uint64_t seed;
        uint64_t evaluations; /* see SearchBudget */
        TimeLimit time;       /* the wall-clock guard; its parts are PlanPart's */
        const Workers *workers;
        const Solver *solver; /* goes on where the search ends, on small clusters; NULL: none */
} PlanRequest;
#define PLAN_REQUEST_DEFAULT                                                                                 \
        ((PlanRequest){ .max_moves = UINT32_MAX,                                                             \
                        .max_mib = INT64_MAX,                                                                \
                        .max_ms = INT64_MAX,                                                                 \
                        .seed = 1,                                                                           \
                        .workers = &workers_none })

/* Problem → search → waves → plan_check → Plan. `p` is what problem_build() made of `s` by the same
 * settings. A plan that plan_check refuses is never returned:
 * -ENOTRECOVERABLE, and nothing else is that. Planning again what the plan leaves
 * behind gives no moves, unless a cap or the guard cut it short. When the time of a part is up, the plan is
 * what there is until then, and says so (Plan.cut): it is a plan like any other, judged as well. */
int planner_decide(Arena *a, const Snapshot *s, const Problem *p, const Settings *settings,
                   PolicySet policies, PlanRequest request, const Plan **ret) must_check;

/* The same of a snapshot alone: its problem is built first. */
int planner_plan(Arena *a, const Snapshot *s, const Settings *settings, PolicySet policies,
                 PlanRequest request, const Plan **ret) must_check;

/* How many moves may share links, switches and pools at once, of section "plan". */
LinkCaps planner_link_caps(const Settings *s);

extern const SettingDef planner_settings[]; /* section "plan" */
