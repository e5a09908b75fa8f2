/* SPDX-License-Identifier: Apache-2.0 */
/* Random clusters by seed, and what becomes of one when a plan is carried out: for property tests and
 * fuzzers. */
#pragma once

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policies/policies.h"
#include "scheduler/base/prng.h"
#include "scheduler/decide/judge/plan_check.h"
#include "scheduler/decide/migration/move_strategy.h"
#include "scheduler/decide/plan/planner.h"
#include "scheduler/model/host_memory.h"
#include "scheduler/snapshot/health/brake.h"
#include "scheduler/snapshot/health/move_holds.h"
#include "tests/seeds.h"

/* All at their defaults, but for memory: figures of tests are round, and a host of two GiB is one. */
static inline const Settings *default_settings(Arena *a) {
        TextFault fault;
        SettingSection *sections = arena_new(a, SettingSection, 32);
        const SettingSection *more = NULL;
        Settings *s = NULL;
        uint32_t n = 0;

        if (!sections || policies_settings(a, &more, &n) < 0 || n > 26)
                abort();
        sections[0] = (SettingSection){ "cluster", "", cluster_settings };
        sections[1] = (SettingSection){ "plan", "", planner_settings };
        sections[2] = (SettingSection){ "migration", "", migration_settings };
        sections[3] = (SettingSection){ "brake", "", brake_settings };
        sections[4] = (SettingSection){ "retry", "", retry_settings };
        sections[5] = (SettingSection){ "memory", "", memory_settings };
        memcpy(sections + 6, more, sizeof(*more) * n);
        if (settings_new(a, sections, n + 6, &s) < 0 ||
            settings_set(s, "memory.keep_for_host", "0MiB", &fault) < 0 ||
            settings_set(s, "memory.per_vm", "0MiB", &fault) < 0)
                abort();
        return s;
}

/* A source of choices: a seed's numbers, or a fuzzer's bytes (zeros once they are used up). */
typedef struct Dice {
        Prng prng;
        const uint8_t *bytes; /* NULL: prng */
        size_t n;
        Arena *arena;
} Dice;

static inline uint32_t dice_below(Dice *d, uint32_t n) {
        uint32_t number = 0;

        if (!d->bytes)
                return prng_below(&d->prng, n);
        for (int i = 0; i < (n > 256 ? 3 : 1) && d->n > 0; i++, d->n--)
                number = number << 8 | *d->bytes++;
        return number % n;
}

static inline int64_t dice_between(Dice *d, int64_t low, int64_t high) {
        return low + dice_below(d, (uint32_t) (high - low + 1));
}

static inline bool dice_percent(Dice *d, uint32_t chance) {
        return dice_below(d, 100) < chance;
}

static inline Strings dice_words(Dice *d, const char *const *words, uint32_t n, uint32_t chance) {
        const char **at = arena_new(d->arena, const char *, n);
        Strings s = { .at = at };

        for (uint32_t i = 0; i < n; i++)
                if (dice_percent(d, chance))
                        at[s.n++] = words[i];
        return s;
}

static const char *const random_networks[] = { "blue", "green", "red" };
static const char *const random_pools[] = { "ceph", "nfs" };
static const char *const random_machines[] = { "pc-i440fx-7.2", "pc-q35-7.2", "pc-q35-8.0" };
static const char *const random_cpus[] = { "Haswell", "Nehalem", "Skylake" };
static const char *const random_features[] = { "aes", "avx512f", "pcid" };
static const char *const random_places[] = { "a", "b", "c" };
static const char *const random_images[] = { "/iso/debian.iso", "/iso/drivers.iso", "/base/web.qcow2" };
static const char *const random_portgroups[] = { "blue/office", "blue/lab", "red/dmz" };
static const char *const random_pins[] = { "0-3", "8-11,14", "20-31", "60" };
static const char *const random_nodes[] = { "0", "1", "0-1" };

