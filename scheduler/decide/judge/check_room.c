/* SPDX-License-Identifier: Apache-2.0 */
/* The judge's own sums of what hosts hold, straight from the snapshot. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "scheduler/base/compare.h"
#include "scheduler/decide/judge/check_parts.h"

#define NO_LIMIT INT64_MAX

static int64_t check_room_product(int64_t left, int64_t right, int64_t divisor) {
        int64_t p;

        if (__builtin_mul_overflow(left, right, &p) || p / divisor > QUANTITY_MAX)
                return QUANTITY_MAX;
        return p / divisor;
}

/* The speed of hosts that do not say is the middle one of those that do. */
static int find_speeds(Check *c) {
        const Snapshot *s = c->s;
        uint32_t n = 0;
        int64_t *sorted = arena_new(c->arena, int64_t, s->n_hosts);

        c->speed = arena_new(c->arena, int64_t, s->n_hosts);
        if (!sorted || !c->speed)
                return -ENOMEM;
        for (HostIx h = 0; h < s->n_hosts; h++)
                if (s->hosts[h].cpu_mhz > 0)
                        sorted[n++] = s->hosts[h].cpu_mhz;
        qsort(sorted, n, sizeof(int64_t), compare_int64);
        for (HostIx h = 0; h < s->n_hosts; h++) {
                c->speed[h] = s->hosts[h].cpu_mhz;
                if (c->speed[h] <= 0)
                        c->speed[h] = n > 0 ? sorted[n / 2] : 1000;
        }
        return 0;
}

/* A running VM without a figure: its part, by vCPUs, of what the measured VMs leave of its host's use. */
static int guess_unmeasured(Check *c) {
        const Snapshot *s = c->s;
        int64_t *left = arena_new(c->arena, int64_t, s->n_hosts),
                *vcpus = arena_new(c->arena, int64_t, s->n_hosts);

        c->guess = arena_new(c->arena, int64_t, s->n_vms);
        if (!left || !vcpus || !c->guess)
                return -ENOMEM;
        for (HostIx h = 0; h < s->n_hosts; h++)
                left[h] = s->hosts[h].cpu_busy_mcores;
        for (VmIx v = 0; v < s->n_vms; v++) {
                const Vm *vm = &s->vms[v];

                if (vm->cpu_mcores == UNKNOWN && vm->state == VM_RUNNING)
                        vcpus[vm->host] += vm->vcpus;
                else if (vm->state != VM_OFF && vm->state != VM_BOOKED && vm->cpu_mcores != UNKNOWN &&
                         s->hosts[vm->host].cpu_busy_mcores != UNKNOWN)
                        left[vm->host] -= vm_measured(vm).cpu_mcores;
        }
        for (VmIx v = 0; v < s->n_vms; v++) {
                const Vm *vm = &s->vms[v];
                int64_t most = check_room_product(vm->vcpus, 1000, 1), part = most;

                if (vm->cpu_mcores != UNKNOWN || vm->state != VM_RUNNING || vm->vcpus == 0)
                        continue;
                if (s->hosts[vm->host].cpu_busy_mcores != UNKNOWN)
                        part = left[vm->host] > 0
                                       ? check_room_product(left[vm->host], vm->vcpus, vcpus[vm->host])
                                       : 0;
                c->guess[v] = part < most ? part : most;
        }
        return 0;
}

static uint32_t res_vcpus(const Check *c) {
        return RES_BUILTIN_N + c->s->n_extra;
}

static uint32_t res_in_use(const Check *c) {
        return RES_BUILTIN_N + c->s->n_extra + 1;
}

static uint32_t res_huge(const Check *c) {
        return RES_BUILTIN_N + c->s->n_extra + 2;
}

static uint32_t res_numa(const Check *c) {
        return res_huge(c) + c->huge.n;
}

static int64_t check_room_ratio(const Check *c, int64_t own, const char *setting) {
        return own > 0 ? own : settings_int(c->settings, "cluster", setting);
}

static int64_t limit_beyond(const Check *c, HostIx h, uint32_t r) {
        const Host *host = &c->s->hosts[h];
        int64_t share;

        if (r >= res_numa(c))
                return c->numa_most[(size_t) h * c->numa.n + r - res_numa(c)];
        if (r >= res_huge(c))
                return c->huge_most[(size_t) h * c->huge.n + r - res_huge(c)];
        if (r == res_in_use(c))
                return c->memory_lent ? c->memory_has[h] : NO_LIMIT;
        share = check_room_ratio(c, host->overcommit_cpu_permille, "overcommit_cpu");
        return share > 0 ? check_room_product(host->cpus, share, 1000) : NO_LIMIT;
}

