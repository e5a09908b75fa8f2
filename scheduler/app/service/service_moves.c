/* SPDX-License-Identifier: Apache-2.0 */
/* A round's moves: carried out, said and shown as they go. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "scheduler/app/service/service_parts.h"
#include "scheduler/base/log.h"

#define EPOCH_EVERY USEC_PER_SEC
#define QUOTE       512

/* A plan that is carried out: what the mover's watch is told of. In the round's arena. */
typedef struct Carrying {
        const ServiceRound *given;
        ServiceRun own, *run; /* run: NULL until it has begun */
        RoundMoves *done;
        RoundDisplay *shown;
        usec_t *started;   /* [move] monotonic; 0: not yet */
        bool *late;        /* [move] that was said */
        usec_t epoch_seen; /* monotonic */
        usec_t judged;     /* how long the judge took before starts */
} Carrying;

static void service_moves_started(void *arg, uint32_t move) {
        const Carrying *c = arg;
        const MoveOrder *m = &c->done->orders[move];

        atomic_store(c->given->moving, true);
        c->started[move] = round_monotonic(c->given);
        c->shown->moves[move].deadline_ms = mover_deadline_ms(c->given->settings, m);
        c->shown->moves[move].status.phase = MIGRATION_RUNNING;
        log_event(LOG_INFO, "move.started", "vm=%s from=%s to=%s wave=%u kind=%s predicted_ms=%lld", m->vm,
                  m->from, m->to, m->wave + 1, m->kind ? m->kind : "", (long long) m->predicted.ms);
        service_live_show(c->run, true);
}

