/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/app/service/service_round.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "scheduler/app/service/service_parts.h"
#include "scheduler/base/log.h"
#include "scheduler/milp/exact.h"

#define QUOTE 512

/* For whoever plans: it may be called from any thread. */
static bool service_round_stops(const void *arg) {
        return round_is_stopped(arg);
}

static RoundState round_state(const ServiceRound *round, const Workers *workers) {
        RoundState s = { .given = round };

        s.found.input = (RoundInput){ .settings = round->settings,
                                      .request = PLAN_REQUEST_DEFAULT,
                                      .now = round_now(round),
                                      .clock = round->leadership->world->clock,
                                      .stops = service_round_stops,
                                      .stops_arg = round,
                                      .think = settings_int(round->settings, "service", "think") };
        if (round->stop->watch.in_force) {
                s.found.input.stopped = stop_words(round->arena, &round->stop->watch.last);
                if (!s.found.input.stopped)
                        s.found.input.stopped = "all moves are stopped";
        }
        s.found.input.request.workers = workers;
        s.found.input.request.solver = &exact_solver;
        s.shown.live = (LiveState){ .leader = round->leadership->self,
                                    .mode = service_mode_names[round->modes.usual],
                                    .modes = round->modes,
                                    .round_at = s.found.input.now,
                                    .summary = "" };
        return s;
}

static int service_round_run_plan(const ServiceRound *service_round, const Round *round, RoundMoves *done,
                                  RoundDisplay *shown) {
        static const SayState blocked = { LOG_WARNING, "plan.blocked", NULL };
        TextFault fault;
        int r = mover_moves_of_plan(service_round->arena, round->snapshot, round->plan, &done->orders,
                                    &fault);

        if (r == -ENOENT) {
                (void) service_say(&service_round->memory->said.states, &blocked, fault.what,
                                   round_monotonic(service_round));
                return 0;
        }
        (void) service_say(&service_round->memory->said.states, &blocked, NULL, 0);
        if (r < 0)
                return r;
        r = service_urgent_moves(service_round->arena, round, service_round->run != NULL, &done->urgency);
        if (r < 0)
                return r;
        done->n = round->plan->n_moves;
        return service_moves_run(service_round, round->snapshot, done, shown);
}

/* ---- the kinds of action, by their modes ----
 * Each step only where the one before had nothing to do: what is done changes what is to be asked. */

static bool service_round_has_moves(const RoundState *s) {
        return s->wanted.round.plan && s->wanted.round.plan->n_moves > 0;
}

/* What the service may do by itself: planned and carried out. */
static int service_round_act(RoundState *s) {
        const ServiceRound *x = s->given;
        const unsigned may = service_modes_bits(&x->modes, MODE_AUTO);
        int r;

        if (s->over || !may || s->found.input.stopped)
                return 0;
        r = service_decide(s, MODE_AUTO, ACTION_KINDS_ALL & ~may, x->run ? PLAN_THRESHOLD_MIN : 0);
        if (r == 0 && !x->run)
                r = service_hold_back(s, ACTION_KINDS_ALL & ~may);
        if (r == 0 && x->run) {
                service_urgent_look(x->run, s->wanted.round.snapshot);
                r = service_urgent_make_room(s, ACTION_KINDS_ALL & ~may);
        }
        if (r == 0 && x->run && !x->run->called && service_round_has_moves(s) &&
            !service_urgent_is_new(x->run, &s->wanted.round)) {
                s->over = true; /* all of it is about to be done already */
                return 0;
        }
        if (r == 0 && service_round_has_moves(s) && !round_is_stopped(x))
                r = service_round_run_plan(x, &s->wanted.round, &s->done, &s->shown);
        return r < 0 ? r : 0;
}

/* What it may do once a person has said yes: a plan of that and of what it may do by itself, which had
 * nothing to do. */
