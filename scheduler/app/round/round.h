/* SPDX-License-Identifier: Apache-2.0 */
/* One round of deciding: the one function that the command line, the service and replays all call. */
#pragma once

#include "scheduler/decide/plan/planner.h"
#include "scheduler/model/cool_down.h"

typedef struct RoundInput {
        const Snapshot *snapshot;
        const Settings *settings;
        PlanRequest request;
        const CoolDown *cool_downs; /* those past `now` hold only VMs that may move so many times a day */
        uint32_t n_cool_downs;
        const char *paused; /* why nothing is moved for balance or the load line now; NULL: it may be */
        usec_t now;         /* for cool-downs, and what counts as a day */
        usec_t think;       /* wall-clock guard: 0 none */
        const Clock *clock; /* that guard's, and of how long it took; NULL: the real one */
        unsigned not_now;   /* SNAPSHOT_NO_…: kinds of action left for later, beside what windows leave */
} RoundInput;

typedef struct Round {
        const Snapshot *snapshot; /* with the VMs that are held by a cool-down marked so */
        const Problem *problem;
        const Plan *plan;
        usec_t took;
} Round;

/* The snapshot as it is decided on: VMs that are held marked as not movable, kinds that are left for later,
 * and why balance is paused. 0 or -ENOMEM. In `a`. */
int round_facts(Arena *a, const RoundInput *in, const Snapshot **ret) must_check;

/* 0; a negative errno of planner_plan() (-EPROTO: plan_check refused the planner's own plan). In `a`. */
int round_decide(Arena *a, const RoundInput *in, Round *ret) must_check;