int64_t check_capacity(const Check *c, HostIx h, uint32_t r) {
        const Host *host = &c->s->hosts[h];
        int64_t sum = 0;

        if (r == RES_CPU)
                return check_room_product(host->cpus, c->speed[h], 1);
        if (r == RES_MEMORY)
                return check_room_product(
                        c->memory_has[h],
                        check_room_ratio(c, host->overcommit_memory_permille, "overcommit_memory"), 1000);
        if (r >= RES_BUILTIN_N + c->s->n_extra)
                return limit_beyond(c, h, r);
        if (r >= RES_BUILTIN_N)
                return host->extra ? host->extra[r - RES_BUILTIN_N] : 0;
        for (uint32_t i = 0; i < host->n_nics; i++)
                if (host->nics[i].carrier && host->nics[i].speed_mbit > 0)
                        sum += check_room_product(host->nics[i].speed_mbit, 1000, 1);
        return sum > 0 ? sum : NO_LIMIT;
}

/* Of vCPUs, memory in use, huge pages. */
static int64_t demand_beyond(const Check *c, const Vm *vm, uint32_t r) {
        if (r == res_vcpus(c))
                return vm->vcpus;
        if (r >= res_numa(c))
                return check_numa_demand(c, vm, r - res_numa(c));
        if (r == res_in_use(c))
                return check_memory_use(c, vm);
        return vm->hugepages_kib == c->huge.kib[r - res_huge(c)] ? vm->memory_mib : 0;
}

/* At the speed of the host it was measured on: `speed` is that of its host in the snapshot. */
int64_t check_demand(const Check *c, VmIx v, uint32_t r) {
        const Vm *vm = &c->s->vms[v];
        int64_t quantity;

        switch (r) {
        case RES_CPU:
                if (vm->state == VM_OFF)
                        return 0;
                return check_room_product(vm->cpu_mcores != UNKNOWN ? vm->cpu_mcores : c->guess[v],
                                          c->speed[vm->host], 1000);
        case RES_MEMORY:
                quantity = check_memory_promise(c, vm);
                break;
        case RES_NET_RX:
                quantity = vm->rx_kbit;
                break;
        case RES_NET_TX:
                quantity = vm->tx_kbit;
                break;
        default:
                if (r >= res_vcpus(c))
                        return demand_beyond(c, vm, r);
                quantity = vm->extra ? vm->extra[r - RES_BUILTIN_N] : 0;
        }
        return quantity > 0 ? quantity : 0;
}

/* What the VM has of its host's reported use: its demand, or the reading that was estimated from. */
static int64_t share_of_reported(const Check *c, VmIx v, uint32_t r) {
        const Vm *vm = &c->s->vms[v];
        VmLoad load = vm_measured(vm);

        if (vm->state == VM_OFF || vm->state == VM_BOOKED)
                return 0; /* the host has nothing of it in use */
        if (r >= res_numa(c))
                return check_numa_holds(c, &c->s->vms[v], r - res_numa(c));
        if (vm->measured && r == RES_CPU && load.cpu_mcores != UNKNOWN)
                return check_room_product(load.cpu_mcores, c->speed[vm->host], 1000);
        if (vm->measured && r == RES_NET_RX)
                return load.rx_kbit > 0 ? load.rx_kbit : 0;
        if (vm->measured && r == RES_NET_TX)
                return load.tx_kbit > 0 ? load.tx_kbit : 0;
        return check_demand(c, v, r);
}

/* What the host itself reports, VMs included; 0 where it reports nothing. */
static int64_t check_room_reported(const Check *c, HostIx h, uint32_t r) {
        const Host *host = &c->s->hosts[h];
        int64_t sum = 0;

        if (r == RES_CPU)
                return host->cpu_busy_mcores > 0
                               ? check_room_product(host->cpu_busy_mcores, c->speed[h], 1000)
                               : 0;
        if (r >= res_numa(c))
                return check_numa_taken(c, h, r - res_numa(c));
        for (uint32_t i = 0; r >= res_huge(c) && i < host->n_hugepages; i++)
                if (host->hugepages[i].kib == c->huge.kib[r - res_huge(c)])
                        return host->hugepages[i].total_mib - host->hugepages[i].free_mib;
        for (uint32_t i = 0; i < host->n_nics && r < RES_BUILTIN_N; i++) {
                int64_t rate = r == RES_NET_RX ? host->nics[i].rx_kbit : host->nics[i].tx_kbit;

                sum += rate > 0 ? rate : 0;
        }
        return sum;
}

