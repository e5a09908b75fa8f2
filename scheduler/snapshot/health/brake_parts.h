/* SPDX-License-Identifier: Apache-2.0 */
/* What brake.c and brake_room.c share. For them only.
 *
 * Units: MiB, mcores. Owner: the arena. Errors: -ENOMEM. Threads: one each.
 */
#pragma once

#include "scheduler/model/host_memory.h"
#include "scheduler/snapshot/health/brake.h"

/* What hosts have free, and those that take VMs by it. */
typedef struct BrakeSpace {
        const Snapshot *s;
        MemoryPolicy memory;
        int64_t *mib, *mcores; /* [host] free; below 0: more is there than should be */
        int64_t *pages;        /* [host] MiB of huge pages that were given to guests, of all sizes */
        HostIx *heap;          /* [n] */
        uint32_t *at;          /* [host] where it is in the heap */
        uint32_t n;
} BrakeSpace;

int brake_space_new(Arena *a, const Snapshot *s, const Settings *settings, BrakeSpace **ret) must_check;

/* The host has more free than before. */
void brake_space_rise(BrakeSpace *space, HostIx h);

/* Places for the VMs of hosts marked in `leaves`; io_to as brake_room(). 1: not all have one, and nothing has changed. */
int brake_space_add(Arena *arena, BrakeSpace *space, const bool *leaves, HostIx *io_to) must_check;
