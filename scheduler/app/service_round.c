#include "scheduler/app/service_round.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "scheduler/app/audit_book.h"
#include "scheduler/app/live_state.h"
#include "scheduler/app/mover.h"
#include "scheduler/app/plan_text.h"
#include "scheduler/app/round_record.h"
#include "scheduler/app/store_round.h"
#include "scheduler/base/log.h"
#include "scheduler/milp/exact.h"

#define LIVE_EVERY  USEC_PER_SEC
#define ALARM_EVERY USEC_PER_SEC
#define QUOTE       512

typedef struct Work {
        const ServiceRound *x;
        RoundInput input;
        const Snapshot *facts; /* as they were read */
        Round round;
        LiveState live;
        LiveMove *live_moves;
        const MoverMove *moves;
        uint32_t n;
        uint32_t settled, open; /* moves of an earlier leader: whose end was seen just now; not yet */
        usec_t live_written, alarm_seen; /* monotonic */
        bool called;     /* hosts or operators call: this plan is not what is wanted any more */
        usec_t *started; /* [move] monotonic */
} Work;

static usec_t now_of(const Work *w) {
        return clock_now_of(w->x->leadership->world->clock);
}

static usec_t monotonic_of(const Work *w) {
        return clock_monotonic_of(w->x->leadership->world->clock);
}

static RunWish wish_of(const Work *w) {
        const ServiceWorld *world = w->x->leadership->world;

        return world->wish(world->self);
}

/* Its own arena: the round's holds what the moves are made of, and this is written every second. */
static void write_live(Work *w, bool now) {
        const ServiceRound *x = w->x;
        usec_t time = monotonic_of(w);
        const char *text;
        size_t n;
        Arena a;

        if ((!now && time < w->live_written + LIVE_EVERY) || arena_open((size_t) 256 << 20, &a) < 0)
                return;
        w->live_written = time;
        w->live.written_at = now_of(w);
        if (live_state_print(&a, &w->live, &text, &n) == 0 &&
            store_lead_state(x->store, x->leadership->token, LIVE_STATE_NAME, text, n,
                             3 * x->interval + x->settle + 10 * USEC_PER_SEC) < 0)
                log_event(LOG_WARNING, "state.lost", "error=%s", store_error(x->store));
        arena_close(&a);
}

/* ---- what the moves say ---- */

static void started(void *arg, uint32_t move) {
        Work *w = arg;
        const MoverMove *m = &w->moves[move];

        w->started[move] = monotonic_of(w);
        w->live_moves[move].phase = MIGRATION_RUNNING;
        log_event(LOG_INFO, "move.started", "vm=%s from=%s to=%s wave=%u predicted_ms=%lld", m->vm, m->from,
                  m->to, m->wave + 1, (long long) m->predicted.ms);
        write_live(w, true);
}

static void live_of(Work *w, uint32_t move, const MigrationStatus *s) {
        LiveMove *l = &w->live_moves[move];

        l->phase = s->phase;
        l->bytes_total = s->bytes_total;
        l->bytes_done = s->bytes_done;
        l->bytes_left = s->bytes_left;
        l->bytes_per_s = s->bytes_per_s;
        l->running_ms = w->started[move] ? (monotonic_of(w) - w->started[move]) / USEC_PER_MSEC : 0;
}

static void seen(void *arg, uint32_t move, const MigrationStatus *status) {
        live_of(arg, move, status);
}

static void ended(void *arg, uint32_t move, const MoveOutcome *o) {
        Work *w = arg;
        const MoverMove *m = &w->moves[move];
        char quoted[QUOTE];

        live_of(w, move, &o->status);
        w->live_moves[move].message = text_copy(w->x->arena, o->why, strlen(o->why));
        if (o->end == MOVE_NOT_REACHED || o->end == MOVE_REFUSED)
                w->live_moves[move].phase = MIGRATION_FAILED;
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
        write_live(w, true);
}

static void trouble(void *arg, uint32_t move, const char *what) {
        const Work *w = arg;
        char quoted[QUOTE];

        log_event(LOG_ERROR, "journal.refused", "vm=%s error=%s", w->moves[move].vm,
                  log_quote(what, quoted, sizeof(quoted)));
}

/* What runs may end; then a round takes in why it was called. */
static bool is_called(Work *w) {
        usec_t now = monotonic_of(w);
        int64_t alarm = w->x->alarm;

        if (w->called || now < w->alarm_seen + ALARM_EVERY)
                return w->called;
        w->alarm_seen = now;
        w->called = store_get_alarm(w->x->store, &alarm) == 0 && alarm != w->x->alarm;
        if (w->called)
                log_event(LOG_INFO, "plan.overtaken",
                          "why=\"a host or an operator calls: nothing more is "
                          "started, what runs may end\"");
        return w->called;
}

