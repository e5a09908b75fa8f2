/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/app/service/service_round.h"

#include <errno.h>
#include <string.h>

#include "scheduler/app/service/service_parts.h"
#include "scheduler/base/log.h"
#include "scheduler/milp/exact.h"

#define QUOTE 512

static RoundState round_state(const ServiceRound *round, const Workers *workers) {
        RoundState s = { .given = round };

        s.found.input = (RoundInput){ .settings = round->settings,
                                      .request = PLAN_REQUEST_DEFAULT,
                                      .now = round_now(round),
                                      .clock = round->leadership->world->clock,
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
        char quoted[QUOTE];
        TextFault fault;
        int r = mover_moves_of_plan(service_round->arena, round->snapshot, round->plan, &done->orders,
                                    &fault);

        if (r == -ENOENT) {
                log_event(LOG_WARNING, "plan.blocked", "why=%s",
                          log_quote(fault.what, quoted, sizeof(quoted)));
                return 0;
        }
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
        r = service_decide(s, MODE_AUTO, ACTION_KINDS_ALL & ~may, 0);
        if (r == 0)
                r = service_hold_back(s, ACTION_KINDS_ALL & ~may);
        if (r == 0 && service_round_has_moves(s) && round_stop_request(x) == STOP_NONE)
                r = service_round_run_plan(x, &s->wanted.round, &s->done, &s->shown);
        return r < 0 ? r : 0;
}

/* What it may do once a person has said yes: a plan of that and of what it may do by itself, which had
 * nothing to do. */
static int service_round_propose(RoundState *s) {
        const ServiceModes *modes = &s->given->modes;
        const unsigned not_now = service_modes_bits(modes, MODE_ADVISE);
        int r = 0;

        if (s->over || !service_modes_bits(modes, MODE_CONFIRM) || s->found.input.stopped)
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
        memory->unfinished = s->found.open > 0 || done->unreached || service_moves_left(done);
        /* What must be done and fails each time does not put off what has been wanted for long. */
        if (service_moves_changed(done) || !s->wanted.wanted || (done->n > 0 && !s->wanted.urgent_only))
                memory->wanted_since = 0;
        if (done->n > 0 || done->deferred_after_failure)
                memory->rest_until = round_monotonic(round) + round->settle;
}

/* What was read is of the store that was looked at before: else it is read anew, in a round of its own. */
static int service_round_still(const ServiceRound *round) {
        int r = service_epoch_look(round->epoch, round->leadership, round->settings, EPOCH_SHORT);

        return r == 1 ? -ECANCELED : r;
}

int service_round(const ServiceRound *round) {
        Workers workers = workers_threads(0);
        RoundState s = round_state(round, &workers);
        int r = service_settle(round, &s.found); /* what became of moves that an earlier leader began */

        if (r == 0)
                r = service_facts_read(round, &s.found,
                                       &s.shown); /* what is, who is held, whether balance rests */
        if (r == 0)
                r = service_round_still(round);
        if (r == 0) {
                r = confirm_update(&s); /* answers of persons; what was accepted is carried out */
                if (r == 0)
                        r = service_round_act(&s); /* planned and carried out: what it does by itself */
                if (r == 0)
                        r = service_round_propose(&s); /* planned, and waits: what a person is asked about */
                if (r == 0)
                        r = service_round_advise(&s); /* planned and said: the rest */
                if (r == 0)
                        r = service_round_keep(&s); /* the decision with what came of it */
                service_round_remember(round, &s);
        }
        service_live_write(round, &s.shown, true);
        return r > 0 ? 0 : r;
}
