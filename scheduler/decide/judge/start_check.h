/* SPDX-License-Identifier: Apache-2.0 */
/* The judge of starts: may these VMs run there if their host, and all that ran on it, were gone? There is no source that could
 * hold them back, and no way to go. As plan_check.h the definitions are read anew here, from the snapshot alone.
 *
 *   host     one that takes VMs, and is not the lost one
 *   VM       it ran on the lost host, and is on no other one; its disks are not there alone, nor is a device of it; it starts
 *            once. A CPU that is whatever its host has is given anew
 *   room     on each resource what is on the host and what starts there is at most its capacity; the reserve is for this, and is
 *            not asked
 *   rules    of must rules: not on a host that is forbidden; beside no VM to be apart from, with those to be together with, near
 *            one to be near to, as far as they live or start. A VM in flight may be at either of its hosts
 *
 * Units: as cluster.h. Owner: the arena. Errors: -ENOMEM; 1 is no error. Threads: a StartCheck belongs to one.
 */
#pragma once

#include "scheduler/decide/judge/plan_check.h"

typedef struct StartCheck StartCheck;

typedef struct Start {
        VmIx vm;
        HostIx to;
} Start;

/* Of all hosts of the snapshot, each lost alone. */
int start_check_new(Arena *a, const Snapshot *s, const Settings *settings, StartCheck **ret) must_check;

/* 0: all of them may; 1: one may not, *ret_why says which and why, in the arena; -ENOMEM. */
int start_check(StartCheck *k, HostIx lost, const Start *starts, uint32_t n, const char **ret_why) must_check;