/* The sizes of huge pages in use, and what each host has: what it tells, at least what is in use. */
static int find_hugepages(Check *c) {
        const Snapshot *s = c->s;

        if (snapshot_huge_sizes(c->arena, s, &c->huge) < 0)
                return -ENOMEM;
        c->huge_most = arena_new(c->arena, int64_t, (size_t) s->n_hosts * c->huge.n);
        if (!c->huge_most)
                return -ENOMEM;
        for (uint32_t i = 0; i < c->huge.n; i++) {
                for (VmIx v = 0; v < s->n_vms; v++)
                        if (s->vms[v].hugepages_kib == c->huge.kib[i] && s->vms[v].state != VM_BOOKED)
                                c->huge_most[(size_t) s->vms[v].host * c->huge.n + i] += s->vms[v].memory_mib;
                for (HostIx h = 0; h < s->n_hosts; h++) {
                        int64_t *most = &c->huge_most[(size_t) h * c->huge.n + i];
                        bool told = false;

                        for (uint32_t k = 0; k < s->hosts[h].n_hugepages; k++)
                                told |= s->hosts[h].hugepages[k].kib == c->huge.kib[i];
                        if (!told)
                                *most = NO_LIMIT; /* check_fit() refuses it */
                        for (uint32_t k = 0; k < s->hosts[h].n_hugepages; k++)
                                if (s->hosts[h].hugepages[k].kib == c->huge.kib[i] &&
                                    s->hosts[h].hugepages[k].total_mib > *most)
                                        *most = s->hosts[h].hugepages[k].total_mib;
                }
        }
        return 0;
}

static bool memory_is_lent(const Check *c) {
        bool lent = settings_int(c->settings, "cluster", "overcommit_memory") > 1000;

        for (HostIx h = 0; h < c->s->n_hosts; h++)
                lent |= c->s->hosts[h].overcommit_memory_permille > 1000;
        return lent;
}

static Reason short_reason(const Check *c, uint32_t r, bool alone) {
        if (r == res_vcpus(c))
                return REASON_OVERCOMMIT;
        if (r >= res_numa(c))
                return REASON_NUMA_ROOM;
        if (r >= res_huge(c))
                return REASON_HUGEPAGES;
        return alone ? REASON_NO_ROOM : REASON_NO_ROOM_DURING;
}

/* What each set of nodes has; where more is bound there already, that: it is over, and no more comes. */
static void find_numa(Check *c) {
        for (size_t i = 0; i < (size_t) c->s->n_hosts * c->numa.n; i++) {
                const HostIx h = (HostIx) (i / c->numa.n);
                const uint32_t k = (uint32_t) (i % c->numa.n);
                const int64_t has = check_numa_has(c, h, k),
                              held = c->held[(size_t) h * c->n_res + res_numa(c) + k];

                c->numa_over[i] = has != UNKNOWN && held > has;
                c->numa_most[i] = has == UNKNOWN ? NO_LIMIT : held > has ? held : has;
        }
}

/* Wherever moves take it: the VM is in flight to that host, or runs there as well. */
static bool check_room_holds_anyway(const Check *c, VmIx v, HostIx h) {
        return c->s->vms[v].in_flight && h != c->s->vms[v].host && snapshot_vm_is_on(c->s, v, h);
}

