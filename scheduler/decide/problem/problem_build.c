/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/decide/problem/problem_build.h"

#include <errno.h>
#include <string.h>

#include "scheduler/decide/migration/migration_model.h"
#include "scheduler/decide/migration/move_strategy.h"
#include "scheduler/decide/problem/problem_parts.h"

#define HOUR INT64_C(3600000000) /* in µs, as all durations of settings */

static const char *const local_disk_words[] = { "refuse", "copy", NULL };

const SettingDef cluster_settings[] = {
        { .name = "hosts",
          .type = SETTING_TEXT,
          .def_text = "",
          .choices = setting_words,
          .doc = "Hosts that are admitted by themselves when they first report, by name: h1, rack2-*, or * for all that "
                 "can write a report. Any other is only seen, and takes no part, until plimsoll host admit." },
        { .name = "headroom_extra",
          .type = SETTING_PERMILLE,
          .def = 100,
          .max = 900,
          .doc = "Of each extra resource, kept free on each host, unless the host says otherwise." },
        { .name = "overcommit_memory",
          .type = SETTING_PERMILLE,
          .def = 1000,
          .min = 100,
          .max = 4000,
          .doc = "Memory that may be allocated to VMs, as a share of what the host has: 1.5 allows half as "
                 "much again." },
        { .name = "overcommit_cpu",
          .type = SETTING_PERMILLE,
          .def = 0,
          .max = 100000,
          .doc = "vCPUs that may be allocated to VMs per CPU of a host: 4 allows four, whatever they use; 0: "
                 "only use counts. A host may say its own." },
        { .name = "local_disks",
          .type = SETTING_CHOICE,
          .choices = local_disk_words,
          .doc = "A VM with disks that other hosts do not see: refuse to move it, or copy its disks along, "
                 "at "
                 "their price." },
        { .name = "migration_bandwidth",
          .type = SETTING_KBIT,
          .max = 1000000000,
          .doc = "Another name of migration.bandwidth; of both, the lower counts." },
        { .name = "longest_move",
          .type = SETTING_DURATION,
          .def = HOUR,
          .min = HOUR / 3600,
          .max = 1000 * HOUR,
          .doc = "A VM whose migration is predicted to take longer, or not to end by itself, is not moved "
                 "for "
                 "balance: only to repair, to evacuate, or to relieve a host above its load line." },
        { .name = NULL },
};

/* Weights of hosts to be emptied, for each VM on them: a failing host before a maintenance. */
#define EVACUATE_NOW    100 /* fault grade 4 */
#define EVACUATE_SOON   10  /* fault grade 3 */
#define EVACUATE_WANTED 1   /* maintenance */

/* See Problem: 100 is the normal weight of a resource. */
#define WEIGHT_NORMAL 100

/* The price of a usual VM is 100 (Problem.move_price): most of it for the disturbance itself, so that small
 * VMs are not shuffled for crumbs (and the search may pass over hosts with nothing more to gain), the rest
 * for the time its migration takes, compared with an idle VM of this size. */
#define PRICE_DISTURBANCE 70
#define PRICE_TIME        30
#define USUAL_MIB         8192
#define PRICE_MAX         1000000
#define PRIORITY_USUAL    100
#define PRIORITY_CHEAPEST 50 /* whose price is no less for a lower one: nobody is moved for crumbs */

typedef struct Build {
        Arena *arena;
        const Snapshot *s;
        const Settings *settings;
        ResourceLayout layout;
        Problem *p;
        MigrationNet net;
        MovePolicy policy;
        int64_t longest_ms;                      /* of a move for balance */
        int64_t *capacity, *limit, *base, *need; /* p's, while they are written */
        int64_t *mhz;                            /* [host] */
} Build;

static int64_t at_most(int64_t value, int64_t most) {
        return value < most ? value : most;
}

static int64_t problem_build_known(int64_t value) {
        return value > 0 ? value : 0;
}

/* a × b ÷ c, QUANTITY_MAX where that is too much. a, b ≥ 0, c > 0. */
static int64_t problem_build_scaled(int64_t left, int64_t right, int64_t c) {
        int64_t product;

        if (__builtin_mul_overflow(left, right, &product))
                return QUANTITY_MAX;
        return at_most(product / c, QUANTITY_MAX);
}

