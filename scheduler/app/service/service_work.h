/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of a service's round share: service_round.c (its steps), service_confirm.c (plans that wait
 * for a person), service_settle.c (an earlier leader's moves). For them only.
 */
#pragma once

#include "scheduler/app/round/audit_store.h"
#include "scheduler/app/round/confirm_store.h"
#include "scheduler/app/round/mover.h"
#include "scheduler/app/service/service_round.h"
#include "scheduler/app/state/live_state.h"

typedef struct RoundState {
        const ServiceRound *x;
        RoundInput input;
        unsigned deferred;     /* SNAPSHOT_NO_…: left for later whatever the modes say */
        const Snapshot *facts; /* as they were read */
        Round round;
        ServiceMode mode; /* in which the last plan was made */
        LiveState live;
        LiveMove *live_moves;
        const MoveOrder *moves;
        uint32_t n;
        MoveOutcome *outcomes;  /* [n] */
        uint32_t settled, open; /* moves of an earlier leader: whose end was seen just now; not yet */
        usec_t live_written, alarm_seen; /* monotonic */
        bool called;      /* hosts or operators call: this plan is not what is wanted any more */
        bool wanted;      /* a plan of this round wanted moves */
        bool urgent_only; /* what cannot wait was planned without what is held back */
        bool deferred_after_failure,
                unreached; /* what was begun changed nothing and is set aside; not all of it was reached */
        usec_t *started;   /* [move] monotonic */
        Waiting *waiting;  /* plans that wait, and those that were rejected, as the round began */
        uint32_t n_waiting;
        bool *gone;        /* [n_waiting] … and are no more */
        AuditEntry answer; /* what of the audit's entry is about a person's answer */
} RoundState;

/* Whether what was begun has changed anything, or may have. */
static inline bool work_changed(const RoundState *w) {
        for (uint32_t i = 0; i < w->n; i++)
                if (w->outcomes[i].end == MOVE_DONE || w->outcomes[i].end == MOVE_UNCLEAR)
                        return true;
        return false;
}

/* By the world's clock; and whether the world wants this to go on. */
static inline usec_t work_now(const RoundState *w) {
        return clock_now_of(w->x->leadership->world->clock);
}

static inline usec_t work_monotonic(const RoundState *w) {
        return clock_monotonic_of(w->x->leadership->world->clock);
}

static inline StopRequest work_stop_request(const RoundState *w) {
        const ServiceWorld *world = w->x->leadership->world;

        return world->stop_request(world->stop_arg);
}

/* ---- service_work.c ---- */

/* Carries moves[n] out; outcomes and the live state follow. Logged. 0 or a negative errno. */
int work_run(RoundState *w) must_check;

/* The live state's moves are moves[n], which outlive the round. 0 or -ENOMEM. */
int work_show_moves(RoundState *w, const MoveOrder *moves, uint32_t n) must_check;
void work_write_live(RoundState *w, bool now);

/* The last plan with what came of it, into the store. *ret_name: of its record, in the round's arena; NULL:
 * it was not worth one. 0; 1: another leads; a negative errno. */
int work_record(RoundState *w, const char **ret_name) must_check;

/* ---- service_settle.c ---- */

/* Asks what became of moves that an earlier leader began, and takes up again what broke off in post-copy. 0;
 * -ECANCELED: another leads; a negative errno. */
int work_settle(RoundState *w) must_check;

/* ---- service_confirm.c ---- */

/* Takes answers in, drops what has expired or holds no longer, carries out what was accepted. 1: moves were
 * made: the round is over. 0; a negative errno. */
int confirm_update(RoundState *w) must_check;

/* What the service began by itself has changed nothing: it is written down and left out of what comes next,
 * so that a move which fails each round keeps no other from being asked about. 0; a negative errno. */
int confirm_set_aside(RoundState *w) must_check;

/* The last plan is one to ask a person about: it is stored, unless one like it waits or was rejected lately.
 * 0; a negative errno. */
int confirm_ask(RoundState *w) must_check;
