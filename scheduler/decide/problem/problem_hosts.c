/* SPDX-License-Identifier: Apache-2.0 */
/* Hosts' columns of a problem: roles, capacities, limits, and what hosts use themselves. */
#include <errno.h>
#include <string.h>

#include "scheduler/decide/problem/problem_columns.h"
#include "scheduler/decide/problem/problem_parts.h"

/* Weights of hosts to be emptied, for each VM on them: a failing host before a maintenance. */
#define EVACUATE_NOW    100 /* fault grade 4 */
#define EVACUATE_SOON   10  /* fault grade 3 */
#define EVACUATE_WANTED 1   /* maintenance */
/* not_now: SNAPSHOT_NO_…. A host that is not emptied now takes no VM all the same. */
int64_t problem_leave_weight(unsigned not_now, const Host *host, int64_t grade) {
        const HostState state = host->state;

        if (host->held)
                return 0;
        if (grade >= 3 && !(not_now & SNAPSHOT_NO_EVACUATION))
                return grade >= 4 ? EVACUATE_NOW : EVACUATE_SOON;
        return state == HOST_MAINTENANCE && !(not_now & SNAPSHOT_NO_MAINTENANCE) ? EVACUATE_WANTED : 0;
}

HostRole problem_build_role_of(unsigned not_now, const Host *host) {
        HostRole role = { 0 };

        role.no_exit = host->excluded != EXCLUDED_NONE || host->state == HOST_OFFLINE;
        if (host->state == HOST_OFFLINE)
                role.no_entry = REASON_HOST_OFFLINE;
        else if (host->excluded != EXCLUDED_NONE)
                role.no_entry = host->excluded == EXCLUDED_SEEN ? REASON_HOST_SEEN : REASON_HOST_FENCED;
        else if (host->state == HOST_MAINTENANCE)
                role.no_entry = REASON_HOST_MAINTENANCE;
        else if (host->fault_grade >= 2)
                role.no_entry = REASON_HOST_FAULTY;
        else if (host->state == HOST_CORDONED)
                role.no_entry = REASON_HOST_CORDONED;
        else if (host->no_entry_why)
                role.no_entry = REASON_HOST_UNSURE;
        if (!role.no_exit)
                role.evacuate = problem_leave_weight(not_now, host, host->fault_grade);
        return role;
}

/* Targets that could not be reached lately. */
void problem_build_missed(const Snapshot *s, HostRole *roles) {
        for (uint32_t i = 0; i < s->holds.n; i++) {
                const MoveHold *hold = &s->holds.at[i];
                const HostIx h = !hold->vm && hold->to ? snapshot_host(s, hold->to) : IX_NONE;

                if (h != IX_NONE && move_hold_holds(hold, s->taken_at) && roles[h].no_entry == REASON_NONE)
                        roles[h].no_entry = REASON_HOST_MISSED;
        }
}

static int64_t problem_build_headroom(const Build *b, const Host *host, ResourceId r, const char *setting) {
        if (host->headroom_permille[r] != UNKNOWN)
                return host->headroom_permille[r];
        return settings_int(b->settings, "load", setting);
}

static void host_resource(Build *b, HostIx h, uint32_t r, int64_t capacity, int64_t permille) {
        size_t at = (size_t) h * b->p->n_res + r;

        b->capacity[at] = capacity;
        b->limit[at] = capacity - problem_build_scaled(capacity, problem_build_at_most(permille, 1000), 1000);
}

/* Of NICs with a carrier. Both ways the same: links are full duplex. */
static int64_t nic_kbit(const Host *host) {
        int64_t sum = 0;

        for (uint32_t i = 0; i < host->n_nics; i++)
                if (host->nics[i].carrier && host->nics[i].speed_mbit > 0)
                        sum = problem_build_at_most(
                                sum + problem_build_scaled(host->nics[i].speed_mbit, 1000, 1), QUANTITY_MAX);
        return sum > 0 ? sum : QUANTITY_MAX;
}

static int64_t memory_ratio(const Build *b, const Host *host) {
        return host->overcommit_memory_permille > 0
                       ? host->overcommit_memory_permille
                       : settings_int(b->settings, "cluster", "overcommit_memory");
}

static int64_t vcpus_at_most(const Build *b, const Host *host) {
        const int64_t ratio = host->overcommit_cpu_permille > 0
                                      ? host->overcommit_cpu_permille
                                      : settings_int(b->settings, "cluster", "overcommit_cpu");

        return ratio > 0 ? problem_build_scaled(host->cpus, ratio, 1000) : QUANTITY_MAX;
}

void problem_host_columns(Build *b, HostIx h) {
        const Host *host = &b->s->hosts[h];
        const Settings *set = b->settings;
        uint32_t rx = b->layout.net_rx;

        host_resource(b, h, RES_CPU, problem_build_scaled(host->cpus, b->mhz[h], 1),
                      problem_build_headroom(b, host, RES_CPU, "headroom_cpu"));
        host_resource(b, h, RES_MEMORY,
                      problem_build_scaled(b->memory[h].ordinary_mib, memory_ratio(b, host), 1000),
                      problem_build_headroom(b, host, RES_MEMORY, "headroom_memory"));
        if (rx != IX_NONE) {
                host_resource(b, h, rx, nic_kbit(host),
                              problem_build_headroom(b, host, RES_NET_RX, "headroom_network"));
                host_resource(b, h, rx + 1, nic_kbit(host),
                              problem_build_headroom(b, host, RES_NET_TX, "headroom_network"));
        }
        for (uint32_t i = 0; i < b->s->n_extra; i++)
                host_resource(b, h, b->layout.extra + i,
                              host->extra ? problem_build_at_most(host->extra[i], QUANTITY_MAX) : 0,
                              host->headroom_permille[HEADROOM_EXTRA] != UNKNOWN
                                      ? host->headroom_permille[HEADROOM_EXTRA]
                                      : settings_int(set, "cluster", "headroom_extra"));
        if (b->layout.vcpus != IX_NONE)
                host_resource(b, h, b->layout.vcpus, vcpus_at_most(b, host), 0);
        if (b->layout.in_use != IX_NONE)
                host_resource(b, h, b->layout.in_use,
                              problem_build_at_most(b->memory[h].ordinary_mib, QUANTITY_MAX),
                              problem_build_headroom(b, host, RES_MEMORY, "headroom_memory"));
}

