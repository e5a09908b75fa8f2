/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/model/cluster.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "scheduler/base/compare.h"
#include "scheduler/base/text.h"
#include "scheduler/model/bounds.h"

const char *const host_state_names[HOST_STATE_N] = { "active", "cordoned", "maintenance", "offline" };
const char *const vm_state_names[VM_STATE_N] = { "running", "paused", "off", "booked" };
const char *const rule_kind_names[RULE_KIND_N] = { "apart", "together", "spread", "near",
                                                   "avoid", "on",       "not-on", "span" };
const char *const hold_names[HOLD_N] = { "none", "never", "window", "moves", "for-now", "missed", "mode" };
const char *const vm_mode_names[VM_MODE_N + 1] = { "auto", "confirm", "advise", NULL };
const char *const level_names[LEVEL_N] = { "host", "rack", "zone", "neighborhood" };
const char *const exclusion_texts[EXCLUDED_N] = {
        "facts are complete and fresh", "its facts are stale", "facts are missing",
        "its libvirt does not answer",  "it is not admitted",  "a clock is wrong",
};

/* Hosts and VMs are found alike: both begin with their name, and are sorted by it. */
_Static_assert(offsetof(Host, name) == 0 && offsetof(Vm, name) == 0, "the name comes first");

/* Of a name and what begins with one, or is one. */
static int compare_name(const void *name, const void *named) {
        return strcmp(name, *(const char *const *) named);
}

static uint32_t index_by_name(const void *first, size_t size, uint32_t n, const char *name) {
        const char *found = n > 0 ? bsearch(name, first, n, size, compare_name) : NULL;

        return found ? (uint32_t) ((size_t) (found - (const char *) first) / size) : IX_NONE;
}

bool host_place_is_known(const Host *host, Level level) {
        return level == LEVEL_RACK   ? host->rack != NULL
               : level == LEVEL_ZONE ? host->zone != NULL
                                     : level == LEVEL_HOST || host->neighborhood != NULL;
}

Vm *snapshot_own_vms(Arena *a, const Snapshot **io) {
        Snapshot *copy = arena_new(a, Snapshot, 1);
        Vm *vms = arena_new(a, Vm, (*io)->n_vms);

        if (!copy || !vms)
                return NULL;
        *copy = **io;
        if (copy->n_vms > 0)
                memcpy(vms, copy->vms, sizeof(*vms) * copy->n_vms);
        copy->vms = vms;
        *io = copy;
        return vms;
}

uint32_t snapshot_excluded(const Snapshot *s) {
        uint32_t n = 0;

        for (HostIx h = 0; h < s->n_hosts; h++)
                n += s->hosts[h].excluded != EXCLUDED_NONE;
        return n;
}

uint32_t snapshot_n_vms(const Snapshot *s) {
        uint32_t n = 0;

        for (VmIx v = 0; v < s->n_vms; v++)
                n += s->vms[v].state != VM_BOOKED;
        return n;
}

uint32_t snapshot_doubled(const Snapshot *s) {
        uint32_t n = 0;

        for (VmIx v = 0; v < s->n_vms; v++)
                n += vm_is_doubled(&s->vms[v]);
        return n;
}

bool snapshot_vm_is_on(const Snapshot *s, VmIx v, HostIx h) {
        const Vm *vm = &s->vms[v];

        return vm->host == h || (vm->in_flight && vm->in_flight_to == h) ||
               (vm_is_doubled(vm) && strings_have(&vm->running_on, s->hosts[h].name));
}

bool snapshot_is_blind(const Snapshot *s) {
        for (HostIx h = 0; h < s->n_hosts; h++)
                if (s->hosts[h].excluded == EXCLUDED_NONE && s->hosts[h].state != HOST_OFFLINE)
                        return false;
        return s->n_hosts > 0;
}

