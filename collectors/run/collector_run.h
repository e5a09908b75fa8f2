/* SPDX-License-Identifier: Apache-2.0 */
/* Collectors at work: a state each, its pace, its time limit, its last section and how often it failed in a
 * row.
 *
 * With helper threads (run_set_open) each collector is opened and read by a helper thread. One that does not
 * come back is left to its thread, and the others go on with another; past its limit its section says
 * -ETIMEDOUT with each round, and it is not read again until it came back. What it brings then counts as its
 * reading. Without helper threads all is done by the caller's thread, which waits for it.
 *
 * Owner:   whoever made it; ended by run_set_close(). Threads: one.
 *
 * Units: usec_t, in microseconds; `monotonic` of clock_monotonic(), `stamp` since the epoch. Errors: -ENOMEM
 * from run_set_open() and run_set_sections(); a collector's errors are in its section.
 */
#pragma once

#include <poll.h>

#include "collectors/read/sample_list.h"
#include "collectors/run/job_threads.h"

typedef struct CollectorRun {
        const Collector *collector;
        const CollectorEnv *env; /* the caller's */
        /* the job's while one is under way: */
        void *state;            /* NULL: it failed to open, or is not possible here */
        Arena arenas[2];        /* of the section shown, and of the reading under way */
        uint32_t next;          /* whose turn it is */
        SampleList list;        /* of the reading under way */
        usec_t begun, begun_at; /* it: monotonic, and the time of day */
        int result;
        /* the caller's: */
        Job job;
        Section section;   /* read_at 0: never read */
        usec_t due, round; /* monotonic; of the round it was last begun in */
        unsigned failures;
        bool absent; /* not possible here */
        bool waits;  /* its last reading said that more is to be had soon */
        bool busy;   /* a job is under way */
        bool hangs;  /* for longer than its limit */
} CollectorRun;

typedef struct RunSet {
        CollectorRun *runs;
        uint32_t n;
        JobThreads *threads; /* NULL: the caller's thread does it */
        usec_t patience;     /* with one, before the others go on without it */
} RunSet;

typedef struct RunChoice {
        CollectorSet all;
        bool (*wanted)(const Collector *c, const void *arg);
        const void *arg;
        usec_t patience; /* RunSet.patience; 0: no helper threads */
} RunChoice;

/* Opens the collectors that are wanted. One that is not possible here (open() gave 1) is left out; one that
 * failed to open stays, and its section says with what error. `env` lives as long as the set. 0; -ENOMEM. */
int run_set_open(RunSet *ret, const RunChoice *choice, const CollectorEnv *env) must_check;

/* True: all is freed. False: a collector hangs; what it may still touch stays, its env too: for a process
 * that is about to end. */
bool run_set_close(RunSet *set);

/* Reads those that are due by `monotonic`; section.read_at is the time of day at which each was begun. */
void run_set_read(RunSet *set, const CollectorEnv *env, usec_t monotonic);

/* Reads those that wait for a tool, and looks again at those under way. */
void run_set_read_waiting(RunSet *set, const CollectorEnv *env, usec_t monotonic);

/* Some collector waits for a tool, or is under way and within its limit: reading again soon gives more. */
bool run_set_waits(const RunSet *set);

/* A reading of that collector is under way. */
bool run_set_is_busy(const RunSet *set, const Collector *c);

/* Is it one of the set? One that turned out to be not possible here is not. And how many are? */
bool run_set_has(const RunSet *set, const Collector *c);
uint32_t run_set_size(const RunSet *set);

/* The descriptors collectors want to be watched, with events set; how many, at most n. */
uint32_t run_set_watched(const RunSet *set, struct pollfd *fds, uint32_t n);
/* After poll(): lets those be ready that are. True: one of them is worth reading and reporting at once; it is
 * due. */
bool run_set_ready(RunSet *set, const CollectorEnv *env, const struct pollfd *fds, uint32_t n);

/* Nothing could be read: every section becomes the error (positive errno), and all are due at once. For sets
 * without helper threads. */
void run_set_fail(RunSet *set, int error, usec_t stamp);

/* Copies of the sections that were ever read, appended to `to` (room for set->n); returns how many. -ENOMEM.
 */
int run_set_sections(const RunSet *set, Arena *a, Section *to) must_check;
