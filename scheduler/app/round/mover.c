/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/app/round/mover.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "scheduler/app/facts/facts_ahead.h"
#include "scheduler/app/facts/facts_overlay.h"
#include "scheduler/app/round/moves_at_once.h"
#include "scheduler/app/round/round_store.h"
#include "scheduler/decide/judge/plan_check.h"
#include "scheduler/decide/migration/migration_net.h"
#include "scheduler/decide/order/wave_links.h"

/* Facts read less than this ago serve the next start too: the moves begun since are judged along with it. */
#define FRESH_ENOUGH (3 * USEC_PER_SEC)
#define READ_EVERY   USEC_PER_SEC /* from the end of a reading ahead to the next */

typedef enum Stage {
        STAGE_WAITING,
        STAGE_INTENT,  /* written down; asked for, and not seen to run yet */
        STAGE_RUNNING, /* seen */
        STAGE_ENDED,
} Stage;

typedef struct Mover {
        const MoverInput *in;
        const Clock *clock;   /* the leadership's; without one the real */
        FactsAhead *ahead;    /* facts that take long to read; NULL: they are read when they are needed */
        MovesAtOnce *at_once; /* of a plan by hand; NULL: its waves say it */
        bool *runs;           /* [n] scratch */
        Arena arena;          /* of the facts of the last reading */
        ArenaMark facts_end;
        const Snapshot *snapshot; /* NULL: none read yet */
        usec_t read_at;           /* monotonic */
        Stage *stages;
        uint32_t *resumes; /* [move] that were written down */
        OverlayMove *done; /* that ended well, for facts older than they are */
        uint32_t n_done;
        usec_t begun_at; /* since the epoch: makes the ids of its moves different from any other run's */
} Mover;

static int move_fill(const Snapshot *s, MoveOrder *m, TextFault *f) {
        HostIx from = snapshot_host(s, m->from), to = snapshot_host(s, m->to);
        VmIx v = snapshot_vm(s, m->vm);
        const char *missing = from == IX_NONE ? m->from : to == IX_NONE ? m->to : v == IX_NONE ? m->vm : NULL;

        if (missing) {
                text_fault(f, "", "there is no %s %s in the cluster now", missing == m->vm ? "VM" : "host",
                           missing);
                return -ENOENT;
        }
        m->uuid = s->vms[v].uuid;
        m->memory_mib = s->vms[v].memory_mib;
        m->local_disk_mib = s->vms[v].local_disk_mib;
        if (s->vms[v].state == VM_OFF) /* also in a plan by hand, which says nothing of it */
                m->manner.strategy = STRATEGY_COLD;
        m->from_uri = s->hosts[from].uri;
        m->to_uri = s->hosts[to].uri;
        if (!m->from_uri || !m->to_uri) {
                text_fault(f, "", "host %s has no libvirt URI (plimsoll-agent --advertise URI)",
                           m->from_uri ? m->to : m->from);
                return -ENOENT;
        }
        return 0;
}

int mover_moves_of_plan(Arena *a, const Snapshot *s, const Plan *plan, const MoveOrder **ret,
                        TextFault *reterr_fault) {
        MoveOrder *moves = arena_new(a, MoveOrder, plan->n_moves);

        if (!moves)
                return -ENOMEM;
        for (uint32_t i = 0; i < plan->n_moves; i++) {
                int r;

                moves[i] = move_order_of(s, &plan->moves[i]);
                r = move_fill(s, &moves[i], reterr_fault);
                if (r < 0)
                        return r;
        }
        *ret = moves;
        return 0;
}

int mover_moves_of_file(Arena *a, const Snapshot *s, const Settings *settings, const PlanFile *plan,
                        const MoveOrder **ret, TextFault *reterr_fault) {
        MoveOrder *moves = arena_new(a, MoveOrder, plan->n_moves);
        int r = 0;

        if (!moves)
                return -ENOMEM;
        for (uint32_t i = 0; i < plan->n_moves; i++) {
                moves[i] = plan->moves[i];
                r = move_fill(s, &moves[i], reterr_fault);
                if (r < 0)
                        return r;
        }
        r = moves_predict(a, s, settings, moves, plan->n_moves);
        if (r < 0)
                text_fault(reterr_fault, "", "out of memory");
        else
                *ret = moves;
        return r;
}

