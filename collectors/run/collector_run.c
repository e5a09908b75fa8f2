/* SPDX-License-Identifier: Apache-2.0 */
#include "collectors/run/collector_run.h"

#include <errno.h>
#include <stdlib.h>

#define DUE_SLACK     (200 * USEC_PER_MSEC) /* a round that wakes a little earlier than the last one counts */
#define SECTION_BYTES (UINT64_C(256) << 20) /* reserved, not used: 10,000 VMs need 50 MiB */

/* ---- jobs: nothing of the caller's is touched here ---- */
static void job_open(void *arg) {
        CollectorRun *run = arg;

        run->begun = clock_monotonic();
        run->begun_at = clock_now();
        run->result = run->collector->open(run->state, run->env);
        if (run->result == 0)
                return;
        run->collector->close(run->state);
        free(run->state);
        run->state = NULL;
}

static void job_read(void *arg) {
        CollectorRun *run = arg;
        Arena *a = &run->arenas[run->next];

        arena_rewind(a, 0);
        run->list = sample_list_over(a);
        run->begun = clock_monotonic();
        run->begun_at = clock_now();
        run->result = run->collector->read(run->state, run->env, run->begun, &run->list.sink);
}

/* ---- what became of them ---- */
static void open_take(CollectorRun *run) {
        run->absent = run->result > 0;
        run->section = (Section){ .collector = run->collector->name };
        if (run->result >= 0)
                return;
        run->section.read_at = run->begun_at;
        run->section.error = -run->result;
}

static void read_take(CollectorRun *run, bool keeps_last) {
        int r = run->result;

        run->failures = r < 0 ? run->failures + 1 : 0;
        run->waits = r > 0;
        run->section = (Section){ .collector = run->collector->name, .read_at = run->begun_at };
        if (r < 0) {
                run->section.error = -r; /* and its samples are dropped: half a reading is none */
                run->due = run->round;
                return;
        }
        sample_list_end(&run->list, &run->section);
        /* who waits is asked again with the next report: tools are quicker than intervals */
        run->due = run->round + (r > 0 ? 0 : run->collector->interval - DUE_SLACK);
        if (keeps_last)
                run->next ^= 1;
}

static void collector_run_run_take(CollectorRun *run, bool keeps_last) {
        run->busy = run->hangs = false;
        if (run->job.run == job_open)
                open_take(run);
        else
                read_take(run, keeps_last);
}

static void run_fail(CollectorRun *run, int error, usec_t stamp) {
        run->section = (Section){ .collector = run->collector->name, .read_at = stamp, .error = error };
        run->failures++;
}

static void run_look(const RunSet *set, CollectorRun *run) {
        usec_t limit = run->collector->limit > 0 ? run->collector->limit : LIMIT_DEFAULT;
        JobState state;

        if (!run->busy)
                return;
        state = job_threads_look(set->threads, &run->job);
        if (state == JOB_DONE) {
                collector_run_run_take(run, true);
                return;
        }
        if (state == JOB_IDLE) /* there was no thread for it; once more with the next round */
                run->busy = false;
        run->hangs = state == JOB_RUNNING && clock_monotonic() >= run->job.since + limit;
        if (run->hangs || !run->busy)
                run_fail(run, run->hangs ? ETIMEDOUT : EAGAIN, clock_now());
}

static void run_begin(const RunSet *set, CollectorRun *run, void (*job)(void *), const CollectorEnv *env,
                      usec_t round) {
        run->env = env;
        run->round = round;
        run->job.run = job;
        run->job.arg = run;
        run->busy = set->threads != NULL;
        if (set->threads) {
                job_threads_put(set->threads, &run->job);
                return;
        }
        job(run);
        collector_run_run_take(run, false);
}

static void set_await(RunSet *set) {
        if (set->threads)
                job_threads_wait(set->threads, set->patience); /* run_look() sees what was not done */
        for (uint32_t i = 0; i < set->n; i++)
                run_look(set, &set->runs[i]);
}

/* ---- sets ---- */
static int run_new(CollectorRun *run, const Collector *c) {
        *run = (CollectorRun){ .collector = c, .section.collector = c->name };
        run->state = calloc(1, c->state_size > 0 ? c->state_size : 1);
        if (!run->state || arena_open(SECTION_BYTES, &run->arenas[0]) < 0 ||
            arena_open(SECTION_BYTES, &run->arenas[1]) < 0) {
                free(run->state);
                arena_close(&run->arenas[0]);
                return -ENOMEM;
        }
        return 0;
}

