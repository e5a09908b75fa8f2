/* SPDX-License-Identifier: Apache-2.0 */
/* What of a host's memory is whose: docs/memory.md, in code. For the planner, its questions and the last look before a
 * move; the judge (decide/judge/check_memory.c) reckons it from the document by itself, and may not include this.
 *
 *   overhead   of a VM: what its QEMU needs beside the guest's memory
 *   promised   to a VM, of ordinary memory: all that its guest may have, and the overhead; of one on huge pages the
 *              overhead alone: its pages are a resource of their own
 *   resident   of a VM: its part of its host's measured use
 *   pools      of a host: memory set aside as huge pages, in use or not
 *   ordinary   of a host: all but its pools
 *   own        of a host: what it uses beside its VMs, at least what is kept for it
 *
 * Units: MiB. Owner: nothing is kept; an array is the arena's. Errors: -ENOMEM. Threads: any.
 */
#pragma once

#include "scheduler/model/cluster.h"
#include "scheduler/model/settings.h"

extern const SettingDef memory_settings[]; /* section "memory" */

typedef struct MemoryPolicy {
        int64_t keep_for_host_mib, per_vm_mib;
} MemoryPolicy;

typedef struct HostMemory {
        int64_t ordinary_mib, own_mib;
        int64_t steady_mib; /* of own: what is no cache for certain. Only this is a ground for balance */
} HostMemory;

MemoryPolicy memory_policy(const Settings *settings);

int64_t vm_memory_overhead(const Vm *vm, MemoryPolicy policy);
int64_t vm_memory_promised(const Vm *vm, MemoryPolicy policy);

/* What it has in use there, where memory may be lent: as measured, by its host or inside, else all that is promised. */
int64_t vm_memory_in_use(const Vm *vm, MemoryPolicy policy);

/* As measured; else all memory of its guest. 0: it is off, or on huge pages and not measured. */
int64_t vm_memory_resident(const Vm *vm);

/* Of its measured use, what is given back when memory is needed; 0: not known, or none. */
int64_t host_memory_reclaimable(const Host *host);

/* (*ret)[host]. 0 or -ENOMEM. */
int host_memory_build(Arena *a, const Snapshot *s, MemoryPolicy policy, const HostMemory **ret) must_check;
