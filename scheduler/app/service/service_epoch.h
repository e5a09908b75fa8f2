/* SPDX-License-Identifier: Apache-2.0 */
/* Whether the store is what it was: looked at before each round, when its facts have been read, while it moves VMs and
 * while it rests. One that lacks the last moments is written again from memory and said. One that has forgotten more is
 * written again, too, and balance, load and new marks wait until an operator acknowledges it (facts/store_loss.h).
 *
 * Units: usec_t, in microseconds, monotonic. Owner: the service of a cluster, by service_epoch_close(). Errors: a negative
 * errno of the store, -ENOMEM. Threads: one.
 */
#pragma once

#include "scheduler/app/facts/store_loss.h"
#include "scheduler/app/service/service_say.h"
#include "scheduler/app/state/leadership.h"
#include "scheduler/model/settings.h"

typedef struct ServiceEpoch {
        StoreMemory *memory;
        Arena arena; /* of a look */
        char *path;  /* of the file that keeps the memory; NULL: none */
        uint64_t written;
        usec_t file_due; /* when it is written though nothing has changed */
        usec_t looked;
        bool waits; /* a loss is not acknowledged: said once */
        Said said;
} ServiceEpoch;

/* What the state directory has of it is read. 0; -ENOMEM. */
int service_epoch_open(ServiceEpoch *epoch, const Store *store, const char *state_dir,
                       const char *cluster) must_check;
void service_epoch_close(ServiceEpoch *epoch);

typedef enum EpochLook {
        EPOCH_SHORT, /* what is small */
        EPOCH_ALL,   /* all, and the file is written */
} EpochLook;

/* 0: the store is what it was. 1: it is not, and was written again; what was read from it before is not to be used. Logged.
 * A leader also takes in that a loss was acknowledged, and `settings` say how long that is kept in the audit. */
int service_epoch_look(ServiceEpoch *epoch, Leadership *l, const Settings *settings,
                       EpochLook how) must_check;

/* Is it time for one while the service rests? A few times a lease. */
bool service_epoch_is_due(const ServiceEpoch *epoch, const Leadership *l);
