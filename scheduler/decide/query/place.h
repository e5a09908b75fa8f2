/* SPDX-License-Identifier: Apache-2.0 */
/* Where VMs that run nowhere yet should start: by the engine that plans. Each goes where it costs least of
 * the hosts that nothing refuses; several are then moved among themselves by the search, everything else
 * held; and the planner is asked what it would do after it. Where it would move what was just placed, other
 * starts are tried.
 *
 * When the time of the request's plans is up, no other starts are tried; a plan that was cut short settles nothing.
 *
 * What is promised: `settled` says that planner_plan() on the answer's snapshot was made and moves none of
 * the placed VMs; `plan` is that plan. On a cluster at rest with one VM to place, whenever some host that
 * accepts it and costs the same in the tiers before balance leaves the planner nothing to do, and is among
 * the first `tries` of them by cost, the answer is such a host.
 *
 * Pure. Owner: the arena. Threads: one.
 *
 * Units: Cost: no unit. Errors: -ENOMEM, -ENODATA, what planner_plan() returns.
 */
#pragma once

#include "scheduler/decide/plan/planner.h"
#include "scheduler/decide/whynot/trial.h"

#define PLACE_TRIES 8

typedef struct PlaceRequest {
        PlanRequest plan; /* for the plan afterwards: caps, seed, guard */
        uint32_t tries;   /* starts for which the planner is asked; 0: it is not */
        bool spends;      /* they may spend the reserve: their host was lost */
} PlaceRequest;

typedef struct Placed {
        VmIx vm;
        HostIx host;            /* IX_NONE: no host takes it (any more) */
        Costs delta;            /* what it cost when it was placed, after those before it */
        const Costs *by_policy; /* [policies.n], or NULL */
} Placed;

typedef struct PlaceAnswer {
        const Placed *vms; /* the newcomers, in the order they were placed */
        uint32_t n_vms, n_placed;
        const TrialHost *hosts; /* [n_hosts] the first one's verdicts before any was placed, cheapest first */
        uint32_t n_open;        /* so many of them would take it */
        const char *const *refusals; /* [n_hosts] in words, beside `hosts`; NULL where it may go there */
        const Snapshot *snapshot;    /* with the placed ones running; those that no host takes are left out */
        const Plan *plan;            /* of it; NULL: not asked */
        uint32_t moved;              /* placed VMs that the plan moves */
        bool settled;                /* the plan moves none of them */
        Trial trial;                 /* everything placed */
} PlaceAnswer;

/* `s` has VMs whose host is IX_NONE. 0; -ENOMEM; -ENODATA: no hosts; what planner_plan() says. */
int place_find(Arena *a, const Snapshot *s, const Settings *settings, PolicySet policies,
               const PlaceRequest *request, PlaceAnswer *ret) must_check;
