/* SPDX-License-Identifier: Apache-2.0 */
/* What is written down of each move, and told: its intent, that it runs, its end, and what that teaches. */
#include <errno.h>

#include "scheduler/app/facts/hold_store.h"
#include "scheduler/app/round/mover_parts.h"
#include "scheduler/app/round/round_store.h"

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
const char *mover_by(const Mover *m, uint32_t move) {
        const MoverPlan *plan = m->plans[move];

        return plan->in.by ? plan->in.by[move - plan->first] : NULL;
}

static const char *mover_for_whom(const Mover *m, uint32_t move) {
        const MoverPlan *plan = m->plans[move];

        return plan->in.for_whom ? plan->in.for_whom[move - plan->first] : mover_by(m, move);
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
        entry.id = mover_id(m, &a, move);
        entry.order = &m->moves[move];
        entry.by = mover_for_whom(m, move);
        entry.by_hand = mover_by(m, move) != NULL;
        entry.at = clock_now_of(m->clock);
        r = entry.id ? journal_print(&a, &entry, &text, &n) : -ENOMEM;
        if (r == 0) {
                r = mover_store(l, &entry, text, n);
                what = r == 1                    ? "another leader owns the journal now"
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

int mover_intent(void *arg, uint32_t move) {
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

void mover_progress(void *arg, uint32_t move, const MigrationStatus *status) {
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
                e.message = "post-copy was interrupted, and is resumed";
                (void) !mover_write_down(m, move, e);
        }
        watch = mover_watch(m, &move);
        if (watch->progress)
                watch->progress(watch->arg, move, status);
}

static void mover_cool(const Mover *m, uint32_t move, const char *by) {
        const Leadership *l = m->in->leadership;

        if (l && round_store_cool(l, m->moves[move].vm, by, m->settings) != 0)
                mover_say_trouble(m, move, "its cool-down could not be stored");
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
        if (m->aborts[move] && o->end == MOVE_ABORTED) { /* a person's word is about the VM, wherever to */
                missed.miss = MISS_FAILED;
                missed.blame = BLAME_VM;
        } else if (o->end == MOVE_FAILED) {
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
                r = move_holds_missed(&m->own, m->missed, &missed, facts, m->settings, &m->missed);
                k = l ? hold_store_missed(l, &missed, facts, m->settings) : 0;
        }
        if (r != 0 || k != 0)
                mover_say_trouble(m, move, "its result could not be stored");
}

/* Another machine answered in a host's place: the host is kept from moves. */
static void mover_found(const Mover *m, const char *host, const char *uuid, uint32_t move) {
        const Leadership *l = m->in->leadership;
        Arena a;

        if (!l || !uuid[0] || arena_open((size_t) 256 << 20, &a) < 0)
                return;
        if (admission_found(l, &a, host, uuid) != 0)
                mover_say_trouble(m, move, "that another machine answers could not be stored");
        arena_close(&a);
}

int mover_result_of(void *arg, uint32_t move, const MoveOutcome *o) {
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
                mover_cool(m, move, mover_by(m, move));
        if (o->end == MOVE_ABORTED && m->aborts[move]) /* balance does not begin it anew at once */
                mover_cool(m, move, NULL);
        mover_aborts_over(m, move);
        mover_learn(m, move, o);
        watch = mover_watch(m, &move);
        if (watch->ended)
                watch->ended(watch->arg, move, o);
        return r;
}
