/* SPDX-License-Identifier: Apache-2.0 */
/* The faults of a host, put in order. Internal to snapshot/. Pure.
 *
 * Units: grades 0 … 4. Owner: the faults stay where they are. Errors: -EEXIST, -ENOMEM. Threads: any.
 */
#pragma once

#include "scheduler/base/arena.h"
#include "scheduler/model/cluster.h"

/* Gives the host its faults (they are sorted in place by device) and what follows from them: its grade is the
 * worst of theirs, its evidence that one's. 0; -EEXIST: two of one device; -ENOMEM. */
int host_take_faults(Arena *a, Host *host, Fault *faults, uint32_t n) must_check;