/* A disk that about half of the VMs use. */
static inline void random_host_fault(Dice *d, Host *h) {
        static const char *const names[] = { "vm000", "vm002", "vm004", "vm005", "vm007", "vm010", "vm011" };
        Fault *f = arena_new(d->arena, Fault, 1);

        *f = (Fault){ .device = "sdb", .grade = dice_between(d, 1, 4), .why = "test", .partly = true };
        f->vms = dice_words(d, names, ARRAY_SIZE(names), 60);
        h->faults = f;
        h->n_faults = 1;
        h->fault_grade = f->grade;
        h->fault_why = "sdb: test";
}

static inline void random_host_trouble(Dice *d, Host *h) {
        static const HostState states[] = { HOST_CORDONED, HOST_MAINTENANCE, HOST_OFFLINE };

        if (dice_percent(d, 15))
                h->state = states[dice_between(d, 0, 2)];
        if (dice_percent(d, 6))
                h->excluded = (Exclusion) dice_between(d, EXCLUDED_STALE, EXCLUDED_N - 1);
        if (dice_percent(d, 8))
                h->fault_grade = dice_between(d, 1, 4);
        else if (dice_percent(d, 8))
                random_host_fault(d, h);
}

/* What a guest's machine and CPU need, huge pages, ratios of its own: on some hosts. */
static inline void random_host_facts(Dice *d, Host *h) {
        if (dice_percent(d, 40)) {
                h->machines = dice_words(d, random_machines, 3, 80);
                h->cpu_models = dice_words(d, random_cpus, 3, 80);
                h->cpu_features = dice_words(d, random_features, 3, 80);
        }
        if (dice_percent(d, 10))
                h->overcommit_cpu_permille = dice_between(d, 500, 4000);
        if (dice_percent(d, 10))
                h->overcommit_memory_permille = dice_between(d, 500, 2000);
        if (dice_percent(d, 60)) {
                Hugepages *pages = arena_new(d->arena, Hugepages, 1);

                *pages = (Hugepages){ 2048, dice_between(d, 0, 20) * 1024, 0 };
                pages->free_mib = pages->total_mib;
                h->hugepages = pages;
                h->n_hugepages = 1;
        }
}

static inline void random_host(Dice *d, Host *h, uint32_t i, bool plain) {
        static const int64_t sizes[] = { 16, 32, 64 };
        int64_t cpus = sizes[dice_between(d, 0, plain ? 0 : 2)];

        *h = (Host){
                .name = text_format(d->arena, "h%02u", i),
                .cpus = cpus,
                .cpu_mhz = plain || dice_percent(d, 50) ? 2000 : UNKNOWN,
                .memory_mib = cpus * 4096,
                .cpu_busy_mcores = UNKNOWN,
                .memory_used_mib = UNKNOWN,
                .memory_reclaimable_mib = UNKNOWN,
                .cpu_pressure_permille = UNKNOWN,
                .memory_pressure_permille = UNKNOWN,
                .headroom_permille = { UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN },
        };
        if (plain)
                return;
        random_host_trouble(d, h);
        if (dice_percent(d, 20))
                h->headroom_permille[RES_CPU] = dice_between(d, 0, 400);
        if (dice_percent(d, 20))
                h->reserved_mib = dice_between(d, 0, 8192);
        h->rack = dice_percent(d, 80) ? random_places[dice_between(d, 0, 2)] : NULL;
        h->zone = dice_percent(d, 80) ? random_places[dice_between(d, 0, 1)] : NULL;
        h->networks = dice_words(d, random_networks, 3, dice_percent(d, 30) ? 70 : 100);
        h->pools = dice_words(d, random_pools, 2, dice_percent(d, 20) ? 70 : 100);
        h->networks_known = h->networks.n > 0 || dice_percent(d, 50);
        h->pools_known = h->pools.n > 0 || dice_percent(d, 50);
        h->cpu_model = dice_percent(d, 80) ? "Skylake" : "Haswell";
        random_host_facts(d, h);
        if (dice_percent(d, 40)) {
                Nic *nic = arena_new(d->arena, Nic, 1);

                *nic = (Nic){ .name = "eth0",
                              .speed_mbit = 1000,
                              .rx_kbit = dice_between(d, 0, 3000),
                              .tx_kbit = dice_between(d, 0, 3000),
                              .carrier = true,
                              .peers = UNKNOWN };
                h->nics = nic;
                h->n_nics = 1;
        }
}

