/* SPDX-License-Identifier: Apache-2.0 */
/* A few threads that answer what takes longer than a look at memory, so that health checks and metrics never wait for it.
 *
 * Units: none. Owner: the caller's: what it hands over is its own until it is done. Errors: a negative errno. Threads: any.
 */
#pragma once

#include <pthread.h>
#include <stdbool.h>

#define API_THREADS 3  /* at most */
#define API_QUEUE   64 /* that wait; more are answered 503 */

typedef struct ApiPool {
        pthread_mutex_t lock;
        pthread_cond_t more;
        pthread_t threads[API_THREADS];
        unsigned n_threads, first, n;
        int nice; /* of its threads, and of what these start */
        void *waiting[API_QUEUE];
        void (*work)(void *job);
        bool ends, opened;
} ApiPool;

/* `nice` is added to what the process has: rounds come first. */
int api_pool_open(ApiPool *pool, unsigned n_threads, int nice, void (*work)(void *job))
        __attribute__((warn_unused_result));

/* All that was handed over is done. */
void api_pool_close(ApiPool *pool);

/* False: too many wait already, or it ends; the job is the caller's still. */
bool api_pool_give(ApiPool *pool, void *job);
