/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/model/host_memory.h"

#include <errno.h>

#include "scheduler/model/by_host.h"

/* Nova's reserved_host_memory_mb is 512 (VDSM's host_mem_reserve 256); KubeVirt measured 30 MiB for QEMU beside a guest
 * that uses all its memory (QemuOverhead), VDSM took 65. docs/memory.md says more. */
const SettingDef memory_settings[] = {
        { .name = "keep_for_host",
          .type = SETTING_MIB,
          .def = 512,
          .max = INT64_C(1) << 20,
          .doc = "Memory reserved for the host itself, unless it is measured to use more. Can be overridden "
                 "per host (reserved). The default is that of OpenStack Nova (reserved_host_memory_mb)." },
        { .name = "per_vm",
          .type = SETTING_MIB,
          .def = 30,
          .max = 65536,
          .doc = "Memory assumed for QEMU itself per VM, in addition to the guest's memory, unless more is "
                 "measured. The default is KubeVirt's (QemuOverhead)." },
        { 0 },
};

MemoryPolicy memory_policy(const Settings *settings) {
        return (MemoryPolicy){ .keep_for_host_mib = settings_int(settings, "memory", "keep_for_host"),
                               .per_vm_mib = settings_int(settings, "memory", "per_vm") };
}

static int64_t host_memory_at_most(int64_t value) {
        return value < QUANTITY_MAX ? value : QUANTITY_MAX;
}

static int64_t host_memory_left(int64_t value, int64_t less) {
        return value > less ? value - less : 0;
}

/* Of the guest itself, that is no huge pages. */
static int64_t host_memory_of_guest(const Vm *vm) {
        return vm->hugepages_kib > 0 ? 0 : host_memory_at_most(vm->memory_mib);
}

/* Else it holds nothing there yet: it is off, or room for it is booked. */
static bool host_memory_is_there(const Vm *vm) {
        return vm->state != VM_OFF && vm->state != VM_BOOKED;
}

static bool host_memory_is_measured(const Vm *vm) {
        return vm->memory_resident_mib > 0 && host_memory_is_there(vm);
}

int64_t vm_memory_overhead(const Vm *vm, MemoryPolicy policy) {
        const int64_t beside = vm->memory_resident_mib - host_memory_of_guest(vm);

        if (!host_memory_is_measured(vm))
                return policy.per_vm_mib;
        /* Of a guest on huge pages all that is resident is QEMU's; of another one it may hide in what the guest has not
         * touched yet. */
        return vm->hugepages_kib > 0 || beside > policy.per_vm_mib ? host_memory_at_most(beside)
                                                                   : policy.per_vm_mib;
}

int64_t vm_memory_promised(const Vm *vm, MemoryPolicy policy) {
        return host_memory_at_most(host_memory_of_guest(vm) + vm_memory_overhead(vm, policy));
}

int64_t vm_memory_resident(const Vm *vm) {
        if (!host_memory_is_there(vm))
                return 0;
        return host_memory_is_measured(vm) ? host_memory_at_most(vm->memory_resident_mib)
                                           : host_memory_of_guest(vm);
}

int64_t vm_memory_in_use(const Vm *vm, MemoryPolicy policy) {
        const int64_t promised = vm_memory_promised(vm, policy);
        int64_t use = host_memory_is_measured(vm) ? vm->memory_resident_mib : 0;

        if (vm->hugepages_kib > 0 || (use == 0 && vm->memory_used_mib < 0))
                return promised;
        if (vm->memory_used_mib >= 0 && vm->memory_used_mib + vm_memory_overhead(vm, policy) > use)
                use = vm->memory_used_mib + vm_memory_overhead(vm, policy);
        return use < promised ? use : promised;
}

int64_t host_memory_reclaimable(const Host *host) {
        return host->memory_reclaimable_mib > 0 ? host->memory_reclaimable_mib : 0;
}

/* What VMs have of sizes that the host does not tell, or more than it tells: that is set aside, too. */
static int64_t host_memory_pools(const Snapshot *s, HostIx h, const VmIx *vms, uint32_t n) {
        const Host *host = &s->hosts[h];
        int64_t sum = 0;

        for (uint32_t i = 0; i < host->n_hugepages; i++) {
                const Hugepages *g = &host->hugepages[i];
                int64_t taken = 0;

                for (uint32_t k = 0; k < n; k++)
                        if (s->vms[vms[k]].hugepages_kib == g->kib && host_memory_is_there(&s->vms[vms[k]]))
                                taken = host_memory_at_most(taken + s->vms[vms[k]].memory_mib);
                sum = host_memory_at_most(sum + (taken > g->total_mib ? taken : g->total_mib));
        }
        for (uint32_t k = 0; k < n; k++)
                if (!host_hugepages(host, s->vms[vms[k]].hugepages_kib) &&
                    host_memory_is_there(&s->vms[vms[k]]))
                        sum = host_memory_at_most(sum + s->vms[vms[k]].memory_mib);
        return sum;
}

static HostMemory host_memory_of(const Host *host, MemoryPolicy policy, int64_t pools, int64_t resident) {
        const int64_t kept = host->reserved_mib > 0 ? host->reserved_mib : policy.keep_for_host_mib;
        int64_t own = kept, steady = kept;

        if (host->memory_used_mib >= 0) {
                const int64_t measured = host_memory_left(host->memory_used_mib,
                                                          host_memory_reclaimable(host) + pools + resident);

                own = measured > kept ? measured : kept;
                steady = host->memory_reclaimable_mib >= 0 ? own : kept;
        }
        return (HostMemory){ .ordinary_mib = host_memory_left(host->memory_mib, pools),
                             .own_mib = host_memory_at_most(own),
                             .steady_mib = host_memory_at_most(steady) };
}

int host_memory_build(Arena *a, const Snapshot *s, MemoryPolicy policy, const HostMemory **ret) {
        HostMemory *all = arena_new(a, HostMemory, s->n_hosts);
        const ArenaMark mark = arena_mark(a);
        int64_t *resident = arena_new(a, int64_t, s->n_hosts);
        HostIx *huge_on = arena_new(a, HostIx, s->n_vms); /* of VMs on huge pages */
        ByHost huge;

        if (!all || !resident || !huge_on)
                return -ENOMEM;
        for (VmIx v = 0; v < s->n_vms; v++) {
                const Vm *vm = &s->vms[v];

                huge_on[v] = vm->hugepages_kib > 0 ? vm->host : IX_NONE;
                if (vm->host == IX_NONE)
                        continue;
                resident[vm->host] = host_memory_at_most(resident[vm->host] + vm_memory_resident(vm));
        }
        if (by_host_build(a, huge_on, s->n_vms, s->n_hosts, &huge) < 0)
                return -ENOMEM;
        for (HostIx h = 0; h < s->n_hosts; h++) {
                const int64_t pools =
                        host_memory_pools(s, h, huge.at + huge.from[h], by_host_count(&huge, h));

                all[h] = host_memory_of(&s->hosts[h], policy, pools, resident[h]);
        }
        arena_rewind(a, mark);
        *ret = all;
        return 0;
}
