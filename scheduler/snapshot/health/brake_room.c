/* SPDX-License-Identifier: Apache-2.0 */
/* Whether the other hosts have room for what is to leave. A proof by example: each VM is given a place, the largest first, on the
 * host with the most free memory. It may miss a place that a search finds, and never finds one that is not there. */
#include <errno.h>
#include <stdlib.h>

#include "scheduler/snapshot/health/brake_parts.h"

#define FIRST_TRIED 16U /* hosts that are looked at for one VM: those with the most memory, nearly in order */

static int64_t brake_vm_mcores(const Vm *vm) {
        if (vm->state == VM_OFF)
                return 0;
        return vm->cpu_mcores != UNKNOWN ? vm->cpu_mcores : vm->vcpus > 0 ? vm->vcpus * 1000 : 0;
}

/* One that nothing is moved to is no refuge. */
static bool brake_shelters(const Host *host) {
        return host->state == HOST_ACTIVE && host->excluded == EXCLUDED_NONE && host->fault_grade < 2;
}

static int64_t brake_memory(const Host *host, const HostMemory *memory, const Settings *settings) {
        const int64_t permille = host->overcommit_memory_permille > 0
                                         ? host->overcommit_memory_permille
                                         : settings_int(settings, "cluster", "overcommit_memory");
        const int64_t mib = memory->ordinary_mib < QUANTITY_MAX ? memory->ordinary_mib : QUANTITY_MAX;

        return mib / 1000 * permille + mib % 1000 * permille / 1000 - memory->own_mib;
}

int brake_space_new(Arena *a, const Snapshot *s, const Settings *settings, BrakeSpace **ret) {
        BrakeSpace *space = arena_new(a, BrakeSpace, 1);
        const HostMemory *memory = NULL;

        if (!space || host_memory_build(a, s, memory_policy(settings), &memory) < 0)
                return -ENOMEM;
        *space = (BrakeSpace){ .s = s,
                               .memory = memory_policy(settings),
                               .pages = arena_new(a, int64_t, s->n_hosts),
                               .mib = arena_new(a, int64_t, s->n_hosts),
                               .mcores = arena_new(a, int64_t, s->n_hosts),
                               .heap = arena_new(a, HostIx, s->n_hosts),
                               .at = arena_new(a, uint32_t, s->n_hosts) };
        if (!space->mib || !space->mcores || !space->pages || !space->heap || !space->at)
                return -ENOMEM;
        for (HostIx h = 0; h < s->n_hosts; h++) {
                space->mib[h] = brake_memory(&s->hosts[h], &memory[h], settings);
                space->mcores[h] = s->hosts[h].cpus * 1000;
        }
        for (VmIx v = 0; v < s->n_vms; v++) {
                const Vm *vm = &s->vms[v];
                const HostIx on[] = { vm->host, vm->in_flight ? vm->in_flight_to : IX_NONE };

                for (int i = 0; i < 2; i++)
                        if (on[i] != IX_NONE && (i == 0 || on[i] != on[0])) {
                                space->mib[on[i]] -= vm_memory_promised(vm, space->memory);
                                space->mcores[on[i]] -= brake_vm_mcores(vm);
                        }
        }
        for (HostIx h = 0; h < s->n_hosts; h++)
                if (brake_shelters(&s->hosts[h])) {
                        space->heap[space->n] = h;
                        space->at[h] = space->n++;
                        brake_space_rise(space, h);
                }
        *ret = space;
        return 0;
}

/* ---- a heap: the host with the most free memory first; of several alike the first ---- */

static bool brake_space_before(const BrakeSpace *space, HostIx left, HostIx right) {
        return space->mib[left] != space->mib[right] ? space->mib[left] > space->mib[right] : left < right;
}

static void brake_space_swap(BrakeSpace *space, uint32_t i, uint32_t k) {
        const HostIx h = space->heap[i];

        space->heap[i] = space->heap[k];
        space->heap[k] = h;
        space->at[space->heap[i]] = i;
        space->at[space->heap[k]] = k;
}

void brake_space_rise(BrakeSpace *space, HostIx h) {
        uint32_t i = space->at[h];

        for (; i > 0 && brake_space_before(space, h, space->heap[(i - 1) / 2]); i = (i - 1) / 2)
                brake_space_swap(space, i, (i - 1) / 2);
}

