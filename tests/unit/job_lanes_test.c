/* SPDX-License-Identifier: Apache-2.0 */
/* Lanes: what hangs is passed, and holds one thread, no more. Jobs here wait for the test, not for time. */
#include <criterion/criterion.h>
#include <dirent.h>
#include <semaphore.h>

#include "collectors/run/job_lanes.h"

#define PATIENCE (5 * USEC_PER_MSEC)

typedef struct Work {
        Job job;
        sem_t let_go;
        unsigned times;
} Work;

static void work_quick(void *arg) {
        Work *w = arg;

        w->times++;
}

static void work_hang(void *arg) {
        Work *w = arg;

        while (sem_wait(&w->let_go) != 0)
                ;
        w->times++;
}

static void work_init(Work *w, void (*run)(void *)) {
        *w = (Work){ .job = { .run = run, .arg = w } };
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

static void until_done(JobLanes *l, Work *w) {
        while (job_lanes_look(l, &w->job) != JOB_DONE)
                job_lanes_wait(l, PATIENCE);
}

Test(job_lanes, jobs_are_done_in_turn_by_one_thread) {
        unsigned before = threads();
        JobLanes *l;
        Work w[8];

        cr_assert_eq(job_lanes_new(&l), 0);
        for (int round = 1; round <= 3; round++) {
                for (int i = 0; i < 8; i++) {
                        if (round == 1)
                                work_init(&w[i], work_quick);
                        job_lanes_put(l, &w[i].job);
                }
                job_lanes_wait(l, 60 * USEC_PER_SEC);
                for (int i = 0; i < 8; i++) {
                        cr_assert_eq(job_lanes_look(l, &w[i].job), JOB_DONE);
                        cr_assert_eq(job_lanes_look(l, &w[i].job), JOB_IDLE, "said once");
                        cr_assert_eq(w[i].times, (unsigned) round);
                }
        }
        cr_assert_eq(threads(), before + 1);
        cr_assert(job_lanes_end(l));
        cr_assert_eq(threads(), before);
}

Test(job_lanes, what_hangs_is_passed_and_its_thread_used_again) {
        unsigned before = threads();
        Work hang[3], quick;
        JobLanes *l;

        cr_assert_eq(job_lanes_new(&l), 0);
        work_init(&quick, work_quick);
        for (int i = 0; i < 3; i++) {
                work_init(&hang[i], work_hang);
                job_lanes_put(l, &hang[i].job);
        }
        job_lanes_put(l, &quick.job);
        until_done(l, &quick);
        for (int i = 0; i < 3; i++)
                cr_assert_eq(job_lanes_look(l, &hang[i].job), JOB_RUNNING);
        cr_assert_eq(threads(), before + 4, "one for each that hangs, and one");
        cr_assert_not(job_lanes_end(l), "memory it may still write to is not freed");
        for (int i = 0; i < 3; i++)
                cr_assert_eq(sem_post(&hang[i].let_go), 0);
        for (int i = 0; i < 3; i++)
                until_done(l, &hang[i]);
        for (int i = 0; i < 3; i++) { /* they hang again: there are threads enough */
                job_lanes_put(l, &hang[i].job);
                job_lanes_wait(l, PATIENCE);
                cr_assert_eq(job_lanes_look(l, &hang[i].job), JOB_RUNNING);
        }
        job_lanes_put(l, &quick.job);
        until_done(l, &quick);
        cr_assert_eq(threads(), before + 4);
        for (int i = 0; i < 3; i++) {
                cr_assert_eq(sem_post(&hang[i].let_go), 0);
                until_done(l, &hang[i]);
                cr_assert_eq(hang[i].times, 2);
        }
        cr_assert(job_lanes_end(l));
}
