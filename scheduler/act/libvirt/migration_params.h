/* SPDX-License-Identifier: Apache-2.0 */
/* How one migration is asked of libvirt: flags and parameters from the request, within what both hosts can.
 * And what is to be changed while it runs.
 *
 * Threads: any; pure but for libvirt's own parameter lists.
 *
 * Units: MiB/s; milliseconds, µs by type. Owner: lists are freed by virTypedParamsFree(). Errors: -1 from
 * migration_params_list() alone: libvirt's words.
 */
#pragma once

#include "scheduler/act/libvirt/migration_capabilities.h"

typedef struct MigrationParams {
        unsigned flags;          /* VIR_MIGRATE_… */
        int64_t bandwidth_mib_s; /* 0: no cap */
        int channels;            /* 0: one */
        bool zstd;
        bool can_post_copy; /* it was asked for, so it may be switched to */
        bool switch_early;  /* … once all memory has been sent once */
        DeadlineAction at_deadline;
        usec_t deadline; /* from its start; 0: none */
        char lacks[128]; /* what was wanted and a host cannot, in words; "" */
} MigrationParams;

/* `persistent`: the VM is defined on its source. */
MigrationParams migration_params_of(const MigrationRequest *r, MigrationCapabilities both, bool persistent);

/* The parameters for virDomainMigrateToURI3(). disks: NULL-terminated targets to be copied, or NULL. 0 or -1
 * with libvirt's words; freed by virTypedParamsFree() in any case. */
int migration_params_list(const MigrationRequest *r, const MigrationParams *m, const char *const *disks,
                          virTypedParameterPtr *ret, int *ret_n) must_check;

/* The allowed pause, raised while pre-copy does not converge.
 *
 * An iteration that leaves not an eighth less to be sent than the best one before did has stalled (VDSM's
 * test, its migration.py, but that the job is never looked at in the same part of an iteration); each stalled
 * iteration raises the limit by half, up to the most that is allowed: 100, 150, 225, 337, 500 ms, which is
 * about the staircase of oVirt's policy "minimal downtime" (100, 150, 200, 300, 400, 500 ms). */
typedef struct PauseLimit {
        int64_t now_ms, most_ms; /* 0: the hypervisor's own stays */
        uint32_t iteration;      /* the last one looked at */
        int64_t lowest;          /* bytes left at the end of the best one; UNKNOWN: none yet */
        uint32_t stalled;
} PauseLimit;

PauseLimit pause_limit_of(const MoveManner *m);

/* A look at the job. True: the limit is to be set to limit->now_ms. */
bool pause_limit_look(PauseLimit *limit, const MigrationStatus *s);
