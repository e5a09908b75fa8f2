/* SPDX-License-Identifier: Apache-2.0 */
/* The lists are made anew: hosts and VMs in the order of their names, and every index said anew. */
#include "scheduler/snapshot/build/what_if.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "scheduler/base/compare.h"
#include "scheduler/model/host_label.h"
#include "scheduler/model/host_memory.h"
#include "scheduler/model/selection.h"
#include "scheduler/snapshot/json/name_table.h"

typedef struct Change {
        Arena *arena;
        const Snapshot *old;
        const WhatIf *w;
        TextFault *fault;
        const int64_t *mhz; /* of the old hosts */
        int64_t usual_mhz;
        Host *hosts;      /* the old ones, then the new ones; at last by name */
        Vm *vms;          /* likewise */
        const Vm **likes; /* [new VM] the old one it is like, or NULL */
        bool *gone;       /* [old VM] */
        uint32_t n_hosts, n_vms, n_new;
        uint32_t *host_at, *vm_at; /* where each went; IX_NONE: gone */
} Change;

static int what_if_no_such(Change *c, const char *option, const char *what, const char *name,
                           const char *const *names, uint32_t n) {
        const char *nearest = strlen(name) <= 64 ? text_nearest(name, names, n) : NULL;

        text_fault(c->fault, "", "%s: %s '%.80s' not found%s%.60s%s", option, what, name,
                   nearest ? "; did you mean '" : "", nearest ? nearest : "", nearest ? "'?" : "");
        return -EINVAL;
}

static int what_if_find_host(Change *c, const char *option, const char *name, HostIx *ret) {
        const char **names;

        *ret = IX_NONE;
        for (HostIx h = 0; h < c->n_hosts && *ret == IX_NONE; h++)
                if (strcmp(c->hosts[h].name, name) == 0)
                        *ret = h;
        if (*ret != IX_NONE)
                return 0;
        names = arena_new(c->arena, const char *, c->n_hosts);
        for (HostIx h = 0; names && h < c->n_hosts; h++)
                names[h] = c->hosts[h].name;
        return names ? what_if_no_such(c, option, "host", name, names, c->n_hosts) : -ENOMEM;
}

static int find_vm(Change *c, const char *option, const char *name, VmIx *ret) {
        const Snapshot *s = c->old;
        const char **names;

        *ret = snapshot_vm(s, name);
        if (*ret != IX_NONE)
                return 0;
        names = arena_new(c->arena, const char *, s->n_vms);
        for (VmIx v = 0; names && v < s->n_vms; v++)
                names[v] = s->vms[v].name;
        return names ? what_if_no_such(c, option, "VM", name, names, s->n_vms) : -ENOMEM;
}

/* ---- hosts ---- */

static int host_like(Change *c, const NewHost *from, Host *ret) {
        const Host *said = &from->host;
        HostIx like;
        int r = from->like ? what_if_find_host(c, "--add-host like", from->like, &like) : 0;

        *ret = *said;
        if (r < 0 || !from->like)
                return r;
        *ret = c->hosts[like];
        ret->name = said->name;
        ret->uri = NULL;
        ret->state = HOST_ACTIVE;
        ret->excluded = EXCLUDED_NONE;
        ret->excluded_why = NULL;
        ret->fault_grade = 0;
        ret->fault_why = NULL;
        ret->cpu_busy_mcores = ret->memory_used_mib = ret->memory_reclaimable_mib = UNKNOWN;
        ret->cpu_pressure_permille = ret->memory_pressure_permille = UNKNOWN;
        ret->contention = NULL;
        ret->cpus = said->cpus != UNKNOWN ? said->cpus : ret->cpus;
        ret->memory_mib = said->memory_mib != UNKNOWN ? said->memory_mib : ret->memory_mib;
        ret->cpu_mhz = said->cpu_mhz != UNKNOWN ? said->cpu_mhz : ret->cpu_mhz;
        ret->zone = said->zone ? said->zone : ret->zone;
        ret->rack = said->rack ? said->rack : ret->rack;
        ret->neighborhood = said->neighborhood ? said->neighborhood : ret->neighborhood;
        ret->arch = said->arch ? said->arch : ret->arch;
        ret->cpu_model = said->cpu_model ? said->cpu_model : ret->cpu_model;
        ret->networks = said->networks.n > 0 ? said->networks : ret->networks;
        ret->pools = said->pools.n > 0 ? said->pools : ret->pools;
        return host_labels_merge(c->arena, &ret->labels, &said->labels, &ret->labels);
}

