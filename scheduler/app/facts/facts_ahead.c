/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/app/facts/facts_ahead.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

#include "scheduler/base/clock.h"
#include "scheduler/base/thread.h"

/* One is written while one is looked at and one is the newest. */
#define READINGS 3
#define NONE     READINGS

typedef struct Reading {
        Arena arena;
        const Snapshot *snapshot;
        TextFault fault;
        int result;
        usec_t read_at; /* monotonic, its end */
} Reading;

struct FactsAhead {
        FactsReading read;
        void *arg;
        usec_t pause;
        pthread_t thread;
        pthread_mutex_t lock; /* of all below, but for the reading that the thread is at */
        pthread_cond_t changed;
        Reading readings[READINGS];
        unsigned newest, looked_at; /* NONE */
        bool wanted, stop, started;
};

static void facts_ahead_read_one(FactsAhead *f, Reading *r) {
        arena_rewind(&r->arena, 0);
        r->fault = (TextFault){ 0 };
        r->snapshot = NULL;
        r->result = f->read(f->arg, &r->arena, &r->snapshot, &r->fault);
        r->read_at = clock_monotonic();
}

/* Under the lock. Until something changes, or `until` (monotonic). */
static void facts_ahead_await(FactsAhead *f, usec_t until) {
        (void) cond_wait_until(&f->changed, &f->lock, until);
}

static void *facts_ahead_run(void *arg) {
        FactsAhead *f = arg;

        (void) pthread_mutex_lock(&f->lock);
        while (!f->stop) {
                const usec_t due = f->newest == NONE ? 0 : f->readings[f->newest].read_at + f->pause;
                unsigned k = 0;

                if (!f->wanted || clock_monotonic() < due) {
                        facts_ahead_await(f, f->wanted ? due : clock_monotonic() + USEC_PER_SEC);
                        continue;
                }
                while (k == f->newest || k == f->looked_at)
                        k++;
                (void) pthread_mutex_unlock(&f->lock);
                facts_ahead_read_one(f, &f->readings[k]);
                (void) pthread_mutex_lock(&f->lock);
                f->newest = k;
                (void) pthread_cond_broadcast(&f->changed);
        }
        (void) pthread_mutex_unlock(&f->lock);
        return NULL;
}

static int facts_ahead_start(FactsAhead *f) {
        int r = thread_begin(&f->thread, facts_ahead_run, f);

        f->started = r == 0;
        return r;
}

/* Address space alone; smaller where there is not so much of it. */
static int facts_ahead_open_arena(Arena *ret) {
        int r = -ENOMEM;

        for (size_t limit = (size_t) 16 << 30; r < 0 && limit >= (size_t) 64 << 20; limit /= 4)
                r = arena_open(limit, ret);
        return r;
}

int facts_ahead_new(FactsReading read, void *arg, usec_t pause, FactsAhead **ret) {
        FactsAhead *f = calloc(1, sizeof(*f));
        int r = 0;

        if (!f)
                return -ENOMEM;
        f->read = read;
        f->arg = arg;
        f->pause = pause;
        f->newest = f->looked_at = NONE;
        f->wanted = true;
        (void) pthread_mutex_init(&f->lock, NULL);
        cond_open(&f->changed);
        for (unsigned i = 0; r == 0 && i < READINGS; i++)
                r = facts_ahead_open_arena(&f->readings[i].arena);
        if (r == 0)
                r = facts_ahead_start(f);
        if (r == 0)
                *ret = f;
        else
                (void) facts_ahead_free(f);
        return r;
}

FactsAhead *facts_ahead_free(FactsAhead *f) {
        if (!f)
                return NULL;
        if (f->started) {
                (void) pthread_mutex_lock(&f->lock);
                f->stop = true;
                (void) pthread_cond_broadcast(&f->changed);
                (void) pthread_mutex_unlock(&f->lock);
                (void) pthread_join(f->thread, NULL);
        }
        for (unsigned i = 0; i < READINGS; i++)
                arena_close(&f->readings[i].arena);
        (void) pthread_cond_destroy(&f->changed);
        (void) pthread_mutex_destroy(&f->lock);
        free(f);
        return NULL;
}

int facts_ahead_get(FactsAhead *f, usec_t fresh, const Snapshot **ret, TextFault *reterr_fault) {
        const usec_t oldest = clock_monotonic() - fresh;
        const Reading *r;

        (void) pthread_mutex_lock(&f->lock);
        f->wanted = true;
        f->looked_at = NONE;
        (void) pthread_cond_broadcast(&f->changed);
        while (f->newest == NONE || f->readings[f->newest].read_at < oldest)
                facts_ahead_await(f, clock_monotonic() + USEC_PER_SEC);
        f->looked_at = f->newest;
        r = &f->readings[f->looked_at];
        (void) pthread_mutex_unlock(&f->lock);
        if (r->result < 0)
                *reterr_fault = r->fault;
        else
                *ret = r->snapshot;
        return r->result;
}

void facts_ahead_rest(FactsAhead *f) {
        (void) pthread_mutex_lock(&f->lock);
        f->wanted = false;
        (void) pthread_mutex_unlock(&f->lock);
}
