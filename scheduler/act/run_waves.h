/* SPDX-License-Identifier: Apache-2.0 */
/* Runs the moves of a plan over an Executor: wave after wave, a few at once, each looked at again right
 * before it starts, written down before and after.
 *
 * A wave starts when every move of the one before has ended; with `overlap`, moves of the next wave may start
 * once all of this one have been started, as far as their links are not busier than was planned, and only
 * those that recheck() finds right beside all that run, whatever becomes of these: it must judge them as one
 * wave. One that it does not is asked again later.
 *
 * A move that did not come about stops no other by itself: within a wave the moves are independent of each
 * other (plan.h), and those of later waves are asked about at their turn, by facts of now, in which it is not
 * made. What had needed it (its room, its rule partner, the VM's own next step) is left out then; the caller
 * plans it anew. After a move whose end is unclear nothing more starts that is of this VM or touches either of
 * its hosts: nobody knows which of them holds it, and each is about to be looked at. A second one stops all
 * starts: two are no matter of one guest any more, but of how the hosts are asked.
 *
 * What a move leaves idle of its links others get meanwhile (link_share.h), where the executor can change
 * that; and moves that are to share links start one behind the other, so that they do not end together.
 *
 * Owner: everything is the caller's; a Run ends by run_waves_free(), which takes NULL. Threads: one; callbacks are called from it.
 *
 * Units: usec_t, in microseconds; kbit/s. Errors: -ENOMEM; 1 is no error; what a callback returns, as said
 * there.
 */
#pragma once

#include "scheduler/act/executor.h"

typedef enum MoveEnd {
        MOVE_NOT_REACHED, /* nothing was done: the run stopped before */
        MOVE_REFUSED, /* nothing was done: recheck said no, or the intent could not be written, or no memory
                       */
        MOVE_DONE,
        MOVE_DRY, /* by a dry run's executor */
        MOVE_FAILED,
        MOVE_ABORTED,
        MOVE_UNCLEAR,
        MOVE_FOREIGN,   /* nothing was done: the VM is not as the plan took it to be; plan again */
        MOVE_CUT_SHORT, /* aborted, so that a more urgent one could begin: no failure of its own */
        MOVE_LEFT_OUT,  /* nothing was done: it needed a move that did not come about; plan again */
        MOVE_END_N,
} MoveEnd;
extern const char *const move_end_names[MOVE_END_N]; /* "not-reached" … */

/* Nothing was done, and nothing is known against the move itself: it is for the next plan. */
static inline bool move_end_is_open(MoveEnd end) {
        return end == MOVE_NOT_REACHED || end == MOVE_LEFT_OUT;
}

typedef struct MoveOutcome {
        MoveEnd end;
        MigrationStatus status; /* the last seen; of one that was started */
        char why[256];          /* when not done, in words */
} MoveOutcome;

enum { RUN_INTENT_STOPPED = 2 };
enum { RUN_RECHECK_NEEDED = 2 };

typedef enum StopRequest {
        STOP_NONE,
        STOP_DRAIN, /* start nothing more; what runs may end */
        STOP_ABORT, /* … is aborted */
        STOP_REQUEST_N,
} StopRequest;

/* At once; 0: no limit. */
typedef struct RunLimits {
        uint32_t in_all, per_host_in, per_host_out;
} RunLimits;

/* Any may be NULL. `move` is the index of the move. */
typedef struct RunHooks {
        void *arg;
        /* Is it still right, by facts of now? 0: yes. 1: no, why[size] says it. RUN_RECHECK_NEEDED: no, but
         * it would be, had a move come about that did not. Negative errno: cannot tell, which is no, too. */
        int (*recheck)(void *arg, uint32_t move, char *why, size_t size);
        /* May it run beside those that do, as far as their links go? Asked again later if not; of one beside
         * none it must say yes. */
        bool (*may_join)(void *arg, uint32_t move);
        /* Right before it starts: to be written down. Not 0: it is not started, and nothing more is;
         * RUN_INTENT_STOPPED: because all moves are stopped, so that it was not reached. */
        int (*intent)(void *arg, uint32_t move);
        /* It has started and not ended: called once a loop, about every `step`. */
        void (*progress)(void *arg, uint32_t move, const MigrationStatus *status);
        /* Once for each move, when its end is known. Not 0: it could not be written down, so nothing more
         * starts. */
        int (*result)(void *arg, uint32_t move, const MoveOutcome *outcome);
        /* `move` may not begin, for what runs on its links or in all. How well `other`, that runs, could make way: 0: not; else
         * the more the longer it would last. why[size] is said of it then. Of those that are in the way the best one is
         * aborted, one at a time (MOVE_CUT_SHORT). NULL: none is. */
        int64_t (*makes_way)(void *arg, uint32_t move, uint32_t other, char *why, size_t size);
        /* Asked before each start and once a loop. */
        StopRequest (*stop_request)(void *arg);
} RunHooks;

typedef struct RunOptions {
        RunLimits limits;
        usec_t step;       /* how long one wait is; 0: 200 ms */
        usec_t prepares;   /* what a migration takes before it sends */
        bool overlap;      /* may a wave begin before the last moves of the one before have ended? (above) */
        int64_t link_kbit; /* what migrations may take of a link together, whatever the plan says; 0: as it
                              says */
} RunOptions;

/* moves[n] sorted by their orders' wave; outcomes[n] is filled in whatever is returned. 0: all done (or dry). 1: not all,
 * the outcomes say which. -ENOMEM: nothing was started. */
int run_waves(const Executor *executor, const RunMove *moves, uint32_t n, RunOptions options, RunHooks hooks,
              MoveOutcome *ret_outcomes) must_check;

/* The same, a step at a time, so that a plan can join while moves of an earlier one run. */
typedef struct Run Run;

int run_waves_open(const Executor *executor, RunOptions options, RunHooks hooks, Run **ret) must_check;
Run *run_waves_free(Run *r);

/* A plan joins: what waits of those before it is not reached (run_waves_overtake), what runs of them goes on beside it,
 * counts for the limits, and shares its links (link_share.h). Hooks know its moves by numbers that go on from those
 * before. ret_outcomes[n] is filled in as they end; it, and the texts of the orders, outlive the run. A run that was
 * stopped by anything but a request begins anew. 0 or -ENOMEM: nothing has changed. */
int run_waves_add(Run *r, const RunMove *moves, uint32_t n, MoveOutcome *ret_outcomes) must_check;

/* What waits is not started any more. */
void run_waves_overtake(Run *r);

/* Starts what may start, looks at what runs, and waits for a moment when nothing has ended. false: all have ended. */
bool run_waves_step(Run *r) must_check;

/* Aborts one that runs, for this reason: it ends as MOVE_CUT_SHORT, unless it has come to its end meanwhile. */
void run_waves_cut(Run *r, uint32_t move, const char *why);

/* Aborts one that runs, since a person wants it: it ends as MOVE_ABORTED with these words, unless it has come to its end meanwhile.
 * Again is the same. */
void run_waves_abort(Run *r, uint32_t move, const char *why);

/* Something waits that may yet be started. */
bool run_waves_begins_more(const Run *r);
