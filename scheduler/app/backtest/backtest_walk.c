/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <string.h>

#include "scheduler/app/backtest/backtest_parts.h"
#include "scheduler/snapshot/rules/rules_apply.h"
#include "scheduler/snapshot/wire/estimators.h"

int walk_snapshot(Walk *w, const Snapshot **ret) {
        Snapshot *s = arena_new(&w->round, Snapshot, 1);
        Vm *vms = arena_new(&w->round, Vm, w->trace->start->n_vms);
        const char *by = estimator_of(w->settings)->name;

        if (!s || !vms)
                return -ENOMEM;
        *s = *w->trace->start;
        memcpy(vms, w->vms, sizeof(*vms) * s->n_vms);
        s->hosts = w->hosts;
        s->vms = vms;
        s->taken_at = w->now;
        s->demand_by = by;
        return rules_apply(&w->round, s, settings_rules(w->settings), ret);
}

void walk_moved(Walk *w, VmIx v, HostIx to) {
        Vm *vm = &w->vms[v];

        w->day->moves++;
        w->day->moved_mib += walk_memory(vm);
        vm->host = to;
        vm->in_flight = false;
        vm->in_flight_to = IX_NONE;
}