/* FactsReading: as the source has them now, with what is supposed. */
static int mover_read_facts(void *arg, Arena *a, const Snapshot **ret, TextFault *reterr_fault) {
        const MoverInput *in = ((const Mover *) arg)->in;
        int r = source_read(in->source, a, in->settings, ret, reterr_fault);

        return r == 0 && in->suppose ? what_if_apply(a, *ret, in->suppose, ret, reterr_fault) : r;
}

/* Facts of now, or of a moment ago, with the moves applied that have ended since they were read. */
static int fresh_facts(Mover *m, char *why, size_t size) {
        TextFault fault = { 0 };
        int r = 0;

        if (m->in->facts && m->in->facts_at > 0 &&
            clock_monotonic_of(m->clock) <= m->in->facts_at + FRESH_ENOUGH) {
                arena_rewind(&m->arena, 0);
                m->snapshot = m->in->facts;
                m->read_at = m->in->facts_at;
                m->facts_end = arena_mark(&m->arena);
        } else if (m->ahead) {
                arena_rewind(&m->arena, 0);
                r = facts_ahead_get(m->ahead, FRESH_ENOUGH, &m->snapshot, &fault);
                m->facts_end = arena_mark(&m->arena);
        } else if (!m->snapshot || clock_monotonic_of(m->clock) > m->read_at + FRESH_ENOUGH) {
                arena_rewind(&m->arena, 0);
                m->snapshot = NULL;
                r = mover_read_facts(m, &m->arena, &m->snapshot, &fault);
                m->read_at = clock_monotonic_of(m->clock);
                m->facts_end = arena_mark(&m->arena);
        }
        if (r < 0) {
                m->snapshot = NULL;
                (void) snprintf(why, size, "no fresh facts: %.200s", fault.what);
        }
        return r;
}

/* The move, and beside it those that run and that the facts do not show as in flight yet, as one wave. */
static int mover_gather(Mover *m, const Snapshot *s, uint32_t move, const MoveOrder **ret, uint32_t *ret_n) {
        MoveOrder *list = arena_new(&m->arena, MoveOrder, m->in->n);
        uint32_t n = 0;

        if (!list)
                return -ENOMEM;
        list[n++] = m->in->moves[move];
        for (uint32_t i = 0; i < m->in->n; i++) {
                const MoveOrder *other = &m->in->moves[i];
                VmIx v = snapshot_vm(s, other->vm);

                if (i == move || (m->stages[i] != STAGE_RUNNING && m->stages[i] != STAGE_INTENT) ||
                    v == IX_NONE || s->vms[v].in_flight ||
                    strcmp(s->hosts[s->vms[v].host].name, other->from) != 0)
                        continue;
                list[n++] = *other;
        }
        for (uint32_t i = 0; i < n; i++)
                list[i].wave = 0;
        *ret = list;
        *ret_n = n;
        return 0;
}

static int mover_recheck(void *arg, uint32_t move, char *why, size_t size) {
        Mover *m = arg;
        const Objection *objections = NULL;
        const MoveOrder *moves = NULL;
        const Snapshot *s = NULL;
        uint32_t n = 0, n_objections = 0;
        int r = fresh_facts(m, why, size);

        if (r < 0)
                return r;
        arena_rewind(&m->arena, m->facts_end);
        r = facts_overlay(&m->arena, m->snapshot, m->done, m->n_done, &s);
        if (r == 0)
                r = mover_gather(m, s, move, &moves, &n);
        if (r == 0)
                r = plan_check(&m->arena, s, m->in->settings, moves, n, &objections, &n_objections);
        if (r == 1 && objections)
                (void) snprintf(why, size, "%s", objections[0].text);
        else if (r < 0)
                (void) snprintf(why, size, "out of memory");
        return r;
}

static bool may_join(void *arg, uint32_t move) {
        Mover *m = arg;

        for (uint32_t i = 0; i < m->in->n; i++)
                m->runs[i] = m->stages[i] == STAGE_INTENT || m->stages[i] == STAGE_RUNNING;
        return moves_at_once_allow(m->at_once, move, m->runs);
}

/* One line of the journal: what there is of it beside the order. 0; else what was wrong was told. */
static int mover_write_down(const Mover *m, uint32_t move, JournalEntry e) {
        Leadership *l = m->in->leadership;
        unsigned char memory[8192];
        Arena a = arena_over(memory, sizeof(memory));
        const char *text = NULL, *what = NULL;
        size_t n = 0;
        int r;

        if (!l)
                return 0;
        e.id = text_format(&a, "%s/%llx/%u", l->self, (unsigned long long) m->begun_at, move);
        e.order = &m->in->moves[move];
        e.at = clock_now_of(m->clock);
        r = e.id ? journal_print(&a, &e, &text, &n) : -ENOMEM;
        if (r == 0) {
                r = store_journal(l->store, l->token, text, n);
                what = r == 1 ? "the journal is another leader's now" : r < 0 ? store_error(l->store) : NULL;
        }
        if (r != 0 && m->in->watch.trouble)
                m->in->watch.trouble(m->in->watch.arg, move, what ? what : "out of memory");
        return r;
}

