/* SPDX-License-Identifier: Apache-2.0 */
/* Threads for jobs: helper threads for jobs that may never come back, such as reading a file of a device that
 * hangs in the kernel. One thread does all jobs, one after the other. A job that takes longer than the
 * owner's patience is passed: a fresh thread does the rest, and the thread that hangs is used again once its
 * job came back. So there is one thread as long as nothing hangs, and one more for each job that does.
 *
 * They end only with job_threads_end(): what dies with the thread that started it (tool_run.h) lives as long.
 * Jobs that run at the same time were passed: who makes them sees to it that they share nothing they write.
 *
 * Threads: all functions are for the one thread that made them.
 *
 * Units: usec_t, in microseconds. Owner: whoever made them; a job stays its owner's. Errors: -ENOMEM from
 * job_threads_new() alone.
 */
#pragma once

#include "scheduler/base/clock.h"
#include "scheduler/base/common.h"

typedef struct JobThreads JobThreads;

typedef enum JobState {
        JOB_IDLE, /* was never put, or its end was taken note of */
        JOB_QUEUED,
        JOB_RUNNING,
        JOB_DONE,
} JobState;

typedef struct Job { /* lives until it is done */
        void (*run)(void *arg);
        void *arg;
        /* theirs: */
        JobState state;
        usec_t since; /* monotonic: when it was begun */
        struct Job *next;
} Job;

/* 0; -ENOMEM. No thread yet. */
int job_threads_new(JobThreads **ret) must_check;

/* Ends all threads and frees them: true. False: a job hangs; then nothing is freed or ended, and what
 * the job may still touch must stay: for a process that is about to end. NULL: true. */
bool job_threads_end(JobThreads *l);

/* Queues a job that is idle. */
void job_threads_put(JobThreads *l, Job *job);

/* Until all queued jobs are done, or passed: `patience` for each. Where the system gives no thread, those
 * left in the queue are idle again. */
void job_threads_wait(JobThreads *l, usec_t patience);

/* JOB_DONE is said once: then the job is idle, and what it wrote is the caller's. */
JobState job_threads_look(JobThreads *l, Job *job);