HostIx snapshot_same_machine(const Snapshot *s, HostIx h) {
        for (HostIx i = 0; s->hosts[h].uuid && i < s->n_hosts; i++)
                if (i != h && s->hosts[i].uuid && text_is_same(s->hosts[i].uuid, s->hosts[h].uuid))
                        return i;
        return IX_NONE;
}

const char *const host_brake_names[BRAKE_N] = {
        [BRAKE_NONE] = "none",         [BRAKE_PASSED] = "passed", [BRAKE_HELD] = "held",
        [BRAKE_RELEASED] = "released", [BRAKE_PAST] = "past",
};

Host host_unknown(void) {
        Host host = { .cpu_mhz = UNKNOWN,
                      .cpu_busy_mcores = UNKNOWN,
                      .memory_used_mib = UNKNOWN,
                      .memory_reclaimable_mib = UNKNOWN,
                      .cpu_pressure_permille = UNKNOWN,
                      .memory_pressure_permille = UNKNOWN };

        for (int r = 0; r < HEADROOM_N; r++)
                host.headroom_permille[r] = UNKNOWN;
        return host;
}

Vm vm_unknown(void) {
        return (Vm){ .host = IX_NONE,
                     .in_flight_to = IX_NONE,
                     .movable = true,
                     .cpu_mcores = UNKNOWN,
                     .memory_used_mib = UNKNOWN,
                     .cpu_delay_permille = UNKNOWN,
                     .rx_kbit = UNKNOWN,
                     .tx_kbit = UNKNOWN,
                     .disk_kib_s = UNKNOWN,
                     .dirty_kib_s = UNKNOWN,
                     .dirty_burst_kib_s = UNKNOWN,
                     .memory_resident_mib = UNKNOWN,
                     .priority = 100 };
}

HostIx snapshot_host(const Snapshot *s, const char *name) {
        return index_by_name(s->hosts, sizeof(Host), s->n_hosts, name);
}

VmIx snapshot_vm(const Snapshot *s, const char *name) {
        return index_by_name(s->vms, sizeof(Vm), s->n_vms, name);
}

static bool cluster_concerns(const Fault *f, const char *vm) {
        return !f->partly ||
               (f->vms.n > 0 && bsearch(vm, f->vms.at, f->vms.n, sizeof(*f->vms.at), compare_name));
}

int64_t snapshot_vm_fault(const Snapshot *s, VmIx v, const Fault **ret_fault) {
        const Host *h = &s->hosts[s->vms[v].host];
        const Fault *worst = NULL;

        for (uint32_t i = 0; i < h->n_faults; i++)
                if ((!worst || h->faults[i].grade > worst->grade) &&
                    cluster_concerns(&h->faults[i], s->vms[v].name))
                        worst = &h->faults[i];
        if (ret_fault)
                *ret_fault = worst;
        return worst ? worst->grade : h->n_faults == 0 ? h->fault_grade : 0;
}

VmLoad vm_measured(const Vm *vm) {
        if (vm->measured)
                return *vm->measured;
        return (VmLoad){ .cpu_mcores = vm->cpu_mcores,
                         .memory_used_mib = vm->memory_used_mib,
                         .rx_kbit = vm->rx_kbit,
                         .tx_kbit = vm->tx_kbit };
}

VmLoad vm_wanted(const Vm *vm) {
        VmLoad load = vm_measured(vm);

        if (load.cpu_mcores != UNKNOWN)
                load.cpu_mcores += load.cpu_waited_mcores;
        return load;
}

int64_t vm_waited_mcores(const Vm *vm) {
        return vm->cpu_delay_permille == UNKNOWN || vm->vcpus <= 0 ? UNKNOWN
                                                                   : vm->cpu_delay_permille * vm->vcpus;
}

int64_t vm_score_permille(const Vm *vm) {
        const int64_t used = vm_measured(vm).cpu_mcores, waited = vm_waited_mcores(vm);

        return used == UNKNOWN || waited == UNKNOWN || used + waited <= 0 ? UNKNOWN
                                                                          : used * 1000 / (used + waited);
}

