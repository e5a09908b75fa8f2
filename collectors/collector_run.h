/* Collectors at work: a state each, its pace, its last section and how often it failed in a row.
 *
 * Owner:   whoever made it; ended by run_set_close(). Threads: one.
 */
#pragma once

#include <poll.h>

#include "collectors/sample_list.h"

typedef struct CollectorRun {
        const Collector *collector;
        void *state;
        Arena arena;     /* of the section */
        Section section; /* read_at 0: never read */
        usec_t due;      /* monotonic */
        unsigned failures;
        bool waits; /* its last reading said that more is to be had soon */
} CollectorRun;

typedef struct RunSet {
        CollectorRun *runs;
        uint32_t n;
} RunSet;

/* Opens the collectors `wanted` says. A collector that is not possible here (open() gave 1) is left out; one
 * that failed to open stays, and its section says with what error. 0; -ENOMEM. */
int run_set_open(RunSet *ret, CollectorSet all, bool (*wanted)(const Collector *c, const void *arg),
                 const void *arg, const CollectorEnv *env) must_check;
void run_set_close(RunSet *set);

/* Reads those that are due. `monotonic` for rates and pace, `stamp` for section.read_at. */
void run_set_read(RunSet *set, const CollectorEnv *env, usec_t monotonic, usec_t stamp);

/* Reads those that wait for a tool. */
void run_set_read_waiting(RunSet *set, const CollectorEnv *env, usec_t monotonic, usec_t stamp);

/* Some collector waits for a tool: reading again soon gives more. */
bool run_set_waits(const RunSet *set);

/* The descriptors collectors want to be watched, with events set; how many, at most n. */
uint32_t run_set_watched(const RunSet *set, struct pollfd *fds, uint32_t n);
/* After poll(): lets those be ready that are. True: one of them is worth reading and reporting at once; it is
 * due. */
bool run_set_ready(RunSet *set, const CollectorEnv *env, const struct pollfd *fds, uint32_t n);

/* Nothing could be read: every section becomes the error (positive errno), and all are due at once. */
void run_set_fail(RunSet *set, int error, usec_t stamp);

/* Copies of the sections that were ever read, appended to `to` (room for set->n); returns how many. -ENOMEM.
 */
int run_set_sections(const RunSet *set, Arena *a, Section *to) must_check;
