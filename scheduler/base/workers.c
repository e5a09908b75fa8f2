/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/base/workers.h"

#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

#define THREADS_MAX 64U

typedef struct Job {
        atomic_uint next;
        unsigned n;
        void (*task)(void *arg, unsigned i);
        void *arg;
} Job;

static void run_here(const Workers *w, unsigned n, void (*task)(void *arg, unsigned i), void *arg) {
        (void) w;
        for (unsigned i = 0; i < n; i++)
                task(arg, i);
}

const Workers workers_none = { .threads = 1, .run = run_here };

static void *workers_work(void *data) {
        Job *job = data;

        for (unsigned i; (i = atomic_fetch_add(&job->next, 1)) < job->n;)
                job->task(job->arg, i);
        return NULL;
}

/* A thread that cannot be made costs speed, not the result: the caller works too. */
static void run_threads(const Workers *w, unsigned n, void (*task)(void *arg, unsigned i), void *arg) {
        Job job = { .n = n, .task = task, .arg = arg };
        pthread_t threads[THREADS_MAX];
        unsigned made = 0;

        while (made + 1 < w->threads && made + 1 < n &&
               pthread_create(&threads[made], NULL, workers_work, &job) == 0)
                made++;
        (void) workers_work(&job);
        for (unsigned i = 0; i < made; i++)
                (void) pthread_join(threads[i], NULL);
}

Workers workers_threads(unsigned threads) {
        long cores = sysconf(_SC_NPROCESSORS_ONLN);

        if (threads == 0)
                threads = cores > 0 ? (unsigned) cores : 1;
        return (Workers){ .threads = threads < THREADS_MAX ? threads : THREADS_MAX, .run = run_threads };
}
