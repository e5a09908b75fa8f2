/* SPDX-License-Identifier: Apache-2.0 */
/* What a round of the service is made of. service_round.c names its steps; a step is given the parts that it
 * needs, and changes one of them:
 *
 *   given     ServiceRound, const, with what outlives the round in its `memory` (service_round.h)
 *   found     what the round has found out (service_settle.c, service_facts.c)
 *   wanted    the last plan, and how it came about (service_decide.c)
 *   done      moves that it carries out (service_moves.c)
 *   waiting   plans that wait for a person (service_confirm.c)
 *   shown     the live state, for who looks on (service_live.c)
 *
 * For the files of a round only. Owner: all is in the round's arena. Threads: one. Errors: a negative errno of the
 * store, -ENOMEM; -ECANCELED: another leads by now.
 *
 * Units: usec_t, in microseconds by the world's clock.
 */
#pragma once

#include "scheduler/app/round/audit_store.h"
#include "scheduler/app/round/confirm_store.h"
#include "scheduler/app/round/mover.h"
#include "scheduler/app/service/service_round.h"
#include "scheduler/app/state/live_state.h"

typedef struct RoundFindings {
        const Snapshot *facts; /* as they were read */
        RoundInput input;  /* what is decided on: facts with rules and demand, who is held, whether balance
                                   is paused; its not_now is that of the last plan */
        const char *doing; /* with the store, for who is told that it failed */
        bool known;        /* all facts were read */
        const char *blind; /* why there are no facts */
        uint32_t settled, open; /* moves of an earlier leader: whose end was seen just now; not yet */
        unsigned deferred;      /* SNAPSHOT_NO_…: left for later whatever the modes say */
        VmMode posed_hold_from;
        Round posed;            /* the facts and their problem, as service_facts_pose() made them last */
        unsigned posed_not_now; /* … without these kinds of action */
        bool is_posed;          /* false: never, or the input has changed since */
} RoundFindings;

typedef struct RoundDecision {
        Round round;      /* plan NULL: there was none yet */
        ServiceMode mode; /* in which it was made */
        bool wanted;      /* a plan of this round wanted moves */
        bool urgent_only; /* what cannot wait was planned without what is held back */
} RoundDecision;

/* A move that an operator wants of the leader (service_wish.c). */
typedef struct RoundWish RoundWish;

typedef struct RoundMoves {
        const MoveOrder *orders;    /* [n] */
        const MoveUrgency *urgency; /* [n] */
        uint32_t n, n_ended;
        MoveOutcome *outcomes; /* [n] */
        bool *ended;           /* [n] */
        RoundWish *wishes;     /* [n_wishes] that some of them are for */
        uint32_t n_wishes;
        const uint32_t *wish_of; /* [n] which one; IX_NONE: they are of the round's own plan. NULL: all are */
        const char *const *by;   /* [n] who named its VM; NULL: nobody. NULL: of none */
        const char *const *
                for_whom; /* [n] the operator who wants it, or said yes to it; NULL: nobody by name. NULL: of none */
        bool called;                 /* hosts or operators call: this plan is not what is wanted any more */
        bool deferred_after_failure; /* what was begun changed nothing, and is set aside */
        bool unreached;              /* … and not all of it was reached */
        bool left_beside;            /* moves of rounds beside these were not reached */
} RoundMoves;

typedef struct RoundWaiting {
        Waiting *plans; /* [n] that wait, and those that were rejected, as the round began */
        uint32_t n;
        bool *gone;              /* [n] … and are no more */
        AuditEntry answer;       /* what of the next audit entry is about a person's answer */
        const Waiting *accepted; /* whose moves are s->done; NULL: none's */
} RoundWaiting;

typedef struct RoundDisplay {
        LiveState live;
        LiveMove *moves;            /* live.moves */
        usec_t written;             /* monotonic */
        struct RoundDisplay *older; /* of the round before, beside whose moves this one plans */
} RoundDisplay;

typedef struct RoundState {
        const ServiceRound *given;
        RoundFindings found;
        RoundDecision wanted;
        RoundMoves done;
        RoundWaiting waiting;
        RoundDisplay shown;
        RoundWish *wishes; /* [n_wishes] to be carried out with what is planned */
        uint32_t n_wishes;
        bool over; /* nothing more is to be decided, and what was decided is written down */
} RoundState;

/* By the world's clock; and whether the world wants this to go on. */
static inline usec_t round_now(const ServiceRound *round) {
        return clock_now_of(round->leadership->world->clock);
}

static inline usec_t round_monotonic(const ServiceRound *round) {
        return clock_monotonic_of(round->leadership->world->clock);
}

static inline StopRequest round_stop_request(const ServiceRound *round) {
        const ServiceWorld *world = round->leadership->world;

        return world->stop_request(world->stop_arg);
}

/* Whether the service was told to stop: nothing more is begun. Any thread. */
static inline bool round_is_stopped(const ServiceRound *round) {
        return round_stop_request(round) != STOP_NONE;
}