/* A new host's network carries nothing yet. */
static int quiet_nics(Arena *a, Host *host) {
        Nic *nics = arena_new(a, Nic, host->n_nics);

        if (!nics)
                return -ENOMEM;
        for (uint32_t i = 0; i < host->n_nics; i++) {
                nics[i] = host->nics[i];
                nics[i].rx_kbit = nics[i].tx_kbit = 0;
        }
        host->nics = nics;
        return 0;
}

static int add_hosts(Change *c) {
        const WhatIf *w = c->w;
        int64_t *none = arena_new(c->arena, int64_t, c->old->n_extra);

        if (!none)
                return -ENOMEM;
        for (uint32_t i = 0; i < w->n_hosts; i++) {
                Host *h = &c->hosts[c->n_hosts];
                int r;

                if (!w->hosts[i].host.name) {
                        text_fault(c->fault, "", "--add-host: name=… is missing");
                        return -EINVAL;
                }
                r = host_like(c, &w->hosts[i], h);
                if (r == 0)
                        r = quiet_nics(c->arena, h);
                if (r < 0)
                        return r;
                if (h->cpus <= 0 || h->memory_mib <= 0) {
                        text_fault(c->fault, "",
                                   "--add-host %.60s: cpus=… and memory=…, or like=HOST, are missing",
                                   h->name);
                        return -EINVAL;
                }
                if (!h->extra && c->old->n_extra > 0)
                        h->extra = none;
                h->reserved_mib = h->reserved_mib < h->memory_mib ? h->reserved_mib : h->memory_mib;
                c->n_hosts++;
        }
        return 0;
}

/* ---- VMs ---- */

int64_t what_if_usual_mcores(const Snapshot *s, const int64_t *mhz, int64_t usual_mhz, int64_t vcpus,
                             uint32_t *ret_measured) {
        int64_t used = 0, of = 0;

        *ret_measured = 0;
        for (VmIx v = 0; v < s->n_vms; v++) {
                const Vm *vm = &s->vms[v];

                if (vm->cpu_mcores == UNKNOWN || vm->state != VM_RUNNING || vm->vcpus <= 0 ||
                    vm->host == IX_NONE)
                        continue;
                used += vm->cpu_mcores * mhz[vm->host] / usual_mhz;
                of += vm->vcpus;
                (*ret_measured)++;
        }
        if (*ret_measured == 0)
                return vcpus * 1000;
        return (int64_t) (((__int128) used * vcpus + of - 1) / of);
}

/* What is said over what it is like; what nobody says by default. */
static int vm_like(Change *c, const NewVm *from, const Vm *like, Vm *ret) {
        const Vm *said = &from->vm;
        uint32_t measured;

        *ret = *said;
        if (from->like) {
                ret->vcpus = said->vcpus != UNKNOWN ? said->vcpus : like->vcpus;
                ret->memory_mib = said->memory_mib != UNKNOWN ? said->memory_mib : like->memory_mib;
                if (said->cpu_mcores == UNKNOWN && said->vcpus == UNKNOWN && like->cpu_mcores != UNKNOWN)
                        ret->cpu_mcores = like->cpu_mcores * c->mhz[like->host] / c->usual_mhz;
                ret->rx_kbit = like->rx_kbit;
                ret->tx_kbit = like->tx_kbit;
                ret->priority = said->priority != UNKNOWN ? said->priority : like->priority;
                ret->arch = said->arch ? said->arch : like->arch;
                ret->cpu_model = said->cpu_model ? said->cpu_model : like->cpu_model;
                ret->machine = said->machine ? said->machine : like->machine;
                ret->emulator = said->emulator ? said->emulator : like->emulator;
                ret->cpu_features = said->cpu_features.n > 0 ? said->cpu_features : like->cpu_features;
                ret->hugepages_kib = said->hugepages_kib > 0 ? said->hugepages_kib : like->hugepages_kib;
                ret->ties = like->ties;
                ret->networks = said->networks.n > 0 ? said->networks : like->networks;
                ret->pools = said->pools.n > 0 ? said->pools : like->pools;
                ret->groups = said->groups.n > 0 ? said->groups : like->groups;
                ret->labels = said->labels.n > 0 ? said->labels : like->labels;
                ret->extra = like->extra;
        }
        if (ret->vcpus == UNKNOWN || ret->memory_mib == UNKNOWN) {
                text_fault(
                        c->fault, "",
                        "vCPUs and memory are missing; accepted: both, or the name of a VM to copy them from");
                return -EINVAL;
        }
        if (ret->cpu_mcores == UNKNOWN)
                ret->cpu_mcores = what_if_usual_mcores(c->old, c->mhz, c->usual_mhz, ret->vcpus, &measured);
        if (ret->priority == UNKNOWN)
                ret->priority = 100;
        if (!ret->extra && c->old->n_extra > 0)
                ret->extra = arena_new(c->arena, int64_t, c->old->n_extra);
        return c->old->n_extra > 0 && !ret->extra ? -ENOMEM : 0;
}