int check_room_begin(Check *c) {
        const Snapshot *s = c->s;
        int64_t *known;

        if (check_memory_begin(c) < 0 || find_hugepages(c) < 0)
                return -ENOMEM;
        c->memory_lent = memory_is_lent(c);
        c->numa = snapshot_numa_sets(s);
        c->n_res = res_numa(c) + c->numa.n;
        c->numa_over = arena_new(c->arena, bool, (size_t) s->n_hosts * c->numa.n);
        c->numa_most = arena_new(c->arena, int64_t, (size_t) s->n_hosts * c->numa.n);
        c->held = arena_new(c->arena, int64_t, (size_t) s->n_hosts * c->n_res);
        c->coming = arena_new(c->arena, int64_t, (size_t) s->n_hosts * c->n_res);
        known = arena_new(c->arena, int64_t, (size_t) s->n_hosts * c->n_res);
        if (!c->held || !c->coming || !known || !c->numa_over || !c->numa_most || find_speeds(c) < 0 ||
            guess_unmeasured(c) < 0)
                return -ENOMEM;
        for (VmIx v = 0; v < s->n_vms; v++)
                for (uint32_t r = 0; r < c->n_res; r++) {
                        c->held[(size_t) s->vms[v].host * c->n_res + r] += check_demand(c, v, r);
                        known[(size_t) s->vms[v].host * c->n_res + r] += share_of_reported(c, v, r);
                }
        for (HostIx h = 0; h < s->n_hosts; h++)
                for (uint32_t r = 0; r < c->n_res; r++) {
                        size_t at = (size_t) h * c->n_res + r;
                        int64_t own =
                                check_room_reported(c, h, r) - known[at]; /* the host's, beside its VMs */

                        if (r == RES_MEMORY || r == res_in_use(c))
                                own = c->memory_own[h];
                        c->held[at] += own > 0 ? own : 0;
                }
        for (VmIx v = 0; v < s->n_vms; v++)
                for (HostIx h = 0; s->vms[v].in_flight && h < s->n_hosts; h++)
                        for (uint32_t r = 0; check_room_holds_anyway(c, v, h) && r < c->n_res; r++)
                                c->held[(size_t) h * c->n_res + r] += check_demand(c, v, r);
        find_numa(c);
        return 0;
}

static const char *resource_name(const Check *c, uint32_t r) {
        static const char *const names[RES_BUILTIN_N] = { "MHz of CPU", "MiB of memory", "kbit/s received",
                                                          "kbit/s sent" };

        if (r == res_vcpus(c))
                return "vCPUs";
        if (r == res_in_use(c))
                return "MiB of memory for use";
        if (r >= res_numa(c))
                return "MiB of memory of NUMA nodes";
        if (r >= res_huge(c))
                return "MiB of huge pages";
        return r < RES_BUILTIN_N ? names[r] : c->s->extra[r - RES_BUILTIN_N].name;
}

int check_room_wave(Check *c, const CheckMove *moves, uint32_t n) {
        for (uint32_t i = 0; i < n; i++) {
                const Move *m = &moves[i].move;
                const bool held = check_room_holds_anyway(c, m->vm, m->to);

                for (uint32_t r = 0; r < c->n_res && !held; r++)
                        c->coming[(size_t) m->to * c->n_res + r] += check_demand(c, m->vm, r);
        }
        for (uint32_t i = 0; i < n; i++) {
                const CheckMove *m = &moves[i];
                const bool held = check_room_holds_anyway(c, m->move.vm, m->move.to);

                for (uint32_t r = 0; r < c->n_res; r++) {
                        int64_t need = check_demand(c, m->move.vm, r),
                                most = check_capacity(c, m->move.to, r);
                        int64_t there = c->held[(size_t) m->move.to * c->n_res + r];
                        int64_t comes = c->coming[(size_t) m->move.to * c->n_res + r];
                        const char *text;

                        if (need == 0 || there + comes <= most)
                                continue;
                        text = text_format(
                                c->arena,
                                "%s to %s in wave %u: %s has %lld %s, uses %lld at the start of the wave, and %lld more "
                                "arrive in the wave",
                                c->s->vms[m->move.vm].name, c->s->hosts[m->move.to].name, check_wave_said(m),
                                c->s->hosts[m->move.to].name, (long long) most, resource_name(c, r),
                                (long long) there, (long long) comes);
                        if (check_object(c, m, VERDICT_REFUSED,
                                         short_reason(c, r, there + (held ? 0 : need) > most), text) < 0)
                                return -ENOMEM;
                        break;
                }
        }
        return 0;
}

void check_room_shift(Check *c, VmIx v, HostIx from, HostIx to) {
        for (uint32_t r = 0; r < c->n_res; r++) {
                const int64_t need = check_demand(c, v, r);

                c->held[(size_t) from * c->n_res + r] -= check_room_holds_anyway(c, v, from) ? 0 : need;
                c->held[(size_t) to * c->n_res + r] += check_room_holds_anyway(c, v, to) ? 0 : need;
        }
}

void check_room_end_wave(Check *c, const CheckMove *moves, uint32_t n) {
        for (uint32_t i = 0; i < n; i++) {
                check_room_shift(c, moves[i].move.vm, moves[i].move.from, moves[i].move.to);
                memset(c->coming + (size_t) moves[i].move.to * c->n_res, 0, sizeof(int64_t) * c->n_res);
        }
}
