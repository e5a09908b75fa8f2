/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include "policies/policies.h"
#include "scheduler/app/backtest/backtest_parts.h"
#include "scheduler/decide/query/failover.h"

typedef struct WalkHost {
        int64_t wanted, memory; /* mcores, MiB */
        uint32_t vms;
} WalkHost;

/* Is more than capacity less its headroom in use? */
static bool walk_above(const Walk *w, const Host *host, ResourceId r, const char *setting, int64_t used,
                       int64_t capacity) {
        const int64_t headroom = host->headroom_permille[r] != UNKNOWN
                                         ? host->headroom_permille[r]
                                         : settings_int(w->settings, "load", setting);

        return capacity > 0 && used > capacity - capacity * headroom / 1000;
}

static void walk_count_hosts(Walk *w, const Snapshot *s, const WalkHost *on, int64_t ms) {
        for (HostIx h = 0; h < w->trace->start->n_hosts; h++) {
                const Host *host = &s->hosts[h];
                const int64_t cores = host->cpus * 1000;

                w->day->overloaded_ms += on[h].wanted > cores ? ms : 0;
                w->day->empty_ms += on[h].vms == 0 ? ms : 0;
                if (walk_above(w, host, RES_CPU, "headroom_cpu", on[h].wanted, cores) ||
                    walk_above(w, host, RES_MEMORY, "headroom_memory", on[h].memory,
                               host->memory_mib - host->reserved_mib))
                        w->day->above_line_ms += ms;
        }
}

/* A host that has not what is wanted gives each of its VMs the same share of it. */
static void walk_count_vms(Walk *w, const WalkHost *on, int64_t ms) {
        for (VmIx v = 0; v < w->trace->start->n_vms; v++) {
                const Vm *vm = &w->vms[v];
                int64_t lacking, cores;

                if (!walk_is_there(w, v) || w->used[v].cpu_mcores <= 0)
                        continue;
                cores = w->hosts[vm->host].cpus * 1000;
                lacking = on[vm->host].wanted - cores;
                if (lacking <= 0)
                        continue;
                w->day->waited_ms += ms * lacking / on[vm->host].wanted;
                if (lacking * 1000 > on[vm->host].wanted * BACKTEST_WAITING)
                        w->day->waiting_ms += ms;
        }
}

static int walk_count_losses(Walk *w, const Snapshot *s) {
        Failover found;
        int r = failover_find(&w->round, s, w->settings, policies_all(), IX_NONE, &found);

        if (r < 0)
                return r == -ENODATA ? 0 : r;
        w->day->losses += found.n_hosts;
        w->day->uncovered += found.n_hosts - found.n_protected;
        return 0;
}

int walk_count(Walk *w) {
        const uint32_t n = w->trace->start->n_hosts;
        const int64_t ms = w->trace->step / USEC_PER_MSEC;
        const uint32_t each = (uint32_t) (BACKTEST_LOOK / w->trace->step);
        WalkHost *on = arena_new(&w->round, WalkHost, n);
        const Snapshot *s;
        int r = on ? walk_snapshot(w, &s) : -ENOMEM;

        if (r < 0)
                return r;
        for (HostIx h = 0; h < n; h++)
                on[h] = (WalkHost){ .wanted = w->own_mcores[h], .memory = w->own_mib[h] };
        for (VmIx v = 0; v < w->trace->start->n_vms; v++) {
                WalkHost *host;

                if (!walk_is_there(w, v))
                        continue;
                host = &on[w->vms[v].host];
                host->vms++;
                host->wanted += w->used[v].cpu_mcores > 0 ? w->used[v].cpu_mcores : 0;
                host->memory += walk_memory(&w->vms[v]);
                if (w->vms[v].in_flight_to != IX_NONE)
                        on[w->vms[v].in_flight_to].memory += walk_memory(&w->vms[v]);
        }
        walk_count_hosts(w, s, on, ms);
        walk_count_vms(w, on, ms);
        return w->step % (each > 0 ? each : 1) == 0 ? walk_count_losses(w, s) : 0;
}
