/* SPDX-License-Identifier: Apache-2.0 */
/* The judge's own reckoning of memory, from docs/memory.md: what hosts have of it, what they use themselves, what VMs are
 * promised and have in use. */
#include <errno.h>

#include "scheduler/decide/judge/check_parts.h"

/* Its host has nothing of it: it is off, or booked. */
static bool check_memory_absent(const Vm *vm) {
        return vm->state == VM_OFF || vm->state == VM_BOOKED;
}

/* Resident as its host measured it; 0: it did not, or has nothing of it. */
static int64_t check_memory_seen(const Vm *vm) {
        return !check_memory_absent(vm) && vm->memory_resident_mib > 0 ? vm->memory_resident_mib : 0;
}

int64_t check_memory_promise(const Check *c, const Vm *vm) {
        const int64_t seen = check_memory_seen(vm);

        if (vm->hugepages_kib > 0)
                return seen > 0 ? seen : c->memory_beside;
        return seen > vm->memory_mib + c->memory_beside ? seen : vm->memory_mib + c->memory_beside;
}

int64_t check_memory_use(const Check *c, const Vm *vm) {
        const int64_t promise = check_memory_promise(c, vm);
        int64_t most = check_memory_seen(vm);

        if (vm->hugepages_kib > 0)
                return promise;
        if (vm->memory_used_mib != UNKNOWN) {
                const int64_t inside = vm->memory_used_mib + (promise - vm->memory_mib);

                most = inside > most ? inside : most;
        } else if (most == 0) {
                return promise;
        }
        return most > promise ? promise : most;
}

/* Where the host tells of the VM's pages; n_hugepages: it does not. */
static uint32_t check_memory_pool(const Host *host, int64_t kib) {
        uint32_t i = 0;

        while (i < host->n_hugepages && host->hugepages[i].kib != kib)
                i++;
        return i;
}

/* What running VMs have of each pool of each host, in *ret at first[host] and on; the last place of a host is for pools
 * that it does not tell of. */
static int check_memory_taken(Check *c, uint32_t *first, int64_t **ret) {
        const Snapshot *s = c->s;
        int64_t *taken;

        for (HostIx h = 0; h < s->n_hosts; h++)
                first[h + 1] = first[h] + s->hosts[h].n_hugepages + 1;
        taken = arena_new(c->arena, int64_t, first[s->n_hosts]);
        if (!taken)
                return -ENOMEM;
        for (VmIx v = 0; v < s->n_vms; v++) {
                const Vm *vm = &s->vms[v];

                if (vm->hugepages_kib > 0 && !check_memory_absent(vm))
                        taken[first[vm->host] + check_memory_pool(&s->hosts[vm->host], vm->hugepages_kib)] +=
                                vm->memory_mib;
        }
        *ret = taken;
        return 0;
}

/* What the host uses beside its VMs, who have `theirs` of what was measured. */
static int64_t check_memory_own(const Check *c, const Host *host, int64_t pools, int64_t theirs) {
        const int64_t least = host->reserved_mib > 0 ? host->reserved_mib : c->memory_kept;
        int64_t own = host->memory_used_mib;

        if (own == UNKNOWN)
                return least;
        if (host->memory_reclaimable_mib != UNKNOWN)
                own -= host->memory_reclaimable_mib;
        own -= pools;
        own -= theirs;
        return own > least ? own : least;
}

int check_memory_begin(Check *c) {
        const Snapshot *s = c->s;
        uint32_t *first = arena_new(c->arena, uint32_t, (size_t) s->n_hosts + 1);
        int64_t *theirs = arena_new(c->arena, int64_t, s->n_hosts), *taken = NULL;

        c->memory_kept = settings_int(c->settings, "memory", "keep_for_host");
        c->memory_beside = settings_int(c->settings, "memory", "per_vm");
        c->memory_has = arena_new(c->arena, int64_t, s->n_hosts);
        c->memory_own = arena_new(c->arena, int64_t, s->n_hosts);
        if (!first || !theirs || !c->memory_has || !c->memory_own || check_memory_taken(c, first, &taken) < 0)
                return -ENOMEM;
        for (VmIx v = 0; v < s->n_vms; v++) {
                const Vm *vm = &s->vms[v];
                const int64_t seen = check_memory_seen(vm);

                if (seen > 0)
                        theirs[vm->host] += seen;
                else if (!check_memory_absent(vm) && vm->hugepages_kib == 0)
                        theirs[vm->host] += vm->memory_mib;
        }
        for (HostIx h = 0; h < s->n_hosts; h++) {
                const Host *host = &s->hosts[h];
                int64_t pools = taken[first[h + 1] - 1];

                for (uint32_t i = 0; i < host->n_hugepages; i++)
                        pools += host->hugepages[i].total_mib > taken[first[h] + i]
                                         ? host->hugepages[i].total_mib
                                         : taken[first[h] + i];
                c->memory_has[h] = host->memory_mib > pools ? host->memory_mib - pools : 0;
                c->memory_own[h] = check_memory_own(c, host, pools, theirs[h]);
        }
        return 0;
}