static inline void random_vm_trouble(Dice *d, Vm *v, uint32_t n_hosts) {
        if (dice_percent(d, 4))
                v->state = VM_PAUSED;
        if (dice_percent(d, 4)) {
                v->in_flight = true;
                v->in_flight_to = dice_percent(d, 70) ? (HostIx) dice_between(d, 0, n_hosts - 1) : IX_NONE;
        }
        if (dice_percent(d, 5))
                v->movable = false;
        if (dice_percent(d, 5))
                v->cpu_mcores = UNKNOWN;
        if (dice_percent(d, 5))
                v->local_disk_mib = 10240;
        if (dice_percent(d, 10))
                v->cpu_model = "host-passthrough";
        if (dice_percent(d, 10))
                v->machine = random_machines[dice_between(d, 0, 2)];
        if (!v->cpu_model && dice_percent(d, 10)) {
                v->cpu_model = random_cpus[dice_between(d, 0, 2)];
                v->cpu_features = dice_words(d, random_features, 3, 30);
        }
        if (dice_percent(d, 6))
                v->hugepages_kib = 2048;
        if (dice_percent(d, 30))
                v->memory_used_mib = dice_between(d, 100, v->memory_mib);
        if (dice_percent(d, 30))
                v->networks = dice_words(d, random_networks, 3, 40);
        if (dice_percent(d, 20))
                v->pools = dice_words(d, random_pools, 2, 50);
        if (dice_percent(d, 30)) {
                v->rx_kbit = dice_between(d, 0, 50000);
                v->tx_kbit = dice_between(d, 0, 50000);
        }
}

static inline void random_vm(Dice *d, Vm *v, uint32_t i, uint32_t n_hosts, bool plain) {
        int64_t vcpus = INT64_C(1) << dice_between(d, 0, 3);

        *v = (Vm){
                .name = text_format(d->arena, "vm%03u", i),
                .host = (HostIx) (dice_percent(d, 30) ? 0 : dice_between(d, 0, n_hosts - 1)),
                .in_flight_to = IX_NONE,
                .movable = true,
                .vcpus = vcpus,
                .memory_mib = INT64_C(1024) << dice_between(d, 0, 4),
                .cpu_mcores = dice_between(d, 10, vcpus * 1000),
                .memory_used_mib = UNKNOWN,
                .cpu_delay_permille = UNKNOWN,
                .rx_kbit = UNKNOWN,
                .tx_kbit = UNKNOWN,
                .disk_kib_s = UNKNOWN,
                .dirty_kib_s = dice_percent(d, 50) ? dice_between(d, 0, 100000) : UNKNOWN,
                .dirty_burst_kib_s = UNKNOWN,
                .priority = 100,
        };
        if (!plain && dice_percent(d, 10))
                v->priority = dice_between(d, 1, 1000);
        if (!plain)
                random_vm_trouble(d, v, n_hosts);
        if (!plain && dice_percent(d, 6))
                v->stay_weight = dice_between(d, 1, 500);
}