static const JournalEntry not_measured = {
        .took = { .ms = UNKNOWN, .bytes = UNKNOWN, .downtime_ms = UNKNOWN }
};

static bool mover_has_waiting(const Mover *m) {
        for (uint32_t i = 0; i < m->in->n; i++)
                if (m->stages[i] == STAGE_WAITING)
                        return true;
        return false;
}

static int mover_intent(void *arg, uint32_t move) {
        Mover *m = arg;
        JournalEntry e = not_measured;
        int r;

        e.event = JOURNAL_INTENT;
        r = mover_write_down(m, move, e);
        if (r != 0)
                return r;
        m->stages[move] = STAGE_INTENT;
        if (m->ahead && !mover_has_waiting(m))
                facts_ahead_rest(m->ahead);
        if (m->in->watch.started)
                m->in->watch.started(m->in->watch.arg, move);
        return 0;
}

static void mover_progress(void *arg, uint32_t move, const MigrationStatus *status) {
        Mover *m = arg;
        JournalEntry e = not_measured;

        if (m->stages[move] == STAGE_INTENT && status->phase != MIGRATION_QUEUED) {
                m->stages[move] = STAGE_RUNNING;
                e.event = JOURNAL_STARTED;
                (void) !mover_write_down(m, move,
                                         e); /* told there; the intent stands, so the move stays open */
        }
        if (status->resumes != m->resumes[move]) {
                m->resumes[move] = status->resumes;
                e.event = JOURNAL_STARTED;
                e.resumes = status->resumes;
                e.message = "post-copy broke off, and is taken up again";
                (void) !mover_write_down(m, move, e);
        }
        if (m->in->watch.progress)
                m->in->watch.progress(m->in->watch.arg, move, status);
}

static void mover_cool(const Mover *m, uint32_t move) {
        const Leadership *l = m->in->leadership;

        if (l && round_store_cool(l, m->in->moves[move].vm, m->in->settings) != 0 && m->in->watch.trouble)
                m->in->watch.trouble(m->in->watch.arg, move, "its cool-down could not be written down");
}

static MoveMeasure took_of(const MigrationStatus *s) {
        return (MoveMeasure){ .ms = (s->ended - s->started) / USEC_PER_MSEC,
                              .bytes = s->bytes_done,
                              .downtime_ms = s->downtime_ms };
}

static int mover_result_of(void *arg, uint32_t move, const MoveOutcome *o) {
        static const JournalEvent events[MOVE_END_N] = { [MOVE_DONE] = JOURNAL_DONE,
                                                         [MOVE_FAILED] = JOURNAL_FAILED,
                                                         [MOVE_ABORTED] = JOURNAL_ABORTED,
                                                         [MOVE_UNCLEAR] = JOURNAL_UNCLEAR,
                                                         [MOVE_FOREIGN] = JOURNAL_FAILED };
        Mover *m = arg;
        bool was_started = m->stages[move] == STAGE_INTENT || m->stages[move] == STAGE_RUNNING;
        int r = 0;

        m->stages[move] = STAGE_ENDED;
        if (o->end == MOVE_DONE)
                m->done[m->n_done++] =
                        (OverlayMove){ .order = &m->in->moves[move], .ended_at = clock_now_of(m->clock) };
        if (was_started) {
                JournalEntry e = { .event = o->end == MOVE_REFUSED ? JOURNAL_FAILED : events[o->end],
                                   .took = took_of(&o->status),
                                   .resumes = o->status.resumes,
                                   .message = o->why };

                r = mover_write_down(m, move, e);
        }
        if (o->end == MOVE_DONE)
                mover_cool(m, move);
        if (m->in->watch.ended)
                m->in->watch.ended(m->in->watch.arg, move, o);
        return r;
}

static StopRequest mover_stop_request(void *arg) {
        const Mover *m = arg;
        StopRequest w = m->in->watch.stop_request ? m->in->watch.stop_request(m->in->watch.arg) : STOP_NONE;

        if (w == STOP_NONE && m->in->leadership && !leadership_keep(m->in->leadership))
                w = STOP_DRAIN;
        return w;
}