static int what_if_not_booked(Change *c, const char *name) {
        const VmIx v = snapshot_vm(c->old, name);

        if (v == IX_NONE || c->old->vms[v].state != VM_BOOKED || c->gone[v])
                return 0;
        text_fault(c->fault, "",
                   "%.80s is already booked on %.80s; to release the booking: plimsoll place --release", name,
                   c->old->hosts[c->old->vms[v].host].name);
        return -EINVAL;
}

static int add_vms(Change *c) {
        for (uint32_t i = 0; i < c->w->n_vms; i++) {
                const NewVm *from = &c->w->vms[i];
                const char *name = from->vm.name ? from->vm.name : "new";
                VmIx like;
                int r = from->like ? find_vm(c, "like", from->like, &like) : 0;

                for (int64_t k = 0; r == 0 && k < from->count; k++) {
                        Vm *vm = &c->vms[c->n_vms + c->n_new];

                        c->likes[c->n_new] = from->like ? &c->old->vms[like] : NULL;
                        r = vm_like(c, from, c->likes[c->n_new], vm);
                        vm->name = from->count == 1
                                           ? name
                                           : text_format(c->arena, "%s-%lld", name, (long long) k + 1);
                        if (!vm->name)
                                r = -ENOMEM;
                        else if (r == 0)
                                r = what_if_not_booked(c, vm->name);
                        c->n_new++;
                }
                if (r < 0)
                        return r;
        }
        return 0;
}

static void use_less(int64_t *measured, int64_t amount) {
        if (*measured != UNKNOWN && amount > 0)
                *measured = *measured > amount ? *measured - amount : 0;
}

static int remove_vms(Change *c) {
        for (uint32_t i = 0; i < c->w->n_removed; i++) {
                VmIx v;
                int r = find_vm(c, "--remove-vm", c->w->removed[i], &v);

                if (r < 0)
                        return r;
                if (!c->gone[v]) {
                        Host *h = &c->hosts[c->vms[v].host];

                        if (c->vms[v].state != VM_BOOKED) {
                                use_less(&h->cpu_busy_mcores, vm_measured(&c->vms[v]).cpu_mcores);
                                use_less(&h->memory_used_mib, vm_memory_resident(&c->vms[v]));
                        }
                }
                c->gone[v] = true;
        }
        return 0;
}

/* Its VMs run nowhere now; what they use is said in cores of the usual speed. */
static void lose_host(Change *c, HostIx h) {
        Host *host = &c->hosts[h];

        host->state = HOST_OFFLINE;
        host->cpu_busy_mcores = host->memory_used_mib = host->memory_reclaimable_mib = UNKNOWN;
        for (VmIx v = 0; v < c->old->n_vms; v++) {
                Vm *vm = &c->vms[v];

                if (vm->in_flight && (vm->in_flight_to == h || vm->host == h)) {
                        vm->in_flight = false;
                        vm->in_flight_to = IX_NONE;
                }
                if (vm->host != h || h >= c->old->n_hosts)
                        continue;
                vm->host = IX_NONE;
                vm->cpu_mcores = vm->cpu_mcores == UNKNOWN ? vm->vcpus * 1000
                                                           : vm->cpu_mcores * c->mhz[h] / c->usual_mhz;
        }
}

/* Room on a host that takes no VM is held for nobody. */
static void drop_bookings(Change *c, HostIx h) {
        for (VmIx v = 0; v < c->old->n_vms; v++)
                if (c->vms[v].state == VM_BOOKED && c->vms[v].host == h)
                        c->gone[v] = true;
}

static int change_hosts(Change *c) {
        for (uint32_t i = 0; i < c->w->n_emptied + c->w->n_lost; i++) {
                const bool lost = i >= c->w->n_emptied;
                const char *name = lost ? c->w->lost[i - c->w->n_emptied] : c->w->emptied[i];
                HostIx h;
                int r = what_if_find_host(c, lost ? "--lost" : "--without", name, &h);

                if (r < 0)
                        return r;
                drop_bookings(c, h);
                if (lost)
                        lose_host(c, h);
                else if (c->hosts[h].state != HOST_OFFLINE) {
                        c->hosts[h].state = HOST_MAINTENANCE;
                        c->hosts[h].several = true; /* a person asks for it, here and now */
                        c->hosts[h].leave_by = c->w->leave_by > 0 ? c->w->leave_by : c->hosts[h].leave_by;
                }
        }
        return 0;
}

