/* SPDX-License-Identifier: Apache-2.0 */
/* One round of deciding: the one function that the command line, the service and replays all call.
 *
 * Units: ms and MiB in the request, by suffix. Owner: the arena; a Round refers to its input. Errors: a
 * negative errno, as said at each. Threads: any, each its own arena.
 */
#pragma once

#include "scheduler/decide/plan/planner.h"
#include "scheduler/model/cool_down.h"
#include "scheduler/snapshot/health/brake.h"

typedef struct RoundInput {
        const Snapshot *snapshot;
        const Settings *settings;
        PlanRequest request;
        const CoolDown *cool_downs; /* those past `now` hold only VMs that may move so many times a day */
        uint32_t n_cool_downs;
        const char *paused; /* why nothing is moved for balance or the load line now; NULL: it may be */
        const char *
                stopped; /* that all moves are stopped (stop_words()): the plan says so; NULL: they are not */
        usec_t now;      /* for cool-downs, and what counts as a day */
        usec_t think;    /* how long planning may take, in all; 0: as long as it takes */
        const Clock *clock; /* that guard's, and of how long it took; NULL: the real one */
        /* nobody waits for the plan any more: the best so far is enough; any thread; or NULL */
        bool (*stops)(const void *arg);
        const void *stops_arg;
        VmMode hold_from; /* VMs of this mode and stricter ones are held, but for that of request.wish; 0: none are */
        unsigned not_now; /* SNAPSHOT_NO_…: kinds of action left for later, beside what windows leave */
} RoundInput;

/* The time that planning has, by a clock: the arg of round_time_is_up(). */
typedef struct RoundTime {
        usec_t began, think; /* think 0: as long as it takes */
        const Clock *clock;  /* NULL: the real one */
        bool (*stops)(const void *arg);
        const void *stops_arg;
} RoundTime;

/* For a TimeLimit of a PlanRequest: each part of planning (PlanPart) ends at a share of `think`, the whole at its end. */
bool round_time_is_up(void *arg, unsigned part);

typedef struct Round {
        const Snapshot *snapshot; /* with the VMs that are held by a cool-down marked so */
        Brake brake; /* which hosts are held of those to be emptied, and what is to be remembered of it */
        const Problem *problem;
        const Plan *plan;
        usec_t prepared, took; /* until there was a problem; until there was a plan, with that */
} Round;

/* How often the VM that was moved most often was, within a day. */
uint32_t round_moves_day_most(const CoolDown *list, uint32_t n, usec_t now);

/* The snapshot as it is decided on: hosts that the brake holds and VMs that are held marked so, kinds that are left for later,
 * and why balance is paused. 0 or -ENOMEM. In `a`. */
int round_facts(Arena *a, const RoundInput *in, const Snapshot **ret, Brake *ret_brake) must_check;

/* The first half of a round: the facts as they are decided on, and the problem they pose, which is built once
 * and stands for each plan of the same input. No plan yet. 0; -ENOMEM; what problem_build() said. In `a`. */
int round_prepare(Arena *a, const RoundInput *in, Round *ret) must_check;

/* The second half: the plan of what round_prepare() made of the same input; in->request may be another one.
 * 0; a negative errno of planner_plan() (-ENOTRECOVERABLE: plan_check refused the planner's own plan). In `a`. */
int round_plan(Arena *a, const RoundInput *in, Round *io) must_check;

/* It mends what does not wait: rules that must hold, overfull hosts, hosts that must be left. What only balances, or is for the load
 * line, waits for the hold time (service.hold). */
bool round_is_urgent(const Plan *plan);

/* Both. */
int round_decide(Arena *a, const RoundInput *in, Round *ret) must_check;
