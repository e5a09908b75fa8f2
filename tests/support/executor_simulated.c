/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/executor_simulated.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NEVER INT64_MAX

typedef struct Simulated {
        uint32_t id;
        MigrationRequest *request; /* ours */
        SimulatedMove plan;
        usec_t ends;         /* when the next thing happens to it by itself; NEVER */
        MigrationPhase next; /* what it is then */
        MigrationStatus status;
        char words[sizeof(((MigrationStatus *) 0)->message)]; /* its message at the end */
} Simulated;

typedef struct SimulatedExecutor {
        ExecutorSimulatedOptions options;
        usec_t now;
        Simulated **all; /* in order of start */
        size_t n, room;
        uint32_t next_id;
} SimulatedExecutor;

static Simulated *executor_simulated_find(SimulatedExecutor *e, uint32_t id) {
        for (size_t i = 0; i < e->n; i++)
                if (e->all[i]->id == id)
                        return e->all[i];
        assert(false); /* not an id that start() gave and forget() did not take */
        return NULL;
}

static void simulated_free_one(Simulated *s) {
        free(s->request);
        free(s);
}

static void executor_simulated_say(Simulated *s, const char *words) {
        (void) snprintf(s->words, sizeof(s->words), "%s", words);
}

/* What happens to it next, and when. */
static void simulated_plan(Simulated *s, usec_t now) {
        static const MigrationPhase phases[SIMULATED_END_N] = {
                [SIMULATED_DONE] = MIGRATION_DONE,       [SIMULATED_FAILS] = MIGRATION_FAILED,
                [SIMULATED_UNCLEAR] = MIGRATION_UNCLEAR, [SIMULATED_LIES] = MIGRATION_DONE,
                [SIMULATED_HANGS] = MIGRATION_ABORTED,   [SIMULATED_DEAF] = MIGRATION_UNCLEAR,
        };
        bool hangs = s->plan.end == SIMULATED_HANGS || s->plan.end == SIMULATED_DEAF;

        s->next = phases[s->plan.end];
        s->ends = hangs ? NEVER : now + s->plan.takes;
        if (s->next != MIGRATION_DONE)
                executor_simulated_say(s, s->plan.message ? s->plan.message : "simulated");
        if (s->request->time_limit > 0 && s->ends > now + s->request->time_limit) {
                bool deaf = s->plan.end == SIMULATED_DEAF;

                s->ends = now + s->request->time_limit + (deaf ? SIMULATED_GIVE_UP : 0);
                s->next = deaf ? MIGRATION_UNCLEAR : MIGRATION_ABORTED;
                s->status.miss = MISS_DEADLINE;
                s->status.blame = BLAME_PAIR;
                executor_simulated_say(s, "out of time");
        }
}

static Simulated *simulated_new(const MigrationRequest *r, SimulatedMove plan, usec_t now) {
        Simulated *s = calloc(1, sizeof(*s));

        if (!s)
                return NULL;
        s->request = migration_request_copy(r);
        if (!s->request) {
                simulated_free_one(s);
                return NULL;
        }
        s->plan = plan;
        s->status =
                (MigrationStatus){ .phase = MIGRATION_RUNNING,
                                   .started = now,
                                   .bytes_total = plan.bytes,
                                   .bytes_left = plan.bytes,
                                   .bytes_per_s = (int64_t) ((double) plan.bytes / (double) plan.takes * 1e6),
                                   .dirty_kib_s = UNKNOWN,
                                   .downtime_ms = UNKNOWN,
                                   .iteration = 1,
                                   .miss = plan.miss,
                                   .blame = plan.blame };
        simulated_plan(s, now);
        return s;
}

static void simulated_end(SimulatedExecutor *e, Simulated *s) {
        s->status.phase = s->next;
        s->status.ended = s->ends;
        s->ends = NEVER;
        (void) snprintf(s->status.message, sizeof(s->status.message), "%s", s->words);
        if (s->next != MIGRATION_DONE)
                return;
        s->status.bytes_done = s->plan.bytes;
        s->status.bytes_left = 0;
        s->status.downtime_ms = s->plan.downtime_ms;
        if (s->plan.end != SIMULATED_LIES && e->options.moved)
                e->options.moved(e->options.arg, s->request->order);
}

/* The one that ends first; of several at the same time, the one started first. */
static Simulated *first_to_end(SimulatedExecutor *e) {
        Simulated *first = NULL;

        for (size_t i = 0; i < e->n; i++)
                if (e->all[i]->ends != NEVER && (!first || e->all[i]->ends < first->ends))
                        first = e->all[i];
        return first;
}

static void advance_to(SimulatedExecutor *e, usec_t end, bool stop_at_event) {
        for (;;) {
                Simulated *s = first_to_end(e);

                if (!s || s->ends > end) {
                        e->now = end;
                        return;
                }
                e->now = s->ends > e->now ? s->ends : e->now;
                simulated_end(e, s);
                if (stop_at_event)
                        return;
        }
}