static inline void random_rule(Dice *d, Rule *r, uint32_t i, uint32_t n_hosts, uint32_t n_vms) {
        VmIx *vms = arena_new(d->arena, VmIx, n_vms), *near = arena_new(d->arena, VmIx, n_vms);
        HostIx *hosts = arena_new(d->arena, HostIx, n_hosts);

        *r = (Rule){
                .kind = (RuleKind) dice_between(d, 0, RULE_NOT_ON),
                .name = text_format(d->arena, "rule%u", i),
                .level = (Level) dice_between(d, 0, LEVEL_N - 1),
                .must = dice_percent(d, 70),
                .weight = dice_between(d, 1, 1000),
                .k = dice_between(d, 1, 3),
                .vms = vms,
                .near_vms = near,
                .hosts = hosts,
        };
        if (r->kind == RULE_SPREAD && r->k == 1) { /* it would say nothing */
                r->kind = RULE_SPAN;
                r->k = 1 + i % 3;
        }
        for (VmIx v = 0; v < n_vms && r->n_vms < 6; v++)
                if (dice_percent(d, 8))
                        vms[r->n_vms++] = v;
        if (r->n_vms == 0)
                vms[r->n_vms++] = 0;
        for (VmIx v = 0, k = 0; v < n_vms && r->n_near_vms < 4 && rule_has_two_groups(r->kind); v++) {
                while (k < r->n_vms && vms[k] < v)
                        k++;
                if (dice_percent(d, 8) && (r->kind == RULE_NEAR || k == r->n_vms || vms[k] != v))
                        near[r->n_near_vms++] = v;
        }
        for (HostIx h = 0; h < n_hosts && (r->kind == RULE_ON || r->kind == RULE_NOT_ON); h++)
                if (dice_percent(d, 50))
                        hosts[r->n_hosts++] = h;
        if (r->kind == RULE_ON && r->n_hosts == 0)
                hosts[r->n_hosts++] = 0;
        if (r->kind == RULE_NEAR && r->n_near_vms == 0)
                near[r->n_near_vms++] = (VmIx) (n_vms - 1);
}

/* A host that was measured uses what its VMs do, and something of its own. */
static inline void random_measured(Dice *d, Host *h, uint32_t index, const Vm *vms, uint32_t n_vms) {
        int64_t busy = dice_between(d, 0, 4000);

        for (uint32_t v = 0; v < n_vms; v++) {
                Nic *nic = h->n_nics > 0 ? (Nic *) (uintptr_t) h->nics : NULL;

                if (vms[v].host != index)
                        continue;
                busy += vms[v].cpu_mcores != UNKNOWN ? vms[v].cpu_mcores : 0;
                if (nic && vms[v].rx_kbit != UNKNOWN) {
                        nic->rx_kbit += vms[v].rx_kbit;
                        nic->tx_kbit += vms[v].tx_kbit;
                }
        }
        for (uint32_t v = 0; v < n_vms; v++) {
                Hugepages *pages = (Hugepages *) (uintptr_t) h->hugepages;

                if (vms[v].host != index || vms[v].hugepages_kib == 0)
                        continue;
                if (!pages) { /* a host that has them in use tells of them: they stay when their VM has left */
                        h->hugepages = pages = arena_new(d->arena, Hugepages, 1);
                        pages->kib = 2048;
                        h->n_hugepages = 1;
                }
                if (pages->free_mib < vms[v].memory_mib)
                        pages->total_mib += vms[v].memory_mib; /* what is in use is there */
                else
                        pages->free_mib -= vms[v].memory_mib;
        }
        if (dice_percent(d, 30))
                h->cpu_busy_mcores = busy;
}

/* ---- what ties VMs to hosts, and what hosts are ---- */

static inline void random_platform(Dice *d, Host *h) {
        HostPlatform *p = arena_new(d->arena, HostPlatform, 1);
        uint32_t nodes = (uint32_t) dice_between(d, 0, 2);
        NumaNode *numa = arena_new(d->arena, NumaNode, 2);
        int64_t cpus = nodes > 0 ? h->cpus / nodes : h->cpus;

        *p = (HostPlatform){ .hypervisor = "QEMU 7.2.0",
                             .libvirt = "9.0.0",
                             .hugepages_default_kib = dice_percent(d, 50) ? 2048 : UNKNOWN,
                             .numa = numa,
                             .n_numa = nodes };
        if (dice_percent(d, 70))
                p->cpu_list = text_format(d->arena, "0-%lld", (long long) h->cpus - 1);
        p->images = dice_words(d, random_images, 3, 70);
        p->images_known = p->images.n > 0 || dice_percent(d, 50);
        p->portgroups = dice_words(d, random_portgroups, 3, 70);
        p->portgroups_known = p->portgroups.n > 0 || dice_percent(d, 50);
        for (uint32_t i = 0; i < nodes; i++)
                numa[i] = (NumaNode){ .id = i,
                                      .cpus = text_format(d->arena, "%lld-%lld", (long long) (i * cpus),
                                                          (long long) ((i + 1) * cpus - 1)),
                                      .memory_mib = h->memory_mib / nodes,
                                      .free_mib = dice_percent(d, 50)
                                                          ? dice_between(d, 0, h->memory_mib / nodes)
                                                          : UNKNOWN };
        h->platform = p;
}

