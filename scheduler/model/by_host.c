/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/model/by_host.h"

#include <errno.h>

int by_host_build(Arena *a, const HostIx *host_of, uint32_t n, uint32_t n_hosts, ByHost *ret) {
        uint32_t *from =
                arena_new(a, uint32_t, (size_t) n_hosts + 2); /* while at[] is filled, one further on */
        uint32_t *at = arena_new(a, uint32_t, n);

        if (!from || !at)
                return -ENOMEM;
        for (uint32_t i = 0; i < n; i++)
                if (host_of[i] != IX_NONE)
                        from[host_of[i] + 2]++;
        for (HostIx h = 0; h < n_hosts; h++)
                from[h + 2] += from[h + 1];
        for (uint32_t i = 0; i < n; i++)
                if (host_of[i] != IX_NONE)
                        at[from[host_of[i] + 1]++] = i;
        *ret = (ByHost){ .at = at, .from = from };
        return 0;
}

int by_host_vms(Arena *a, const Snapshot *s, ByHost *ret) {
        HostIx *host_of = arena_new(a, HostIx, s->n_vms);

        if (!host_of)
                return -ENOMEM;
        for (VmIx v = 0; v < s->n_vms; v++)
                host_of[v] = s->vms[v].host;
        return by_host_build(a, host_of, s->n_vms, s->n_hosts, ret);
}
