/* SPDX-License-Identifier: Apache-2.0 */
/* What many clusters have instead: a script that looks at the last reading, and moves VMs from the host with the highest CPU use
 * to that with the lowest while the two are more than 10 points apart (ProxLB's "balanciness" of 10 is the model). It keeps no
 * rules and no cool-down, its moves take no time, and memory must fit: more is done for it than it does. */
#include <stdlib.h>

#include "scheduler/app/backtest/backtest_parts.h"

#define GREEDY_APART 100 /* permille */
#define GREEDY_MOVES 10  /* at a step */

typedef struct GreedyHost {
        int64_t used, memory_free;
} GreedyHost;

static bool greedy_takes(const Host *host) {
        return host->state == HOST_ACTIVE && host->excluded == EXCLUDED_NONE && host->cpus > 0;
}

static int64_t greedy_share(const Walk *w, const GreedyHost *on, HostIx h) {
        return on[h].used / (w->hosts[h].cpus > 0 ? w->hosts[h].cpus : 1);
}

/* The VM whose move leaves the two nearest to each other, or IX_NONE. */
static VmIx greedy_pick(const Walk *w, const GreedyHost *on, HostIx from, HostIx to) {
        int64_t nearest = greedy_share(w, on, from) - greedy_share(w, on, to);
        VmIx best = IX_NONE;

        for (VmIx v = 0; v < w->trace->start->n_vms; v++) {
                const Vm *vm = &w->vms[v];
                int64_t cpu = w->used[v].cpu_mcores, apart;

                if (!walk_is_there(w, v) || vm->host != from || !vm->movable || cpu <= 0 ||
                    walk_memory(vm) > on[to].memory_free)
                        continue;
                apart = (on[from].used - cpu) / w->hosts[from].cpus - (on[to].used + cpu) / w->hosts[to].cpus;
                if (llabs(apart) < nearest) {
                        nearest = llabs(apart);
                        best = v;
                }
        }
        return best;
}

static bool greedy_ends(const Walk *w, const GreedyHost *on, HostIx *ret_from, HostIx *ret_to) {
        HostIx from = IX_NONE, to = IX_NONE;

        for (HostIx h = 0; h < w->trace->start->n_hosts; h++) {
                if (!greedy_takes(&w->hosts[h]))
                        continue;
                if (from == IX_NONE || greedy_share(w, on, h) > greedy_share(w, on, from))
                        from = h;
                if (to == IX_NONE || greedy_share(w, on, h) < greedy_share(w, on, to))
                        to = h;
        }
        *ret_from = from;
        *ret_to = to;
        return from != IX_NONE && greedy_share(w, on, from) - greedy_share(w, on, to) > GREEDY_APART;
}

void walk_greedy(Walk *w) {
        GreedyHost *on = arena_new(&w->round, GreedyHost, w->trace->start->n_hosts);

        if (!on)
                return; /* a step without moves */
        for (HostIx h = 0; h < w->trace->start->n_hosts; h++)
                on[h] = (GreedyHost){ w->own_mcores[h],
                                      w->hosts[h].memory_mib - w->hosts[h].reserved_mib - w->own_mib[h] };
        for (VmIx v = 0; v < w->trace->start->n_vms; v++)
                if (walk_is_there(w, v)) {
                        on[w->vms[v].host].used += w->used[v].cpu_mcores > 0 ? w->used[v].cpu_mcores : 0;
                        on[w->vms[v].host].memory_free -= walk_memory(&w->vms[v]);
                }
        for (int i = 0; i < GREEDY_MOVES; i++) {
                HostIx from, to;
                VmIx v;

                if (!greedy_ends(w, on, &from, &to))
                        return;
                v = greedy_pick(w, on, from, to);
                if (v == IX_NONE)
                        return;
                on[from].used -= w->used[v].cpu_mcores;
                on[from].memory_free += walk_memory(&w->vms[v]);
                on[to].used += w->used[v].cpu_mcores;
                on[to].memory_free -= walk_memory(&w->vms[v]);
                walk_moved(w, v, to);
        }
}