static void brake_space_sink(BrakeSpace *space, HostIx h) {
        uint32_t i = space->at[h];

        for (;;) {
                uint32_t first = i;

                for (uint32_t k = 2 * i + 1; k <= 2 * i + 2 && k < space->n; k++)
                        if (brake_space_before(space, space->heap[k], space->heap[first]))
                                first = k;
                if (first == i)
                        return;
                brake_space_swap(space, i, first);
                i = first;
        }
}

/* ---- places ---- */

static void brake_space_take(BrakeSpace *space, VmIx v, HostIx h, int sign) {
        const Vm *vm = &space->s->vms[v];

        space->mib[h] -= sign * vm_memory_promised(vm, space->memory);
        space->pages[h] += vm->hugepages_kib > 0 ? sign * vm->memory_mib : 0;
        space->mcores[h] -= sign * brake_vm_mcores(vm);
        if (sign > 0)
                brake_space_sink(space, h);
        else
                brake_space_rise(space, h);
}

/* Pages are counted over all sizes: too many for one size, never too few. */
static bool brake_has_pages(const BrakeSpace *space, const Vm *vm, HostIx h) {
        const Hugepages *pages =
                vm->hugepages_kib > 0 ? host_hugepages(&space->s->hosts[h], vm->hugepages_kib) : NULL;

        return vm->hugepages_kib == 0 || (pages && pages->free_mib - space->pages[h] >= vm->memory_mib);
}

static HostIx brake_space_place(const BrakeSpace *space, VmIx v) {
        const Vm *vm = &space->s->vms[v];
        const int64_t mcores = brake_vm_mcores(vm), mib = vm_memory_promised(vm, space->memory);

        for (uint32_t i = 0; i < space->n && i < FIRST_TRIED; i++) {
                const HostIx h = space->heap[i];

                if (h != vm->host && space->mib[h] >= mib && brake_has_pages(space, vm, h) &&
                    (mcores == 0 || space->mcores[h] >= mcores))
                        return h;
        }
        return IX_NONE;
}

typedef struct BrakeGuest {
        int64_t mib;
        VmIx vm;
} BrakeGuest;

static int brake_by_size(const void *left, const void *right) {
        const BrakeGuest *a = left, *b = right;

        return a->mib != b->mib ? (a->mib < b->mib) - (a->mib > b->mib) : (a->vm > b->vm) - (a->vm < b->vm);
}

int brake_space_add(Arena *arena, BrakeSpace *space, const bool *leaves, HostIx *io_to) {
        const Snapshot *s = space->s;
        BrakeGuest *guests;
        uint32_t n = 0, i = 0;

        for (VmIx v = 0; v < s->n_vms; v++)
                n += s->vms[v].host != IX_NONE && leaves[s->vms[v].host];
        guests = arena_new(arena, BrakeGuest, n);
        if (!guests)
                return -ENOMEM;
        n = 0;
        for (VmIx v = 0; v < s->n_vms; v++) /* what can't be moved is no reason to hold the others */
                if (s->vms[v].host != IX_NONE && leaves[s->vms[v].host] && s->vms[v].movable &&
                    !s->vms[v].in_flight)
                        guests[n++] = (BrakeGuest){ vm_memory_promised(&s->vms[v], space->memory), v };
        if (n > 0)
                qsort(guests, n, sizeof(*guests), brake_by_size);
        for (; i < n; i++) {
                io_to[guests[i].vm] = brake_space_place(space, guests[i].vm);
                if (io_to[guests[i].vm] == IX_NONE)
                        break;
                brake_space_take(space, guests[i].vm, io_to[guests[i].vm], 1);
        }
        if (i == n)
                return 0;
        while (i-- > 0) {
                brake_space_take(space, guests[i].vm, io_to[guests[i].vm], -1);
                io_to[guests[i].vm] = IX_NONE;
        }
        return 1;
}

int brake_room(Arena *a, const Snapshot *s, const Settings *settings, const bool *leaves, HostIx *ret_to) {
        BrakeSpace *space = NULL;
        int r = brake_space_new(a, s, settings, &space);

        for (VmIx v = 0; v < s->n_vms; v++)
                ret_to[v] = IX_NONE;
        return r < 0 ? r : brake_space_add(a, space, leaves, ret_to);
}
