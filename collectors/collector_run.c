#include "collectors/collector_run.h"

#include <errno.h>
#include <stdlib.h>

#define SECTION_BYTES (UINT64_C(256) << 20) /* reserved, not used: 10,000 VMs need 50 MiB */

static int run_open(CollectorRun *run, const Collector *c, const CollectorEnv *env) {
        int r;

        *run = (CollectorRun){ .collector = c, .section.collector = c->name };
        run->state = calloc(1, c->state_size > 0 ? c->state_size : 1);
        if (!run->state || arena_open(SECTION_BYTES, &run->arena) < 0) {
                free(run->state);
                return -ENOMEM;
        }
        r = c->open(run->state, env);
        if (r == 0)
                return 0;
        c->close(run->state);
        free(run->state);
        run->state = NULL;
        if (r > 0) {
                arena_close(&run->arena);
                return 1;
        }
        run->section.error = -r;
        return 0;
}

int run_set_open(RunSet *ret, CollectorSet all, bool (*wanted)(const Collector *c, const void *arg),
                 const void *arg, const CollectorEnv *env) {
        RunSet set = { .runs = calloc(all.n > 0 ? all.n : 1, sizeof(CollectorRun)) };

        if (!set.runs)
                return -ENOMEM;
        for (uint32_t i = 0; i < all.n; i++) {
                int r = wanted(all.collectors[i], arg) ? run_open(&set.runs[set.n], all.collectors[i], env)
                                                       : 1;

                if (r < 0) {
                        run_set_close(&set);
                        return r;
                }
                set.n += r == 0;
        }
        *ret = set;
        return 0;
}

void run_set_close(RunSet *set) {
        for (uint32_t i = 0; i < set->n; i++) {
                CollectorRun *run = &set->runs[i];

                if (run->state)
                        run->collector->close(run->state);
                free(run->state);
                arena_close(&run->arena);
        }
        free(set->runs);
        *set = (RunSet){ 0 };
}

static void run_read(CollectorRun *run, const CollectorEnv *env, usec_t monotonic, usec_t stamp) {
        SampleList list;
        int r;

        arena_rewind(&run->arena, 0);
        list = sample_list_over(&run->arena);
        r = run->collector->read(run->state, env, monotonic, &list.sink);
        run->failures = r < 0 ? run->failures + 1 : 0;
        run->waits = false;
        run->section = (Section){ .collector = run->collector->name, .read_at = stamp };
        if (r < 0) {
                run->section.error = -r; /* and its samples are dropped: half a reading is none */
                run->due = monotonic;
                return;
        }
        run->waits = r > 0;
        run->section.samples = list.samples;
        run->section.n_samples = list.n;
        /* who waits is asked again with the next report: tools are quicker than intervals */
        run->due = r > 0 ? monotonic : monotonic + run->collector->interval;
}

void run_set_read(RunSet *set, const CollectorEnv *env, usec_t monotonic, usec_t stamp) {
        for (uint32_t i = 0; i < set->n; i++) {
                CollectorRun *run = &set->runs[i];

                if (!run->state)
                        run->section.read_at = stamp; /* could not be opened: its section says why */
                else if (monotonic >= run->due)
                        run_read(run, env, monotonic, stamp);
        }
}

void run_set_read_waiting(RunSet *set, const CollectorEnv *env, usec_t monotonic, usec_t stamp) {
        for (uint32_t i = 0; i < set->n; i++)
                if (set->runs[i].waits)
                        run_read(&set->runs[i], env, monotonic, stamp);
}

bool run_set_waits(const RunSet *set) {
        for (uint32_t i = 0; i < set->n; i++)
                if (set->runs[i].waits)
                        return true;
        return false;
}

uint32_t run_set_watched(const RunSet *set, struct pollfd *fds, uint32_t n) {
        uint32_t found = 0;

        for (uint32_t i = 0; i < set->n && found < n; i++) {
                const CollectorRun *run = &set->runs[i];
                int fd = run->state && run->collector->fd ? run->collector->fd(run->state) : -1;

                if (fd >= 0)
                        fds[found++] = (struct pollfd){ .fd = fd, .events = POLLIN };
        }
        return found;
}

bool run_set_ready(RunSet *set, const CollectorEnv *env, const struct pollfd *fds, uint32_t n) {
        bool urgent = false;

        for (uint32_t i = 0; i < set->n; i++) {
                CollectorRun *run = &set->runs[i];
                int fd = run->state && run->collector->fd ? run->collector->fd(run->state) : -1;

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
                CollectorRun *run = &set->runs[i];

                run->section =
                        (Section){ .collector = run->collector->name, .read_at = stamp, .error = error };
                run->failures++;
                run->due = 0;
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
