/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/app/api/api_pool.h"

#include <sys/resource.h>
#include <unistd.h>

#include "scheduler/base/thread.h"

static void *api_pool_take(ApiPool *pool) {
        void *job = NULL;

        (void) pthread_mutex_lock(&pool->lock);
        while (pool->n == 0 && !pool->ends)
                (void) pthread_cond_wait(&pool->more, &pool->lock);
        if (pool->n > 0) {
                job = pool->waiting[pool->first];
                pool->first = (pool->first + 1) % API_QUEUE;
                pool->n--;
        }
        (void) pthread_mutex_unlock(&pool->lock);
        return job;
}

static void *api_pool_thread(void *arg) {
        ApiPool *pool = arg;
        void *job;

        if (pool->nice > 0) /* of this thread alone: Linux has it so */
                (void) setpriority(PRIO_PROCESS, (id_t) gettid(),
                                   getpriority(PRIO_PROCESS, (id_t) gettid()) + pool->nice);
        while ((job = api_pool_take(pool)))
                pool->work(job);
        return NULL;
}

int api_pool_open(ApiPool *pool, unsigned n_threads, int nice, void (*work)(void *job)) {
        *pool = (ApiPool){ .work = work, .nice = nice, .opened = true };
        (void) pthread_mutex_init(&pool->lock, NULL);
        (void) pthread_cond_init(&pool->more, NULL);
        while (pool->n_threads < n_threads && pool->n_threads < API_THREADS) {
                int r = thread_begin(&pool->threads[pool->n_threads], api_pool_thread, pool);

                if (r < 0)
                        return r;
                pool->n_threads++;
        }
        return 0;
}

void api_pool_close(ApiPool *pool) {
        if (!pool->opened)
                return;
        (void) pthread_mutex_lock(&pool->lock);
        pool->ends = true;
        (void) pthread_cond_broadcast(&pool->more);
        (void) pthread_mutex_unlock(&pool->lock);
        for (unsigned i = 0; i < pool->n_threads; i++)
                (void) pthread_join(pool->threads[i], NULL);
        (void) pthread_cond_destroy(&pool->more);
        (void) pthread_mutex_destroy(&pool->lock);
        pool->opened = false;
}

bool api_pool_give(ApiPool *pool, void *job) {
        bool taken;

        (void) pthread_mutex_lock(&pool->lock);
        taken = pool->n < API_QUEUE && !pool->ends;
        if (taken)
                pool->waiting[(pool->first + pool->n++) % API_QUEUE] = job;
        (void) pthread_cond_signal(&pool->more);
        (void) pthread_mutex_unlock(&pool->lock);
        return taken;
}