/* Patience × the longest prediction, at least a minute. */
static usec_t time_limit(const Settings *s, const Prediction *p) {
        int64_t ms = p->ms_high > p->ms ? p->ms_high : p->ms;
        usec_t limit = ms * USEC_PER_MSEC * settings_int(s, "migration", "patience");

        return limit > 60 * USEC_PER_SEC ? limit : 60 * USEC_PER_SEC;
}

/* What the plan wants, within the settings' limits; and what it does not say, as they say it. */
static MoveManner settled_manner(const Settings *s, const MoveOrder *v) {
        const int64_t most = migration_bandwidth(s);
        MoveManner m = v->manner;

        if (m.strategy == STRATEGY_COLD) /* there is nothing to send, and no bandwidth to be had */
                return (MoveManner){ .strategy = m.strategy,
                                     .deadline_ms = time_limit(s, &v->predicted) / USEC_PER_MSEC };
        if (most > 0 && (m.bandwidth_kbit == 0 || m.bandwidth_kbit > most))
                m.bandwidth_kbit = most;
        if (!settings_int(s, "migration", "auto_converge"))
                m.slow_down = SLOW_DOWN_NEVER;
        else if (m.slow_down == SLOW_DOWN_UNSAID)
                m.slow_down = SLOW_DOWN_ALLOWED;
        if (m.deadline_ms == 0) {
                m.deadline_ms = time_limit(s, &v->predicted) / USEC_PER_MSEC;
                m.at_deadline =
                        settings_int(s, "migration", "post_copy") ? DEADLINE_POST_COPY : DEADLINE_ABORT;
        }
        return m;
}

int mover_migrate_uri(Arena *a, const Settings *s, const char *host, const char **ret) {
        const char *pattern = settings_text(s, "migration", "uri"), *place = strstr(pattern, "{host}");

        *ret = NULL;
        if (!pattern[0])
                return 0;
        *ret = place ? text_format(a, "%.*s%s%s", (int) (place - pattern), pattern, host,
                                   place + strlen("{host}"))
                     : pattern;
        return *ret ? 0 : -ENOMEM;
}

static RunMove run_move(const MoverInput *in, const MoveOrder *v) {
        const int64_t kbit = migration_bandwidth(in->settings);
        const MoveManner manner = settled_manner(in->settings, v);
        const bool cold = manner.strategy == STRATEGY_COLD;

        return (RunMove){
                .sends = v->predicted.ms > MIGRATION_FIXED_MS
                                 ? (v->predicted.ms - MIGRATION_FIXED_MS) * USEC_PER_MSEC
                                 : 0,
                .request = { .order = v,
                             .bandwidth_mib_s = kbit > 0 && kbit < 8389 ? 1 : kbit / 8389,
                             .time_limit = time_limit(in->settings, &v->predicted),
                             .auto_converge = manner.slow_down == SLOW_DOWN_ALLOWED,
                             /* By the VM's own policy, which the plan heeded; not by the settings alone. */
                             .post_copy = manner.strategy == STRATEGY_POST_COPY ||
                                          manner.at_deadline == DEADLINE_POST_COPY,
                             .tls = settings_int(in->settings, "migration", "tls") != 0,
                             .offline = cold,
                             .copy_disks = !cold && v->local_disk_mib > 0 &&
                                           settings_int(in->settings, "cluster", "local_disks") != 0,
                             .manner = manner }
        };
}

/* A plan's waves keep to more than these, one written by hand to what may_join() says. */
static uint32_t run_limit(const Settings *s, const char *name) {
        const int64_t most = settings_int(s, "plan", name);

        return most > 0 ? (uint32_t) most : LINK_MOVES_MOST;
}

static RunLimits run_limits(const Settings *s) {
        return (RunLimits){ .in_all = (uint32_t) settings_int(s, "plan", "moves_at_once"),
                            .per_host_in = run_limit(s, "moves_in"),
                            .per_host_out = run_limit(s, "moves_out") };
}

/* Racks' cables are in the plan's shares of a wave, and in no budget of a host's link: there waves stay
 * apart. */
static RunOptions run_options(const Settings *s) {
        return (RunOptions){ .limits = run_limits(s),
                             .overlap = settings_int(s, "migration", "rack_bandwidth") == 0,
                             .prepares = MIGRATION_FIXED_MS * USEC_PER_MSEC,
                             .link_kbit = migration_bandwidth(s) };
}

