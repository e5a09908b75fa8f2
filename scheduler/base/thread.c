/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/base/thread.h"

#include <signal.h>

int thread_begin(pthread_t *ret, void *(*body)(void *), void *arg) {
        sigset_t all, before;
        int r;

        (void) sigfillset(&all);
        (void) pthread_sigmask(SIG_BLOCK, &all, &before); /* inherited */
        r = -pthread_create(ret, NULL, body, arg);
        (void) pthread_sigmask(SIG_SETMASK, &before, NULL);
        return r;
}
