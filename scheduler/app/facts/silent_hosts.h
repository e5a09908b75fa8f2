/* SPDX-License-Identifier: Apache-2.0 */
/* Hosts whose agents are silent and that must be left all the same (fault grade 3 or 4, maintenance), or that have a move
 * whose end nobody knows: their VMs are read through libvirt, by the URI that moves use, never by one of a report.
 *
 * Those that were not tried longest first, the worst of them first: at most 8 at once, 5 s in all, each host once in 10 s,
 * and one that fails the less often the longer it does, down to once in 320 s. Between two readings the last good one stands. One whose libvirt answers as another machine
 * than was admitted was not read.
 *
 * Units: usec_t, in microseconds. Owner: silent_hosts_close(); what is returned is in the caller's arena. Errors: -ENOMEM;
 * a host's own are in words. Threads: one each; of several in a process one reads at a time, and the others do without.
 */
#pragma once

#include "scheduler/base/arena_pair.h"
#include "scheduler/snapshot/build/build.h"

typedef struct SilentHost {
        const char *name;
        const char *text, *error; /* its report, of n bytes; or why there is none: one is NULL */
        size_t n;
        uint32_t failed; /* tries in a row */
        usec_t tried_at; /* monotonic */
} SilentHost;

/* All zero: nothing was read. */
typedef struct SilentHosts {
        ArenaPair memory;
        const SilentHost *at; /* [n] by name */
        uint32_t n;
} SilentHosts;

void silent_hosts_close(SilentHosts *silent);

typedef struct SilentReading {
        const char *host;
        const Report *report; /* NULL: it could not be read */
        const char *notice;
} SilentReading;

typedef struct SilentReadings {
        const SilentReading *at; /* [n] by name */
        uint32_t n;
} SilentReadings;

/* `s` was made of `in`; `open`: hosts of moves whose end is not known. */
int silent_hosts_read(SilentHosts *silent, Arena *a, const Settings *settings, const BuildInput *in,
                      const Snapshot *s, Strings open, SilentReadings *ret) must_check;

/* What somebody else read so (silent_store.h), of hosts that are to be read and whose reports are silent by `in`: what is older than
 * silent_hosts_good_for() is none. */
usec_t silent_hosts_good_for(const Settings *settings);
int silent_hosts_recall(const SilentHosts *read, Arena *a, const Settings *settings, const BuildInput *in,
                        const Snapshot *s, Strings open, SilentReadings *ret) must_check;

/* The input with the readings' reports in the place of those of the same hosts. */
int silent_hosts_put(Arena *a, const SilentReadings *readings, BuildInput *in) must_check;

/* `s`, made of that input, where the hosts that were read take no VM and have the faults of `was`, of which libvirt says
 * nothing. 0; 1: the two have not the same hosts; -ENOMEM. */
int silent_hosts_mark(Arena *a, const SilentReadings *readings, const Snapshot *was, const Snapshot *s,
                      const Snapshot **ret) must_check;