/* What migrations may take of the hosts' links. */
static int fill_links(Arena *a, const MoverInput *in, RunMove *moves) {
        MigrationNet net = { 0 };
        int r;

        if (!in->facts || settings_int(in->settings, "migration", "rack_bandwidth") > 0)
                return 0;
        r = migration_net_build(a, in->facts, in->settings, &net);
        for (uint32_t i = 0; r == 0 && i < in->n; i++) {
                const HostIx from = snapshot_host(in->facts, in->moves[i].from);
                const HostIx to = snapshot_host(in->facts, in->moves[i].to);
                MigrationRoute route;

                if (from == IX_NONE || to == IX_NONE)
                        continue;
                route = migration_route(&net, from, to);
                if (net.links[route.links[0]].known)
                        moves[i].out_kbit = net.links[route.links[0]].free_kbit;
                if (net.links[route.links[1]].known)
                        moves[i].in_kbit = net.links[route.links[1]].free_kbit;
        }
        return r;
}

static int open_facts_arena(Arena *ret) {
        int r = -ENOMEM;

        for (size_t limit = (size_t) 16 << 30; r < 0 && limit >= (size_t) 64 << 20; limit /= 4)
                r = arena_open(limit, ret);
        return r;
}

int mover_run(const MoverInput *in, MoveOutcome *ret_outcomes) {
        const Clock *clock = in->leadership ? in->leadership->world->clock : NULL;
        Mover m = { .in = in, .clock = clock, .begun_at = clock_now_of(clock) };
        RunHooks hooks = { .arg = &m,
                           .recheck = mover_recheck,
                           .intent = mover_intent,
                           .progress = mover_progress,
                           .result = mover_result_of,
                           .stop_request = mover_stop_request };
        RunMove *moves;
        Arena own;
        int r = arena_open((size_t) 1 << 30, &own);

        if (r < 0)
                return r;
        r = open_facts_arena(&m.arena);
        if (r < 0) {
                arena_close(&own);
                return r;
        }
        moves = arena_new(&own, RunMove, in->n);
        m.stages = arena_new(&own, Stage, in->n);
        m.resumes = arena_new(&own, uint32_t, in->n);
        m.done = arena_new(&own, OverlayMove, in->n);
        m.runs = arena_new(&own, bool, in->n);
        r = moves && m.stages && m.resumes && m.done && m.runs ? 0 : -ENOMEM;
        if (r == 0 && in->by_hand && in->facts)
                r = moves_at_once_new(&own, in->facts, in->settings, in->moves, in->n, &m.at_once);
        if (m.at_once)
                hooks.may_join = may_join;
        for (uint32_t i = 0; r == 0 && i < in->n; i++) {
                moves[i] = run_move(in, &in->moves[i]);
                r = mover_migrate_uri(&own, in->settings, in->moves[i].to, &moves[i].request.migrate_uri);
        }
        if (r == 0)
                r = fill_links(&own, in, moves);
        if (r == 0 && source_kind(in->source) == SOURCE_HOSTS)
                r = facts_ahead_new(mover_read_facts, &m, READ_EVERY, &m.ahead);
        if (r == 0)
                r = run_waves(in->executor, moves, in->n, run_options(in->settings), hooks, ret_outcomes);
        (void) facts_ahead_free(m.ahead);
        arena_close(&m.arena);
        arena_close(&own);
        return r;
}

int mover_record(Arena *a, const MoveOrder *moves, const MoveOutcome *outcomes, uint32_t n,
                 const RecordMove **ret) {
        RecordMove *list = arena_new(a, RecordMove, n);

        if (!list)
                return -ENOMEM;
        for (uint32_t i = 0; i < n; i++) {
                const MoveOutcome *o = &outcomes[i];
                bool ran = o->status.started > 0 && o->status.ended > o->status.started;

                list[i] = (RecordMove){
                        .order = &moves[i],
                        .end = move_end_names[o->end],
                        .why = text_format(a, "%s%s%s", o->why, o->why[0] && o->status.remark[0] ? "; " : "",
                                           o->status.remark),
                        .strategy = o->status.post_copy ? move_strategy_names[STRATEGY_POST_COPY]
                                                        : move_strategy_names[moves[i].manner.strategy],
                        .took = ran ? took_of(&o->status) : MOVE_NOT_MEASURED,
                };
                if (!list[i].why)
                        return -ENOMEM;
        }
        *ret = list;
        return 0;
}