static int service_round_propose(RoundState *s) {
        const ServiceModes *modes = &s->given->modes;
        const unsigned not_now = service_modes_bits(modes, MODE_ADVISE);
        int r = 0;

        if (s->over || !service_modes_bits(modes, MODE_CONFIRM) || s->found.input.stopped ||
            (s->given->run &&
             s->done.n > 0)) /* what runs beside others is not known to change anything yet */
                return 0;
        if (s->done.n > 0)
                r = confirm_set_aside(s);
        if (r < 0 || s->done.n > 0)
                return r;
        r = service_decide(s, MODE_CONFIRM, not_now, 0);
        if (r == 0)
                r = service_hold_back(s, not_now);
        s->over = r != 0 || service_round_has_moves(s); /* held back, or it waits with its record */
        if (r == 0 && s->over)
                r = confirm_ask(s);
        /* Nothing to ask, and what failed is written down. */
        s->over = s->over || s->done.deferred_after_failure;
        return r < 0 ? r : 0;
}

/* What it only says; of a stopped cluster all. */
static int service_round_advise(RoundState *s) {
        const bool says = s->found.input.stopped || service_modes_bits(&s->given->modes, MODE_ADVISE);

        if (s->over || service_round_has_moves(s) || !says)
                return 0;
        return service_decide(s, MODE_ADVISE, 0, 0);
}

static int service_round_keep(RoundState *s) {
        const char *name;

        if (s->over)
                return 0;
        assert(s->wanted.round.plan); /* each kind has a mode: one of the steps was taken */
        return service_record(s, &name);
}

/* What the next round and the loop are to know of this one. */
static void service_round_remember(const ServiceRound *round, const RoundState *s) {
        const RoundMoves *done = &s->done;
        ServiceMemory *memory = round->memory;

        memory->seen = s->found.input.snapshot;
        memory->moved = done->n > 0;
        memory->unfinished = s->found.open > 0 || done->unreached || done->left_beside ||
                             service_moves_left(done) || service_moves_missed(done);
        /* What must be done and fails each time does not put off what has been wanted for long. */
        if (service_moves_changed(done) || !s->wanted.wanted || (done->n > 0 && !s->wanted.urgent_only))
                memory->wanted_since = 0;
        if (done->n > 0 || done->deferred_after_failure)
                memory->rest_until = round_monotonic(round) + round->settle;
}

/* ---- the steps of a round ---- */

static int service_round_settle(RoundState *s) {
        return service_settle(s->given, &s->found);
}

/* What was read is of the store that was looked at before: else it is read anew, in a round of its own. */
static int service_round_still(RoundState *s) {
        const ServiceRound *x = s->given;
        int r = service_epoch_look(x->epoch, x->leadership, x->settings, EPOCH_SHORT);

        s->found.known = r == 0;
        return r == 1 ? -ESTALE : r;
}

/* From here on hosts call that get worse than they are now, also while moves of this round run. */
static int service_round_facts(RoundState *s) {
        int r = service_facts_read(s->given, &s->found, &s->shown);

        if (r == 0 && round_calls_end(s->given->calls, s->found.input.snapshot) < 0)
                log_event(LOG_WARNING, "events.lost", "why=\"out of memory\"");
        return r;
}

/* Why a round came to nothing: one line, and what it says is what happened. */
static const char *service_round_words(const RoundState *s, int error) {
        switch (error) {
        case -ECANCELED:
                return "another service leads by now";
        case -ESTALE:
                return "the store is not what it was when the facts were read: they are read anew";
        case -ENOTRECOVERABLE:
                return "the judge refused the planner's plan: a defect, nothing is moved";
        case -ENOMEM:
                return "out of memory";
        default:
                return store_error(s->given->store)[0] ? store_error(s->given->store)
                                                       : strerrordesc_np(-error);
        }
}

static const SayState say_blind = { LOG_WARNING, "round.blind", "round.sees" };
static const SayState say_failed = { LOG_ERROR, "round.failed", "round.goes_on" };
static const SayState say_overtaken = { LOG_WARNING, "round.overtaken", "round.goes_on" };