#define MHZ_DEFAULT 1000

int snapshot_speeds(Arena *a, const Snapshot *s, int64_t **ret, int64_t *ret_usual) {
        int64_t *mhz = arena_new(a, int64_t, s->n_hosts), *said, usual = MHZ_DEFAULT;
        ArenaMark mark = arena_mark(a);
        uint32_t n = 0;

        said = arena_new(a, int64_t, s->n_hosts);
        if (!mhz || !said)
                return -ENOMEM;
        for (HostIx h = 0; h < s->n_hosts; h++)
                if (s->hosts[h].cpu_mhz > 0)
                        said[n++] = s->hosts[h].cpu_mhz;
        if (n > 0) {
                qsort(said, n, sizeof(*said), compare_int64);
                usual = said[n / 2];
        }
        for (HostIx h = 0; h < s->n_hosts; h++)
                mhz[h] = s->hosts[h].cpu_mhz > 0 ? s->hosts[h].cpu_mhz : usual;
        arena_rewind(a, mark);
        *ret = mhz;
        *ret_usual = usual;
        return 0;
}

/* Linux has pages of 64 KiB (arm64) to 16 GiB (ppc64), each a power of two; others are none. */
#define PAGE_KIB_LEAST INT64_C(64)
#define PAGE_SIZES     19

static int cluster_page_size(int64_t kib) {
        for (int i = 0; i < PAGE_SIZES; i++)
                if (kib == PAGE_KIB_LEAST << i)
                        return i;
        return -1;
}

/* On how many hosts VMs have pages of each size. */
static int cluster_count_sizes(Arena *a, const Snapshot *s, uint32_t n_hosts[PAGE_SIZES]) {
        const ArenaMark mark = arena_mark(a);
        uint32_t *has = arena_new(a, uint32_t, s->n_hosts);

        if (!has)
                return -ENOMEM;
        for (VmIx v = 0; v < s->n_vms; v++) {
                const int i = cluster_page_size(s->vms[v].hugepages_kib);

                if (i < 0 || (s->vms[v].host != IX_NONE && has[s->vms[v].host] >> i & 1))
                        continue;
                if (s->vms[v].host != IX_NONE)
                        has[s->vms[v].host] |= UINT32_C(1) << i;
                n_hosts[i]++;
        }
        arena_rewind(a, mark);
        return 0;
}

int snapshot_huge_sizes(Arena *a, const Snapshot *s, HugeSizes *ret) {
        uint32_t n_hosts[PAGE_SIZES] = { 0 };
        int64_t chosen[HUGE_SIZES_MAX] = { 0 };
        HugeSizes sizes = { .n = 0 };

        if (cluster_count_sizes(a, s, n_hosts) < 0)
                return -ENOMEM;
        for (int k = 0; k < HUGE_SIZES_MAX; k++) {
                int best = 0;

                for (int i = 1; i < PAGE_SIZES; i++)
                        if (n_hosts[i] > n_hosts[best])
                                best = i;
                if (n_hosts[best] > 0)
                        chosen[k] = PAGE_KIB_LEAST << best;
                n_hosts[best] = 0;
        }
        for (VmIx v = 0; v < s->n_vms && sizes.n < HUGE_SIZES_MAX; v++) {
                const int64_t kib = s->vms[v].hugepages_kib;

                if (kib > 0 && (kib == chosen[0] || kib == chosen[1]) &&
                    (sizes.n == 0 || sizes.kib[0] != kib))
                        sizes.kib[sizes.n++] = kib;
        }
        *ret = sizes;
        return 0;
}

bool vm_has_odd_pages(const HugeSizes *sizes, const Vm *vm) {
        bool kept = vm->hugepages_kib == 0;

        for (uint32_t i = 0; i < sizes->n; i++)
                kept |= sizes->kib[i] == vm->hugepages_kib;
        return !kept;
}