/* Moves that run, with the round that began them and the rounds beside them. */
typedef struct BesideRound BesideRound;

typedef struct ServiceRun {
        const ServiceRound *first, *last; /* the round that began it; the last one beside it, or the first */
        ServiceRound now;    /* what rounds beside it are given: the first one's, by the settings of now */
        RoundMoves *done;    /* of the first */
        RoundDisplay *shown; /* of all, newest first */
        Mover *mover;
        BesideRound *rounds; /* newest first */
        uint32_t n_rounds;
        usec_t begun, looked; /* monotonic: the last round; when calls were looked for */
        usec_t begun_at;      /* monotonic: the first one's moves */
        usec_t deadline;      /* since the epoch: the next one of a host's maintenance; 0: none */
        usec_t retry;         /* since the epoch: the next end of a wait that matters; 0: none */
        uint32_t soon;        /* rounds that are to come soon: room is being made */
        bool called;          /* the last round beside it: what waited is planned anew */
        bool lost;            /* the store is not what it was: what runs may end */
} ServiceRun;

typedef struct ServiceBeside {
        /* Between two steps of the run: keeps the decisions whose moves have ended; and where hosts or operators call, and each
         * interval, plans what cannot wait. */
        void (*look)(ServiceRun *run);
        /* All has ended: whether moves of rounds beside the first were not reached. */
        bool (*close)(ServiceRun *run);
} ServiceBeside;

/* ---- service_round.c ---- */

/* A round beside round->run: plans what cannot wait, and its moves join. Logged. 0; a negative errno. */
int service_round_beside(const ServiceRound *round, const Workers *workers, RoundState *s) must_check;

/* The moves of such a round have ended: its decision is kept with what came of it. */
void service_round_beside_end(RoundState *s);

/* ---- service_settle.c ---- */

/* Asks what became of moves that an earlier leader began, and takes up again what broke off in post-copy. 0; a
 * negative errno. */
int service_settle(const ServiceRound *round, RoundFindings *found) must_check;

/* ---- service_certificates.c ---- */

/* The service's own certificates that end soon are shown and said; s NULL: there are no facts. 0 or -ENOMEM. */
int service_certificates(const ServiceRound *round, const Snapshot *s, RoundDisplay *shown) must_check;

/* ---- service_facts.c ---- */

/* The facts of now, with what rounds keep of demand, faults, holds and predictions. Logged; the summary says what
 * went wrong. 0; a negative errno. */
int service_facts_read(const ServiceRound *round, RoundFindings *found, RoundDisplay *shown) must_check;

/* The facts without the kinds of action in not_now, and the problem that they pose, in found->posed: built anew
 * only where it is not there already. 0; a negative errno. */
int service_facts_pose(const ServiceRound *round, RoundFindings *found, unsigned not_now) must_check;

/* ---- service_booking.c ---- */

/* Bookings that are new, or over: told in log and audit, and those that are over go. 0; a negative errno. */
int service_bookings(const ServiceRound *round, const RoundFindings *found) must_check;

/* ---- service_hand.c ---- */

/* VMs that somebody else has moved since the last look stay where they are for a while; then all holds are read. Logged as
 * they begin and end. 0; a negative errno. */
int service_hand(const ServiceRound *round, RoundFindings *found) must_check;

/* ---- service_admit.c ---- */

/* Hosts that the settings admit, or that were there before hosts were admitted at all, get their record; what a record
 * lacks is filled in as it is first seen; those that are to be forgotten are. Logged: these, and who is only seen, once.
 * 0; a negative errno. */
int service_admit(const ServiceRound *round, const Snapshot *s) must_check;

/* ---- service_decide.c ---- */

/* A plan without the kinds of action in not_now; threshold 0: as the settings say. Logged and shown. 0; a
 * negative errno. */
int service_decide(RoundState *s, ServiceMode mode, unsigned not_now, uint32_t threshold) must_check;

/* What only balances waits for the hold time. What cannot wait goes within it, and goes alone: a plan of it,
 * without what only balances. 1: nothing of the plan is to be done yet. 0; a negative errno. */
int service_hold_back(RoundState *s, unsigned not_now) must_check;

/* ---- service_moves.c ---- */

/* Carries done->orders[n] out, planned on `facts` (NULL: not known); outcomes and the live state follow. Logged.
 * Returns when all have ended, also those that joined; of a round beside others they join, and it returns at once.
 * 0 or a negative errno. */
int service_moves_run(const ServiceRound *round, const Snapshot *facts, RoundMoves *done,
                      RoundDisplay *shown) must_check;

/* Whether what was begun has changed anything, or may have; whether some of it was never begun, and is for the next plan. */
bool service_moves_changed(const RoundMoves *done);
bool service_moves_left(const RoundMoves *done);

/* Whether one failed under way, or ran out of time: what keeps its VM is said by the next round. */
bool service_moves_missed(const RoundMoves *done);

/* ---- service_roll.c ---- */

/* Goes on with a rolling maintenance that was handed to the service, where there is one. Logged. 0; a negative errno. */
int service_roll(RoundState *s) must_check;