static void service_moves_seen(void *arg, uint32_t move, const MigrationStatus *status) {
        const Carrying *c = arg;
        const usec_t started = c->started[move];
        LiveMove *l = &c->shown->moves[move];

        l->status = *status;
        l->running_ms = started ? (round_monotonic(c->given) - started) / USEC_PER_MSEC : 0;
        if (!live_move_is_late(l) || c->late[move])
                return;
        c->late[move] = true;
        log_event(LOG_WARNING, "move.late", "vm=%s from=%s to=%s deadline_ms=%lld predicted_ms=%lld",
                  l->order->vm, l->order->from, l->order->to, (long long) l->deadline_ms,
                  (long long) l->order->predicted.ms);
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

/* Its wait is over no sooner than then; a round beside what still runs looks, and knows it better. */
static void service_moves_wait(const Carrying *c, const MoveOutcome *o) {
        const usec_t over = round_now(c->given) + settings_int(c->given->settings, "retry", "first");

        if ((o->end == MOVE_FAILED || o->end == MOVE_ABORTED || o->end == MOVE_REFUSED) &&
            (c->run->retry == 0 || over < c->run->retry))
                c->run->retry = over;
}

static void service_moves_ended(void *arg, uint32_t move, const MoveOutcome *o) {
        const Carrying *c = arg;
        MigrationStatus *live = &c->shown->moves[move].status;

        service_moves_seen(arg, move, &o->status);
        (void) snprintf(live->message, sizeof(live->message), "%s", o->why);
        if (move_end_is_open(o->end) || o->end == MOVE_REFUSED)
                live->phase = MIGRATION_FAILED;
        service_moves_wait(c, o);
        c->done->n_ended++;
        c->done->ended[move] = true;
        service_moves_log_end(&c->done->orders[move], o);
        service_figures_ended(c->given, &c->done->orders[move], o);
        service_live_show(c->run, true);
}

static void service_moves_trouble(void *arg, uint32_t move, const char *what) {
        const Carrying *c = arg;
        char quoted[QUOTE];

        log_event(LOG_ERROR, "journal.refused", "vm=%s error=%s", c->done->orders[move].vm,
                  log_quote(what, quoted, sizeof(quoted)));
}

/* What runs may end; then a round takes in that the store is not what it was. */
static bool service_moves_is_lost(Carrying *c) {
        const ServiceRound *x = c->given;
        const usec_t now = round_monotonic(x);

        if (c->run->lost || now < c->epoch_seen + EPOCH_EVERY)
                return c->run->lost;
        c->epoch_seen = now;
        c->run->lost = service_epoch_look(x->epoch, x->leadership, x->settings, EPOCH_SHORT) == 1;
        if (c->run->lost) {
                c->done->called = true;
                log_event(LOG_INFO, "plan.overtaken", "why=\"the store has changed\"");
        }
        return c->run->lost;
}

static StopRequest service_moves_stop_request(void *arg) {
        Carrying *c = arg;
        StopRequest stop = round_stop_request(c->given);

        service_stop_say(c->given->stop);
        service_live_show(c->run, false);
        return stop == STOP_NONE && service_moves_is_lost(c) ? STOP_DRAIN : stop;
}

/* To their end, with what joins them meanwhile. */
static int service_moves_carry(Carrying *c, const MoverInput *input) {
        const ServiceBeside *beside = c->given->beside;
        ServiceRun *run = &c->own;
        int r;

        *run = (ServiceRun){ .first = c->given,
                             .last = c->given,
                             .now = *c->given,
                             .done = c->done,
                             .shown = c->shown,
                             .begun = round_monotonic(c->given),
                             .begun_at = round_monotonic(c->given) };
        c->run = run;
        run->retry = input->facts ? service_urgent_retry(input->facts, round_now(c->given)) : 0;
        run->deadline = input->facts ? service_urgent_deadline(input->facts, round_now(c->given)) : 0;
        r = mover_open(input, &run->mover);
        if (r == 0)
                r = mover_add(run->mover, input, c->done->outcomes);
        while (r == 0) {
                if (beside)
                        beside->look(run);
                if (!mover_step(run->mover))
                        break;
        }
        run->mover = mover_free(run->mover);
        cluster_metrics_phase(c->given->metrics, ROUND_JUDGE, c->judged);
        cluster_metrics_phase(c->given->metrics, ROUND_ACT, round_monotonic(c->given) - run->begun_at);
        if (beside)
                c->done->left_beside = beside->close(run);
        atomic_store(c->given->moving, false);
        return r;
}

int service_moves_run(const ServiceRound *round, const Snapshot *facts, RoundMoves *done,
                      RoundDisplay *shown) {
        Carrying *c = arena_new(round->arena, Carrying, 1);
        usec_t *started = arena_new(round->arena, usec_t, done->n);
        bool *late = arena_new(round->arena, bool, done->n);
        MoverInput input = { .source = round->source,
                             .settings = round->settings,
                             .facts = facts,
                             .executor = round->executor,
                             .leadership = round->leadership,
                             .stop = &round->stop->watch,
                             .moves = done->orders,
                             .urgency = done->urgency,
                             .by = done->by,
                             .for_whom = done->for_whom,
                             .n = done->n,
                             .watch = { .arg = c,
                                        .started = service_moves_started,
                                        .progress = service_moves_seen,
                                        .ended = service_moves_ended,
                                        .stop_request = service_moves_stop_request,
                                        .trouble = service_moves_trouble } };
        int r;

        cluster_metrics_thinks(round->metrics, false); /* it waits now, for minutes perhaps */
        done->outcomes = arena_new(round->arena, MoveOutcome, done->n);
        done->ended = arena_new(round->arena, bool, done->n);
        if (!c || !started || !late || !done->outcomes || !done->ended)
                return -ENOMEM;
        *c = (Carrying){ .given = round,
                         .run = round->run,
                         .done = done,
                         .shown = shown,
                         .started = started,
                         .late = late };
        input.judged = &c->judged;
        r = round->run ? mover_add(round->run->mover, &input, done->outcomes)
                       : service_moves_carry(c, &input);
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

bool service_moves_missed(const RoundMoves *done) {
        for (uint32_t i = 0; i < done->n; i++)
                if (done->outcomes[i].end == MOVE_FAILED || done->outcomes[i].end == MOVE_ABORTED)
                        return true;
        return false;
}