static RunWish wish(void *arg) {
        RunWish stop = wish_of(arg);

        write_live(arg, false);
        return stop == RUN_ON && is_called(arg) ? RUN_DRAIN : stop;
}

/* ---- the steps of a round ---- */

static int settle(Work *w) {
        const Settled *list = NULL;
        uint32_t n = 0;
        int r = store_round_settle(w->x->leadership, w->x->arena, w->x->settings, &list, &n);
        char quoted[QUOTE];

        if (r == 1)
                return -ECANCELED;
        for (uint32_t i = 0; r == 0 && i < n; i++) {
                w->settled += !journal_is_open(list[i].now);
                w->open += journal_is_open(list[i].now);
                log_event(list[i].now == JOURNAL_UNCLEAR ? LOG_ERROR : LOG_INFO, "move.settled",
                          "vm=%s from=%s to=%s end=%s seen=%s", list[i].entry.vm, list[i].entry.from,
                          list[i].entry.to,
                          list[i].now == JOURNAL_STARTED ? "still-running" : journal_event_names[list[i].now],
                          log_quote(list[i].words, quoted, sizeof(quoted)));
        }
        return r;
}

static void grade_changed(const GradeChange *c) {
        char quoted[QUOTE];

        log_event(c->is > c->was ? LOG_WARNING : LOG_INFO, c->is > c->was ? "fault.rose" : "fault.fell",
                  "host=%s device=\"%s\" grade=%lld was=%lld why=%s", c->host, c->device, (long long) c->is,
                  (long long) c->was, log_quote(c->why ? c->why : "", quoted, sizeof(quoted)));
}

/* What the round has learned of failing hardware outlives it. */
static int write_faults(Work *w) {
        const ServiceRound *x = w->x;
        char quoted[QUOTE];
        int r = fault_book_write(source_faults(x->source), x->leadership, x->arena, w->input.now,
                                 grade_changed);

        if (r == 0)
                return 0;
        log_event(LOG_WARNING, "faults.lost", "error=%s",
                  r == 1 ? "\"another leads\"" : log_quote(store_error(x->store), quoted, sizeof(quoted)));
        w->live.summary = "no plan: what is remembered of failing hardware could not be kept";
        return r == 1 ? -ECANCELED : r;
}

/* What earlier decisions have led to; and whether predictions were too wrong to go on with balance. */
static int mind_audit(Work *w) {
        const ServiceRound *x = w->x;
        char quoted[QUOTE];
        int r = audit_book_look(x->leadership, x->arena, x->settings, w->facts);

        if (r == 0)
                r = audit_book_verdict(x->store, x->arena, x->settings, &w->input.paused);
        if (r != 0)
                return r == 1 ? -ECANCELED : r;
        w->live.paused = w->input.paused;
        if (w->input.paused && !*x->paused)
                log_event(LOG_WARNING, "balance.paused", "why=%s",
                          log_quote(w->input.paused, quoted, sizeof(quoted)));
        if (!w->input.paused && *x->paused)
                log_event(LOG_INFO, "balance.resumed",
                          "why=\"predictions were right again, or acknowledged\"");
        *x->paused = w->input.paused != NULL;
        return 0;
}

static int read_and_decide(Work *w) {
        const ServiceRound *x = w->x;
        char quoted[QUOTE];
        const char *text;
        TextFault fault;
        int r = source_read(x->source, x->arena, x->settings, &w->input.snapshot, &fault);

        if (r < 0) {
                log_event(LOG_WARNING, "round.blind", "error=%s",
                          log_quote(fault.what, quoted, sizeof(quoted)));
                w->live.summary = text_format(x->arena, "no facts: %s", fault.what);
                return r;
        }
        w->facts = source_facts(x->source);
        for (uint32_t i = 0; (text = source_notice(x->source, i)); i++)
                log_event(LOG_WARNING, "host.notice", "notice=%s", log_quote(text, quoted, sizeof(quoted)));
        r = write_faults(w);
        if (r == 0)
                r = demand_book_round(x->demand, x->leadership, x->arena, x->settings, w->input.snapshot,
                                      &w->input.snapshot);
        if (r == 1)
                r = -ECANCELED; /* another leads */
        if (r == 0 && x->demand->note)
                log_event(LOG_WARNING, "demand.lost", "why=%s",
                          log_quote(x->demand->note, quoted, sizeof(quoted)));
        if (r == 0)
                r = mind_audit(w);
        if (r == 0)
                r = store_round_holds(x->store, x->arena, &w->input);
        if (r == 0)
                r = round_decide(x->arena, &w->input, &w->round);
        if (r == 0)
                return 0;
        log_event(LOG_ERROR, "round.failed", "error=%s",
                  log_quote(r == -EPROTO ? "the judge refused the planner's plan: a defect, nothing is moved"
                                         : strerrordesc_np(-r),
                            quoted, sizeof(quoted)));
        w->live.summary = "no plan: see the service's log";
        return r;
}

