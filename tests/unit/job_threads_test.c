/* SPDX-License-Identifier: Apache-2.0 */
/* Lanes: what hangs is passed, and holds one thread, no more. Jobs here wait for the test, not for time. */
#include <criterion/criterion.h>
#include <dirent.h>
#include <semaphore.h>

#include "collectors/run/job_threads.h"

#define PATIENCE (5 * USEC_PER_MSEC)

typedef struct RoundState {
        Job job;
        sem_t let_go;
        unsigned times;
} RoundState;

static void work_quick(void *arg) {
        RoundState *w = arg;

        w->times++;
}

static void work_hang(void *arg) {
        RoundState *w = arg;

        while (sem_wait(&w->let_go) != 0)
                ;
        w->times++;
}

static void work_init(RoundState *w, void (*run)(void *)) {
        *w = (RoundState){ .job = { .run = run, .arg = w } };
        cr_assert_eq(sem_init(&w->let_go, 0, 0), 0);
}

static unsigned threads(void) {
        DIR *dir = opendir("/proc/self/task");
        unsigned n = 0;

        while (readdir(dir))
                n++;
        (void) closedir(dir);
        return n - 2;
}

static void until_done(JobThreads *l, RoundState *w) {
        while (job_threads_look(l, &w->job) != JOB_DONE)
                job_threads_wait(l, PATIENCE);
}

Test(job_threads, jobs_are_done_in_turn_by_one_thread) {
        unsigned before = threads();
        JobThreads *l;
        RoundState w[8];

        cr_assert_eq(job_threads_new(&l), 0);
        for (int round = 1; round <= 3; round++) {
                for (int i = 0; i < 8; i++) {
                        if (round == 1)
                                work_init(&w[i], work_quick);
                        job_threads_put(l, &w[i].job);
                }
                job_threads_wait(l, 60 * USEC_PER_SEC);
                for (int i = 0; i < 8; i++) {
                        cr_assert_eq(job_threads_look(l, &w[i].job), JOB_DONE);
                        cr_assert_eq(job_threads_look(l, &w[i].job), JOB_IDLE, "said once");
                        cr_assert_eq(w[i].times, (unsigned) round);
                }
        }
        cr_assert_eq(threads(), before + 1);
        cr_assert(job_threads_end(l));
        cr_assert_eq(threads(), before);
}

Test(job_threads, what_hangs_is_passed_and_its_thread_used_again) {
        unsigned before = threads();
        RoundState hang[3], quick;
        JobThreads *l;

        cr_assert_eq(job_threads_new(&l), 0);
        work_init(&quick, work_quick);
        for (int i = 0; i < 3; i++) {
                work_init(&hang[i], work_hang);
                job_threads_put(l, &hang[i].job);
        }
        job_threads_put(l, &quick.job);
        until_done(l, &quick);
        for (int i = 0; i < 3; i++)
                cr_assert_eq(job_threads_look(l, &hang[i].job), JOB_RUNNING);
        cr_assert_eq(threads(), before + 4, "one for each that hangs, and one");
        cr_assert_not(job_threads_end(l), "memory it may still write to is not freed");
        for (int i = 0; i < 3; i++)
                cr_assert_eq(sem_post(&hang[i].let_go), 0);
        for (int i = 0; i < 3; i++)
                until_done(l, &hang[i]);
        for (int i = 0; i < 3; i++) { /* they hang again: there are threads enough */
                job_threads_put(l, &hang[i].job);
                job_threads_wait(l, PATIENCE);
                cr_assert_eq(job_threads_look(l, &hang[i].job), JOB_RUNNING);
        }
        job_threads_put(l, &quick.job);
        until_done(l, &quick);
        cr_assert_eq(threads(), before + 4);
        for (int i = 0; i < 3; i++) {
                cr_assert_eq(sem_post(&hang[i].let_go), 0);
                until_done(l, &hang[i]);
                cr_assert_eq(hang[i].times, 2);
        }
        cr_assert(job_threads_end(l));
}
