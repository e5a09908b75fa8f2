/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/app/facts/facts_overlay.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "scheduler/model/bound_cells.h"
#include "scheduler/model/host_memory.h"

static void facts_overlay_add(int64_t *measured, int64_t amount) {
        if (*measured == UNKNOWN)
                return;
        *measured = *measured + amount > 0 ? *measured + amount : 0;
}

/* Its own copy of the array, of which others keep theirs. */
static int facts_overlay_copy(Arena *a, const void *list, size_t size, void **ret) {
        *ret = arena_take(a, 1, size, _Alignof(max_align_t));
        if (!*ret)
                return -ENOMEM;
        if (size > 0)
                memcpy(*ret, list, size);
        return 0;
}

/* Its pages of their size are taken or given back. */
static int facts_overlay_pages(Arena *a, Host *host, const Vm *vm, int64_t sign) {
        const Hugepages *of = vm->hugepages_kib > 0 ? host_hugepages(host, vm->hugepages_kib) : NULL;
        void *copy = NULL;
        Hugepages *pages;
        int64_t free;

        if (!of)
                return 0;
        if (facts_overlay_copy(a, host->hugepages, sizeof(*pages) * host->n_hugepages, &copy) < 0)
                return -ENOMEM;
        pages = (Hugepages *) copy + (of - host->hugepages);
        free = pages->free_mib - sign * vm->memory_mib;
        pages->free_mib = free < 0 ? 0 : free > pages->total_mib ? pages->total_mib : free;
        host->hugepages = copy;
        return 0;
}

/* What it sends and receives goes over the host's first card that has been measured. */
static int facts_overlay_traffic(Arena *a, Host *host, VmLoad load, int64_t sign) {
        void *copy = NULL;
        Nic *nics;
        uint32_t i = 0;

        while (i < host->n_nics && host->nics[i].rx_kbit == UNKNOWN && host->nics[i].tx_kbit == UNKNOWN)
                i++;
        if (i == host->n_nics || (load.rx_kbit <= 0 && load.tx_kbit <= 0))
                return 0;
        if (facts_overlay_copy(a, host->nics, sizeof(*nics) * host->n_nics, &copy) < 0)
                return -ENOMEM;
        nics = copy;
        facts_overlay_add(&nics[i].rx_kbit, load.rx_kbit > 0 ? sign * load.rx_kbit : 0);
        facts_overlay_add(&nics[i].tx_kbit, load.tx_kbit > 0 ? sign * load.tx_kbit : 0);
        host->nics = nics;
        return 0;
}

/* What the VM uses is taken off the host's measured use (sign −1) or added to it. */
static int facts_overlay_shift(Arena *a, Host *host, const Vm *vm, VmLoad load, int64_t sign) {
        int r = facts_overlay_pages(a, host, vm, sign);

        if (r == 0)
                r = host_numa_shift(a, host, vm, sign > 0 ? 1 : -1);
        facts_overlay_add(&host->memory_used_mib, sign * vm_memory_resident(vm));
        facts_overlay_add(&host->cpu_busy_mcores, load.cpu_mcores != UNKNOWN ? sign * load.cpu_mcores : 0);
        return r < 0 ? r : facts_overlay_traffic(a, host, load, sign);
}

static int64_t facts_overlay_scale(int64_t mcores, int64_t from_mhz, int64_t to_mhz) {
        const __int128 there = (__int128) mcores * from_mhz / to_mhz;

        return there > QUANTITY_MAX ? QUANTITY_MAX : (int64_t) there;
}

/* Cores of another speed: it needs more or fewer of them for the same. */
static int facts_overlay_speed(Arena *a, Vm *vm, int64_t from_mhz, int64_t to_mhz) {
        VmLoad *there;

        if (from_mhz <= 0 || to_mhz <= 0 || from_mhz == to_mhz)
                return 0;
        if (vm->cpu_mcores != UNKNOWN)
                vm->cpu_mcores = facts_overlay_scale(vm->cpu_mcores, from_mhz, to_mhz);
        if (!vm->measured || vm->measured->cpu_mcores == UNKNOWN)
                return 0;
        there = arena_new(a, VmLoad, 1);
        if (!there)
                return -ENOMEM;
        *there = *vm->measured;
        there->cpu_mcores = facts_overlay_scale(there->cpu_mcores, from_mhz, to_mhz);
        there->cpu_waited_mcores = facts_overlay_scale(there->cpu_waited_mcores, from_mhz, to_mhz);
        vm->measured = there;
        return 0;
}

