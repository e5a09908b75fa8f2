/* SPDX-License-Identifier: Apache-2.0 */
/* VMs by the host that they are on (or moves by the one they leave, or whatever else is on hosts): those of host h are
 * at[from[h]] … at[from[h + 1] − 1], in their order.
 *
 * Units: none. Owner: all is in the arena. Errors: -ENOMEM. Threads: any, of what is built.
 */
#pragma once

#include "scheduler/model/cluster.h"

typedef struct ByHost {
        const uint32_t *at, *from; /* from: [n_hosts + 1] */
} ByHost;

/* host_of[n]: where each is; IX_NONE: nowhere, and it is left out. */
int by_host_build(Arena *a, const HostIx *host_of, uint32_t n, uint32_t n_hosts, ByHost *ret) must_check;

/* The snapshot's VMs, by Vm.host. */
int by_host_vms(Arena *a, const Snapshot *s, ByHost *ret) must_check;

static inline uint32_t by_host_count(const ByHost *all, HostIx h) {
        return all->from[h + 1] - all->from[h];
}
