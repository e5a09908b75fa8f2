/* SPDX-License-Identifier: Apache-2.0 */
/* What every part of a round does: moves VMs, shows what it is doing, writes down what came of it. */
#include "scheduler/app/service/service_work.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "scheduler/app/round/round_record.h"
#include "scheduler/base/log.h"

#define LIVE_EVERY  USEC_PER_SEC
#define ALARM_EVERY USEC_PER_SEC
#define QUOTE       512

/* Its own arena: the round's holds what the moves are made of, and this is written every second. */
void work_write_live(RoundState *w, bool now) {
        const ServiceRound *x = w->x;
        usec_t time = work_monotonic(w);
        const char *text;
        size_t n;
        Arena a;

        if ((!now && time < w->live_written + LIVE_EVERY) || arena_open((size_t) 256 << 20, &a) < 0)
                return;
        w->live_written = time;
        w->live.written_at = work_now(w);
        if (live_state_print(&a, &w->live, &text, &n) == 0 &&
            store_lead_state(x->store, x->leadership->token, LIVE_STATE_NAME, text, n,
                             3 * x->interval + x->settle + 10 * USEC_PER_SEC) < 0)
                log_event(LOG_WARNING, "state.lost", "error=%s", store_error(x->store));
        arena_close(&a);
}

/* ---- what the moves say ---- */

static void service_work_started(void *arg, uint32_t move) {
        RoundState *w = arg;
        const MoveOrder *m = &w->moves[move];

        w->started[move] = work_monotonic(w);
        w->live_moves[move].status.phase = MIGRATION_RUNNING;
        log_event(LOG_INFO, "move.started", "vm=%s from=%s to=%s wave=%u predicted_ms=%lld", m->vm, m->from,
                  m->to, m->wave + 1, (long long) m->predicted.ms);
        work_write_live(w, true);
}

static void live_of(RoundState *w, uint32_t move, const MigrationStatus *s) {
        LiveMove *l = &w->live_moves[move];

        l->status = *s;
        l->running_ms = w->started[move] ? (work_monotonic(w) - w->started[move]) / USEC_PER_MSEC : 0;
}

static void service_work_seen(void *arg, uint32_t move, const MigrationStatus *status) {
        live_of(arg, move, status);
}

static void service_work_ended(void *arg, uint32_t move, const MoveOutcome *o) {
        RoundState *w = arg;
        const MoveOrder *m = &w->moves[move];
        char quoted[QUOTE];

        live_of(w, move, &o->status);
        (void) snprintf(w->live_moves[move].status.message, sizeof(o->status.message), "%s", o->why);
        if (o->end == MOVE_NOT_REACHED || o->end == MOVE_REFUSED)
                w->live_moves[move].status.phase = MIGRATION_FAILED;
        if (o->end == MOVE_DONE)
                log_event(LOG_INFO, "move.done",
                          "vm=%s from=%s to=%s ms=%lld predicted_ms=%lld bytes=%lld predicted_bytes=%lld "
                          "downtime_ms=%lld",
                          m->vm, m->from, m->to,
                          (long long) ((o->status.ended - o->status.started) / USEC_PER_MSEC),
                          (long long) m->predicted.ms, (long long) o->status.bytes_done,
                          (long long) m->predicted.bytes, (long long) o->status.downtime_ms);
        else
                log_event(o->end == MOVE_NOT_REACHED ? LOG_INFO
                          : o->end == MOVE_UNCLEAR   ? LOG_ERROR
                                                     : LOG_WARNING,
                          "move.missed", "vm=%s from=%s to=%s end=%s why=%s", m->vm, m->from, m->to,
                          move_end_names[o->end], log_quote(o->why, quoted, sizeof(quoted)));
        if (o->status.remark[0])
                log_event(LOG_WARNING, "move.remark", "vm=%s from=%s to=%s what=%s", m->vm, m->from, m->to,
                          log_quote(o->status.remark, quoted, sizeof(quoted)));
        work_write_live(w, true);
}

static void service_work_trouble(void *arg, uint32_t move, const char *what) {
        const RoundState *w = arg;
        char quoted[QUOTE];

        log_event(LOG_ERROR, "journal.refused", "vm=%s error=%s", w->moves[move].vm,
                  log_quote(what, quoted, sizeof(quoted)));
}