/* By the world's clock: what should have ended by now has. */
static void catch_up(SimulatedExecutor *e) {
        if (e->options.clock)
                advance_to(e, clock_monotonic_of(e->options.clock), false);
}

static int simulated_start(void *self, const MigrationRequest *request, uint32_t *ret_id) {
        SimulatedExecutor *e = self;
        SimulatedMove plan = { .end = SIMULATED_DONE, .takes = USEC_PER_SEC };
        Simulated *s;

        catch_up(e);
        if (e->options.script)
                plan = e->options.script(e->options.arg, request);
        assert(plan.end < SIMULATED_END_N && plan.takes > 0);
        if (plan.end == SIMULATED_NO_MEMORY)
                return -ENOMEM;
        if (e->n == e->room) {
                size_t room = e->room ? 2 * e->room : 16;
                Simulated **grown = reallocarray(e->all, room, sizeof(Simulated *));

                if (!grown)
                        return -ENOMEM;
                e->all = grown;
                e->room = room;
        }
        s = simulated_new(request, plan, e->now);
        if (!s)
                return -ENOMEM;
        s->id = e->next_id++;
        e->all[e->n++] = s;
        *ret_id = s->id;
        return 0;
}

static void simulated_poll(void *self, uint32_t id, MigrationStatus *ret) {
        SimulatedExecutor *e = self;
        Simulated *s = executor_simulated_find(e, id);

        catch_up(e);
        if (s->status.phase == MIGRATION_RUNNING) {
                usec_t run = e->now - s->status.started;

                if (run > s->plan.takes)
                        run = s->plan.takes;
                s->status.bytes_done =
                        (int64_t) ((double) s->plan.bytes * (double) run / (double) s->plan.takes);
                s->status.bytes_left = s->plan.bytes - s->status.bytes_done;
        }
        *ret = s->status;
}

static void simulated_abort(void *self, uint32_t id) {
        SimulatedExecutor *e = self;
        Simulated *s = executor_simulated_find(e, id);
        bool deaf = s->plan.end == SIMULATED_DEAF;

        catch_up(e);
        if (migration_has_ended(s->status.phase) || (deaf && s->ends != NEVER))
                return;
        s->ends = e->now + (deaf ? SIMULATED_GIVE_UP : 0);
        s->next = deaf ? MIGRATION_UNCLEAR : MIGRATION_ABORTED;
        s->status.blame = BLAME_NONE;
        executor_simulated_say(s, deaf ? "has not ended after it was told to stop" : "told to stop");
}

static void simulated_limit(void *self, uint32_t id, int64_t mib_s) {
        executor_simulated_find(self, id)->status.cap_mib_s = mib_s; /* what it takes is as scripted */
}

static usec_t simulated_now(void *self) {
        const SimulatedExecutor *e = self;

        return e->options.clock ? clock_monotonic_of(e->options.clock) : e->now;
}

static void simulated_wait(void *self, usec_t at_most) {
        SimulatedExecutor *e = self;
        const Simulated *first;
        usec_t end;

        catch_up(e);
        end = e->now + at_most;
        if (!e->options.clock) {
                advance_to(e, end, true);
                return;
        }
        first = first_to_end(e);
        clock_sleep_of(e->options.clock, (first && first->ends < end ? first->ends : end) - e->now);
        catch_up(e);
}

static void simulated_forget(void *self, uint32_t id) {
        SimulatedExecutor *e = self;

        for (size_t i = 0; i < e->n; i++)
                if (e->all[i]->id == id) {
                        simulated_free_one(e->all[i]);
                        e->n--;
                        memmove(&e->all[i], &e->all[i + 1], (e->n - i) * sizeof(Simulated *));
                        return;
                }
}

static void simulated_free(void *self) {
        SimulatedExecutor *e = self;

        for (size_t i = 0; i < e->n; i++)
                simulated_free_one(e->all[i]);
        free(e->all);
        free(e);
}

int executor_simulated_open(ExecutorSimulatedOptions options, Executor *ret) {
        SimulatedExecutor *e = calloc(1, sizeof(*e));

        if (!e)
                return -ENOMEM;
        e->options = options;
        e->now = options.clock ? clock_monotonic_of(options.clock) : options.start;
        *ret = (Executor){ .name = "simulated",
                           .self = e,
                           .start = simulated_start,
                           .poll = simulated_poll,
                           .abort = simulated_abort,
                           .limit = simulated_limit,
                           .now = simulated_now,
                           .wait = simulated_wait,
                           .forget = simulated_forget,
                           .free = simulated_free };
        return 0;
}

usec_t executor_simulated_now(const Executor *e) {
        return ((const SimulatedExecutor *) e->self)->now;
}

void executor_simulated_advance(const Executor *e, usec_t d) {
        SimulatedExecutor *s = e->self;

        assert(!s->options.clock);
        advance_to(s, s->now + d, false);
}
