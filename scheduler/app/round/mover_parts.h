/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the mover share: mover.c (the run), mover_start.c (may the next move start), mover_journal.c (what is
 * written down of it), mover_orders.c (what is to be moved, and what came of it), mover_requests.c (what the executor is
 * asked). For them only.
 *
 * Units: ms, kbit, MiB by suffix; usec_t, in microseconds. Owner: the arena; requests refer to their orders.
 * Errors: -ENOMEM, or as the hooks of run_waves.h say. Threads: as the mover: one.
 */
#pragma once

#include "scheduler/app/facts/facts_ahead.h"
#include "scheduler/app/facts/facts_overlay.h"
#include "scheduler/app/round/move_recheck.h"
#include "scheduler/app/round/move_worth.h"
#include "scheduler/app/round/mover.h"
#include "scheduler/app/round/moves_at_once.h"

typedef enum MoverStage {
        STAGE_WAITING,
        STAGE_INTENT,  /* written down; asked for, and not seen to run yet */
        STAGE_RUNNING, /* seen */
        STAGE_ENDED,
} MoverStage;

/* One that was given to carry out: its moves are m->moves[first], … */
typedef struct MoverPlan {
        MoverInput in;
        uint32_t first;
        MoveWorth *worth; /* NULL: a person's plan has to be safe alone; or its facts are not known */
        struct MoverPlan *before;
} MoverPlan;

struct Mover {
        const MoverInput *in; /* what all plans have in common is the first one's */
        const Settings *settings;
        Run *run;
        MoveOrder *moves;        /* [n] of all plans, one after the other */
        const MoverPlan **plans; /* [move] whose it is */
        MoverPlan *last;         /* that was added */
        MoveUnderWay *seen;      /* [move] as it was last seen, and how urgent it is */
        usec_t *started;         /* [move] monotonic */
        uint32_t n;
        const Clock *clock;   /* the leadership's; without one the real */
        FactsAhead *ahead;    /* facts that take long to read; NULL: they are read when they are needed */
        MovesAtOnce *at_once; /* of a plan by hand; NULL: its waves say it */
        bool *runs;           /* [n] scratch */
        Arena own;            /* of the run */
        Arena arena;          /* of the facts of the last reading */
        ArenaMark facts_end;
        const Snapshot *snapshot; /* NULL: none read yet */
        usec_t read_at;           /* monotonic */
        MoverStage *stages;
        RecheckStep *steps;  /* [n] the same, as it is to who is asked whether the next one may start */
        uint32_t *resumes;   /* [move] that were written down */
        bool *aborts;        /* [move] an operator wants it aborted, and it was told */
        usec_t aborts_asked; /* monotonic */
        OverlayMove *done;   /* that ended well, for facts older than they are */
        uint32_t n_done;
        MoveHolds missed; /* what this run has learned, for facts older than that */
        usec_t begun_at;  /* since the epoch: makes the ids of its moves different from any other run's */
        StopWatch own_stop, *stop; /* NULL: there is no store */
        usec_t stop_asked;         /* monotonic */
};

/* ---- mover_start.c: steps of mover_hooks() ---- */

StopRequest mover_stop_request(void *arg);
int mover_recheck(void *arg, uint32_t move, char *why, size_t size) must_check;
bool mover_may_join(void *arg, uint32_t move);

/* Facts that take long to read are read ahead of the starts that need them. 0; a negative errno. */
int mover_read_ahead(Mover *m) must_check;

/* ---- mover_journal.c: steps of mover_hooks() ---- */

int mover_intent(void *arg, uint32_t move) must_check;
void mover_progress(void *arg, uint32_t move, const MigrationStatus *status);
int mover_result_of(void *arg, uint32_t move, const MoveOutcome *o) must_check;

/* Who asked for it by hand; NULL: nobody did. */
const char *mover_by(const Mover *m, uint32_t move);

/* ---- mover_aborts.c ---- */

/* Asks the store, about twice a second while something runs, and tells those moves to stop. Where it does not answer, later. */
void mover_aborts_look(Mover *m);

/* That move has ended: nobody wants it aborted any more. */
void mover_aborts_over(Mover *m, uint32_t move);

/* ---- mover_orders.c ---- */

/* Its id in the journal, in `a`; NULL: no memory. Without a leadership there is none. */
const char *mover_id(const Mover *m, Arena *a, uint32_t move);

/* Of one that has run. */
MoveMeasure mover_took(const MigrationStatus *s);

/* ---- mover_requests.c ---- */

/* What the executor is asked for each order, within the settings' limits, and what is known of its links. ret[n] in
 * `a`. 0 or -ENOMEM. */
int mover_requests(Arena *a, const MoverInput *in, const RunMove **ret) must_check;

/* How many at once, and whether waves may overlap, by the settings. */
RunOptions mover_run_options(const Settings *s);