/* As much as the host tells, and at least what its VMs have of it now. To a host that tells nothing no VM may
 * come that has them (problem_classes.c). */
void problem_host_hugepages(Build *b) {
        const Snapshot *s = b->s;

        for (uint32_t i = 0; i < b->layout.huge_sizes.n; i++) {
                const uint32_t r = b->layout.huge + i;

                b->p->transient[r] = true;
                b->p->lacks[r] = REASON_HUGEPAGES;
                for (VmIx v = 0; v < s->n_vms; v++)
                        if (s->vms[v].state != VM_BOOKED)
                                b->capacity[(size_t) s->vms[v].host * b->p->n_res + r] +=
                                        b->need[(size_t) v * b->p->n_res + r];
                for (HostIx h = 0; h < s->n_hosts; h++) {
                        const Hugepages *g = host_hugepages(&s->hosts[h], b->layout.huge_sizes.kib[i]);
                        int64_t *capacity = &b->capacity[(size_t) h * b->p->n_res + r];

                        if (!g)
                                *capacity = QUANTITY_MAX;
                        else if (g->total_mib > *capacity)
                                *capacity = g->total_mib;
                        b->limit[(size_t) h * b->p->n_res + r] = *capacity;
                }
        }
}
/* The host's use as it was measured; 0 where it was not. Memory is in Build.memory. */
static void measured_use(const Build *b, HostIx h, int64_t *use) {
        const Host *host = &b->s->hosts[h];
        uint32_t rx = b->layout.net_rx;

        use[RES_CPU] = problem_build_scaled(problem_build_known(host->cpu_busy_mcores), b->mhz[h], 1000);
        for (uint32_t i = 0; i < host->n_nics && rx != IX_NONE; i++) {
                use[rx] = problem_build_at_most(use[rx] + problem_build_known(host->nics[i].rx_kbit),
                                                QUANTITY_MAX);
                use[rx + 1] = problem_build_at_most(use[rx + 1] + problem_build_known(host->nics[i].tx_kbit),
                                                    QUANTITY_MAX);
        }
        for (uint32_t i = 0; i < b->layout.huge_sizes.n; i++) {
                const Hugepages *g = host_hugepages(host, b->layout.huge_sizes.kib[i]);

                use[b->layout.huge + i] = g ? problem_build_known(g->total_mib - g->free_mib) : 0;
        }
}

/* What the VM has in its host's measured use: its need, or the reading its need was estimated from. One that
 * is off has nothing, though it needs its memory, as if it ran: it shall be able to start where it comes to.
 */
static int64_t part_of_use(const Build *b, VmIx v, uint32_t r) {
        const Vm *vm = &b->s->vms[v];
        uint32_t rx = b->layout.net_rx;

        if (vm->state == VM_OFF || vm->state == VM_BOOKED)
                return 0;
        if (vm->measured && r == RES_CPU && vm->measured->cpu_mcores != UNKNOWN)
                return problem_build_scaled(problem_build_known(vm->measured->cpu_mcores), b->mhz[vm->host],
                                            1000);
        if (vm->measured && rx != IX_NONE && r == rx)
                return problem_build_known(vm->measured->rx_kbit);
        if (vm->measured && rx != IX_NONE && r == rx + 1)
                return problem_build_known(vm->measured->tx_kbit);
        return b->need[(size_t) v * b->p->n_res + r];
}

void problem_host_base(Build *b) {
        const Snapshot *s = b->s;
        uint32_t n_res = b->p->n_res;

        for (VmIx v = 0; v < s->n_vms; v++)
                for (uint32_t r = 0; r < n_res; r++)
                        b->base[(size_t) s->vms[v].host * n_res + r] += part_of_use(b, v, r);
        for (HostIx h = 0; h < s->n_hosts; h++) {
                int64_t use[PROBLEM_RES_MAX] = { 0 };

                measured_use(b, h, use);
                for (uint32_t r = 0; r < n_res; r++) {
                        int64_t *base = &b->base[(size_t) h * n_res + r];

                        *base = r == RES_MEMORY || r == b->layout.in_use
                                        ? b->memory[h].own_mib
                                        : problem_build_known(use[r] - *base);
                }
        }
        for (VmIx v = 0; v < s->n_vms; v++)
                for (HostIx h = 0; s->vms[v].in_flight && h < s->n_hosts; h++)
                        for (uint32_t r = 0; h != s->vms[v].host && snapshot_vm_is_on(s, v, h) && r < n_res;
                             r++)
                                b->base[(size_t) h * n_res + r] += b->need[(size_t) v * n_res + r];
}
