/* SPDX-License-Identifier: Apache-2.0 */
/* Carries a plan out: run_waves over an executor, each start judged again by plan_check on facts just read,
 * written down in the journal before and after when there is a store, cool-downs kept.
 *
 * Owner: everything is the caller's; a Mover ends by mover_free(), which takes NULL. Threads: one; the watch is called from it.
 *
 * Units: usec_t, in microseconds; MiB, ms by suffix. Errors: a negative errno, as said at each; 1 is no
 * error.
 */
#pragma once

#include "scheduler/act/run_waves.h"
#include "scheduler/app/facts/source.h"
#include "scheduler/app/round/move_urgency.h"
#include "scheduler/app/round/stop_watch.h"
#include "scheduler/app/state/leadership.h"
#include "scheduler/model/plan.h"
#include "scheduler/model/record.h"
#include "scheduler/snapshot/build/what_if.h"
#include "scheduler/snapshot/files/plan_file.h"

/* What the program wants to see. Any may be NULL. */
typedef struct MoverWatch {
        void *arg;
        void (*started)(void *arg, uint32_t move);
        void (*progress)(void *arg, uint32_t move, const MigrationStatus *status);
        void (*ended)(void *arg, uint32_t move, const MoveOutcome *outcome);
        StopRequest (*stop_request)(void *arg);
        /* The journal refused or could not be reached; words for the log. */
        void (*trouble)(void *arg, uint32_t move, const char *what);
} MoverWatch;

typedef struct MoverInput {
        Source *source; /* fresh facts; not SOURCE_FILE */
        const Settings *settings;
        /* What the moves were planned on, with `suppose` in it: what the links carry; and good for the first
         * starts while it is fresh. NULL: not known. */
        const Snapshot *facts;
        usec_t facts_at; /* when it was read, monotonic; 0: too long ago */
        const Executor *executor;
        Leadership *leadership;     /* NULL: there is no store, so no journal and no cool-downs */
        StopWatch *stop;            /* NULL: one of its own, where there is a store */
        const MoveOrder *moves;     /* sorted by wave */
        const MoveUrgency *urgency; /* [n] NULL: none is told to stop for another one */
        uint32_t n;
        MoverWatch watch;
        bool by_hand; /* a person's waves, and how many of a wave may run at once follows from the model
                         (moves_at_once.h); else the waves have been made by it */
        const char *const *by; /* [n] who asked for this move by hand, NULL: nobody did. NULL: of none */
        const char *const
                *for_whom; /* [n] the operator who wants it done, also where a plan says what: for the
                                        journal. NULL: nobody by name. NULL: of none */
        const WhatIf
                *suppose; /* put on the facts each time they are read: a host that is to be emptied; NULL */
        usec_t *judged;   /* how long the judge took before starts is added here; NULL */
} MoverInput;

/* The orders of a plan, or of a plan file, with what the snapshot knows of their VMs and hosts; what a file does
 * not predict is predicted here. 0; -ENOMEM; -ENOENT with
 * *reterr_fault: a host without a libvirt URI, or a VM or host that the snapshot does not have. */
int mover_moves_of_plan(Arena *a, const Snapshot *s, const Plan *plan, const MoveOrder **ret,
                        TextFault *reterr_fault) must_check;
int mover_moves_of_file(Arena *a, const Snapshot *s, const Settings *settings, const PlanFile *plan,
                        const MoveOrder **ret, TextFault *reterr_fault) must_check;

/* A run that plans can join while moves of earlier ones go on: they are judged, counted and written down together.
 * `in` outlives it: its source, settings, executor, leadership, stop, suppose and watch.stop_request are those of all
 * plans; its moves have to be added as well. 0; a negative errno. */
typedef struct Mover Mover;

int mover_open(const MoverInput *in, Mover **ret) must_check;
Mover *mover_free(Mover *m);

/* What of earlier plans waits is not reached (run_waves.h). The orders with their texts and ret_outcomes[n], filled in as they
 * end, outlive the run. 0; a negative errno: none was added. */
int mover_add(Mover *m, const MoverInput *in, MoveOutcome *ret_outcomes) must_check;

/* From now on starts are judged by these settings, and facts read with their rules; they outlive the run. */
void mover_go_by(Mover *m, const Settings *settings);

/* One step (run_waves_step()). false: all have ended. */
bool mover_step(Mover *m) must_check;

/* The facts with the moves applied that have ended since they were read. 0 or -ENOMEM. */
int mover_facts(const Mover *m, Arena *a, const Snapshot *s, const Snapshot **ret) must_check;

/* One that runs, by its number from 0; false: there is no such number. One that does not run has order NULL. */
bool mover_under_way(const Mover *m, uint32_t move, MoveUnderWay *ret);

/* It is not to be told to stop any more; it is told to stop, for this reason, where it may be (move_urgency.h). */
void mover_spare(Mover *m, uint32_t move);
bool mover_cut(Mover *m, uint32_t move, const char *why);

/* What waits is not started any more; whether anything that waits may still be. */
void mover_overtake(Mover *m);
bool mover_begins_more(const Mover *m);
bool mover_is_running(const Mover *m);
bool mover_waits(const Mover *m, const char *vm); /* a move of this VM */

/* ret_outcomes[n] is filled in. 0: all done. 1: not all. A negative errno: nothing was started. */
int mover_run(const MoverInput *in, MoveOutcome *ret_outcomes) must_check;

/* The moves with what came of them, for records and the audit; they point to the orders, their words are copied
 * into `a`. 0 or -ENOMEM. */
int mover_record(Arena *a, const MoveOrder *moves, const MoveOutcome *outcomes, uint32_t n,
                 const RecordMove **ret) must_check;

/* When the executor ends it, or has it go another way, from its start: as the plan says, else as the settings do. In ms. */
int64_t mover_deadline_ms(const Settings *s, const MoveOrder *order);

/* migration.uri with the target's name, or the address it was admitted with, in the place of "{host}"; NULL: the setting is
 * empty, or the name can't stand in a URI. 0 or -ENOMEM. */
int mover_migrate_uri(Arena *a, const Settings *s, const MoveOrder *order, const char **ret) must_check;
