/* SPDX-License-Identifier: Apache-2.0 */
/* Hosts as bars against their load lines, now or before and after a plan.
 *
 * Units: permille of capacity. Owner: the arena. Errors: -ENOMEM. Threads: one.
 */
#pragma once

#include "scheduler/app/terminal/table.h"
#include "scheduler/model/plan.h"

typedef struct FleetView {
        const Snapshot *snapshot;
        const Problem *problem;
        const HostIx *host_of; /* [vm] after the plan; NULL: only what is now */
        bool all;              /* every host, however many */
        const bool *only;      /* [host] these alone; NULL: all */
} FleetView;

/* Up to 48 hosts by name; of more, the 16 nearest to or furthest above their load lines, and how many are
 * left out. 0 or -ENOMEM. */
int fleet_print(Arena *a, const FleetView *view, const Screen *screen) must_check;

/* host_of after all moves of a plan. */
int fleet_after(Arena *a, const Problem *p, const Plan *plan, const HostIx **ret) must_check;

/* What `status --json` tells of a host. */
typedef struct HostShare {
        Bar cpu, memory, net_rx,
                net_tx; /* used UNKNOWN: the host's size, or its links' speed, is not known */
        uint32_t vms;
        bool over; /* a resource is above its load line */
} HostShare;

/* Permille of capacity, [host × res], every VM where host_of says; *ret_used: UNKNOWN where the capacity is not known.
 * 0 or -ENOMEM. */
int fleet_used(Arena *a, const Problem *p, const HostIx *host_of, const int64_t **ret_used,
               const int64_t **ret_line) must_check;

/* [host], every VM where host_of says. 0 or -ENOMEM. */
int fleet_shares(Arena *a, const Problem *p, const HostIx *host_of, const HostShare **ret) must_check;
