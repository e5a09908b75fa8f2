/* SPDX-License-Identifier: Apache-2.0 */
/* A worker: a thread of its own for the collectors that talk to libvirt, since no call of libvirt is sure to
 * come back (a daemon stopped, a host that swallows packets, a QEMU monitor stuck in I/O). Whoever asks waits
 * as long as it likes, and is told that the worker is stuck.
 *
 * Owner:   libvirt_worker_free() takes NULL, never waits, and returns NULL. A thread that hangs in a call
 * keeps its memory until libvirt lets go of it, then frees it and ends. Threads: all functions are for the
 * one thread that made the worker.
 *
 * Units: usec_t, in microseconds; `until` monotonic. Errors: -ENOMEM, -EAGAIN; libvirt's own are in
 * LibvirtWorkerState.
 */
#pragma once

#include "collectors/read/collector.h"
#include "scheduler/base/arena.h"

typedef struct LibvirtWorker LibvirtWorker;

typedef struct LibvirtWorkerOptions {
        const char *uri;          /* of libvirt */
        const char *root;         /* CollectorEnv.root: NULL where only libvirt is at hand */
        const char *advertise;    /* CollectorEnv.uri */
        const Settings *settings; /* CollectorEnv.settings; lives as long as the process */
        const char *only;         /* names of the collectors to run, "a,b"; NULL: all */
        unsigned runs;            /* RUNS_ON_HOST or RUNS_REMOTE: of these, those that are RUNS_REMOTE too */
} LibvirtWorkerOptions;

/* Texts are copied. 0; -ENOMEM, -EAGAIN: no thread. */
int libvirt_worker_new(const LibvirtWorkerOptions *options, LibvirtWorker **ret) must_check;
LibvirtWorker *libvirt_worker_free(LibvirtWorker *l);
DEFINE_OWNED(LibvirtWorker *, libvirt_worker_free);

/* How many of the process were freed while they hung in a call of libvirt, and hang still. Any thread. */
unsigned libvirt_workers_left(void);

/* Asks for a reading, unless one is under way. */
void libvirt_worker_start(LibvirtWorker *l);

/* Waits until the reading that was asked for is done, at most until `until` (monotonic). True: it is done. */
bool libvirt_worker_wait(LibvirtWorker *l, usec_t until);

typedef struct LibvirtWorkerState {
        const Section *sections; /* the collectors' last ones, and one named "libvirt" with host.daemon */
        uint32_t n_sections;
        int error;         /* positive errno: libvirt does not answer; 0: it does */
        const char *words; /* libvirt's for it; "" when there are none */
        const char *host;  /* the name libvirt gives its host; "" as long as it was never asked */
} LibvirtWorkerState;

/* What is known now, in `a`. While a reading is under way for longer than `patience`: where libvirt answers others
 * (libvirt_probe.h) one guest holds it up, and the sections are those of the last reading, with its time; else
 * libvirt does not answer, and every section is -ETIMEDOUT. 0 or -ENOMEM. */
int libvirt_worker_state(LibvirtWorker *l, Arena *a, usec_t patience, LibvirtWorkerState *ret) must_check;

/* Is a collector named in "a,b,c"? NULL names all. */
bool collector_is_named(const Collector *c, const char *names);
