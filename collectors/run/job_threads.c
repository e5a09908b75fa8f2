/* SPDX-License-Identifier: Apache-2.0 */
#include "collectors/run/job_threads.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>

#include "scheduler/base/thread.h"

typedef struct JobThread {
        pthread_t thread;
        struct JobThreads *all;
        struct JobThread *next;
        const Job *job; /* that it runs; NULL: it is free */
} JobThread;

struct JobThreads {
        pthread_mutex_t lock;
        pthread_cond_t changed;
        /* the lock's: */
        JobThread *threads, *active; /* whose the queue is; NULL: nobody's */
        Job *first, **end;           /* the queue */
        bool quit;
};

int job_threads_new(JobThreads **ret) {
        JobThreads *l = calloc(1, sizeof(*l));

        if (!l)
                return -ENOMEM;
        l->end = &l->first;
        (void) pthread_mutex_init(&l->lock, NULL);
        cond_open(&l->changed);
        *ret = l;
        return 0;
}

/* ---- the threads ---- */
/* Under the lock, which it lets go while the job runs. */
static void job_thread_work(JobThread *me) {
        JobThreads *l = me->all;
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

static void *job_threads_main(void *arg) {
        JobThread *me = arg;
        JobThreads *l = me->all;

        (void) pthread_mutex_lock(&l->lock);
        while (!l->quit)
                if (l->active == me && l->first)
                        job_thread_work(me);
                else
                        (void) pthread_cond_wait(&l->changed, &l->lock);
        (void) pthread_mutex_unlock(&l->lock);
        return NULL;
}

/* ---- their owner; under the lock ---- */
static int job_thread_new(JobThreads *l) {
        JobThread *thread = calloc(1, sizeof(*thread));
        sigset_t all, before;
        int r;

        if (!thread)
                return -ENOMEM;
        thread->all = l;
        (void) sigfillset(&all); /* signals are for the program's own thread */
        (void) pthread_sigmask(SIG_BLOCK, &all, &before);
        r = pthread_create(&thread->thread, NULL, job_threads_main, thread);
        (void) pthread_sigmask(SIG_SETMASK, &before, NULL);
        if (r != 0) {
                free(thread);
                return -r;
        }
        thread->next = l->threads;
        l->threads = thread;
        l->active = thread;
        return 0;
}

/* Somebody free for the queue. */
static int job_thread_choose(JobThreads *l) {
        l->active = NULL;
        for (JobThread *thread = l->threads; thread && !l->active; thread = thread->next)
                if (!thread->job)
                        l->active = thread;
        if (!l->active)
                return job_thread_new(l);
        (void) pthread_cond_broadcast(&l->changed);
        return 0;
}

static void queue_drop(JobThreads *l) {
        for (; l->first; l->first = l->first->next)
                l->first->state = JOB_IDLE;
        l->end = &l->first;
}

static void wait_until(JobThreads *l, usec_t until) {
        (void) cond_wait_until(&l->changed, &l->lock, until);
}

/* The active thread's job has had its time. */
static bool job_threads_is_late(const JobThreads *l, usec_t patience) {
        return l->active && l->active->job && clock_monotonic() >= l->active->job->since + patience;
}

void job_threads_wait(JobThreads *l, usec_t patience) {
        int r = 0;

        (void) pthread_mutex_lock(&l->lock);
        (void) pthread_cond_broadcast(&l->changed); /* there is work */
        while (r == 0 && (l->first || (l->active && l->active->job))) {
                if (job_threads_is_late(l, patience)) {
                        l->active = NULL;
                        continue;
                }
                if (!l->active)
                        r = job_thread_choose(l);
                if (r == 0)
                        wait_until(l,
                                   (l->active->job ? l->active->job->since : clock_monotonic()) + patience);
        }
        if (r < 0)
                queue_drop(l);
        (void) pthread_mutex_unlock(&l->lock);
}

void job_threads_put(JobThreads *l, Job *job) {
        (void) pthread_mutex_lock(&l->lock);
        assert(job->state == JOB_IDLE);
        job->state = JOB_QUEUED;
        job->next = NULL;
        *l->end = job;
        l->end = &job->next;
        (void) pthread_mutex_unlock(&l->lock);
}

JobState job_threads_look(JobThreads *l, Job *job) {
        JobState state;

        (void) pthread_mutex_lock(&l->lock);
        state = job->state;
        if (state == JOB_DONE)
                job->state = JOB_IDLE;
        (void) pthread_mutex_unlock(&l->lock);
        return state;
}

bool job_threads_end(JobThreads *l) {
        bool hangs = false;

        if (!l)
                return true;
        (void) pthread_mutex_lock(&l->lock);
        queue_drop(l);
        for (const JobThread *thread = l->threads; thread; thread = thread->next)
                hangs |= thread->job != NULL;
        l->quit = !hangs;
        (void) pthread_cond_broadcast(&l->changed);
        (void) pthread_mutex_unlock(&l->lock);
        if (hangs)
                return false;
        while (l->threads) {
                JobThread *thread = l->threads;

                l->threads = thread->next;
                (void) pthread_join(thread->thread, NULL);
                free(thread);
        }
        (void) pthread_cond_destroy(&l->changed);
        (void) pthread_mutex_destroy(&l->lock);
        free(l);
        return true;
}