static inline void random_devices(Dice *d, VmTies *t) {
        static const char *const names[HOST_DEVICE_N] = {
                [HOST_DEVICE_PCI] = "0000:3b:00.0", [HOST_DEVICE_VHOST_USER_DISK] = "/run/vu.sock"
        };
        HostDevice *device = arena_new(d->arena, HostDevice, 1);
        uint32_t kind = dice_below(d, HOST_DEVICE_N);

        *device = (HostDevice){ (HostDeviceKind) kind, names[kind] ? names[kind] : "x" };
        t->devices = device;
        t->n_devices = 1;
}

static inline void random_ties(Dice *d, Vm *v) {
        VmTies *t = arena_new(d->arena, VmTies, 1);

        *t = (VmTies){ .snapshots = UNKNOWN, .checkpoints = UNKNOWN, .block_jobs = UNKNOWN };
        if (dice_percent(d, 10)) {
                t->tie = (Tie) dice_between(d, TIE_NONE + 1, TIE_N - 1);
                v->movable = false;
                if (t->tie == TIE_DEVICE)
                        random_devices(d, t);
                t->snapshots = t->tie == TIE_SNAPSHOTS ? 1 : t->snapshots;
                t->block_jobs = t->tie == TIE_BLOCK_JOB ? 1 : t->block_jobs;
        }
        if (dice_percent(d, 25))
                t->images = dice_words(d, random_images, 3, 40);
        if (dice_percent(d, 25))
                t->portgroups = dice_words(d, random_portgroups, 3, 40);
        if (dice_percent(d, 20))
                t->cpu_pins = random_pins[dice_below(d, ARRAY_SIZE(random_pins))];
        if (dice_percent(d, 20))
                t->numa_nodes = random_nodes[dice_below(d, ARRAY_SIZE(random_nodes))];
        v->ties = t;
}

/* From choices of their own, so that all else of a seed's cluster stays what it was. */
static inline void random_bonds(Dice *d, Host *hosts, uint32_t n_hosts, Vm *vms, uint32_t n_vms) {
        for (uint32_t i = 0; i < n_hosts; i++)
                if (dice_percent(d, 60))
                        random_platform(d, &hosts[i]);
        for (uint32_t i = 0; i < n_vms; i++)
                if (dice_percent(d, 30))
                        random_ties(d, &vms[i]);
}

/* The same, where the first VM of about every second rule is on its way to some host. */
static inline const Snapshot *random_flights(Arena *a, const Snapshot *s, uint64_t seed) {
        Prng g = prng_seeded(seed * 104729);
        Snapshot *copy = arena_new(a, Snapshot, 1);
        Vm *vms = arena_new(a, Vm, s->n_vms);

        assert(copy && vms);
        *copy = *s;
        if (s->n_vms > 0)
                memcpy(vms, s->vms, sizeof(Vm) * s->n_vms);
        copy->vms = vms;
        for (uint32_t i = 0; i < s->n_rules; i++) {
                const HostIx to = prng_below(&g, s->n_hosts);

                if (s->rules[i].n_vms == 0 || prng_below(&g, 2) == 0 || to == vms[s->rules[i].vms[0]].host)
                        continue;
                vms[s->rules[i].vms[0]].in_flight = true;
                vms[s->rules[i].vms[0]].in_flight_to = to;
        }
        return copy;
}