/* A host whose facts are younger than the move has it in its measured use already. */
static int facts_overlay_apply(Arena *a, Host *from, Host *to, Vm *vm, HostIx target, usec_t ended_at) {
        const VmLoad here = vm_measured(vm);
        int r = facts_overlay_speed(a, vm, from->cpu_mhz, to->cpu_mhz);

        vm->host = target;
        vm->in_flight = false;
        vm->in_flight_to = IX_NONE;
        if (vm->running_on.n > 0) { /* that was the end of this move */
                vm->running_on = (Strings){ 0 };
                vm->movable = true;
                vm->unmovable_why = NULL;
        }
        if (r == 0 && from->seen_at <= ended_at)
                r = facts_overlay_shift(a, from, vm, here, -1);
        if (r == 0 && to->seen_at <= ended_at)
                r = facts_overlay_shift(a, to, vm, vm_measured(vm), 1);
        return r;
}

/* Do the facts show the VM where it was, or on both hosts, though it has moved since? */
static bool is_behind(const Snapshot *s, const Vm *vm, HostIx from, HostIx to, usec_t ended_at) {
        if (s->hosts[from].seen_at > ended_at && s->hosts[to].seen_at > ended_at)
                return false;
        return vm->host == from || (vm->in_flight && vm->host == to);
}

static int copy_all(Arena *a, const Snapshot *s, Snapshot *copy, Host **ret_hosts, Vm **ret_vms) {
        Host *hosts = arena_new(a, Host, s->n_hosts);
        Vm *vms = arena_new(a, Vm, s->n_vms);

        if (!hosts || !vms)
                return -ENOMEM;
        memcpy(hosts, s->hosts, sizeof(*hosts) * s->n_hosts);
        memcpy(vms, s->vms, sizeof(*vms) * s->n_vms);
        *copy = *s;
        copy->hosts = hosts;
        copy->vms = vms;
        *ret_hosts = hosts;
        *ret_vms = vms;
        return 0;
}

int facts_overlay(Arena *a, const Snapshot *s, const OverlayMove *moves, uint32_t n, const Snapshot **ret) {
        Snapshot *copy = NULL;
        Host *hosts = NULL;
        Vm *vms = NULL;

        for (uint32_t i = 0; i < n; i++) {
                HostIx from = snapshot_host(s, moves[i].order->from),
                       to = snapshot_host(s, moves[i].order->to);
                VmIx v = snapshot_vm(s, moves[i].order->vm);

                if (from == IX_NONE || to == IX_NONE || v == IX_NONE ||
                    !is_behind(s, vms ? &vms[v] : &s->vms[v], from, to, moves[i].ended_at))
                        continue;
                if (!copy) {
                        copy = arena_new(a, Snapshot, 1);
                        if (!copy || copy_all(a, s, copy, &hosts, &vms) < 0)
                                return -ENOMEM;
                }
                if (facts_overlay_apply(a, &hosts[from], &hosts[to], &vms[v], to, moves[i].ended_at) < 0)
                        return -ENOMEM;
        }
        *ret = copy ? copy : s;
        return 0;
}

int facts_overlay_holds(Arena *a, const Snapshot *s, MoveHolds missed, const Snapshot **ret) {
        MoveHold *all;
        Snapshot *copy;

        *ret = s;
        if (missed.n == 0)
                return 0;
        copy = arena_new(a, Snapshot, 1);
        all = arena_new(a, MoveHold, (size_t) s->holds.n + missed.n);
        if (!copy || !all)
                return -ENOMEM;
        if (s->holds.n > 0)
                memcpy(all, s->holds.at, sizeof(*all) * s->holds.n);
        memcpy(all + s->holds.n, missed.at, sizeof(*all) * missed.n);
        qsort(all, (size_t) s->holds.n + missed.n, sizeof(*all), move_hold_compare);
        *copy = *s;
        copy->holds = (MoveHolds){ .at = all, .n = s->holds.n + missed.n };
        *ret = copy;
        return 0;
}