static void service_round_say_failed(RoundState *s, const char *step, int error) {
        Said *states = &s->given->memory->said.states;
        const usec_t now = round_monotonic(s->given);
        char why[QUOTE];

        if (s->found.blind) {
                (void) service_say(states, &say_blind, s->found.blind, now);
                return;
        }
        (void) snprintf(why, sizeof(why), "%s: %s", s->found.doing ? s->found.doing : step,
                        service_round_words(s, error));
        (void) service_say(states, error == -ECANCELED ? &say_overtaken : &say_failed, why, now);
        s->shown.live.summary = "no plan: see the service's log";
}

/* Nothing of it goes on any more. */
static void service_round_say_well(const RoundState *s) {
        Said *states = &s->given->memory->said.states;

        (void) service_say(states, &say_blind, NULL, 0);
        (void) service_say(states, &say_failed, NULL, 0);
        (void) service_say(states, &say_overtaken, NULL, 0);
}

/* A step of the round, which does something. Of a service that was told to stop none is taken but that which writes down
 * what was done. */
static int service_round_step(RoundState *s, int (*step)(RoundState *s), const char *does) {
        int r;

        if (round_is_stopped(s->given) && (step != service_round_keep || s->done.n == 0))
                return 0;
        s->found.doing = NULL;
        r = step(s);
        r = r > 0 ? -ECANCELED : r;
        if (r < 0 && !round_is_stopped(s->given))
                service_round_say_failed(s, does, r);
        return r;
}

/* The plan of each kind of action, by its mode. */
static int service_round_plan(RoundState *s) {
        /* of persons; what was accepted is carried out */
        int r = service_round_step(s, confirm_update, "takes in answers");

        if (r == 0) /* what it does by itself */
                r = service_round_step(s, service_round_act, "plans and moves");
        if (r == 0) /* what a person is asked about */
                r = service_round_step(s, service_round_propose, "plans and asks");
        if (r == 0) /* the rest */
                r = service_round_step(s, service_round_advise, "plans and advises");
        return r;
}

/* Reports may be older than the moves of the run that have ended. */
static int service_round_overlay(RoundState *s) {
        const Mover *m = s->given->run->mover;
        int r = mover_facts(m, s->given->arena, s->found.facts, &s->found.facts);

        return r < 0 ? r : mover_facts(m, s->given->arena, s->found.input.snapshot, &s->found.input.snapshot);
}

int service_round_beside(const ServiceRound *round, const Workers *workers, RoundState *s) {
        int r;

        *s = round_state(round, workers);
        s->shown.older = round->run->shown;
        round->run->shown = &s->shown;
        s->found.deferred = SNAPSHOT_NO_BALANCE | SNAPSHOT_NO_LOAD;
        r = service_round_step(s, service_round_facts, "reads the facts");
        if (r == 0)
                r = service_round_step(s, service_round_overlay, "takes in what has moved");
        if (r == 0)
                r = service_round_step(s, service_round_still, "looks whether the store is what it was");
        if (r == 0)
                r = service_round_plan(s);
        if (r == 0 && s->done.n == 0)
                r = service_round_step(s, service_round_keep, "keeps the decision");
        if (r == 0 || !round_is_stopped(round))
                service_live_write(round, &s->shown, true);
        return r;
}

void service_round_beside_end(RoundState *s) {
        (void) !service_round_step(s, service_round_keep, "keeps the decision"); /* logged there */
}

int service_round(const ServiceRound *round) {
        Workers workers = workers_threads(0);
        RoundState s = round_state(round, &workers);
        int r;

        r = service_round_step(&s, service_round_settle, "settles what an earlier leader began");
        if (r == 0) /* what is, who is held, whether balance rests */
                r = service_round_step(&s, service_round_facts, "reads the facts");
        if (r == 0)
                r = service_round_step(&s, service_round_still, "looks whether the store is what it was");
        if (r == 0) /* carried out, asked about, or said */
                r = service_round_plan(&s);
        if (r == 0) /* the decision with what came of it */
                r = service_round_step(&s, service_round_keep, "keeps the decision");
        if (s.found.known)
                service_round_remember(round, &s);
        if (r == 0 && !round_is_stopped(round))
                service_round_say_well(&s);
        if (r == 0 || !round_is_stopped(round))
                service_live_write(round, &s.shown, true);
        return r;
}
