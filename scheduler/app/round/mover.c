/* SPDX-License-Identifier: Apache-2.0 */
/* A plan carried out. mover_run() names the steps of the run, mover_hooks() those of each move in it. */
#include "scheduler/app/round/mover.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "scheduler/app/facts/facts_ahead.h"
#include "scheduler/app/facts/facts_overlay.h"
#include "scheduler/app/facts/hold_store.h"
#include "scheduler/app/round/move_recheck.h"
#include "scheduler/app/round/move_worth.h"
#include "scheduler/app/round/mover_parts.h"
#include "scheduler/app/round/moves_at_once.h"
#include "scheduler/app/round/round_store.h"

/* Facts read less than this ago serve the next start too: the moves begun since are judged along with it. */
#define FRESH_ENOUGH (3 * USEC_PER_SEC)
#define READ_EVERY   USEC_PER_SEC       /* from the end of a reading ahead to the next */
#define STOP_EVERY   (USEC_PER_SEC / 4) /* the store is asked so often whether all moves are stopped */

typedef enum Stage {
        STAGE_WAITING,
        STAGE_INTENT,  /* written down; asked for, and not seen to run yet */
        STAGE_RUNNING, /* seen */
        STAGE_ENDED,
} Stage;

/* One that was given to carry out: its moves are m->moves[first], … */
typedef struct MoverPlan {
        MoverInput in;
        uint32_t first;
        MoveWorth *worth; /* NULL: a person's plan has to be safe alone; or its facts are not known */
        struct MoverPlan *before;
} MoverPlan;

struct Mover {
        const MoverInput *in; /* what all plans have in common is the first one's */
        Run *run;
        MoveOrder *moves;        /* [n] of all plans, one after the other */
        const MoverPlan **plans; /* [move] whose it is */
        MoverPlan *last;         /* that was added */
        MoveUnderWay *seen;      /* [move] as it was last seen, and how urgent it is */
        usec_t *started;         /* [move] monotonic */
        uint32_t n;
        const Clock *clock;   /* the leadership's; without one the real */
        FactsAhead *ahead;    /* facts that take long to read; NULL: they are read when they are needed */
        MovesAtOnce *at_once; /* of a plan by hand; NULL: its waves say it */
        bool *runs;           /* [n] scratch */
        Arena own;            /* of the run */
        Arena arena;          /* of the facts of the last reading */
        ArenaMark facts_end;
        const Snapshot *snapshot; /* NULL: none read yet */
        usec_t read_at;           /* monotonic */
        Stage *stages;
        RecheckStep *steps; /* [n] the same, as it is to who is asked whether the next one may start */
        uint32_t *resumes;  /* [move] that were written down */
        OverlayMove *done;  /* that ended well, for facts older than they are */
        uint32_t n_done;
        MoveHolds missed; /* what this run has learned, for facts older than that */
        usec_t begun_at;  /* since the epoch: makes the ids of its moves different from any other run's */
        StopWatch own_stop, *stop; /* NULL: there is no store */
        usec_t stop_asked;         /* monotonic */
};

/* Who watches the move, and by which number. */
static const MoverWatch *mover_watch(const Mover *m, uint32_t *io_move) {
        const MoverPlan *plan = m->plans[*io_move];

        *io_move -= plan->first;
        return &plan->in.watch;
}