/* ---- the lists anew ---- */

/* items by name; *ret_at[i]: where the i-th went. A name twice is a fault. */
static int what_if_by_name(Change *c, const char *what, const void *items, size_t size, uint32_t n,
                           uint32_t *at) {
        const char **names = arena_new(c->arena, const char *, n);
        uint32_t *order;
        int r = names ? 0 : -ENOMEM;

        for (uint32_t i = 0; r == 0 && i < n; i++)
                memcpy(&names[i], (const char *) items + size * i, sizeof(names[i]));
        if (r == 0)
                r = names_order(c->arena, names, n, &order);
        if (r < 0)
                return r;
        for (uint32_t i = 0; i < n; i++) {
                at[order[i]] = i;
                if (i > 0 && strcmp(names[order[i]], names[order[i - 1]]) == 0) {
                        text_fault(c->fault, "", "a %s named '%.80s' already exists", what, names[order[i]]);
                        return -EINVAL;
                }
        }
        return 0;
}

static int sort_hosts(Change *c, Snapshot *ret) {
        Host *hosts = arena_new(c->arena, Host, c->n_hosts);
        int r;

        c->host_at = arena_new(c->arena, uint32_t, c->n_hosts);
        if (!hosts || !c->host_at)
                return -ENOMEM;
        r = what_if_by_name(c, "host", c->hosts, sizeof(Host), c->n_hosts, c->host_at);
        if (r < 0)
                return r;
        for (HostIx h = 0; h < c->n_hosts; h++)
                hosts[c->host_at[h]] = c->hosts[h];
        ret->hosts = hosts;
        ret->n_hosts = c->n_hosts;
        return 0;
}

static int sort_vms(Change *c, Snapshot *ret) {
        const uint32_t all = c->n_vms + c->n_new;
        Vm *kept = arena_new(c->arena, Vm, all), *vms = arena_new(c->arena, Vm, all);
        uint32_t *at = arena_new(c->arena, uint32_t, all), n = 0;
        int r;

        c->vm_at = arena_new(c->arena, uint32_t, all);
        if (!kept || !vms || !at || !c->vm_at)
                return -ENOMEM;
        for (VmIx v = 0; v < all; v++) {
                c->vm_at[v] = v < c->n_vms && c->gone[v] ? IX_NONE : n;
                if (c->vm_at[v] != IX_NONE)
                        kept[n++] = c->vms[v];
        }
        r = what_if_by_name(c, "VM", kept, sizeof(Vm), n, at);
        if (r < 0)
                return r;
        for (VmIx v = 0; v < all; v++) {
                Vm *vm;

                if (c->vm_at[v] == IX_NONE)
                        continue;
                c->vm_at[v] = at[c->vm_at[v]];
                vm = &vms[c->vm_at[v]];
                *vm = c->vms[v];
                if (vm->host != IX_NONE)
                        vm->host = c->host_at[vm->host];
                if (vm->in_flight_to != IX_NONE)
                        vm->in_flight_to = c->host_at[vm->in_flight_to];
        }
        ret->vms = vms;
        ret->n_vms = n;
        return 0;
}

static int off_anew(Change *c, Snapshot *ret) {
        Vm *off = arena_new(c->arena, Vm, c->old->n_off);

        if (!off)
                return -ENOMEM;
        for (uint32_t i = 0; i < c->old->n_off; i++) {
                off[i] = c->old->off[i];
                off[i].host = c->host_at[off[i].host];
        }
        ret->off = off;
        return 0;
}

static bool what_if_lists(const VmIx *vms, uint32_t n, VmIx v) {
        for (uint32_t i = 0; i < n; i++)
                if (vms[i] == v)
                        return true;
        return false;
}

/* The list as it is now: without VMs that are gone, with new ones of the group, and those like a member. */
static int what_if_members(Change *c, const VmIx *old, uint32_t n_old, const char *group, const VmIx **ret,
                           uint32_t *ret_n) {
        VmIx *vms = arena_new(c->arena, VmIx, (size_t) n_old + c->n_new);
        uint32_t n = 0;

        if (!vms)
                return -ENOMEM;
        for (uint32_t i = 0; i < n_old; i++)
                if (c->vm_at[old[i]] != IX_NONE)
                        vms[n++] = c->vm_at[old[i]];
        for (uint32_t i = 0; i < c->n_new; i++) {
                const Vm *vm = &c->vms[c->n_vms + i], *like = c->likes[i];

                if (strings_have(&vm->groups, group) ||
                    (like && !group && what_if_lists(old, n_old, (VmIx) (like - c->old->vms))))
                        vms[n++] = c->vm_at[c->n_vms + i];
        }
        qsort(vms, n, sizeof(*vms), compare_uint32);
        *ret = vms;
        *ret_n = n;
        return 0;
}

