/* SPDX-License-Identifier: Apache-2.0 */
/* "Run task 0 … n-1, on as many threads as there are": given to pure rooms as an argument, so that they can
 * use all cores without owning threads. What a task computes must not depend on which thread runs it, nor
 * on the order: then the result is the same on any machine.
 *
 * Owner:   the program. Threads: run() is called by one thread at a time, and returns when all tasks are
 * done.
 *
 * Units: numbers of threads. Errors: none: where no thread can be had, the caller's does the task.
 */
#pragma once

#include "scheduler/base/common.h"

typedef struct Workers {
        unsigned threads; /* at least 1 */
        void (*run)(const struct Workers *w, unsigned n, void (*task)(void *arg, unsigned i), void *arg);
} Workers;

/* Runs tasks one after the other on the calling thread. */
extern const Workers workers_none;

/* A thread per task, at most `threads` (0: one per core) at once. */
Workers workers_threads(unsigned threads);