const Hugepages *host_hugepages(const Host *host, int64_t kib) {
        for (uint32_t i = 0; i < host->n_hugepages; i++)
                if (host->hugepages[i].kib == kib)
                        return &host->hugepages[i];
        return NULL;
}

const Nic *host_migration_nic(const Host *host) {
        const Nic *routed = NULL, *any = NULL;
        uint32_t n = 0;
        bool told = false;

        for (uint32_t i = 0; i < host->n_nics; i++) {
                const Nic *nic = &host->nics[i];

                told |= nic->peers != UNKNOWN;
                if (!nic->carrier)
                        continue;
                any = nic;
                n++;
                if (nic->peers > 0 && (!routed || nic->peers > routed->peers))
                        routed = nic;
        }
        return told ? routed : n == 1 ? any : NULL;
}

bool cpu_follows_host(const char *model) {
        return model && (strcmp(model, "host-passthrough") == 0 || strcmp(model, "host-model") == 0 ||
                         strcmp(model, "maximum") == 0);
}

bool strings_have(const Strings *words, const char *word) {
        for (uint32_t i = 0; word && i < words->n; i++)
                if (strcmp(words->at[i], word) == 0)
                        return true;
        return false;
}

static int compare_words(const void *word, const void *other) {
        return strcmp(word, *(const char *const *) other);
}

bool strings_sorted_have(const Strings *words, const char *word) {
        return word && words->n > 0 && bsearch(word, words->at, words->n, sizeof(*words->at), compare_words);
}

const char *const post_copy_names[POST_COPY_N] = { "as-set", "never", "if-needed" };

const char *const tie_names[TIE_N] = {
        "none", "device", "snapshots", "block-job", "transient-disk", "invtsc"
};
const char *const host_device_names[HOST_DEVICE_N] = {
        "pci", "sr-iov", "mdev",   "usb",  "scsi", "nvme", "vdpa", "vhost-user-disk", "vhost-user-nic",
        "tpm", "folder", "memory", "other"
};

/* "3" or "3-7" at *s, which moves on past it and its comma. False: no such thing. */
static bool number_list_next(const char **s, int64_t *ret_first, int64_t *ret_last) {
        const size_t n = strcspn(*s, ","), dash = strcspn(*s, ",-");

        if (text_to_int(*s, dash, 0, bound_of(BOUND_CPU_ID), ret_first) < 0)
                return false;
        *ret_last = *ret_first;
        if (dash < n &&
            text_to_int(*s + dash + 1, n - dash - 1, *ret_first, bound_of(BOUND_CPU_ID), ret_last) < 0)
                return false;
        *s += n + ((*s)[n] == ',');
        return true;
}

/* 1, 0; -1: what was read is no list. */
static int number_list_has(const char *list, int64_t number) {
        int64_t first, last;

        while (*list) {
                if (!number_list_next(&list, &first, &last))
                        return -1;
                if (number >= first && number <= last)
                        return 1;
        }
        return 0;
}

bool number_list_within(const char *left, const char *right) {
        int64_t first, last;

        while (left && right && *left && *right) {
                if (!number_list_next(&left, &first, &last))
                        return true;
                for (; first <= last; first++)
                        if (number_list_has(right, first) == 0)
                                return false;
        }
        return true;
}

bool host_has_numa_nodes(const Host *host, const char *nodes) {
        int64_t first, last;

        if (!host->platform || host->platform->n_numa == 0)
                return true;
        while (nodes && *nodes) {
                if (!number_list_next(&nodes, &first, &last))
                        return true;
                for (; first <= last; first++) {
                        bool found = false;

                        for (uint32_t i = 0; i < host->platform->n_numa; i++)
                                found = found || host->platform->numa[i].id == first;
                        if (!found)
                                return false;
                }
        }
        return true;
}
