/* SPDX-License-Identifier: Apache-2.0 */
/* Rounds beside moves that run: what cannot wait does not wait for them. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "scheduler/app/service/service_parts.h"
#include "scheduler/base/log.h"

#define QUOTE       512
#define CALLS_EVERY USEC_PER_SEC
#define UNFINISHED  (3 * USEC_PER_SEC)  /* something that must be done was not reached: soon again */
#define BESIDE_MOST 64U                 /* rounds whose moves joined one run; then it has to end first */
#define ARENA_LIMIT ((size_t) 32 << 30) /* address space; less where there is less */
#define ARENA_LEAST ((size_t) 64 << 20)

struct BesideRound {
        BesideRound *next; /* the one before */
        Arena arena;
        Workers workers;
        ServiceRound given;
        RoundState state;
        bool kept; /* its record, or it has none */
};

static BesideRound *beside_round_free(BesideRound *b) {
        if (b) {
                arena_close(&b->arena);
                free(b);
        }
        return NULL;
}

static BesideRound *beside_round_new(ServiceRun *run) {
        BesideRound *b = calloc(1, sizeof(*b));
        int r = -ENOMEM;

        for (size_t limit = ARENA_LIMIT; b && r < 0 && limit >= ARENA_LEAST; limit /= 4)
                r = arena_open(limit, &b->arena);
        if (r < 0) {
                free(b);
                return NULL;
        }
        b->workers = workers_threads(0);
        b->given = run->now;
        b->given.arena = &b->arena;
        b->given.run = run;
        b->given.urgent_only = true;
        return b;
}

static bool beside_round_has_moves(const BesideRound *b) {
        return b->state.done.n > 0;
}

static void service_beside_hide(ServiceRun *run, const BesideRound *b) {
        for (RoundDisplay **at = &run->shown; *at; at = &(*at)->older)
                if (*at == &b->state.shown) {
                        *at = b->state.shown.older;
                        return;
                }
}

/* Of those before the last only what has moves is needed: they may still run, and their orders are the mover's. */
static void service_beside_forget(ServiceRun *run) {
        run->n_rounds = 0;
        for (BesideRound **at = &run->rounds; *at;) {
                BesideRound *b = *at;

                if (beside_round_has_moves(b)) {
                        run->n_rounds++;
                        at = &b->next;
                        continue;
                }
                *at = b->next;
                service_beside_hide(run, b);
                (void) beside_round_free(b);
        }
        run->last = run->rounds ? &run->rounds->given : run->first;
}

static void service_beside_plan(ServiceRun *run) {
        const ServiceRound *x = run->first;
        BesideRound *b;

        service_beside_forget(run);
        run->begun = round_monotonic(x);
        run->retry = 0;
        run->soon -= run->soon > 0;
        b = run->n_rounds < BESIDE_MOST ? beside_round_new(run) : NULL;
        if (!b) {
                log_event(LOG_WARNING, "round.failed", "while=\"plans beside moves that run\" error=\"%s\"",
                          run->n_rounds < BESIDE_MOST ? "out of memory" : "too many plans joined it");
                return;
        }
        b->next = run->rounds;
        run->rounds = b;
        (void) !round_calls_begin(x->calls, x->store); /* what it does not answer calls nothing */
        run->last = &b->given;
        (void) !service_round_beside(&b->given, &b->workers, &b->state); /* logged there */
        b->kept = !beside_round_has_moves(b);
        run->deadline = b->state.found.known
                                ? service_urgent_deadline(b->state.found.input.snapshot, round_now(x))
                                : 0;
        run->retry = b->state.found.known ? service_urgent_retry(b->state.found.facts, round_now(x)) : 0;
}

/* What came of operators' moves is told as they end. */
static void service_beside_keep(ServiceRun *run, bool last) {
        (void) !service_wish_keep(run->first, run->done, last);
        for (BesideRound *b = run->rounds; b; b = b->next)
                (void) !service_wish_keep(&b->given, &b->state.done, last);
        for (BesideRound *b = run->rounds; b; b = b->next) {
                if (b->kept || b->state.done.n_ended < b->state.done.n)
                        continue;
                b->kept = true;
                service_round_beside_end(&b->state);
        }
}

/* What was planned last, and whether all of it has come to an end. */
static const RoundMoves *service_beside_last(const ServiceRun *run) {
        return run->rounds ? &run->rounds->state.done : run->done;
}

static bool service_beside_is_called(const ServiceRun *run, usec_t now) {
        const ServiceRound *x = run->first;
        char why[CALL_WHY_SIZE], quoted[QUOTE];

        if (round_calls_look(x->calls, x->store, now, round_now(x), why) != 1)
                return false;
        log_event(LOG_INFO, mover_begins_more(run->mover) ? "plan.overtaken" : "round.called", "why=%s",
                  log_quote(why, quoted, sizeof(quoted)));
        return true;
}

/* It is time to look again. */
static bool service_beside_is_due(const ServiceRun *run, usec_t now) {
        const RoundMoves *last = service_beside_last(run);
        const bool unfinished = last->n_ended == last->n && service_moves_left(last);

        if (run->deadline > 0 &&
            round_now(run->first) >= run->deadline) /* it is said, and what is late goes on */
                return true;
        if (run->soon > 0 || (run->retry > 0 && round_now(run->first) >= run->retry))
                return now >= run->begun + UNFINISHED;
        return now >=
               run->begun + (unfinished && UNFINISHED < run->now.interval ? UNFINISHED : run->now.interval);
}

/* Settings that an operator has changed: what waits is planned anew by them, and no round goes by the old ones any more. */
static bool service_beside_reload(ServiceRun *run) {
        if (!run->now.reload || !run->now.reload(run->now.reload_arg, &run->now))
                return false;
        mover_go_by(run->mover, run->now.settings);
        log_event(LOG_INFO, mover_begins_more(run->mover) ? "plan.overtaken" : "round.called",
                  "why=\"the settings were read again\"");
        return true;
}

static void service_beside_look(ServiceRun *run) {
        const ServiceRound *x = run->first;
        const usec_t now = round_monotonic(x);

        service_beside_keep(run, false);
        if (run->lost || round_is_stopped(x) || now < run->looked + CALLS_EVERY)
                return;
        run->looked = now;
        run->called = service_beside_reload(run);
        run->called |= service_beside_is_called(run, now);
        if (run->called) {
                run->done->called = true;
                mover_overtake(run->mover);
        } else if (!service_beside_is_due(run, now)) {
                return;
        }
        if (mover_is_running(run->mover))
                service_beside_plan(run);
}

static bool service_beside_close(ServiceRun *run) {
        bool left = false;

        service_beside_keep(run, true);
        while (run->rounds) {
                BesideRound *b = run->rounds;

                left = left || service_moves_left(&b->state.done);
                run->rounds = b->next;
                (void) beside_round_free(b);
        }
        return left;
}

const ServiceBeside service_beside = { .look = service_beside_look, .close = service_beside_close };