/* plain: equal healthy hosts, no rules. Else anything goes, overfull hosts too. */
static inline const Snapshot *cluster_of_dice(Dice d, bool plain) {
        Arena *a = d.arena;
        uint32_t n_hosts = (uint32_t) dice_between(&d, 1, 10), n_vms = (uint32_t) dice_between(&d, 1, 60);
        uint32_t n_rules = plain ? 0 : (uint32_t) dice_between(&d, 0, 6);
        Host *hosts = arena_new(a, Host, n_hosts);
        Vm *vms = arena_new(a, Vm, n_vms);
        Rule *rules = arena_new(a, Rule, n_rules);
        Snapshot *s = arena_new(a, Snapshot, 1);

        for (uint32_t i = 0; i < n_hosts; i++)
                random_host(&d, &hosts[i], i, plain);
        for (uint32_t i = 0; i < n_vms; i++)
                random_vm(&d, &vms[i], i, n_hosts, plain);
        for (uint32_t i = 0; i < n_rules; i++)
                random_rule(&d, &rules[i], i, n_hosts, n_vms);
        for (uint32_t i = 0; i < n_hosts && !plain; i++)
                random_measured(&d, &hosts[i], i, vms, n_vms);
        if (!plain && (!d.bytes || d.n > 0)) {
                Dice more = d.bytes ? d : (Dice){ .prng = prng_seeded(dice_below(&d, 1u << 30)), .arena = a };

                random_bonds(&more, hosts, n_hosts, vms, n_vms);
        }
        *s = (Snapshot){ .cluster = "random",
                         .n_hosts = n_hosts,
                         .n_vms = n_vms,
                         .n_rules = n_rules,
                         .hosts = hosts,
                         .vms = vms,
                         .rules = rules };
        return s;
}

static inline void setting(Settings *s, const char *key, const char *text) {
        TextFault fault = { 0 };

        if (settings_set(s, key, text, &fault) < 0) {
                (void) fprintf(stderr, "%s = %s: %s\n", key, text, fault.what);
                abort();
        }
}

/* The defaults for every other seed; else limits of the cluster by chance. */
static inline const Settings *random_settings(Arena *a, uint64_t seed) {
        Settings *s = (Settings *) (uintptr_t) default_settings(a);
        Dice d = { .prng = prng_seeded(seed * 31 + 7), .arena = a };
        static const char *const levels[] = { "host", "rack", "zone" };

        if (seed % 2 == 0)
                return s;
        if (dice_percent(&d, 30))
                setting(s, "cluster.overcommit_cpu", dice_percent(&d, 50) ? "2" : "0.7");
        if (dice_percent(&d, 30))
                setting(s, "cluster.overcommit_memory", dice_percent(&d, 50) ? "150%" : "80%");
        if (dice_percent(&d, 60)) {
                setting(s, "reserve.losses", dice_percent(&d, 75) ? "1" : "2");
                setting(s, "reserve.losses_of", levels[dice_percent(&d, 70) ? 0 : dice_between(&d, 1, 2)]);
        }
        if (dice_percent(&d, 30)) {
                setting(s, "reserve.share", text_format(a, "%lld%%", (long long) dice_between(&d, 1, 60)));
                setting(s, "reserve.share_of", dice_percent(&d, 50) ? "cluster" : "zone");
        }
        if (dice_percent(&d, 30))
                setting(s, "reserve.maintenance", "waits");
        if (dice_percent(&d, 30)) {
                setting(s, "plan.goal", "pack");
                setting(s, "pack.keep_free", text_format(a, "%lld", (long long) dice_between(&d, 0, 2)));
                setting(s, "pack.worth", dice_percent(&d, 50) ? "10" : "100");
        }
        if (dice_percent(&d, 40))
                setting(s, "plan.threshold", text_format(a, "%lld", (long long) dice_between(&d, 1, 5)));
        return s;
}

static inline const Snapshot *random_cluster(Arena *a, uint64_t seed, bool plain) {
        return cluster_of_dice((Dice){ .prng = prng_seeded(seed), .arena = a }, plain);
}

