/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/app/service/service_round.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "scheduler/app/round/vm_homes.h"
#include "scheduler/app/service/service_parts.h"
#include "scheduler/base/log.h"
#include "scheduler/milp/exact.h"
#include "scheduler/model/vm_mode.h"

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

/* The plan's moves, as orders; none where one of them cannot be made, which is said. */
static int service_round_orders(const RoundState *s, RoundMoves *ret) {
        static const SayState blocked = { LOG_WARNING, "plan.blocked", NULL };
        const ServiceRound *x = s->given;
        const Round *round = &s->wanted.round;
        TextFault fault;
        int r = mover_moves_of_plan(x->arena, round->snapshot, round->plan, &ret->orders, &fault);

        if (r == -ENOENT) {
                (void) service_say(&x->memory->said.states, &blocked, fault.what, round_monotonic(x));
                return 0;
        }
        (void) service_say(&x->memory->said.states, &blocked, NULL, 0);
        if (r < 0)
                return r;
        r = service_urgent_moves(x->arena, round, x->run != NULL, &ret->urgency);
        if (r == 0)
                ret->n = round->plan->n_moves;
        return r;
}

/* What operators want, and, where it is `planned`, what the last plan does. */
static int service_round_carry_out(RoundState *s, bool planned) {
        const ServiceRound *x = s->given;
        RoundMoves plan = { 0 };
        int r = planned ? service_round_orders(s, &plan) : 0;

        if (r == 0)
                r = service_wish_join(s, &plan);
        if (r < 0 || s->done.n == 0)
                return r;
        s->over = !planned; /* what is planned is written down, with what came of it */
        if (!x->run)
                service_notices_put(s); /* they may take long */
        r = service_moves_run(x, planned ? s->wanted.round.snapshot : s->found.input.snapshot, &s->done,
                              &s->shown);
        return r < 0 || x->run ? r : service_wish_keep(x, &s->done, true);
}

/* ---- the kinds of action, by their modes ----
 * Each step only where the one before had nothing to do: what is done changes what is to be asked. */

static bool service_round_has_moves(const RoundState *s) {
        return s->wanted.round.plan && s->wanted.round.plan->n_moves > 0;
}

/* Beside moves that run: all that is wanted is about to be done already. */
static bool service_round_is_under_way(const RoundState *s, bool planned) {
        const ServiceRun *run = s->given->run;

        return run && !run->called && (planned || s->n_wishes > 0) && !service_wish_is_new(s) &&
               !(planned && service_urgent_is_new(run, &s->wanted.round));
}

/* Some VM's moves are a person's, as this mode says. */
static bool service_round_has_mode(const RoundState *s, VmMode mode) {
        const Snapshot *facts = s->found.input.snapshot;

        for (VmIx v = 0; v < facts->n_vms; v++)
                if (facts->vms[v].mode == mode)
                        return true;
        return false;
}

/* What the service may do by itself, and what operators want of it: planned and carried out. */
static int service_round_act(RoundState *s) {
        const ServiceRound *x = s->given;
        const unsigned may = service_modes_bits(&x->modes, MODE_AUTO);
        bool planned;
        int r = 0;

        if (s->over || s->found.input.stopped)
                return 0;
        if (may)
                r = service_decide(s, MODE_AUTO, ACTION_KINDS_ALL & ~may, x->run ? PLAN_THRESHOLD_MIN : 0);
        if (may && r == 0 && !x->run)
                r = service_hold_back(s, ACTION_KINDS_ALL & ~may);
        if (may && r == 0 && x->run) {
                service_urgent_look(x->run, s->wanted.round.snapshot);
                r = service_urgent_make_room(s, ACTION_KINDS_ALL & ~may);
        }
        planned = may && r == 0 && service_round_has_moves(s);
        if (r >= 0 && service_round_is_under_way(s, planned)) {
                s->over = true;
                return 0;
        }
        if (r >= 0 && (planned || s->n_wishes > 0) && !round_is_stopped(x))
                r = service_round_carry_out(s, planned);
        return r < 0 ? r : 0;
}

/* What it may do once a person has said yes: a plan of that and of what it may do by itself, which had
 * nothing to do. */
