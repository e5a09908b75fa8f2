/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/app/facts/facts_overlay.h"

#include <errno.h>
#include <string.h>

static void facts_overlay_add(int64_t *measured, int64_t amount) {
        if (*measured == UNKNOWN)
                return;
        *measured = *measured + amount > 0 ? *measured + amount : 0;
}

/* A host whose facts are younger than the move has it in its measured use already. */
static void facts_overlay_apply(Host *from, Host *to, Vm *vm, HostIx target, usec_t ended_at) {
        VmLoad load = vm_measured(vm);
        int64_t mib = load.memory_used_mib != UNKNOWN ? load.memory_used_mib : vm->memory_mib;
        int64_t mcores = load.cpu_mcores != UNKNOWN ? load.cpu_mcores : 0;

        vm->host = target;
        vm->in_flight = false;
        vm->in_flight_to = IX_NONE;
        if (vm->running_on.n > 0) { /* that was the end of this move */
                vm->running_on = (Strings){ 0 };
                vm->movable = true;
                vm->unmovable_why = NULL;
        }
        if (from->seen_at <= ended_at) {
                facts_overlay_add(&from->memory_used_mib, -mib);
                facts_overlay_add(&from->cpu_busy_mcores, -mcores);
        }
        if (to->seen_at <= ended_at) {
                facts_overlay_add(&to->memory_used_mib, mib);
                facts_overlay_add(&to->cpu_busy_mcores, mcores);
        }
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
                facts_overlay_apply(&hosts[from], &hosts[to], &vms[v], to, moves[i].ended_at);
        }
        *ret = copy ? copy : s;
        return 0;
}