static void mover_say_trouble(const Mover *m, uint32_t move, const char *what) {
        const MoverWatch *watch = mover_watch(m, &move);

        if (watch->trouble)
                watch->trouble(watch->arg, move, what);
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

static int mover_recheck(void *arg, uint32_t move, char *why, size_t size) {
        Mover *m = arg;
        const MoverPlan *plan = m->plans[move];
        MoveRecheck x = { .arena = &m->arena,
                          .settings = m->in->settings,
                          .moves = m->moves,
                          .steps = m->steps,
                          .n = m->n };
        int r = fresh_facts(m, why, size);

        if (r < 0)
                return r;
        arena_rewind(&m->arena, m->facts_end);
        r = facts_overlay(&m->arena, m->snapshot, m->done, m->n_done, &x.facts);
        if (r == 0)
                r = facts_overlay_holds(&m->arena, x.facts, m->missed, &x.facts);
        if (r == 0)
                r = move_recheck(&x, move, why, size);
        if (r == 0 && plan->worth)
                r = move_worth_look(plan->worth, m->steps + plan->first, move - plan->first, why, size);
        if (r < 0)
                (void) snprintf(why, size, "out of memory");
        return r;
}

static bool may_join(void *arg, uint32_t move) {
        Mover *m = arg;

        for (uint32_t i = 0; i < m->n; i++)
                m->runs[i] = m->stages[i] == STAGE_INTENT || m->stages[i] == STAGE_RUNNING;
        return moves_at_once_allow(m->at_once, move, m->runs);
}

static int mover_store(const Leadership *l, const JournalEntry *entry, const char *text, size_t n) {
        return entry->event == JOURNAL_INTENT ? store_journal_intent(l->store, l->token, text, n)
                                              : store_journal(l->store, l->token, text, n);
}

/* One line of the journal: what there is of it beside the order. 0; else what was wrong was told. */
static int mover_write_down(const Mover *m, uint32_t move, JournalEntry entry) {
        Leadership *l = m->in->leadership;
        unsigned char memory[8192];
        Arena a = arena_over(memory, sizeof(memory));
        const char *text = NULL, *what = NULL;
        size_t n = 0;
        int r;

        if (!l)
                return 0;
        entry.id = text_format(&a, "%s/%llx/%u", l->self, (unsigned long long) m->begun_at, move);
        entry.order = &m->moves[move];
        entry.at = clock_now_of(m->clock);
        r = entry.id ? journal_print(&a, &entry, &text, &n) : -ENOMEM;
        if (r == 0) {
                r = mover_store(l, &entry, text, n);
                what = r == 1                    ? "the journal is another leader's now"
                       : r == RUN_INTENT_STOPPED ? "all moves are stopped (plimsoll status)"
                       : r < 0                   ? store_error(l->store)
                                                 : NULL;
        }
        if (r != 0)
                mover_say_trouble(m, move, what ? what : "out of memory");
        return r;
}

static const JournalEntry not_measured = {
        .took = { .ms = UNKNOWN, .bytes = UNKNOWN, .downtime_ms = UNKNOWN }
};

static bool mover_has_waiting(const Mover *m) {
        for (uint32_t i = 0; i < m->n; i++)
                if (m->stages[i] == STAGE_WAITING)
                        return true;
        return false;
}

static int mover_intent(void *arg, uint32_t move) {
        Mover *m = arg;
        const MoverWatch *watch;
        JournalEntry e = not_measured;
        int r;

        e.event = JOURNAL_INTENT;
        r = mover_write_down(m, move, e);
        if (r != 0)
                return r;
        m->stages[move] = STAGE_INTENT;
        m->started[move] = clock_monotonic_of(m->clock);
        m->steps[move] = RECHECK_RUNS;
        if (m->ahead && !mover_has_waiting(m))
                facts_ahead_rest(m->ahead);
        watch = mover_watch(m, &move);
        if (watch->started)
                watch->started(watch->arg, move);
        return 0;
}

static void mover_progress(void *arg, uint32_t move, const MigrationStatus *status) {
        Mover *m = arg;
        const MoverWatch *watch;
        JournalEntry e = not_measured;

        m->seen[move].status = *status;
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
        watch = mover_watch(m, &move);
        if (watch->progress)
                watch->progress(watch->arg, move, status);
}

static void mover_cool(const Mover *m, uint32_t move) {
        const Leadership *l = m->in->leadership;
        const char *vm = m->moves[move].vm, *hand = m->in->hand_vm;

        if (l && round_store_cool(l, vm, hand && strcmp(vm, hand) == 0 ? m->in->hand_by : NULL,
                                  m->in->settings) != 0)
                mover_say_trouble(m, move, "its cool-down could not be written down");
}

/* What a move that did not come about teaches, where its executor does not say. */
static MoveMissed mover_missed(const Mover *m, uint32_t move, const MoveOutcome *o) {
        MoveMissed missed = { .order = &m->moves[move],
                              .miss = o->status.miss,
                              .blame = o->status.blame,
                              .why = o->why,
                              .at = clock_now_of(m->clock) };

        if (missed.blame != BLAME_NONE)
                return missed;
        if (o->end == MOVE_FAILED) {
                missed.miss = MISS_FAILED;
                missed.blame = BLAME_PAIR;
        } else if (o->end == MOVE_FOREIGN) {
                missed.miss = MISS_REFUSED;
                missed.blame = BLAME_VM;
        }
        return missed;
}

/* It is not tried again for a while, in this run and by whoever plans next. */
static void mover_learn(Mover *m, uint32_t move, const MoveOutcome *o) {
        const MoveOrder *order = &m->moves[move];
        const MoveMissed missed = mover_missed(m, move, o);
        const Snapshot *planned_on = m->plans[move]->in.facts, *facts = planned_on ? planned_on : m->snapshot;
        const Leadership *l = m->in->leadership;
        int r = 0, k = 0;

        if (o->end == MOVE_DONE) {
                r = move_holds_done(&m->own, m->missed, order, &m->missed);
                k = l ? hold_store_done(l, order) : 0;
        } else if ((o->end == MOVE_FAILED || o->end == MOVE_ABORTED || o->end == MOVE_FOREIGN) &&
                   missed.blame != BLAME_NONE) {
                r = move_holds_missed(&m->own, m->missed, &missed, facts, m->in->settings, &m->missed);
                k = l ? hold_store_missed(l, &missed, facts, m->in->settings) : 0;
        }
        if (r != 0 || k != 0)
                mover_say_trouble(m, move, "that it failed, or was done, could not be written down");
}

/* Another machine answered in a host's place: the host is kept from moves. */
static void mover_found(const Mover *m, const char *host, const char *uuid, uint32_t move) {
        const Leadership *l = m->in->leadership;
        Arena a;

        if (!l || !uuid[0] || arena_open((size_t) 256 << 20, &a) < 0)
                return;
        if (admission_found(l, &a, host, uuid) != 0)
                mover_say_trouble(m, move, "that another machine answers could not be written down");
        arena_close(&a);
}

static int mover_result_of(void *arg, uint32_t move, const MoveOutcome *o) {
        static const JournalEvent events[MOVE_END_N] = {
                [MOVE_DONE] = JOURNAL_DONE,       [MOVE_FAILED] = JOURNAL_FAILED,
                [MOVE_ABORTED] = JOURNAL_ABORTED, [MOVE_CUT_SHORT] = JOURNAL_ABORTED,
                [MOVE_UNCLEAR] = JOURNAL_UNCLEAR, [MOVE_FOREIGN] = JOURNAL_FAILED
        };
        Mover *m = arg;
        const MoverWatch *watch;
        bool was_started = m->stages[move] == STAGE_INTENT || m->stages[move] == STAGE_RUNNING;
        int r = 0;

        m->stages[move] = STAGE_ENDED;
        m->steps[move] = o->end == MOVE_UNCLEAR                      ? RECHECK_UNCLEAR
                         : o->end == MOVE_DONE || o->end == MOVE_DRY ? RECHECK_MADE
                                                                     : RECHECK_MISSED;
        if (o->end == MOVE_DONE)
                m->done[m->n_done++] =
                        (OverlayMove){ .order = &m->moves[move], .ended_at = clock_now_of(m->clock) };
        if (was_started) {
                JournalEntry e = { .event = o->end == MOVE_REFUSED ? JOURNAL_FAILED : events[o->end],
                                   .took = mover_took(&o->status),
                                   .resumes = o->status.resumes,
                                   .message = o->why };

                r = mover_write_down(m, move, e);
        }
        mover_found(m, m->moves[move].from, o->status.from_found, move);
        mover_found(m, m->moves[move].to, o->status.to_found, move);
        if (o->end == MOVE_DONE)
                mover_cool(m, move);
        mover_learn(m, move, o);
        watch = mover_watch(m, &move);
        if (watch->ended)
                watch->ended(watch->arg, move, o);
        return r;
}

/* While the store does not answer what is known stands: the next start asks it as its intent is written down. */
static bool mover_is_stopped(Mover *m) {
        const usec_t now = clock_monotonic_of(m->clock);

        if (!m->stop)
                return false;
        if (m->stop_asked == 0 || now >= m->stop_asked + STOP_EVERY) {
                (void) !stop_watch_look(m->stop);
                m->stop_asked = now;
        }
        return m->stop->in_force;
}

static StopRequest mover_stop_request(void *arg) {
        Mover *m = arg;
        const bool stopped = mover_is_stopped(m);
        StopRequest w = m->in->watch.stop_request ? m->in->watch.stop_request(m->in->watch.arg) : STOP_NONE;

        if (w == STOP_NONE && stopped)
                w = STOP_DRAIN;
        if (w == STOP_NONE && m->in->leadership && !leadership_keep(m->in->leadership))
                w = STOP_DRAIN;
        return w;
}

static int open_facts_arena(Arena *ret) {
        int r = -ENOMEM;

        for (size_t limit = (size_t) 16 << 30; r < 0 && limit >= (size_t) 64 << 20; limit /= 4)
                r = arena_open(limit, ret);
        return r;
}

#define GROWN(a, at, was, n) mover_grown(a, at, sizeof(*(at)), was, n)

/* A longer list in its place: what points into the shorter one stays good. NULL: no memory. */
static void *mover_grown(Arena *a, const void *at, size_t size, uint32_t was, uint32_t n) {
        char *list = arena_take(a, n, size, 16);

        if (list && was > 0)
                memcpy(list, at, size * was);
        return list;
}

/* The state of each move, with `n` more. */
static int mover_grow(Mover *m, uint32_t n) {
        const uint32_t was = m->n, all = m->n + n;

        m->moves = GROWN(&m->own, m->moves, was, all);
        m->stages = GROWN(&m->own, m->stages, was, all);
        m->steps = GROWN(&m->own, m->steps, was, all);
        m->resumes = GROWN(&m->own, m->resumes, was, all);
        m->done = GROWN(&m->own, m->done, m->n_done, all);
        m->runs = GROWN(&m->own, m->runs, was, all);
        /* NOLINTNEXTLINE(bugprone-sizeof-expression): they are pointers */
        m->plans = GROWN(&m->own, m->plans, was, all);
        m->seen = GROWN(&m->own, m->seen, was, all);
        m->started = GROWN(&m->own, m->started, was, all);
        if (!m->moves || !m->stages || !m->steps || !m->resumes || !m->done || !m->runs || !m->plans ||
            !m->seen || !m->started)
                return -ENOMEM;
        return 0;
}

/* Memory, and who says that all moves are stopped. */
static int mover_begin(Mover *m) {
        const MoverInput *in = m->in;
        int r = arena_open((size_t) 1 << 30, &m->own);

        if (r == 0)
                r = open_facts_arena(&m->arena);
        if (r < 0)
                return r;
        m->stop = in->stop;
        if (!m->stop && in->leadership) {
                r = stop_watch_open(&m->own_stop, in->leadership->store, NULL, NULL);
                m->stop = &m->own_stop;
        }
        return r;
}

/* Facts that take long to read are read ahead of the starts that need them. */
static int mover_read_ahead(Mover *m) {
        return source_kind(m->in->source) == SOURCE_HOSTS
                       ? facts_ahead_new(mover_read_facts, m, READ_EVERY, &m->ahead)
                       : 0;
}

bool mover_under_way(const Mover *m, uint32_t move, MoveUnderWay *ret) {
        if (move >= m->n)
                return false;
        *ret = m->seen[move];
        ret->order =
                m->stages[move] == STAGE_INTENT || m->stages[move] == STAGE_RUNNING ? &m->moves[move] : NULL;
        ret->ran_ms = (clock_monotonic_of(m->clock) - m->started[move]) / USEC_PER_MSEC;
        return true;
}

/* RunHooks.makes_way: how long it would last. */
static int64_t mover_makes_way(void *arg, uint32_t move, uint32_t other, char *why, size_t size) {
        const Mover *m = arg;
        const MoveOrder *waiting = &m->moves[move];
        MoveUnderWay runs = { 0 };

        if (!mover_under_way(m, other, &runs) || !runs.order ||
            !move_urgency_yields(&runs, waiting, &m->seen[move].urgency, clock_now_of(m->clock)))
                return 0;
        (void) snprintf(why, size, "cut short: %.80s has to leave %.80s %s", waiting->vm, waiting->from,
                        m->seen[move].urgency.now ? "now" : "before its deadline, which it would miss");
        return move_urgency_left(&runs);
}

void mover_spare(Mover *m, uint32_t move) {
        m->seen[move].urgency.spared = true;
}

bool mover_cut(Mover *m, uint32_t move, const char *why) {
        MoveUnderWay runs = { 0 };

        if (!mover_under_way(m, move, &runs) || !runs.order || !move_urgency_may_stop(&runs))
                return false;
        run_waves_cut(m->run, move, why);
        m->seen[move].urgency.spared = true; /* it is told once */
        return true;
}

/* The way of one move, in order. */
static RunHooks mover_hooks(Mover *m) {
        return (RunHooks){
                .arg = m,
                .stop_request = mover_stop_request,       /* is anything more to be started? */
                .may_join = m->at_once ? may_join : NULL, /* may it run beside those that do? */
                .recheck = mover_recheck,     /* the judge, by facts of now; is it worth it still? */
                .intent = mover_intent,       /* into the journal; then the executor starts it */
                .makes_way = mover_makes_way, /* may one that runs make way for it? */
                .progress = mover_progress,   /* into the journal: it runs; shown */
                .result = mover_result_of,    /* into the journal: its end, seen on both hosts */
        };
}

int mover_open(const MoverInput *in, Mover **ret) {
        const Clock *clock = in->leadership ? in->leadership->world->clock : NULL;
        Mover *m = calloc(1, sizeof(*m));
        int r;

        if (!m)
                return -ENOMEM;
        *m = (Mover){ .in = in, .clock = clock, .begun_at = clock_now_of(clock) };
        r = mover_begin(m);
        if (r == 0 && in->by_hand && in->facts)
                r = moves_at_once_new(&m->own, in->facts, in->settings, in->moves, in->n, &m->at_once);
        if (r == 0)
                r = mover_read_ahead(m);
        if (r == 0)
                r = run_waves_open(in->executor, mover_run_options(in->settings), mover_hooks(m), &m->run);
        if (r < 0)
                (void) mover_free(m);
        else
                *ret = m;
        return r;
}

Mover *mover_free(Mover *m) {
        if (m) {
                for (MoverPlan *plan = m->last; plan; plan = plan->before)
                        plan->worth = move_worth_free(plan->worth);
                m->run = run_waves_free(m->run);
                (void) facts_ahead_free(m->ahead);
                stop_watch_close(&m->own_stop);
                arena_close(&m->arena);
                arena_close(&m->own);
                free(m);
        }
        return NULL;
}

int mover_add(Mover *m, const MoverInput *in, MoveOutcome *ret_outcomes) {
        MoverPlan *plan = arena_new(&m->own, MoverPlan, 1);
        const RunMove *requests = NULL;
        const uint32_t first = m->n;
        int r = plan ? mover_requests(&m->own, in, &requests)
                     : -ENOMEM; /* what the executor is asked for each */

        if (r == 0)
                r = mover_grow(m, in->n);
        if (r < 0)
                return r;
        *plan = (MoverPlan){ .in = *in, .first = first, .before = m->last };
        if (in->facts && !in->by_hand)
                r = move_worth_new(in->facts, in->settings, in->moves, in->n, &plan->worth);
        if (r < 0)
                return r;
        m->last = plan;
        run_waves_overtake(m->run);
        for (uint32_t i = 0; i < first; i++)
                if (m->steps[i] == RECHECK_MISSED) /* nothing of this plan rests on it */
                        m->steps[i] = RECHECK_MADE;
        for (uint32_t i = 0; i < in->n; i++) {
                m->moves[first + i] = in->moves[i];
                m->plans[first + i] = plan;
                m->seen[first + i] =
                        (MoveUnderWay){ .urgency = in->urgency ? in->urgency[i]
                                                               : (MoveUrgency){ .spared = true } };
                m->started[first + i] = 0;
                m->stages[first + i] = STAGE_WAITING;
                m->steps[first + i] = RECHECK_WAITS;
                m->resumes[first + i] = 0;
        }
        m->n += in->n;
        r = run_waves_add(m->run, requests, in->n, ret_outcomes);
        if (r < 0)
                m->n = first;
        return r;
}

bool mover_step(Mover *m) {
        return run_waves_step(m->run);
}

void mover_overtake(Mover *m) {
        run_waves_overtake(m->run);
}

bool mover_begins_more(const Mover *m) {
        return run_waves_begins_more(m->run);
}

int mover_facts(const Mover *m, Arena *a, const Snapshot *s, const Snapshot **ret) {
        return facts_overlay(a, s, m->done, m->n_done, ret);
}

bool mover_waits(const Mover *m, const char *vm) {
        for (uint32_t i = 0; i < m->n; i++)
                if (m->stages[i] == STAGE_WAITING && strcmp(m->moves[i].vm, vm) == 0)
                        return true;
        return false;
}

bool mover_is_running(const Mover *m) {
        for (uint32_t i = 0; i < m->n; i++)
                if (m->stages[i] == STAGE_INTENT || m->stages[i] == STAGE_RUNNING)
                        return true;
        return false;
}

/* Wave after wave, a few at once. */
static int mover_go(Mover *m) {
        while (mover_step(m))
                ;
        return 0;
}

/* 0: all came about; 1: not all. */
static int mover_count(const MoveOutcome *outcomes, uint32_t n) {
        for (uint32_t i = 0; i < n; i++)
                if (outcomes[i].end != MOVE_DONE && outcomes[i].end != MOVE_DRY)
                        return 1;
        return 0;
}

int mover_run(const MoverInput *in, MoveOutcome *ret_outcomes) {
        Mover *m = NULL;
        int r = mover_open(in, &m); /* who stops it, what it knows, whom it asks */

        if (r == 0)
                r = mover_add(m, in, ret_outcomes); /* what the executor is asked for each */
        if (r == 0)
                r = mover_go(m);
        if (r == 0)
                r = mover_count(ret_outcomes, in->n);
        (void) mover_free(m);
        return r;
}