static int service_round_propose(RoundState *s) {
        const ServiceModes *modes = &s->given->modes;
        const unsigned not_now = service_modes_bits(modes, MODE_ADVISE);
        const bool asks = service_modes_bits(modes, MODE_CONFIRM) != 0 ||
                          (not_now != ACTION_KINDS_ALL && service_round_has_mode(s, VM_MODE_CONFIRM));
        int r = 0;

        if (s->over || !asks || s->found.input.stopped ||
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
        const bool says = s->found.input.stopped || service_modes_bits(&s->given->modes, MODE_ADVISE) ||
                          service_round_has_mode(s, VM_MODE_ADVISE);

        if (s->over || service_round_has_moves(s) || !says)
                return 0;
        return service_decide(s, MODE_ADVISE, 0, 0);
}

static int service_round_keep(RoundState *s) {
        const char *name;

        if (s->waiting.accepted)
                return confirm_keep(s);
        if (s->over)
                return 0;
        assert(s->wanted.round.plan); /* each kind has a mode: one of the steps was taken */
        return service_record(s, &name);
}

/* What has failed in this round is not in its facts: the next round, which follows soon, knows it. */
static void service_round_remember_retry(const ServiceRound *round, const RoundState *s) {
        const usec_t now = round_now(round), retry = service_urgent_retry(s->found.facts, now);

        round->memory->retry = retry > 0 ? round_monotonic(round) + (retry - now) : 0;
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
        service_round_remember_retry(round, s);
        if (done->n > 0)
                memory->moved_until = round_monotonic(round) + VM_HOMES_LATE;
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

/* Who must leave its host and is left to a person: when that begins, changes and ends. */
static int service_round_say_kept(const ServiceRound *round, const Snapshot *s) {
        static const SayState kept = { LOG_WARNING, "evacuation.left_to_a_person",
                                       "evacuation.no_more_left" };
        const char *words = vm_mode_kept_words(round->arena, s);

        if (!words)
                return -ENOMEM;
        (void) service_say(&round->memory->said.states, &kept, words[0] ? words : NULL,
                           round_monotonic(round));
        return 0;
}

/* From here on hosts call that get worse than they are now, also while moves of this round run. */
static int service_round_facts(RoundState *s) {
        const usec_t began = round_monotonic(s->given);
        int r;

        cluster_metrics_thinks(s->given->metrics, true);
        r = service_facts_read(s->given, &s->found, &s->shown);

        cluster_metrics_phase(s->given->metrics, ROUND_READ, round_monotonic(s->given) - began);

        if (r == 0 && round_calls_end(s->given->calls, s->found.input.snapshot) < 0)
                log_event(LOG_WARNING, "events.lost", "why=\"out of memory\"");
        return r == 0 ? service_round_say_kept(s->given, s->found.input.snapshot) : r;
}

/* Why a round came to nothing: one line, and what it says is what happened. */
static const char *service_round_words(const RoundState *s, int error) {
        switch (error) {
        case -ECANCELED:
                return "another service leads now";
        case -ESTALE:
                return "the store has changed since the data was read: it is read again";
        case -ENOTRECOVERABLE:
                return "the judge refuses the planner's plan: a bug, nothing is moved";
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
        /* whose hosts come next */
        int r = service_round_step(s, service_roll, "going on with the rolling maintenance");

        if (r == 0) /* of persons; what was accepted is carried out */
                r = service_round_step(s, confirm_update, "reading answers");
        if (r == 0) /* … who want a VM moved */
                r = service_round_step(s, service_wish_take,
                                       "reading moves that operators requested operators want");
        if (r == 0) /* what it does by itself, with these */
                r = service_round_step(s, service_round_act, "planning and moving");
        if (r == 0) /* what a person is asked about */
                r = service_round_step(s, service_round_propose, "planning and asking");
        if (r == 0) /* the rest */
                r = service_round_step(s, service_round_advise, "planning and advising");
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
        r = service_round_step(s, service_round_facts, "reading data");
        if (r == 0)
                r = service_round_step(s, service_round_overlay, "recording what has moved");
        if (r == 0)
                r = service_round_step(s, service_round_still,
                                       "checking whether the store has lost data is what it was");
        if (r == 0)
                r = service_round_plan(s);
        if (r == 0 && s->done.n == 0)
                r = service_round_step(s, service_round_keep, "recording the decision");
        cluster_metrics_thinks(round->metrics, false);
        if (r == 0)
                service_notices_put(s);
        if (r == 0 || !round_is_stopped(round))
                service_live_write(round, &s->shown, true);
        return r;
}

void service_round_beside_end(RoundState *s) {
        if (!s->wanted.round.plan && !s->waiting.accepted) /* operators' moves alone: they are kept */
                return;
        (void) !service_round_step(s, service_round_keep, "recording the decision"); /* logged there */
}

int service_round(const ServiceRound *round) {
        Workers workers = workers_threads(0);
        RoundState s = round_state(round, &workers);
        int r;

        r = service_round_step(&s, service_round_settle, "settling what an earlier leader began");
        if (r == 0) /* what is, who is held, whether balance rests */
                r = service_round_step(&s, service_round_facts, "reading data");
        if (r == 0)
                r = service_round_step(&s, service_round_still,
                                       "checking whether the store has lost data is what it was");
        if (r == 0) /* carried out, asked about, or said */
                r = service_round_plan(&s);
        if (r == 0) /* the decision with what came of it */
                r = service_round_step(&s, service_round_keep, "recording the decision");
        cluster_metrics_thinks(round->metrics, false);
        if (s.found.known)
                service_round_remember(round, &s);
        if (r == 0 && !round_is_stopped(round))
                service_round_say_well(&s);
        if (r == 0 || s.found.blind) {
                service_figures_put(&s);
                service_notices_put(&s);
        }
        if (r == 0 || !round_is_stopped(round))
                service_live_write(round, &s.shown, true);
        return r;
}
