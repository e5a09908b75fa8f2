/* SPDX-License-Identifier: Apache-2.0 */
/* What one life of the service remembers of admissions from round to round: who was only seen, so that it is said once.
 *
 * Units: none. Owner: the service, by admission_memory_close(). Errors: -ENOMEM. Threads: one.
 */
#pragma once

#include "scheduler/base/arena.h"
#include "scheduler/base/arena_pair.h"
#include "scheduler/model/cluster.h"

typedef struct SeenHost {
        const char *name, *why;
} SeenHost;

typedef struct AdmissionMemory {
        ArenaPair memory;     /* of what is remembered: the other one takes it after the next round */
        const SeenHost *seen; /* by name */
        uint32_t n_seen;
} AdmissionMemory;

void admission_memory_close(AdmissionMemory *m);

/* Of this round, in place of the last one's. On failure it is as it was. */
int admission_memory_keep(AdmissionMemory *m, const Snapshot *s) must_check;

/* Why the host was only seen in the last round, or NULL. */
const char *admission_memory_seen(const AdmissionMemory *m, const char *host);
