/* SPDX-License-Identifier: Apache-2.0 */
/* A plan carried out. mover_run() names the steps of the run, mover_hooks() those of each move in it. */
#include "scheduler/app/round/mover.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "scheduler/app/round/mover_parts.h"

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
        m->aborts = GROWN(&m->own, m->aborts, was, all);
        m->done = GROWN(&m->own, m->done, m->n_done, all);
        m->runs = GROWN(&m->own, m->runs, was, all);
        /* NOLINTNEXTLINE(bugprone-sizeof-expression): they are pointers */
        m->plans = GROWN(&m->own, m->plans, was, all);
        m->seen = GROWN(&m->own, m->seen, was, all);
        m->started = GROWN(&m->own, m->started, was, all);
        if (!m->moves || !m->stages || !m->steps || !m->resumes || !m->aborts || !m->done || !m->runs ||
            !m->plans || !m->seen || !m->started)
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
        (void) snprintf(why, size, "ended early: %.80s must leave %.80s %s", waiting->vm, waiting->from,
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
                .stop_request = mover_stop_request,             /* is anything more to be started? */
                .may_join = m->at_once ? mover_may_join : NULL, /* may it run beside those that do? */
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
        *m = (Mover){ .in = in, .settings = in->settings, .clock = clock, .begun_at = clock_now_of(clock) };
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
                m->aborts[first + i] = false;
        }
        m->n += in->n;
        r = run_waves_add(m->run, requests, in->n, ret_outcomes);
        if (r < 0)
                m->n = first;
        return r;
}

void mover_go_by(Mover *m, const Settings *settings) {
        m->settings = settings;
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