/* ---- service_wish.c ---- */

/* Takes in what operators want moved: what cannot be is answered, what can is in s->wishes, each with its own plan, and counts as
 * under way for the plans that follow. 0; a negative errno. */
int service_wish_take(RoundState *s) must_check;

/* Some of what operators want is not about to be done already. */
bool service_wish_is_new(const RoundState *s);

/* s->done: the moves that operators want, with the plan's (in *plan: orders, urgency, n), sorted by wave. 0 or -ENOMEM. */
int service_wish_join(RoundState *s, const RoundMoves *plan) must_check;

/* Of the wishes whose moves have ended since the last call: the record, the audit, and the answer. What was not reached stays
 * asked for. What could not be written is tried again a second later, or now (`last`); who plans next finds it in the journal.
 * 0; a negative errno, which is logged. */
int service_wish_keep(const ServiceRound *round, RoundMoves *done, bool last) must_check;

/* ---- service_urgent.c ---- */

/* How urgent the plan's moves are. `beside`: it is of what cannot wait, and all of it is. ret[n_moves] in `a`. 0 or -ENOMEM. */
int service_urgent_moves(Arena *a, const Round *round, bool beside, const MoveUrgency **ret) must_check;

/* Whether some of the moves leave hardware of grade 4, while others could be told to stop. */
bool service_urgent_mixed(const MoveUrgency *urgency, uint32_t n);

/* Whether the plan moves a VM that no move of the run waits to move. */
bool service_urgent_is_new(const ServiceRun *run, const Round *round);

/* The next deadline of a host in maintenance with VMs on it; 0: none. */
usec_t service_urgent_deadline(const Snapshot *s, usec_t now);

/* When the first wait of a migration that failed is over, of a VM that must leave its host or was to be moved from where it still
 * is; 0: none. Each end is after `now`, so that it calls one round and no more. */
usec_t service_urgent_retry(const Snapshot *s, usec_t now);

/* By the facts of now: those of the run that leave a host that must be left are spared; those that go to hardware of grade 4
 * are told to stop. */
void service_urgent_look(const ServiceRun *run, const Snapshot *s);

/* VMs on hardware of grade 4 stay in the last plan, of a round beside others, and would not if what may be told to stop were not
 * under way: that is told to. 0; a negative errno. */
int service_urgent_make_room(RoundState *s, unsigned not_now) must_check;

/* ---- service_live.c ---- */

/* Writes the live state: at most once a second unless `now`. */
void service_live_write(const ServiceRound *round, RoundDisplay *shown, bool now);

/* That of the last round, with all that runs. */
void service_live_show(const ServiceRun *run, bool now);

/* Its moves are orders[n], all queued. 0 or -ENOMEM. */
int service_live_moves(Arena *a, RoundDisplay *shown, const MoveOrder *orders, uint32_t n) must_check;

/* It shows the plan, and the VMs that must leave their host and cannot. 0 or -ENOMEM. */
int service_live_plan(Arena *a, RoundDisplay *shown, const Round *round) must_check;

/* ---- service_loads.c ---- */

/* The first in ten minutes: a point of the hosts' history of load. */
void service_loads_keep(const RoundState *s);

/* ---- service_figures.c ---- */

/* The figures of the round, as far as it has come, for the metrics; of one that could not read its facts none. */
void service_figures_put(const RoundState *s);

/* Moves that run now, and one that has ended. */
void service_figures_running(const ServiceRound *round, const RoundDisplay *shown);
void service_figures_ended(const ServiceRound *round, const MoveOrder *m, const MoveOutcome *o);

/* ---- service_notices.c ---- */

/* What of the round somebody is to be told of. */
void service_notices_put(const RoundState *s);

/* ---- service_record.c ---- */

/* The last plan with what came of it, into the store. *ret_name: of its record, in the round's arena; NULL:
 * it was not worth one. 0; 1: another leads; a negative errno. */
int service_record(const RoundState *s, const char **ret_name) must_check;

/* ---- service_confirm.c ---- */

/* Takes answers in, drops what has expired or holds no longer, carries out what was accepted: then the round is
 * over, but for confirm_keep(). 0; a negative errno. */
int confirm_update(RoundState *s) must_check;

/* service_handed.c: plans that operators hand over become plans that wait. */
int service_handed_take(RoundState *s) must_check;
static inline bool service_is_handed(const Waiting *one) {
        return one->plan.by && one->plan.by[0];
}

/* The moves of what was accepted have ended, or would not begin: who said yes, and what came of it. 0; a negative errno. */
int confirm_keep(RoundState *s) must_check;

/* What the service began by itself has changed nothing: it is written down and left out of what comes next,
 * so that a move which fails each round keeps no other from being asked about. 0; a negative errno. */
int confirm_set_aside(RoundState *s) must_check;

/* The last plan is one to ask a person about: it is stored, unless one like it waits or was rejected lately.
 * 0; a negative errno. */
int confirm_ask(RoundState *s) must_check;
