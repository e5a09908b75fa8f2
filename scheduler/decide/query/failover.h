/* SPDX-License-Identifier: Apache-2.0 */
/* What would become of the VMs of a host that is lost: who would start where, in what order, and who would not, and why.
 * Nothing is started: it is a question (docs/failover.md).
 *
 * The order is that of priority (Vm.priority, the higher first), then of size, the largest first. Each goes to a host that takes
 * VMs, has the room (its capacity, not its load line; the reserve is for this) and breaks no must rule with it there; of these
 * the one that is left with most room. Where not all find a place, all are placed again, each on the host that it fills most,
 * and those that are left over are tried in the place of another, which moves on. A proof by example: where it says that all
 * start, they can; where it says that some do not, another way might start more (docs/failover.md has how often).
 *
 * Who cannot start whatever room there is: a VM whose disks, or a device of it, the lost host alone has. One that is being
 * migrated is taken to live on its other host, where its room is held. What is booked is room, and no VM: nothing starts.
 *
 * Pure. Units: none. Owner: the arena. Errors: -ENOMEM; -ENODATA: no hosts; what problem_build() says. Threads: one.
 */
#pragma once

#include "scheduler/decide/cost/policy.h"
#include "scheduler/model/cluster.h"

typedef enum FailoverEnd {
        FAILOVER_STARTS, /* on `host` */
        FAILOVER_THERE,  /* it is on `host` as well, or may be: a migration, or it runs twice */
        FAILOVER_NONE,   /* it does not start */
} FailoverEnd;

typedef struct FailoverVm {
        VmIx vm;
        FailoverEnd end;
        HostIx host;     /* of FAILOVER_NONE: the one that lacks least; IX_NONE: none could ever take it */
        Reason reason;   /* of FAILOVER_NONE */
        const char *why; /* of FAILOVER_NONE, in words */
} FailoverVm;

typedef struct FailoverHost {
        HostIx host;
        const FailoverVm *vms; /* in the order in which they start */
        uint32_t n_vms, n_none;
} FailoverHost;

typedef struct Failover {
        const FailoverHost *hosts;     /* those that could be lost now, by name: seen, and not offline */
        uint32_t n_hosts, n_protected; /* protected: all VMs of it start, or are elsewhere */
} Failover;

/* only: a host, or IX_NONE: each in turn. 0 or a negative errno. */
int failover_find(Arena *a, const Snapshot *s, const Settings *settings, PolicySet policies, HostIx only,
                  Failover *ret) must_check;
