/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/base/thread.h"

#include <signal.h>
#include <time.h>

int thread_begin(pthread_t *ret, void *(*body)(void *), void *arg) {
        sigset_t all, before;
        int r;

        (void) sigfillset(&all);
        (void) pthread_sigmask(SIG_BLOCK, &all, &before); /* inherited */
        r = -pthread_create(ret, NULL, body, arg);
        (void) pthread_sigmask(SIG_SETMASK, &before, NULL);
        return r;
}

void cond_open(pthread_cond_t *ret) {
        pthread_condattr_t attr;

        (void) pthread_condattr_init(&attr);
        (void) pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
        (void) pthread_cond_init(ret, &attr);
        (void) pthread_condattr_destroy(&attr);
}

bool cond_wait_until(pthread_cond_t *c, pthread_mutex_t *lock, usec_t until) {
        const struct timespec t = { .tv_sec = (time_t) (until / USEC_PER_SEC),
                                    .tv_nsec = (long) (until % USEC_PER_SEC) * 1000 };

        return pthread_cond_timedwait(c, lock, &t) == 0;
}
