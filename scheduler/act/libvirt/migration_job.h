/* SPDX-License-Identifier: Apache-2.0 */
/* What a Migration and its Hub are, for the files that run one: libvirt_migration.c (threads, watching),
 * migration_before.c, migration_after.c. All fields of a Migration are guarded by the hub's lock, but where
 * said; no libvirt call is made under it. migration_resume.c: post-copy that broke off. Internal to act/.
 *
 * Units: usec_t, in microseconds, monotonic; MiB/s. Owner: counted, as libvirt_migration.h says. Errors:
 * none: what goes wrong ends the Migration with words; NULL as said. Threads: any, under the hub's lock where
 * that is said.
 */
#pragma once

#include <pthread.h>

#include "scheduler/act/libvirt/domain_state.h"
#include "scheduler/act/libvirt/libvirt_fit.h"
#include "scheduler/act/libvirt/libvirt_migration.h"
#include "scheduler/act/libvirt/migration_capabilities.h"
#include "scheduler/act/libvirt/migration_params.h"

struct Hub {
        pthread_mutex_t lock;
        pthread_cond_t changed; /* broadcast on every change of any migration */
        unsigned refs;
        uint64_t phases; /* how many phase changes there were */
        CapabilityCache capabilities;
        ExecutorLibvirtOptions options;
};

struct Migration {
        Hub *hub;
        unsigned refs;
        MigrationRequest *request; /* ours, with its strings */
        MigrationStatus status;
        char uuid[VIR_UUID_STRING_BUFLEN];
        bool stop_asked, out_of_time;
        unsigned resume_tries;         /* the worker's alone */
        bool extended;                 /* its deadline has passed once, and auto-converge has as long again */
        int64_t cap_wanted, cap_tried; /* MiB/s; 0: as it began */
        usec_t stopped_at;             /* when the stop was asked */
        usec_t answered_at;            /* when libvirt last answered the worker; 0: not running */
        bool mover_ended;
        int mover_result;
        char mover_words[LIBVIRT_WORDS];
        int mover_code;  /* libvirt's, of that; VIR_ERR_… */
        bool mover_lost; /* … and the source could not even be asked */
        /* The worker's, and read by the mover, which it starts after they were filled in: */
        MigrationParams params;
        MovedDomain before;
        bool autostart;                        /* its source starts it when that boots: the target is to */
        const char *disks[MOVED_LIST_MAX + 1]; /* to be copied; into `before` */
        PauseLimit pause;                      /* the worker's alone, like `pause_set` */
        bool pause_set;
        unsigned long speed_before; /* the VM's own limit, where it was changed; 0: it was not */
};

/* Which daemons it is about. */
static inline LibvirtAt migration_source(const Migration *m) {
        return (LibvirtAt){ m->request->order->from_uri, m->request->order->from_machine };
}

static inline LibvirtAt migration_target(const Migration *m) {
        return (LibvirtAt){ m->request->order->to_uri, m->request->order->to_machine };
}

void hub_lock(Hub *hub);
void hub_unlock(Hub *hub);
/* Under the lock. False when `until` (monotonic) has passed. */
bool hub_wait(Hub *hub, usec_t until);

Migration *migration_new(Hub *hub, const MigrationRequest *request) must_check; /* NULL: no memory */

/* Under the lock. An end is final: a thread that comes back after it was given up changes nothing. */
void migration_set_phase(Migration *m, MigrationPhase phase);

/* Under the lock. Something changed that whoever waits for phases wants to know, too. */
void migration_news(Migration *m);

/* The end, with why ("" when it is done). */
void migration_end(Migration *m, MigrationPhase phase, const char *message);

/* How it misses, and whom that is about: before its end. */
void migration_blame(Migration *m, MoveMiss miss, MissBlame blame);

/* The end of one that was never begun: the message begins with "not started:". */
void migration_not_started(Migration *m, MigrationPhase phase, const char *fmt, ...) printf_like(3, 4);

/* Adds to what is to be said of it, however it ends. */
void migration_remark(Migration *m, const char *words);

bool migration_stop_asked(Migration *m);

/* The VM on its source, ready to go, its target asked, params, before and disks filled in; *ret_conn stays
 * open with it. NULL: it has ended, the status says how. */
virDomainPtr migration_prepare(Migration *m, virConnectPtr *ret_conn) must_check;

/* When it has broken off in post-copy: waits, and is true when it is to be taken up again now, by the same
 * call with the flags and params of the Migration as they are then. False: it has not, or has too often, or
 * was told to stop. */
bool migration_resume_due(Migration *m) must_check;

/* The command that takes it up by hand, in words[size]. */
void migration_resume_command(const Migration *m, char *words, size_t size);

/* Asks both hosts where it runs until they agree, and ends it accordingly. */
void migration_verify(Migration *m);
