/* SPDX-License-Identifier: Apache-2.0 */
/* VMs' columns of a problem: needs, where each may not go, what it costs to move it and to leave it. */
#include <errno.h>
#include <string.h>

#include "scheduler/decide/problem/problem_columns.h"
#include "scheduler/decide/problem/problem_parts.h"

/* The price of a usual VM is 100 (Problem.move_price): most of it for the disturbance itself, so that small
 * VMs are not shuffled for crumbs (and the search may pass over hosts with nothing more to gain), the rest
 * for the time its migration takes, compared with an idle VM of this size. */
#define PRICE_DISTURBANCE 70
#define PRICE_TIME        30
#define USUAL_MIB         8192
#define PRICE_MAX         1000000
#define PRIORITY_USUAL    100
#define PRIORITY_CHEAPEST 50 /* whose price is no less for a lower one: nobody is moved for crumbs */
/* What the measured VMs of each host use and how many vCPUs the others have. */
static int build_cpu_demand(Build *b, int64_t *mcores) {
        const Snapshot *s = b->s;
        ArenaMark mark = arena_mark(b->arena);
        int64_t *used = arena_new(b->arena, int64_t, s->n_hosts);
        int64_t *vcpus = arena_new(b->arena, int64_t, s->n_hosts);

        if (!used || !vcpus)
                return -ENOMEM;
        for (VmIx v = 0; v < s->n_vms; v++)
                if (s->vms[v].state == VM_OFF || s->vms[v].state == VM_BOOKED)
                        continue;
                else if (s->vms[v].cpu_mcores != UNKNOWN)
                        used[s->vms[v].host] += problem_build_known(vm_measured(&s->vms[v]).cpu_mcores);
                else if (s->vms[v].state == VM_RUNNING)
                        vcpus[s->vms[v].host] += s->vms[v].vcpus;
        for (VmIx v = 0; v < s->n_vms; v++) {
                const Vm *vm = &s->vms[v];
                int64_t busy = s->hosts[vm->host].cpu_busy_mcores,
                        all = problem_build_scaled(vm->vcpus, 1000, 1);

                if (vm->cpu_mcores != UNKNOWN && vm->state != VM_OFF)
                        mcores[v] = vm->cpu_mcores;
                else if (vm->state != VM_RUNNING || vm->vcpus == 0)
                        mcores[v] = 0;
                else if (busy == UNKNOWN)
                        mcores[v] = all;
                else
                        mcores[v] = problem_build_at_most(
                                problem_build_scaled(problem_build_known(busy - used[vm->host]), vm->vcpus,
                                                     vcpus[vm->host]),
                                all);
        }
        arena_rewind(b->arena, mark);
        return 0;
}

static void build_need(Build *b, VmIx v, int64_t mcores) {
        const Vm *vm = &b->s->vms[v];
        int64_t *need = b->need + (size_t) v * b->p->n_res;

        need[RES_CPU] = problem_build_scaled(mcores, b->mhz[vm->host], 1000);
        need[RES_MEMORY] = vm_memory_promised(vm, b->memory_policy);
        if (b->layout.net_rx != IX_NONE) {
                need[b->layout.net_rx] = problem_build_known(vm->rx_kbit);
                need[b->layout.net_rx + 1] = problem_build_known(vm->tx_kbit);
        }
        for (uint32_t i = 0; i < b->s->n_extra && vm->extra; i++)
                need[b->layout.extra + i] =
                        problem_build_at_most(problem_build_known(vm->extra[i]), QUANTITY_MAX);
        if (b->layout.vcpus != IX_NONE)
                need[b->layout.vcpus] = problem_build_at_most(vm->vcpus, QUANTITY_MAX);
        if (b->layout.in_use != IX_NONE)
                need[b->layout.in_use] = vm_memory_in_use(vm, b->memory_policy);
        for (uint32_t i = 0; i < b->layout.huge_sizes.n; i++)
                if (b->layout.huge_sizes.kib[i] == vm->hugepages_kib)
                        need[b->layout.huge + i] = problem_build_at_most(vm->memory_mib, QUANTITY_MAX);
        for (uint32_t i = 0; i < b->layout.numa_sets.n; i++)
                need[b->layout.numa + i] = vm_bound_mib(vm, &b->layout.numa_sets, i);
}
static int64_t priority_of(const Vm *vm) {
        return vm->priority > 0 ? vm->priority : PRIORITY_USUAL;
}

/* Where a fault that asks VMs to leave does not concern all of its host's VMs, or not all weigh the same. */
static int build_leave(Build *b) {
        const Snapshot *s = b->s;
        bool partly = false, weigh = false, booked = false;
        int64_t *leave;

        for (HostIx h = 0; h < s->n_hosts; h++)
                for (uint32_t i = 0; i < s->hosts[h].n_faults; i++)
                        partly |= s->hosts[h].faults[i].partly && s->hosts[h].faults[i].grade >= 3;
        for (VmIx v = 0; v < s->n_vms; v++) {
                weigh |= priority_of(&s->vms[v]) != PRIORITY_USUAL;
                booked |= s->vms[v].state == VM_BOOKED;
        }
        if (!partly && !weigh && !booked)
                return 0;
        leave = arena_new(b->arena, int64_t, s->n_vms);
        if (!leave)
                return -ENOMEM;
        for (VmIx v = 0; v < s->n_vms; v++)
                if (s->vms[v].state != VM_BOOKED)
                        leave[v] = problem_leave_weight(s->not_now, &s->hosts[s->vms[v].host],
                                                        snapshot_vm_fault(s, v, NULL)) *
                                   (weigh ? priority_of(&s->vms[v]) : 1);
        b->p->leave = leave;
        return 0;
}