/* Those that must leave their host and cannot, with the reason. */
static int live_stays(Work *w) {
        const Plan *plan = w->round.plan;
        const Snapshot *s = w->round.snapshot;
        const Problem *p = w->round.problem;
        LiveStay *stays = arena_new(w->x->arena, LiveStay, LIVE_STAYS_MAX);

        if (!stays)
                return -ENOMEM;
        for (uint32_t i = 0; i < plan->n_refused; i++) {
                VmIx v = plan->refused[i].vm;
                const Vm *vm = &s->vms[v];

                if (problem_leave(p, v, vm->host) == 0 || w->live.n_stays_all++ >= LIVE_STAYS_MAX)
                        continue;
                stays[w->live.n_stays++] =
                        (LiveStay){ .vm = vm->name,
                                    .host = s->hosts[vm->host].name,
                                    .why = !vm->movable && vm->unmovable_why
                                                   ? vm->unmovable_why
                                                   : reason_texts[plan->refused[i].reason] };
        }
        w->live.stays = stays;
        return 0;
}

static int prepare_live(Work *w) {
        const Plan *plan = w->round.plan;
        const Snapshot *s = w->round.snapshot;

        w->live_moves = arena_new(w->x->arena, LiveMove, plan->n_moves);
        w->started = arena_new(w->x->arena, usec_t, plan->n_moves);
        w->live.summary = plan_text_summary(w->x->arena, plan);
        if (!w->live_moves || !w->started || !w->live.summary)
                return -ENOMEM;
        for (uint32_t i = 0; i < plan->n_moves; i++) {
                const PlanMove *m = &plan->moves[i];

                w->live_moves[i] = (LiveMove){ .vm = s->vms[m->vm].name,
                                               .from = s->hosts[m->from].name,
                                               .to = s->hosts[m->to].name,
                                               .phase = MIGRATION_QUEUED,
                                               .predicted_ms = m->predicted.ms,
                                               .message = "" };
        }
        w->live.plan_status = plan_status_names[plan->status];
        w->live.over_limit = plan->before.over_limit;
        w->live.moves = w->live_moves;
        w->live.n_moves = plan->n_moves;
        return live_stays(w);
}

static int run_moves(Work *w, MoveOutcome *outcomes) {
        const ServiceRound *x = w->x;
        MoverInput input = { .source = x->source,
                             .settings = x->settings,
                             .executor = x->executor,
                             .leadership = x->leadership,
                             .moves = w->moves,
                             .n = w->n,
                             .watch = { .arg = w,
                                        .started = started,
                                        .progress = seen,
                                        .ended = ended,
                                        .wish = wish,
                                        .trouble = trouble } };
        char quoted[QUOTE];
        TextFault fault;
        int r = mover_moves_of_plan(x->arena, w->round.snapshot, w->round.plan, &w->moves, &fault);

        if (r == -ENOENT) {
                log_event(LOG_WARNING, "plan.blocked", "why=%s",
                          log_quote(fault.what, quoted, sizeof(quoted)));
                return 0;
        }
        input.moves = w->moves;
        w->n = input.n = w->round.plan->n_moves;
        if (r == 0)
                r = mover_run(&input, outcomes);
        if (r < 0)
                log_event(LOG_ERROR, "plan.failed", "error=\"%s\"", strerrordesc_np(-r));
        return r < 0 ? r : 0;
}

static void log_plan(const Work *w) {
        const Plan *p = w->round.plan;

        assert(p);
        log_event(LOG_INFO, "round.planned",
                  "status=%s hosts=%u vms=%u moves=%u waves=%u refused=%u over_load_line=%u after=%u "
                  "took_ms=%lld",
                  plan_status_names[p->status], w->round.snapshot->n_hosts, w->round.snapshot->n_vms,
                  p->n_moves, p->n_waves, p->n_refused_all, p->before.over_limit, p->after.over_limit,
                  (long long) (w->round.took / USEC_PER_MSEC));
}

/* A round without moves says only this; the same again is not worth a record. */
static uint64_t said(const Plan *p) {
        return p->n_moves > 0 ? 0 : ((uint64_t) p->status + 1) << 32 | p->n_refused_all;
}

