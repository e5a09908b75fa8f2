/* SPDX-License-Identifier: Apache-2.0 */
/* A decision with all that it followed from and what came of it: enough to make it again, byte for byte.
 * Const once made; all of it in one arena.
 *
 * Everything round_decide() looks at is in it: the facts as they were read, with the demand that was
 * estimated; the settings, whose rules are put onto the facts again; the request; the VMs that were cooling
 * down; whether balance was paused. What no record can hold is the speed of the machine: a plan that the
 * wall-clock guard cut short (Plan.guard_fired) may go further elsewhere.
 */
#pragma once

#include "scheduler/model/cluster.h"
#include "scheduler/model/cool_down.h"
#include "scheduler/model/move_order.h"
#include "scheduler/model/plan.h"

/* One move: what was said of it beforehand, and what was seen. */
typedef struct RecordMove {
        const MoveOrder *order; /* its names, wave and prediction */
        const char *end;        /* "done", "failed", "refused" … (move_end_names) */
        const char *why;        /* when not done, in words; "" otherwise */
        const char *strategy;   /* how it was moved; NULL: not said */
        MoveMeasure took;
} RecordMove;

typedef struct Record {
        const char *version; /* of the program that decided */
        const char *leader, *mode;
        usec_t at; /* the round's now */
        uint64_t seed, evaluations;
        uint32_t max_moves;
        int64_t max_mib, max_ms;
        uint32_t threshold;   /* in place of plan.threshold; 0: as the settings say */
        Strings about;        /* hosts that the plan was about; none: the cluster */
        MoveWish wish;        /* that the plan was for */
        const char *solver;   /* what went on where the search ended; NULL: nothing did */
        const char *settings; /* a settings file, without passwords; only what is not the default */
        const char *paused;   /* why balance was paused, or NULL */
        const char *stopped;  /* that all moves were stopped, or NULL */
        unsigned not_now;     /* SNAPSHOT_NO_…: kinds of action that were left for later */
        VmMode hold_from;     /* VMs of this mode and stricter ones were held; 0: none were */
        const CoolDown *cool_downs;
        uint32_t n_cool_downs;
        const Snapshot *facts;
        const char *plan; /* JSON, schema plimsoll.plan/1; compact, its members in their order */
        const RecordMove *moves;
        uint32_t n_moves; /* 0: nothing was carried out */
} Record;
