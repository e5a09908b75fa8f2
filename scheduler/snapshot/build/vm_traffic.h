/* SPDX-License-Identifier: Apache-2.0 */
/* VMs that talk to each other, as their labels say (docs/distance.md). Pure.
 *
 * Units: kbit/s. Owner: the arena. Errors: -ENOMEM. Threads: any, each its own arena.
 */
#pragma once

#include "scheduler/base/arena.h"
#include "scheduler/model/cluster.h"

/* Into s->traffic, of the labels of s->vms. */
int vm_traffic_build(Arena *a, Snapshot *s) must_check;