/* What runs may end; then a round takes in why it was called. */
static bool service_work_is_called(RoundState *w) {
        usec_t now = work_monotonic(w);
        char why[CALL_WHY_SIZE], quoted[QUOTE];

        if (w->called || now < w->alarm_seen + ALARM_EVERY)
                return w->called;
        w->alarm_seen = now;
        w->called = round_calls_look(w->x->calls, w->x->store, now, work_now(w), why) == 1;
        if (w->called)
                log_event(LOG_INFO, "plan.overtaken", "why=%s", log_quote(why, quoted, sizeof(quoted)));
        return w->called;
}

static StopRequest service_work_stop_request(void *arg) {
        StopRequest stop = work_stop_request(arg);

        work_write_live(arg, false);
        return stop == STOP_NONE && service_work_is_called(arg) ? STOP_DRAIN : stop;
}

int work_show_moves(RoundState *w, const MoveOrder *moves, uint32_t n) {
        w->live_moves = arena_new(w->x->arena, LiveMove, n);
        if (!w->live_moves)
                return -ENOMEM;
        for (uint32_t i = 0; i < n; i++)
                w->live_moves[i] = (LiveMove){ .order = &moves[i], .status = { .phase = MIGRATION_QUEUED } };
        w->live.moves = w->live_moves;
        w->live.n_moves = n;
        return 0;
}

int work_run(RoundState *w) {
        const ServiceRound *x = w->x;
        MoverInput input = { .source = x->source,
                             .settings = x->settings,
                             .facts = w->round.snapshot,
                             .executor = x->executor,
                             .leadership = x->leadership,
                             .moves = w->moves,
                             .n = w->n,
                             .watch = { .arg = w,
                                        .started = service_work_started,
                                        .progress = service_work_seen,
                                        .ended = service_work_ended,
                                        .stop_request = service_work_stop_request,
                                        .trouble = service_work_trouble } };
        int r;

        w->started = arena_new(x->arena, usec_t, w->n);
        w->outcomes = arena_new(x->arena, MoveOutcome, w->n);
        r = w->started && w->outcomes ? mover_run(&input, w->outcomes) : -ENOMEM;
        if (r < 0)
                log_event(LOG_ERROR, "plan.failed", "error=\"%s\"", strerrordesc_np(-r));
        return r < 0 ? r : 0;
}

/* A round without moves says only this; the same again is not worth a record. */
static uint64_t plan_fingerprint(const Plan *p) {
        return p->n_moves > 0 ? 0 : ((uint64_t) p->status + 1) << 32 | p->n_refused_all;
}

static AuditEntry service_work_entry_of(const RoundState *w, const RoundRecord *record, const char *name) {
        AuditEntry e = audit_store_entry(record, name);

        e.waiting = w->answer.waiting;
        e.answer = w->answer.answer;
        return e;
}

int work_record(RoundState *w, const char **ret_name) {
        const ServiceRound *x = w->x;
        const RecordMove *moves = NULL;
        uint64_t now = plan_fingerprint(w->round.plan);
        bool is_new = now == 0 || now != *x->last_fingerprint;
        char name[RECORD_NAME_SIZE];
        int r;

        *ret_name = NULL;
        *x->last_fingerprint = now;
        if (!is_new)
                return 0;
        r = mover_record(x->arena, w->moves, w->outcomes, w->n, &moves);
        if (r == 0) {
                RoundRecord record = { .input = &w->input,
                                       .facts = w->facts,
                                       .round = &w->round,
                                       .leader = x->leadership->self,
                                       .mode = service_mode_names[w->mode],
                                       .moves = moves,
                                       .n_moves = w->n };

                r = round_record_store(x->leadership, x->arena, &record, name);
                if (r == 0)
                        r = audit_store_write(x->leadership, x->arena, x->settings, w->facts,
                                              service_work_entry_of(w, &record, name));
                if (r == 0)
                        *ret_name = text_copy(x->arena, name, strlen(name));
        }
        if (r != 0)
                log_event(LOG_WARNING, "record.lost", "error=\"%s\"",
                          r == 1         ? "another leads"
                          : r == -ENOMEM ? "out of memory"
                                         : store_error(x->store));
        return r;
}
