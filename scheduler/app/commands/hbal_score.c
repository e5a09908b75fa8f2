/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/app/commands/hbal_score.h"

#include <errno.h>
#include <math.h>

#define OFFLINE_PENALTY 20
#define OWN_CPUS        1 /* the host's own, beside its VMs: what htools assumes of a row without nos_cpu */

typedef struct Use {
        double memory_mib, vcpus, cpu, memory; /* cpu, memory: in mean hosts */
} Use;

typedef struct Spreading {
        double sum, squares;
} Spreading;

static void spread_add(Spreading *s, double value) {
        s->sum += value;
        s->squares += value * value;
}

static double spread_sd(const Spreading *s, double n) {
        const double variance = (s->squares - s->sum * s->sum / n) / n;

        return variance > 0 ? sqrt(variance) : 0;
}

static void mean_host(const Snapshot *s, double *ret_cores, double *ret_mib, double *ret_n) {
        double cores = 0, mib = 0, n = 0;

        for (HostIx h = 0; h < s->n_hosts; h++) {
                if (s->hosts[h].state == HOST_OFFLINE)
                        continue;
                cores += (double) s->hosts[h].cpus;
                mib += (double) s->hosts[h].memory_mib;
                n++;
        }
        *ret_cores = n > 0 && cores > 0 ? cores / n : 1;
        *ret_mib = n > 0 && mib > 0 ? mib / n : 1;
        *ret_n = n;
}

int hbal_score(Arena *a, const Snapshot *s, const HostIx *host_of, double *ret) {
        Use *use = arena_new(a, Use, s->n_hosts);
        Spreading free_memory = { 0 }, vcpus = { 0 }, cpu = { 0 }, memory = { 0 };
        double cores, mib, n, score = 0;

        if (!use)
                return -ENOMEM;
        mean_host(s, &cores, &mib, &n);
        for (VmIx v = 0; v < s->n_vms; v++) {
                const Vm *vm = &s->vms[v];
                const HostIx h = host_of ? host_of[v] : vm->host;

                if (h == IX_NONE)
                        continue;
                use[h].memory_mib += (double) vm->memory_mib;
                use[h].vcpus += (double) vm->vcpus;
                use[h].cpu += vm->cpu_mcores == UNKNOWN ? 1 : (double) vm->cpu_mcores / 1000 / cores;
                use[h].memory += (double) vm->memory_mib / mib;
                score += s->hosts[h].state == HOST_OFFLINE ? OFFLINE_PENALTY : 0;
        }
        for (HostIx h = 0; h < s->n_hosts; h++) {
                const Host *host = &s->hosts[h];

                if (host->state == HOST_OFFLINE)
                        continue;
                spread_add(&free_memory, host->memory_mib > 0
                                                 ? 1 - (use[h].memory_mib + (double) host->reserved_mib) /
                                                                   (double) host->memory_mib
                                                 : 0);
                spread_add(&vcpus, host->cpus > 0 ? (use[h].vcpus + OWN_CPUS) / (double) host->cpus : 0);
                spread_add(&cpu, use[h].cpu);
                spread_add(&memory, use[h].memory);
        }
        if (n > 0)
                score += spread_sd(&free_memory, n) + spread_sd(&vcpus, n) + spread_sd(&cpu, n) +
                         spread_sd(&memory, n);
        *ret = score;
        return 0;
}
