/* SPDX-License-Identifier: Apache-2.0 */
/* How moves are made: one table, several implementations: libvirt's (act/libvirt), and those of tests, in
 * simulated time or dry (tests/support).
 *
 * Threads: an Executor is called from one thread; the libvirt one runs a worker thread for each migration
 * inside. Errors: negative errno only for what is no outcome of a migration (out of memory).
 *
 * Units: permille; bytes and milliseconds by suffix. Owner: an executor is ended by its free(self).
 */
#pragma once

#include "scheduler/model/bound_cells.h"
#include "scheduler/model/move_order.h"

typedef struct MigrationRequest {
        const MoveOrder *order;  /* what is moved; its uuid NULL: by name; its hosts' uris are needed */
        const char *migrate_uri; /* where the data go, "tcp://h2-mig"; NULL: where libvirt likes */
        int64_t bandwidth_mib_s; /* 0: no cap; manner.bandwidth_kbit goes before it */
        int64_t memory_mib; /* of ordinary memory, that it needs on its target (docs/memory.md); 0: not known */
        int64_t reclaimable_mib;        /* what the target gives back beyond what its kernel calls free */
        NodeNeed nodes[NODE_NEEDS_MAX]; /* of the target's NUMA nodes and huge pages (docs/numa.md) */
        uint32_t n_nodes;
        usec_t time_limit;             /* its deadline, unless manner.deadline_ms says one; 0: none */
        bool auto_converge, post_copy; /* allowed, also when the plan does not say so */
        bool tls;                      /* encrypted, or not at all */
        bool copy_disks;               /* those that the target does not see go with it */
        bool offline; /* it is off, and moved cold: defined on the target, undefined on the source */
        bool resume;  /* it broke off in post-copy, under somebody who is gone: it is taken up again, once */
        MoveManner
                manner; /* the order's, with what it does not say filled in by settings, within their limits */
} MigrationRequest;

/* A copy with its order and all their texts in one block, which free() gives back; without what is for people
 * (why, manner.reason). For executors: their migrations outlive the request. NULL: no memory. */
MigrationRequest *migration_request_copy(const MigrationRequest *r) must_check;

/* One of a run: what is asked, and what is known of its links. */
typedef struct RunMove {
        MigrationRequest request;
        int64_t out_kbit,
                in_kbit; /* what migrations may take of its source's and target's link; 0: not known */
        usec_t sends;    /* how long it is predicted to send, as planned; 0: nobody said */
} RunMove;

#define RESUMES_MOST   6 /* tries to take up again one that broke off in post-copy; then a person must: */
#define RESUME_BY_HAND "migrate --live --p2p --postcopy --postcopy-resume"

typedef enum MigrationPhase {
        MIGRATION_QUEUED,
        MIGRATION_RUNNING,
        MIGRATION_VERIFYING, /* both hosts are being asked */
        MIGRATION_DONE,      /* runs on the target, and only there: seen */
        MIGRATION_FAILED, /* runs on the source, and only there: seen; or "not started: …", nothing was done
                           */
        MIGRATION_ABORTED, /* … because it was told to stop, or ran out of time */
        MIGRATION_UNCLEAR, /* what was seen fits none of these: a person must look; nothing else moves it */
        MIGRATION_DRY,     /* a dry run: what would have been done was said, nothing was done */
        MIGRATION_FOREIGN, /* nothing was done: it is not as the plan took it to be. Somebody moved it, turned
                              it off, or is busy with it; plan again */
        MIGRATION_PHASE_N,
} MigrationPhase;
extern const char *const migration_phase_names[MIGRATION_PHASE_N];

typedef struct MigrationStatus {
        MigrationPhase phase;
        usec_t started, ended; /* monotonic */
        /* Memory and disk, from job statistics. total: the guest's, each byte once, whether it must be sent
         * or not; done: sent so far, also again and again (zero pages cost next to nothing); left: still to
         * be sent. */
        int64_t bytes_total, bytes_done, bytes_left;
        int64_t bytes_per_s, dirty_kib_s;
        int64_t downtime_ms; /* UNKNOWN until it is over */
        uint32_t iteration;
        uint32_t stalled;       /* iterations that brought it no nearer */
        int64_t pause_limit_ms; /* the pause it may make, where it was set; 0: the hypervisor's own */
        int64_t cap_mib_s;      /* the bandwidth it may take now; 0: no cap, or not begun */
        bool post_copy;         /* it runs on the target already, and fetches the rest */
        uint32_t resumes;       /* how often that broke off and was taken up again */
        char from_found[64],
                to_found[64]; /* the UUID of another machine that answers in its place; "": none does */
        char remark[256];  /* what else is to be said, also of one that is done: what a host cannot, what is
                              not as it was; "" */
        char message[256]; /* why it failed, in libvirt's words; "" otherwise */
        MoveMiss miss;     /* of one that did not come about: how … */
        MissBlame blame;   /* … and whom that is about; BLAME_NONE: as its phase says (mover_journal.c) */
} MigrationStatus;

typedef struct Executor {
        const char *name;
        void *self;
        /* Starts one and returns at once. *ret is valid until forget(). Strings are copied. */
        int (*start)(void *self, const MigrationRequest *request, uint32_t *ret_id);
        void (*poll)(void *self, uint32_t id, MigrationStatus *ret);
        void (*abort)(void *self, uint32_t id); /* asks; poll() says when it has ended */
        /* From now on it may take so much, MiB/s > 0, instead of what the request said; the status says when
         * that is in force. NULL: this executor cannot. */
        void (*limit)(void *self, uint32_t id, int64_t mib_s);
        usec_t (*now)(void *self); /* the clock of `started` and `ended`; NULL: there is none */
        void (*wait)(void *self, usec_t at_most); /* returns earlier when something changed */
        void (*forget)(void *self, uint32_t id);  /* only of one that has ended */
        void (*free)(void *self);                 /* waits for running ones after aborting them */
} Executor;

/* How much of it is done: what is sent more than once does not count twice. */
static inline int64_t migration_permille(int64_t bytes_total, int64_t bytes_left) {
        if (bytes_total <= 0 || bytes_left > bytes_total)
                return 0;
        return (int64_t) ((double) (bytes_total - bytes_left) * 1000 / (double) bytes_total);
}

static inline bool migration_has_ended(MigrationPhase phase) {
        return phase >= MIGRATION_DONE;
}
