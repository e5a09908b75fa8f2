/* SPDX-License-Identifier: Apache-2.0 */
#include "collectors/run/job_lanes.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <time.h>

typedef struct Lane {
        pthread_t thread;
        struct JobLanes *all;
        struct Lane *next;
        const Job *job; /* that it runs; NULL: it is free */
} Lane;

struct JobLanes {
        pthread_mutex_t lock;
        pthread_cond_t changed;
        /* the lock's: */
        Lane *lanes, *active; /* whose the queue is; NULL: nobody's */
        Job *first, **end;    /* the queue */
        bool quit;
};

int job_lanes_new(JobLanes **ret) {
        JobLanes *l = calloc(1, sizeof(*l));
        pthread_condattr_t attr;

        if (!l)
                return -ENOMEM;
        l->end = &l->first;
        (void) pthread_mutex_init(&l->lock, NULL);
        (void) pthread_condattr_init(&attr);
        (void) pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
        (void) pthread_cond_init(&l->changed, &attr);
        (void) pthread_condattr_destroy(&attr);
        *ret = l;
        return 0;
}

/* ---- the threads ---- */
/* Under the lock, which it lets go while the job runs. */
static void lane_work(Lane *me) {
        JobLanes *l = me->all;
        Job *job = l->first;

        l->first = job->next;
        if (!l->first)
                l->end = &l->first;
        job->state = JOB_RUNNING;
        job->since = clock_monotonic();
        me->job = job;
        (void) pthread_mutex_unlock(&l->lock);
        job->run(job->arg);
        (void) pthread_mutex_lock(&l->lock);
        job->state = JOB_DONE;
        me->job = NULL;
        if (!l->first || l->active != me)
                (void) pthread_cond_broadcast(&l->changed);
}

static void *job_lanes_lane_main(void *arg) {
        Lane *me = arg;
        JobLanes *l = me->all;

        (void) pthread_mutex_lock(&l->lock);
        while (!l->quit)
                if (l->active == me && l->first)
                        lane_work(me);
                else
                        (void) pthread_cond_wait(&l->changed, &l->lock);
        (void) pthread_mutex_unlock(&l->lock);
        return NULL;
}

/* ---- their owner; under the lock ---- */
static int lane_new(JobLanes *l) {
        Lane *lane = calloc(1, sizeof(*lane));
        sigset_t all, before;
        int r;

        if (!lane)
                return -ENOMEM;
        lane->all = l;
        (void) sigfillset(&all); /* signals are for the program's own thread */
        (void) pthread_sigmask(SIG_BLOCK, &all, &before);
        r = pthread_create(&lane->thread, NULL, job_lanes_lane_main, lane);
        (void) pthread_sigmask(SIG_SETMASK, &before, NULL);
        if (r != 0) {
                free(lane);
                return -r;
        }
        lane->next = l->lanes;
        l->lanes = lane;
        l->active = lane;
        return 0;
}

/* Somebody free for the queue. */
static int lane_choose(JobLanes *l) {
        l->active = NULL;
        for (Lane *lane = l->lanes; lane && !l->active; lane = lane->next)
                if (!lane->job)
                        l->active = lane;
        if (!l->active)
                return lane_new(l);
        (void) pthread_cond_broadcast(&l->changed);
        return 0;
}

static void queue_drop(JobLanes *l) {
        for (; l->first; l->first = l->first->next)
                l->first->state = JOB_IDLE;
        l->end = &l->first;
}

static void wait_until(JobLanes *l, usec_t until) {
        const struct timespec t = { .tv_sec = until / USEC_PER_SEC, .tv_nsec = until % USEC_PER_SEC * 1000 };

        (void) pthread_cond_timedwait(&l->changed, &l->lock, &t);
}

/* The active lane's job has had its time. */
static bool job_lanes_is_late(const JobLanes *l, usec_t patience) {
        return l->active && l->active->job && clock_monotonic() >= l->active->job->since + patience;
}

void job_lanes_wait(JobLanes *l, usec_t patience) {
        int r = 0;

        (void) pthread_mutex_lock(&l->lock);
        (void) pthread_cond_broadcast(&l->changed); /* there is work */
        while (r == 0 && (l->first || (l->active && l->active->job))) {
                if (job_lanes_is_late(l, patience)) {
                        l->active = NULL;
                        continue;
                }
                if (!l->active)
                        r = lane_choose(l);
                if (r == 0)
                        wait_until(l,
                                   (l->active->job ? l->active->job->since : clock_monotonic()) + patience);
        }
        if (r < 0)
                queue_drop(l);
        (void) pthread_mutex_unlock(&l->lock);
}

void job_lanes_put(JobLanes *l, Job *job) {
        (void) pthread_mutex_lock(&l->lock);
        assert(job->state == JOB_IDLE);
        job->state = JOB_QUEUED;
        job->next = NULL;
        *l->end = job;
        l->end = &job->next;
        (void) pthread_mutex_unlock(&l->lock);
}

JobState job_lanes_look(JobLanes *l, Job *job) {
        JobState state;

        (void) pthread_mutex_lock(&l->lock);
        state = job->state;
        if (state == JOB_DONE)
                job->state = JOB_IDLE;
        (void) pthread_mutex_unlock(&l->lock);
        return state;
}

bool job_lanes_end(JobLanes *l) {
        bool hangs = false;

        if (!l)
                return true;
        (void) pthread_mutex_lock(&l->lock);
        queue_drop(l);
        for (const Lane *lane = l->lanes; lane; lane = lane->next)
                hangs |= lane->job != NULL;
        l->quit = !hangs;
        (void) pthread_cond_broadcast(&l->changed);
        (void) pthread_mutex_unlock(&l->lock);
        if (hangs)
                return false;
        while (l->lanes) {
                Lane *lane = l->lanes;

                l->lanes = lane->next;
                (void) pthread_join(lane->thread, NULL);
                free(lane);
        }
        (void) pthread_cond_destroy(&l->changed);
        (void) pthread_mutex_destroy(&l->lock);
        free(l);
        return true;
}
