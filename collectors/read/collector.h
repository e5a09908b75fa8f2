/* SPDX-License-Identifier: Apache-2.0 */
/* A collector: one kind of facts a host can tell, read at its own pace.
 *
 * To add one: write collectors/NAME.c, which ends with `const Collector collector_NAME = {…}`, and add the
 * line COLLECTOR(NAME) to collectors/collectors.def; if its text is new, a pure parser in collectors/parse/.
 * The contract test then runs it on every fixture tree, on an empty one and on truncated files.
 *
 * Threads: a collector is called from one thread at a time. In the agent that is a helper (job_threads.h):
 * open() and read() may hang in the kernel, and then hold up nobody; fd() and ready() are called beside it,
 * when neither is under way. Memory: state is zeroed, of state_size, owned by the caller.
 *
 * Units: usec_t, in microseconds, monotonic. Owner: what collectors_all() gives is static. Errors: a
 * collector's functions: 0, 1 as said, or a negative errno.
 */
#pragma once

#include "scheduler/model/sample.h"
#include "scheduler/model/settings.h"

typedef struct CollectorEnv {
        const char *root; /* "" on a real host, a fixture's path in tests: files are root + "/proc/stat" …;
                             NULL: this is not the host that is read, only its libvirt is at hand */
        void *libvirt;    /* virConnectPtr, or NULL: no libvirt here. Owned by the caller */
        const char *uri;  /* how other machines reach this host's libvirt, or NULL */
        const char *self; /* host name in reports */
        const Settings *settings; /* NULL: all defaults */
        const struct PeerStore
                *peer_store; /* where other agents are (peer_store.h); NULL: nobody knows any */
} CollectorEnv;

/* Where samples go. Strings are copied by the sink before emit returns. A sample once emitted counts; a
 * reading that fails half-way returns a negative errno, and its samples are dropped. */
typedef struct SampleSink {
        int (*emit)(struct SampleSink *sink, Sample sample); /* 0 or -ENOMEM */
} SampleSink;

enum {
        RUNS_ON_HOST = 1, /* in plimsoll-agent: reads /proc, /sys, rtnetlink, or the local libvirt */
        RUNS_REMOTE = 2,  /* needs a libvirt connection, and can do with nothing else: agentless too */
};

#define LIMIT_DEFAULT (5 * USEC_PER_SEC)

typedef struct Collector {
        const char *name, *summary;
        unsigned runs;
        usec_t interval; /* how often it is worth reading; 0: with each report */
        usec_t limit;    /* how long a reading may take before it counts as failed; 0: LIMIT_DEFAULT */
        const SettingDef *settings;
        size_t state_size;
        int (*open)(void *state, const CollectorEnv *env); /* 0; 1: not possible here (no such device); < 0 */
        /* `now` monotonic. 0; 1: it waits for a tool it started, and tells what it knew before: there is more
         * to be had soon; < 0. Never waits on purpose. */
        int (*read)(void *state, const CollectorEnv *env, usec_t now, SampleSink *sink);
        void (*close)(void *state); /* also after a failed open */
        /* Both NULL but for collectors on the host whose peers do not wait for the next reading: a descriptor
         * (-1: none now), and what is done as soon as it can be read: true when that is worth reading and
         * reporting at once. Never waits. */
        int (*fd)(const void *state);
        bool (*ready)(void *state, const CollectorEnv *env);
} Collector;

typedef struct CollectorSet {
        const Collector *const *collectors;
        uint32_t n;
} CollectorSet;

CollectorSet collectors_all(void);