/* The cluster once every move of the plan is made: what the hosts measured goes along with the VMs. */
static inline const Snapshot *snapshot_after(Arena *a, const Snapshot *s, const Plan *plan) {
        Host *hosts = arena_new(a, Host, s->n_hosts);
        Vm *vms = arena_new(a, Vm, s->n_vms);
        Snapshot *after = arena_new(a, Snapshot, 1);

        memcpy(hosts, s->hosts, sizeof(Host) * s->n_hosts);
        memcpy(vms, s->vms, sizeof(Vm) * s->n_vms);
        *after = *s;
        after->hosts = hosts;
        after->vms = vms;
        for (uint32_t h = 0; h < s->n_hosts; h++) {
                Nic *nics = arena_new(a, Nic, s->hosts[h].n_nics);

                if (s->hosts[h].n_nics > 0)
                        memcpy(nics, s->hosts[h].nics, sizeof(Nic) * s->hosts[h].n_nics);
                hosts[h].nics = nics;
                if (s->hosts[h].n_hugepages > 0) {
                        Hugepages *pages = arena_new(a, Hugepages, s->hosts[h].n_hugepages);

                        memcpy(pages, s->hosts[h].hugepages, sizeof(*pages) * s->hosts[h].n_hugepages);
                        hosts[h].hugepages = pages;
                }
        }
        for (uint32_t i = 0; i < plan->n_moves; i++) {
                const PlanMove *m = &plan->moves[i];
                Vm *v = &vms[m->move.vm];

                for (int side = 0; side < 2; side++) {
                        Host *h = &hosts[side == 0 ? m->move.from : m->move.to];
                        Nic *nic = h->n_nics > 0 ? (Nic *) &h->nics[0] : NULL;
                        int64_t sign = side == 0 ? -1 : 1;
                        Hugepages *pages = (Hugepages *) (uintptr_t) host_hugepages(h, v->hugepages_kib);

                        if (pages)
                                pages->free_mib -= sign * v->memory_mib;
                        if (pages && pages->free_mib < 0)
                                pages->free_mib = 0;
                        if (pages && pages->free_mib > pages->total_mib)
                                pages->free_mib = pages->total_mib;

                        if (h->cpu_busy_mcores != UNKNOWN && v->cpu_mcores != UNKNOWN)
                                h->cpu_busy_mcores += sign * v->cpu_mcores;
                        if (h->memory_used_mib != UNKNOWN)
                                h->memory_used_mib += sign * vm_memory_resident(v);
                        if (nic && nic->rx_kbit != UNKNOWN && v->rx_kbit != UNKNOWN)
                                nic->rx_kbit += nic->rx_kbit + sign * v->rx_kbit > 0 ? sign * v->rx_kbit : 0;
                        if (nic && nic->tx_kbit != UNKNOWN && v->tx_kbit != UNKNOWN)
                                nic->tx_kbit += nic->tx_kbit + sign * v->tx_kbit > 0 ? sign * v->tx_kbit : 0;
                }
                if (v->cpu_mcores != UNKNOWN && s->hosts[m->move.from].cpu_mhz > 0 &&
                    s->hosts[m->move.to].cpu_mhz > 0)
                        v->cpu_mcores =
                                v->cpu_mcores * s->hosts[m->move.from].cpu_mhz / s->hosts[m->move.to].cpu_mhz;
                v->host = m->move.to;
        }
        return after;
}

/* 0: the judge accepts it. */
static inline uint32_t objections_to(Arena *a, const Snapshot *s, const Settings *settings, const Plan *plan,
                                     const Objection **ret) {
        MoveOrder *moves = arena_new(a, MoveOrder, plan->n_moves);
        uint32_t n = 0;

        for (uint32_t i = 0; i < plan->n_moves; i++)
                moves[i] = move_order_of(s, &plan->moves[i]);
        if (plan_check(a, s, settings, moves, plan->n_moves, ret, &n) < 0)
                abort();
        return n;
}