static Reason pin_of(const Build *b, const Vm *vm, const HostRole *role) {
        if (vm->state == VM_BOOKED)
                return REASON_VM_BOOKED;
        if (vm->in_flight)
                return vm_is_doubled(vm) ? REASON_VM_DOUBLED : REASON_VM_IN_FLIGHT;
        if (role->no_exit)
                return REASON_SOURCE_FENCED;
        if (!vm->movable)
                return reason_of_unmovable(vm);
        if (vm_has_odd_pages(&b->layout.huge_sizes, vm))
                return REASON_HUGEPAGES;
        if (vm_has_odd_cells(&b->layout.numa_sets, vm))
                return REASON_NUMA_ROOM;
        if (vm->local_disk_mib > 0 &&
            (vm->state == VM_OFF || settings_int(b->settings, "cluster", "local_disks") == 0))
                return REASON_LOCAL_DISK; /* nobody copies the disks of one that is off */
        return REASON_NONE;
}

/* Over a usual way, whichever it would take: what a move costs must not depend on where its VM is, or
 * planning again after it would find another plan. */
static MigrationForecast usual_forecast(const Build *b, VmIx v) {
        return migration_forecast(migration_facts(&b->net, v, IX_NONE, IX_NONE, b->net.usual_kbit));
}

static int64_t problem_build_price_of(const Build *b, const Vm *vm, const MigrationForecast *f,
                                      int64_t usual_ms) {
        const int64_t ms = f->predicted.ms;
        int64_t priority = priority_of(vm);

        if (!f->converges || ms > b->longest_ms)
                return PRICE_MAX; /* more than the balance of any two hosts is worth */
        if (priority < PRIORITY_CHEAPEST)
                priority = PRIORITY_CHEAPEST;
        return problem_build_at_most(
                problem_build_scaled(PRICE_DISTURBANCE + problem_build_scaled(ms, PRICE_TIME, usual_ms),
                                     priority, PRIORITY_USUAL),
                PRICE_MAX);
}

static int64_t usual_price_ms(const Build *b) {
        return migration_forecast((MigrationFacts){ .basis = { .memory_mib = USUAL_MIB,
                                                               .bandwidth_kbit = b->net.usual_kbit },
                                                    .downtime_limit_ms = MIGRATION_DOWNTIME_MS })
                .predicted.ms;
}

/* One that would not end is refused, unless it leaves a host to be emptied and trying is asked for. */
static Reason dirties_too_fast(const Build *b, VmIx v, const MigrationForecast *f) {
        const MovePolicy policy = move_policy_of(&b->policy, &b->s->vms[v]);
        const bool tried = policy.force && problem_leave(b->p, v, b->s->vms[v].host) > 0;

        if (f->converges || tried || move_is_possible(&b->net, v, &policy))
                return REASON_NONE;
        return REASON_VM_DIRTIES;
}

int problem_vm_columns(Build *b) {
        const Snapshot *s = b->s;
        HostIx *home = arena_new(b->arena, HostIx, s->n_vms);
        Reason *pinned = arena_new(b->arena, Reason, s->n_vms);
        int64_t *price = arena_new(b->arena, int64_t, s->n_vms);
        int64_t *mcores = arena_new(b->arena, int64_t, s->n_vms);
        int64_t *size = arena_new(b->arena, int64_t, s->n_vms);
        int64_t usual_ms;

        if (migration_net_build(b->arena, s, b->settings, &b->net) < 0)
                return -ENOMEM;
        b->policy = move_policy(b->settings);
        b->longest_ms = settings_int(b->settings, "cluster", "longest_move") / 1000;
        usual_ms = usual_price_ms(b);
        if (!home || !pinned || !price || !mcores || !size || build_leave(b) < 0 ||
            build_cpu_demand(b, mcores) < 0)
                return -ENOMEM;
        for (VmIx v = 0; v < s->n_vms; v++) {
                const MigrationForecast f = usual_forecast(b, v);

                home[v] = s->vms[v].host;
                size[v] = problem_build_at_most(s->vms[v].memory_mib, QUANTITY_MAX);
                pinned[v] = pin_of(b, &s->vms[v], &b->p->roles[home[v]]);
                if (pinned[v] == REASON_NONE)
                        pinned[v] = dirties_too_fast(b, v, &f);
                price[v] = problem_build_price_of(b, &s->vms[v], &f, usual_ms);
                build_need(b, v, mcores[v]);
        }
        b->p->home = home;
        b->p->size_mib = size;
        b->p->pinned = pinned;
        b->p->move_price = price;
        return 0;
}