int run_set_open(RunSet *ret, const RunChoice *choice, const CollectorEnv *env) {
        uint32_t most = choice->all.n;
        RunSet set = { .runs = calloc(most > 0 ? most : 1, sizeof(CollectorRun)),
                       .patience = choice->patience };
        int r = set.runs ? 0 : -ENOMEM;

        if (r == 0 && choice->patience > 0)
                r = job_threads_new(&set.threads);
        for (uint32_t i = 0; r == 0 && i < most; i++) {
                const Collector *c = choice->all.collectors[i];

                if (!choice->wanted(c, choice->arg))
                        continue;
                r = run_new(&set.runs[set.n], c);
                if (r == 0)
                        run_begin(&set, &set.runs[set.n++], job_open, env, 0);
        }
        if (r < 0) {
                (void) run_set_close(&set);
                return r;
        }
        set_await(&set);
        *ret = set;
        return 0;
}

bool run_set_close(RunSet *set) {
        if (!job_threads_end(set->threads))
                return false;
        for (uint32_t i = 0; i < set->n; i++) {
                CollectorRun *run = &set->runs[i];

                if (run->state)
                        run->collector->close(run->state);
                free(run->state);
                arena_close(&run->arenas[0]);
                arena_close(&run->arenas[1]);
        }
        free(set->runs);
        *set = (RunSet){ 0 };
        return true;
}

static void set_read(RunSet *set, const CollectorEnv *env, usec_t monotonic, bool waiting) {
        for (uint32_t i = 0; i < set->n; i++) {
                CollectorRun *run = &set->runs[i];

                run_look(set, run); /* of an earlier round */
                if (run->busy || run->absent || (waiting && !run->waits))
                        continue;
                if (!run->state)
                        run->section.read_at = clock_now(); /* could not be opened: its section says why */
                else if (waiting || monotonic >= run->due)
                        run_begin(set, run, job_read, env, monotonic);
        }
        set_await(set);
}

void run_set_read(RunSet *set, const CollectorEnv *env, usec_t monotonic) {
        set_read(set, env, monotonic, false);
}

void run_set_read_waiting(RunSet *set, const CollectorEnv *env, usec_t monotonic) {
        set_read(set, env, monotonic, true);
}

bool run_set_waits(const RunSet *set) {
        for (uint32_t i = 0; i < set->n; i++)
                if (set->runs[i].busy ? !set->runs[i].hangs : set->runs[i].waits)
                        return true;
        return false;
}

static const CollectorRun *run_of(const RunSet *set, const Collector *c) {
        for (uint32_t i = 0; i < set->n; i++)
                if (set->runs[i].collector == c)
                        return &set->runs[i];
        return NULL;
}

bool run_set_is_busy(const RunSet *set, const Collector *c) {
        const CollectorRun *run = run_of(set, c);

        return run && run->busy;
}

bool run_set_has(const RunSet *set, const Collector *c) {
        const CollectorRun *run = run_of(set, c);

        return run && !run->absent;
}

uint32_t run_set_size(const RunSet *set) {
        uint32_t n = 0;

        for (uint32_t i = 0; i < set->n; i++)
                n += !set->runs[i].absent;
        return n;
}

/* ---- descriptors ---- */
static int run_fd(const CollectorRun *run) {
        return !run->busy && run->state && run->collector->fd ? run->collector->fd(run->state) : -1;
}

uint32_t run_set_watched(const RunSet *set, struct pollfd *fds, uint32_t n) {
        uint32_t found = 0;

        for (uint32_t i = 0; i < set->n && found < n; i++) {
                const CollectorRun *run = &set->runs[i];
                int fd = run_fd(run);

                if (fd >= 0)
                        fds[found++] = (struct pollfd){ .fd = fd, .events = POLLIN };
        }
        return found;
}

bool run_set_ready(RunSet *set, const CollectorEnv *env, const struct pollfd *fds, uint32_t n) {
        bool urgent = false;

        for (uint32_t i = 0; i < set->n; i++) {
                CollectorRun *run = &set->runs[i];
                int fd = run_fd(run);

                for (uint32_t k = 0; k < n && fd >= 0; k++)
                        if (fds[k].fd == fd && fds[k].revents != 0 &&
                            run->collector->ready(run->state, env)) {
                                run->due = 0;
                                urgent = true;
                        }
        }
        return urgent;
}

void run_set_fail(RunSet *set, int error, usec_t stamp) {
        for (uint32_t i = 0; i < set->n; i++) {
                if (set->runs[i].absent)
                        continue;
                run_fail(&set->runs[i], error, stamp);
                set->runs[i].due = 0;
        }
}

int run_set_sections(const RunSet *set, Arena *a, Section *to) {
        int n = 0;

        for (uint32_t i = 0; i < set->n; i++) {
                if (set->runs[i].section.read_at == 0)
                        continue;
                if (section_copy(a, &set->runs[i].section, &to[n]) < 0)
                        return -ENOMEM;
                n++;
        }
        return n;
}