static int write_record(const Work *w, const MoveOutcome *outcomes) {
        const ServiceRound *x = w->x;
        const RecordMove *moves = NULL;
        uint64_t now = said(w->round.plan);
        bool is_new = now == 0 || now != *x->last_said;
        char name[RECORD_NAME_SIZE];
        int r;

        *x->last_said = now;
        if (!is_new)
                return 0;
        r = mover_record(x->arena, w->moves, outcomes, w->n, &moves);
        if (r == 0) {
                RoundRecord record = { .input = &w->input,
                                       .facts = w->facts,
                                       .round = &w->round,
                                       .leader = x->leadership->self,
                                       .mode = x->executor ? "auto" : "advise",
                                       .moves = moves,
                                       .n_moves = w->n };

                r = round_record_store(x->leadership, x->arena, &record, name);
                if (r == 0)
                        r = audit_book_write(x->leadership, x->arena, x->settings, w->facts,
                                             audit_book_entry(&record, name));
        }
        if (r != 0)
                log_event(LOG_WARNING, "record.lost", "error=\"%s\"",
                          r == 1         ? "another leads"
                          : r == -ENOMEM ? "out of memory"
                                         : store_error(x->store));
        return r;
}

static bool is_urgent(const Plan *p) {
        for (int t = TIER_REPAIR; t <= TIER_EVACUATE; t++)
                if (p->after.costs.tier[t] < p->before.costs.tier[t])
                        return true;
        return false;
}

/* A first look is no proof: what only balances waits until it was wanted for the hold time. Only the load
 * line's and balance's tiers wait. */
static bool held(const Work *w) {
        const ServiceRound *x = w->x;
        const Plan *p = w->round.plan;
        usec_t now = monotonic_of(w);

        if (p->n_moves == 0) {
                *x->wanted_since = 0;
                return false;
        }
        if (*x->wanted_since == 0)
                *x->wanted_since = now;
        return now - *x->wanted_since < x->hold;
}

/* What cannot wait goes within the hold time, and goes alone: a plan of it, without what only balances. */
static int decide_urgent(Work *w) {
        char quoted[QUOTE];
        int r;

        if (!is_urgent(w->round.plan))
                return 0;
        w->input.request.threshold = PLAN_THRESHOLD_MIN;
        r = round_decide(w->x->arena, &w->input, &w->round);
        if (r == 0)
                r = prepare_live(w);
        if (r == 0)
                log_plan(w);
        else
                log_event(LOG_ERROR, "round.failed", "error=%s",
                          log_quote(strerrordesc_np(-r), quoted, sizeof(quoted)));
        return r;
}

/* One that failed is not tried again at once, but those behind it are not to wait for it. */
static bool not_reached(const Work *w, const MoveOutcome *outcomes) {
        for (uint32_t i = 0; i < w->n; i++)
                if (outcomes[i].end == MOVE_NOT_REACHED)
                        return true;
        return false;
}

int service_round(const ServiceRound *x) {
        Workers workers = workers_threads(0);
        Work w = { .x = x };
        MoveOutcome *outcomes;
        bool waits;
        int r;

        w.input = (RoundInput){ .settings = x->settings,
                                .request = PLAN_REQUEST_DEFAULT,
                                .now = now_of(&w),
                                .clock = x->leadership->world->clock,
                                .think = settings_int(x->settings, "service", "think") };
        w.input.request.workers = &workers;
        w.input.request.solver = &exact_solver;
        w.live = (LiveState){ .leader = x->leadership->self,
                              .mode = x->executor ? "auto" : "advise",
                              .round_at = w.input.now,
                              .summary = "" };
        r = settle(&w);
        if (r == 0 &&
            w.settled > 0) /* rates read while they moved are no demand; who must leave does not wait */
                *x->rest_until = monotonic_of(&w) + x->settle;
        if (x->urgent_only || w.settled > 0)
                w.input.not_now = SNAPSHOT_NO_BALANCE | SNAPSHOT_NO_LOAD;
        if (r == 0)
                r = read_and_decide(&w);
        if (r == 0)
                r = prepare_live(&w);
        write_live(&w, true);
        if (r < 0)
                return r;
        log_plan(&w);
        waits = x->executor && held(&w);
        if (waits)
                r = decide_urgent(&w);
        if (r < 0)
                return r;
        waits &= !is_urgent(w.round.plan);
        outcomes = arena_new(x->arena, MoveOutcome, w.round.plan->n_moves);
        if (!outcomes)
                return -ENOMEM;
        if (waits)
                log_event(LOG_INFO, "round.held", "moves=%u hold_s=%lld", w.round.plan->n_moves,
                          (long long) (x->hold / USEC_PER_SEC));
        else if (x->executor && w.round.plan->n_moves > 0 && wish_of(&w) == RUN_ON)
                r = run_moves(&w, outcomes);
        *x->unfinished = w.open > 0 || not_reached(&w, outcomes);
        if (w.n > 0) {
                *x->wanted_since = 0;
                *x->rest_until = monotonic_of(&w) + x->settle;
        }
        write_live(&w, true);
        return r < 0 ? r : write_record(&w, outcomes);
}