/* not_now: SNAPSHOT_NO_…. A host that is not emptied now takes no VM all the same. */
static int64_t leave_weight(unsigned not_now, const Host *host, int64_t grade) {
        const HostState state = host->state;

        if (host->held)
                return 0;
        if (grade >= 3 && !(not_now & SNAPSHOT_NO_EVACUATION))
                return grade >= 4 ? EVACUATE_NOW : EVACUATE_SOON;
        return state == HOST_MAINTENANCE && !(not_now & SNAPSHOT_NO_MAINTENANCE) ? EVACUATE_WANTED : 0;
}

static HostRole problem_build_role_of(unsigned not_now, const Host *host) {
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
                role.evacuate = leave_weight(not_now, host, host->fault_grade);
        return role;
}

/* Targets that could not be reached lately. */
static void problem_build_missed(const Snapshot *s, HostRole *roles) {
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
        b->limit[at] = capacity - problem_build_scaled(capacity, at_most(permille, 1000), 1000);
}

/* Of NICs with a carrier. Both ways the same: links are full duplex. */
static int64_t nic_kbit(const Host *host) {
        int64_t sum = 0;

        for (uint32_t i = 0; i < host->n_nics; i++)
                if (host->nics[i].carrier && host->nics[i].speed_mbit > 0)
                        sum = at_most(sum + problem_build_scaled(host->nics[i].speed_mbit, 1000, 1),
                                      QUANTITY_MAX);
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

static void build_host(Build *b, HostIx h) {
        const Host *host = &b->s->hosts[h];
        const Settings *set = b->settings;
        uint32_t rx = b->layout.net_rx;

        host_resource(b, h, RES_CPU, problem_build_scaled(host->cpus, b->mhz[h], 1),
                      problem_build_headroom(b, host, RES_CPU, "headroom_cpu"));
        host_resource(b, h, RES_MEMORY, problem_build_scaled(host->memory_mib, memory_ratio(b, host), 1000),
                      problem_build_headroom(b, host, RES_MEMORY, "headroom_memory"));
        if (rx != IX_NONE) {
                host_resource(b, h, rx, nic_kbit(host),
                              problem_build_headroom(b, host, RES_NET_RX, "headroom_network"));
                host_resource(b, h, rx + 1, nic_kbit(host),
                              problem_build_headroom(b, host, RES_NET_TX, "headroom_network"));
        }
        for (uint32_t i = 0; i < b->s->n_extra; i++)
                host_resource(b, h, b->layout.extra + i,
                              host->extra ? at_most(host->extra[i], QUANTITY_MAX) : 0,
                              host->headroom_permille[HEADROOM_EXTRA] != UNKNOWN
                                      ? host->headroom_permille[HEADROOM_EXTRA]
                                      : settings_int(set, "cluster", "headroom_extra"));
        if (b->layout.vcpus != IX_NONE)
                host_resource(b, h, b->layout.vcpus, vcpus_at_most(b, host), 0);
        if (b->layout.in_use != IX_NONE)
                host_resource(b, h, b->layout.in_use, at_most(host->memory_mib, QUANTITY_MAX),
                              problem_build_headroom(b, host, RES_MEMORY, "headroom_memory"));
}

/* As much as the host tells, and at least what its VMs have of it now. To a host that tells nothing no VM may
 * come that has them (problem_classes.c). */
static void build_hugepages(Build *b) {
        const Snapshot *s = b->s;

        for (uint32_t i = 0; i < b->layout.huge_sizes.n; i++) {
                const uint32_t r = b->layout.huge + i;

                b->p->transient[r] = true;
                b->p->lacks[r] = REASON_HUGEPAGES;
                for (VmIx v = 0; v < s->n_vms; v++)
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

/* What the measured VMs of each host use and how many vCPUs the others have. */
static int build_cpu_demand(Build *b, int64_t *mcores) {
        const Snapshot *s = b->s;
        ArenaMark mark = arena_mark(b->arena);
        int64_t *used = arena_new(b->arena, int64_t, s->n_hosts);
        int64_t *vcpus = arena_new(b->arena, int64_t, s->n_hosts);

        if (!used || !vcpus)
                return -ENOMEM;
        for (VmIx v = 0; v < s->n_vms; v++)
                if (s->vms[v].state == VM_OFF)
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
                        mcores[v] = at_most(problem_build_scaled(problem_build_known(busy - used[vm->host]),
                                                                 vm->vcpus, vcpus[vm->host]),
                                            all);
        }
        arena_rewind(b->arena, mark);
        return 0;
}

static void build_need(Build *b, VmIx v, int64_t mcores) {
        const Vm *vm = &b->s->vms[v];
        int64_t *need = b->need + (size_t) v * b->p->n_res;

        need[RES_CPU] = problem_build_scaled(mcores, b->mhz[vm->host], 1000);
        need[RES_MEMORY] = at_most(vm->memory_mib, QUANTITY_MAX);
        if (b->layout.net_rx != IX_NONE) {
                need[b->layout.net_rx] = problem_build_known(vm->rx_kbit);
                need[b->layout.net_rx + 1] = problem_build_known(vm->tx_kbit);
        }
        for (uint32_t i = 0; i < b->s->n_extra && vm->extra; i++)
                need[b->layout.extra + i] = at_most(problem_build_known(vm->extra[i]), QUANTITY_MAX);
        if (b->layout.vcpus != IX_NONE)
                need[b->layout.vcpus] = at_most(vm->vcpus, QUANTITY_MAX);
        if (b->layout.in_use != IX_NONE)
                need[b->layout.in_use] = at_most(
                        vm->memory_used_mib != UNKNOWN ? vm->memory_used_mib : vm->memory_mib, QUANTITY_MAX);
        for (uint32_t i = 0; i < b->layout.huge_sizes.n; i++)
                if (b->layout.huge_sizes.kib[i] == vm->hugepages_kib)
                        need[b->layout.huge + i] = need[RES_MEMORY];
}

/* The host's use as it was measured; 0 where it was not. */
static void measured_use(const Build *b, HostIx h, int64_t *use) {
        const Host *host = &b->s->hosts[h];
        uint32_t rx = b->layout.net_rx;

        use[RES_CPU] = problem_build_scaled(problem_build_known(host->cpu_busy_mcores), b->mhz[h], 1000);
        use[RES_MEMORY] = problem_build_known(host->memory_used_mib);
        for (uint32_t i = 0; i < host->n_nics && rx != IX_NONE; i++) {
                use[rx] = at_most(use[rx] + problem_build_known(host->nics[i].rx_kbit), QUANTITY_MAX);
                use[rx + 1] = at_most(use[rx + 1] + problem_build_known(host->nics[i].tx_kbit), QUANTITY_MAX);
        }
        if (b->layout.in_use != IX_NONE)
                use[b->layout.in_use] = use[RES_MEMORY];
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

        if (vm->state == VM_OFF)
                return 0;
        if (vm->measured && r == RES_CPU && vm->measured->cpu_mcores != UNKNOWN)
                return problem_build_scaled(problem_build_known(vm->measured->cpu_mcores), b->mhz[vm->host],
                                            1000);
        if (vm->measured && rx != IX_NONE && r == rx)
                return problem_build_known(vm->measured->rx_kbit);
        if (vm->measured && rx != IX_NONE && r == rx + 1)
                return problem_build_known(vm->measured->tx_kbit);
        if (vm->measured && r == b->layout.in_use && vm->measured->memory_used_mib != UNKNOWN)
                return problem_build_known(vm->measured->memory_used_mib);
        return b->need[(size_t) v * b->p->n_res + r];
}

static void build_base(Build *b) {
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

                        *base = problem_build_known(use[r] - *base);
                        if ((r == RES_MEMORY || r == b->layout.in_use) && *base < s->hosts[h].reserved_mib)
                                *base = at_most(s->hosts[h].reserved_mib, QUANTITY_MAX);
                }
        }
        for (VmIx v = 0; v < s->n_vms; v++)
                for (HostIx h = 0; s->vms[v].in_flight && h < s->n_hosts; h++)
                        for (uint32_t r = 0; h != s->vms[v].host && snapshot_vm_is_on(s, v, h) && r < n_res;
                             r++)
                                b->base[(size_t) h * n_res + r] += b->need[(size_t) v * n_res + r];
}

