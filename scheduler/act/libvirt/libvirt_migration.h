/* SPDX-License-Identifier: Apache-2.0 */
/* One live migration through libvirt: its life from the first question to the last, and its threads. The
 * executor holds a table of them.
 *
 * Two threads each. The worker prepares, then starts the mover, which sits in virDomainMigrateToURI3() until
 * the end, and watches it: statistics, abort, time limit; then it verifies. Each has connections of its own.
 * Threads may outlive the executor when libvirt does not let go of them: so a Hub is counted by the executor
 * and by each Migration, a Migration by the table and by each of its threads; the last one out frees.
 *
 * Threads: all functions, any; none of them blocks (hub_wait_phase: at most as long as told).
 *
 * Units: usec_t, in microseconds; MiB/s. Owner: counted, as said above. Errors: -ENOMEM, -EAGAIN (no thread)
 * from hub_new() and migration_start(); all else is in the status.
 */
#pragma once

#include "scheduler/act/libvirt/executor_libvirt.h"

/* What the migrations of one executor share: the lock, the news, the limits. */
typedef struct Hub Hub;
typedef struct Migration Migration;

Hub *hub_new(ExecutorLibvirtOptions options) must_check; /* NULL: no memory. All options > 0 */
void hub_unref(Hub *hub);

/* Returns when any migration changed its phase since *io_seen was set, or at_most later. */
void hub_wait_phase(Hub *hub, usec_t at_most, uint64_t *io_seen);

/* 0, -ENOMEM, -EAGAIN. *ret is given back by migration_unref(), running or not. */
int migration_start(Hub *hub, const MigrationRequest *request, Migration **ret) must_check;
void migration_poll(Migration *m, MigrationStatus *ret);
void migration_stop(Migration *m);                 /* asks */
void migration_limit(Migration *m, int64_t mib_s); /* as Executor.limit */
void migration_unref(Migration *m);
