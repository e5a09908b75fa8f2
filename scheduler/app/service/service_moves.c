/* SPDX-License-Identifier: Apache-2.0 */
/* A round's moves: carried out, said and shown as they go. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "scheduler/app/service/service_parts.h"
#include "scheduler/base/log.h"

#define CALLS_EVERY USEC_PER_SEC
#define QUOTE       512

/* What the mover's watch is told of. */
typedef struct Carrying {
        const ServiceRound *given;
        RoundMoves *done;
        RoundDisplay *shown;
        usec_t *started;   /* [move] monotonic; 0: not yet */
        usec_t calls_seen; /* monotonic */
} Carrying;

static void service_moves_started(void *arg, uint32_t move) {
        const Carrying *c = arg;
        const MoveOrder *m = &c->done->orders[move];

        atomic_store(c->given->moving, true);
        c->started[move] = round_monotonic(c->given);
        c->shown->moves[move].status.phase = MIGRATION_RUNNING;
        log_event(LOG_INFO, "move.started", "vm=%s from=%s to=%s wave=%u predicted_ms=%lld", m->vm, m->from,
                  m->to, m->wave + 1, (long long) m->predicted.ms);
        service_live_write(c->given, c->shown, true);
}

static void service_moves_seen(void *arg, uint32_t move, const MigrationStatus *status) {
        const Carrying *c = arg;
        const usec_t started = c->started[move];
        LiveMove *l = &c->shown->moves[move];

        l->status = *status;
        l->running_ms = started ? (round_monotonic(c->given) - started) / USEC_PER_MSEC : 0;
}

static void service_moves_log_end(const MoveOrder *m, const MoveOutcome *o) {
        char quoted[QUOTE];

        if (o->end == MOVE_DONE)
                log_event(LOG_INFO, "move.done",
                          "vm=%s from=%s to=%s ms=%lld predicted_ms=%lld bytes=%lld predicted_bytes=%lld "
                          "downtime_ms=%lld",
                          m->vm, m->from, m->to,
                          (long long) ((o->status.ended - o->status.started) / USEC_PER_MSEC),
                          (long long) m->predicted.ms, (long long) o->status.bytes_done,
                          (long long) m->predicted.bytes, (long long) o->status.downtime_ms);
        else
                log_event(move_end_is_open(o->end) ? LOG_INFO
                          : o->end == MOVE_UNCLEAR ? LOG_ERROR
                                                   : LOG_WARNING,
                          "move.missed", "vm=%s from=%s to=%s end=%s why=%s", m->vm, m->from, m->to,
                          move_end_names[o->end], log_quote(o->why, quoted, sizeof(quoted)));
        if (o->status.remark[0])
                log_event(LOG_WARNING, "move.remark", "vm=%s from=%s to=%s what=%s", m->vm, m->from, m->to,
                          log_quote(o->status.remark, quoted, sizeof(quoted)));
}

static void service_moves_ended(void *arg, uint32_t move, const MoveOutcome *o) {
        const Carrying *c = arg;
        MigrationStatus *live = &c->shown->moves[move].status;

        service_moves_seen(arg, move, &o->status);
        (void) snprintf(live->message, sizeof(live->message), "%s", o->why);
        if (move_end_is_open(o->end) || o->end == MOVE_REFUSED)
                live->phase = MIGRATION_FAILED;
        service_moves_log_end(&c->done->orders[move], o);
        service_live_write(c->given, c->shown, true);
}

static void service_moves_trouble(void *arg, uint32_t move, const char *what) {
        const Carrying *c = arg;
        char quoted[QUOTE];

        log_event(LOG_ERROR, "journal.refused", "vm=%s error=%s", c->done->orders[move].vm,
                  log_quote(what, quoted, sizeof(quoted)));
}

/* What runs may end; then a round takes in why it was called. */
static bool service_moves_is_called(Carrying *c) {
        const ServiceRound *x = c->given;
        const usec_t now = round_monotonic(x);
        char why[CALL_WHY_SIZE], quoted[QUOTE];

        if (c->done->called || now < c->calls_seen + CALLS_EVERY)
                return c->done->called;
        c->calls_seen = now;
        c->done->called = round_calls_look(x->calls, x->store, now, round_now(x), why) == 1;
        if (service_epoch_look(x->epoch, x->leadership, x->settings, EPOCH_SHORT) == 1) {
                (void) snprintf(why, sizeof(why), "the store is not what it was");
                c->done->called = true;
        }
        if (c->done->called)
                log_event(LOG_INFO, "plan.overtaken", "why=%s", log_quote(why, quoted, sizeof(quoted)));
        return c->done->called;
}

static StopRequest service_moves_stop_request(void *arg) {
        Carrying *c = arg;
        StopRequest stop = round_stop_request(c->given);

        service_stop_say(c->given->stop);
        service_live_write(c->given, c->shown, false);
        return stop == STOP_NONE && service_moves_is_called(c) ? STOP_DRAIN : stop;
}

int service_moves_run(const ServiceRound *round, const Snapshot *facts, RoundMoves *done,
                      RoundDisplay *shown) {
        Carrying carrying = { .given = round,
                              .done = done,
                              .shown = shown,
                              .started = arena_new(round->arena, usec_t, done->n) };
        MoverInput input = { .source = round->source,
                             .settings = round->settings,
                             .facts = facts,
                             .executor = round->executor,
                             .leadership = round->leadership,
                             .stop = &round->stop->watch,
                             .moves = done->orders,
                             .n = done->n,
                             .watch = { .arg = &carrying,
                                        .started = service_moves_started,
                                        .progress = service_moves_seen,
                                        .ended = service_moves_ended,
                                        .stop_request = service_moves_stop_request,
                                        .trouble = service_moves_trouble } };
        int r;

        done->outcomes = arena_new(round->arena, MoveOutcome, done->n);
        r = carrying.started && done->outcomes ? mover_run(&input, done->outcomes) : -ENOMEM;
        atomic_store(round->moving, false);
        return r < 0 ? r : 0;
}

bool service_moves_changed(const RoundMoves *done) {
        for (uint32_t i = 0; i < done->n; i++)
                if (done->outcomes[i].end == MOVE_DONE || done->outcomes[i].end == MOVE_UNCLEAR)
                        return true;
        return false;
}

bool service_moves_left(const RoundMoves *done) {
        for (uint32_t i = 0; i < done->n; i++)
                if (move_end_is_open(done->outcomes[i].end))
                        return true;
        return false;
}