static int64_t priority_of(const Vm *vm) {
        return vm->priority > 0 ? vm->priority : PRIORITY_USUAL;
}

/* Where a fault that asks VMs to leave does not concern all of its host's VMs, or not all weigh the same. */
static int build_leave(Build *b) {
        const Snapshot *s = b->s;
        bool partly = false, weigh = false;
        int64_t *leave;

        for (HostIx h = 0; h < s->n_hosts; h++)
                for (uint32_t i = 0; i < s->hosts[h].n_faults; i++)
                        partly |= s->hosts[h].faults[i].partly && s->hosts[h].faults[i].grade >= 3;
        for (VmIx v = 0; v < s->n_vms; v++)
                weigh |= priority_of(&s->vms[v]) != PRIORITY_USUAL;
        if (!partly && !weigh)
                return 0;
        leave = arena_new(b->arena, int64_t, s->n_vms);
        if (!leave)
                return -ENOMEM;
        for (VmIx v = 0; v < s->n_vms; v++)
                leave[v] =
                        leave_weight(s->not_now, &s->hosts[s->vms[v].host], snapshot_vm_fault(s, v, NULL)) *
                        (weigh ? priority_of(&s->vms[v]) : 1);
        b->p->leave = leave;
        return 0;
}

static Reason pin_of(const Build *b, const Vm *vm, const HostRole *role, int64_t leave) {
        if (vm->in_flight)
                return vm_is_doubled(vm) ? REASON_VM_DOUBLED : REASON_VM_IN_FLIGHT;
        if (role->no_exit)
                return REASON_SOURCE_FENCED;
        if (!vm->movable)
                return reason_of_unmovable(vm);
        if (vm_has_odd_pages(&b->layout.huge_sizes, vm))
                return REASON_HUGEPAGES;
        if (vm->local_disk_mib > 0 &&
            (vm->state == VM_OFF || settings_int(b->settings, "cluster", "local_disks") == 0))
                return REASON_LOCAL_DISK; /* nobody copies the disks of one that is off */
        if (vm->cpu_mcores == UNKNOWN && vm->state == VM_RUNNING && leave == 0)
                return REASON_VM_UNMEASURED; /* a host to be emptied cannot wait for the measurement */
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
        return at_most(
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

static int build_vms(Build *b) {
        const Snapshot *s = b->s;
        HostIx *home = arena_new(b->arena, HostIx, s->n_vms);
        Reason *pinned = arena_new(b->arena, Reason, s->n_vms);
        int64_t *price = arena_new(b->arena, int64_t, s->n_vms);
        int64_t *mcores = arena_new(b->arena, int64_t, s->n_vms);
        int64_t usual_ms;

        if (migration_net_build(b->arena, s, b->settings, &b->net) < 0)
                return -ENOMEM;
        b->policy = move_policy(b->settings);
        b->longest_ms = settings_int(b->settings, "cluster", "longest_move") / 1000;
        usual_ms = usual_price_ms(b);
        if (!home || !pinned || !price || !mcores || build_leave(b) < 0 || build_cpu_demand(b, mcores) < 0)
                return -ENOMEM;
        for (VmIx v = 0; v < s->n_vms; v++) {
                const MigrationForecast f = usual_forecast(b, v);

                home[v] = s->vms[v].host;
                pinned[v] = pin_of(b, &s->vms[v], &b->p->roles[home[v]], problem_leave(b->p, v, home[v]));
                if (pinned[v] == REASON_NONE)
                        pinned[v] = dirties_too_fast(b, v, &f);
                price[v] = problem_build_price_of(b, &s->vms[v], &f, usual_ms);
                build_need(b, v, mcores[v]);
        }
        b->p->home = home;
        b->p->pinned = pinned;
        b->p->move_price = price;
        return 0;
}

static int64_t balance_weight_of(const Build *b, uint32_t r) {
        const Problem *p = b->p;

        if (r == RES_CPU)
                return settings_int(b->settings, "balance", "cpu");
        if (r == RES_MEMORY)
                return settings_int(b->settings, "balance", "memory");
        if (r >= b->layout.extra + b->s->n_extra)
                return 0;
        if (r >= b->layout.extra)
                return settings_int(b->settings, "balance", "extra");
        for (HostIx h = 0; h < p->n_hosts; h++)
                if (b->capacity[(size_t) h * p->n_res + r] == QUANTITY_MAX)
                        return 0;
        return settings_int(b->settings, "balance", "network");
}

/* The load line counts for every resource. Even use of the network is sought only when all hosts say what
 * they have of it, of extra resources when the settings ask for it. */
static int build_weights(Build *b) {
        int64_t *load_weight = arena_new(b->arena, int64_t, b->p->n_res);
        int64_t *balance_weight = arena_new(b->arena, int64_t, b->p->n_res);
        const bool evens = !(b->s->not_now & SNAPSHOT_NO_BALANCE) &&
                           settings_int(b->settings, "plan", "goal") == PLAN_GOAL_SPREAD &&
                           settings_int(b->settings, "balance", "measure") == BALANCE_BY_SHARE;

        if (!load_weight || !balance_weight)
                return -ENOMEM;
        for (uint32_t r = 0; r < b->p->n_res; r++) {
                load_weight[r] = b->s->not_now & SNAPSHOT_NO_LOAD ? 0 : WEIGHT_NORMAL;
                balance_weight[r] = evens ? balance_weight_of(b, r) : 0;
        }
        b->p->load_weight = load_weight;
        b->p->balance_weight = balance_weight;
        return 0;
}

static int build_begin(Build *b) {
        const Snapshot *s = b->s;
        size_t n_res = b->layout.n;
        HostRole *roles = arena_new(b->arena, HostRole, s->n_hosts);
        int64_t usual;

        b->p = arena_new(b->arena, Problem, 1);
        b->capacity = arena_new(b->arena, int64_t, s->n_hosts * n_res);
        b->limit = arena_new(b->arena, int64_t, s->n_hosts * n_res);
        b->base = arena_new(b->arena, int64_t, s->n_hosts * n_res);
        b->need = arena_new(b->arena, int64_t, s->n_vms * n_res);
        if (!b->p || !b->capacity || !b->limit || !b->base || !b->need || !roles)
                return -ENOMEM;
        for (HostIx h = 0; h < s->n_hosts; h++)
                roles[h] = problem_build_role_of(s->not_now, &s->hosts[h]);
        problem_build_missed(s, roles);
        *b->p = (Problem){
                .snapshot = s,
                .n_hosts = s->n_hosts,
                .n_vms = s->n_vms,
                .n_res = b->layout.n,
                .transient_mode = TRANSIENT_WAVES,
                .capacity = b->capacity,
                .limit = b->limit,
                .base = b->base,
                .need = b->need,
                .roles = roles,
                .move_weight = 100,
        };
        b->p->transient[RES_MEMORY] = true;
        for (uint32_t i = 0; i < s->n_extra; i++)
                b->p->transient[b->layout.extra + i] = s->extra[i].transient;
        if (b->layout.vcpus != IX_NONE)
                b->p->lacks[b->layout.vcpus] = REASON_OVERCOMMIT;
        if (b->layout.in_use != IX_NONE)
                b->p->transient[b->layout.in_use] = true;
        return snapshot_speeds(b->arena, s, &b->mhz, &usual);
}

/* The price of moving at each threshold, in percent of what it is otherwise. At the full price, a usual VM
 * that uses 2 % of its host in one resource moves for balance when the hosts are 7 points apart; at 30 %, 3.5
 * points; at 5 %, 2.3: little more than the VM brings along (docs/threshold.md has the table). */
static const struct {
        uint32_t tiers_left;
        int64_t price;
} problem_build_thresholds[PLAN_THRESHOLD_MAX + 1] = {
        [1] = { .tiers_left = 2, .price = 100 }, [2] = { .tiers_left = 1, .price = 100 },
        [3] = { .tiers_left = 0, .price = 100 }, [4] = { .tiers_left = 0, .price = 30 },
        [5] = { .tiers_left = 0, .price = 5 },
};

void problem_set_threshold(Problem *p, uint32_t threshold) {
        assert(threshold >= PLAN_THRESHOLD_MIN && threshold <= PLAN_THRESHOLD_MAX);
        p->tiers_left = problem_build_thresholds[threshold].tiers_left;
        p->move_weight = problem_build_thresholds[threshold].price;
        if (p->distance)
                p->distance_weight = p->move_weight;
        p->threshold = threshold;
}

int problem_build(Arena *a, const Snapshot *s, const Settings *settings, const Problem **ret) {
        Build b = { .arena = a, .s = s, .settings = settings };
        int r = resource_layout(a, s, settings, &b.layout);

        if (r < 0)
                return r;
        r = build_begin(&b);
        if (r < 0)
                return r;
        for (HostIx h = 0; h < s->n_hosts; h++)
                build_host(&b, h);
        r = build_vms(&b);
        if (r < 0)
                return r;
        build_hugepages(&b);
        build_base(&b);
        r = build_weights(&b);
        problem_set_threshold(b.p, (uint32_t) settings_int(settings, "plan", "threshold"));
        if (r == 0)
                r = problem_build_classes(a, s, b.p);
        if (r == 0)
                r = problem_build_rules(a, s, b.p);
        if (r == 0)
                r = problem_build_later(a, s, b.p);
        if (r == 0)
                r = problem_build_distances(a, s, b.p);
        if (r == 0)
                r = problem_build_watch(a, s, b.p);
        if (r == 0)
                r = problem_build_deviations(a, s, settings, &b.layout, b.p);
        if (r == 0)
                r = problem_build_pack(a, s, settings, &b.layout, b.p);
        if (r == 0)
                r = problem_build_reserve(a, s, settings, b.p);
        if (r == 0)
                r = problem_build_wishes(a, s, b.p);
        if (r < 0)
                return r;
        *ret = b.p;
        return 0;
}