/* The hosts as they are now, with new ones that the rule's words select. */
static int rule_hosts_anew(Change *c, const Rule *from, Rule *ret) {
        const uint32_t n_new = c->n_hosts - c->old->n_hosts;
        HostIx *hosts = arena_new(c->arena, HostIx, (size_t) from->n_hosts + n_new);
        uint32_t n = 0;

        if (!hosts)
                return -ENOMEM;
        for (; n < from->n_hosts; n++)
                hosts[n] = c->host_at[from->hosts[n]];
        for (HostIx h = c->old->n_hosts; from->hosts_said && h < c->n_hosts; h++)
                if (selection_fits_host(from->hosts_said, &c->hosts[h]))
                        hosts[n++] = c->host_at[h];
        qsort(hosts, n, sizeof(*hosts), compare_uint32);
        ret->hosts = hosts;
        ret->n_hosts = n;
        return 0;
}

static int what_if_rules_anew(Change *c, Snapshot *ret) {
        Rule *rules = arena_new(c->arena, Rule, c->old->n_rules);
        int r = rules ? 0 : -ENOMEM;

        for (uint32_t i = 0; r == 0 && i < c->old->n_rules; i++) {
                const Rule *from = &c->old->rules[i];

                rules[i] = *from;
                r = rule_hosts_anew(c, from, &rules[i]);
                if (r == 0)
                        r = what_if_members(c, from->vms, from->n_vms, from->group, &rules[i].vms,
                                            &rules[i].n_vms);
                if (r == 0)
                        r = what_if_members(c, from->near_vms, from->n_near_vms, from->near_group,
                                            &rules[i].near_vms, &rules[i].n_near_vms);
        }
        ret->rules = rules;
        return r;
}

static int change_begin(Change *c) {
        const Snapshot *s = c->old;
        uint64_t n_new = 0;
        int64_t *mhz = NULL;

        for (uint32_t i = 0; i < c->w->n_vms; i++)
                n_new += (uint64_t) c->w->vms[i].count;
        if (s->n_vms + n_new > VMS_MAX || (uint64_t) s->n_hosts + c->w->n_hosts > HOSTS_MAX) {
                text_fault(c->fault, "", "more than %u VMs or %u hosts", VMS_MAX, HOSTS_MAX);
                return -EINVAL;
        }
        c->hosts = arena_new(c->arena, Host, s->n_hosts + c->w->n_hosts);
        c->vms = arena_new(c->arena, Vm, s->n_vms + n_new);
        c->likes = arena_new(c->arena, const Vm *, n_new);
        c->gone = arena_new(c->arena, bool, s->n_vms);
        if (!c->hosts || !c->vms || !c->likes || !c->gone)
                return -ENOMEM;
        if (s->n_hosts > 0)
                memcpy(c->hosts, s->hosts, sizeof(Host) * s->n_hosts);
        if (s->n_vms > 0)
                memcpy(c->vms, s->vms, sizeof(Vm) * s->n_vms);
        c->n_hosts = s->n_hosts;
        c->n_vms = s->n_vms;
        if (snapshot_speeds(c->arena, s, &mhz, &c->usual_mhz) < 0)
                return -ENOMEM;
        c->mhz = mhz;
        return 0;
}

int what_if_apply(Arena *a, const Snapshot *s, const WhatIf *w, const Snapshot **ret,
                  TextFault *reterr_fault) {
        Change c = { .arena = a, .old = s, .w = w, .fault = reterr_fault };
        Snapshot *copy = arena_new(a, Snapshot, 1);
        int r = copy ? change_begin(&c) : -ENOMEM;

        if (r == 0)
                r = add_hosts(&c);
        if (r == 0)
                r = remove_vms(&c);
        if (r == 0)
                r = change_hosts(&c);
        if (r == 0)
                r = add_vms(&c);
        if (r < 0)
                return r;
        *copy = *s;
        r = sort_hosts(&c, copy);
        if (r == 0)
                r = sort_vms(&c, copy);
        if (r == 0)
                r = off_anew(&c, copy);
        if (r == 0)
                r = what_if_rules_anew(&c, copy);
        if (r == 0)
                *ret = copy;
        return r;
}
