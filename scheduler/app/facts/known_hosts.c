/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/app/facts/known_hosts.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "scheduler/model/by_host.h"
#include "scheduler/snapshot/build/report_facts.h"
#include "scheduler/snapshot/wire/sample_wire.h"

#define ROOM          ((size_t) 1 << 30) /* reserved, not used */
#define SAMPLES_OF_VM 4U                 /* known_hosts_vm() */
#define KNOWN_EVERY   USEC_PER_SEC       /* no agent sends it: the least interval */

void known_hosts_close(KnownHosts *known) {
        arena_pair_close(&known->memory);
        *known = (KnownHosts){ 0 };
}

static int known_hosts_compare(const void *left, const void *right) {
        return strcmp(((const KnownHost *) left)->name, ((const KnownHost *) right)->name);
}

static const KnownHost *known_hosts_find(const KnownHosts *known, const char *name) {
        const KnownHost key = { .name = name };

        return known->n > 0 ? bsearch(&key, known->at, known->n, sizeof(key), known_hosts_compare) : NULL;
}

/* ---- a host's text ---- */

static uint32_t known_hosts_vm(const Vm *vm, Sample *samples) {
        uint32_t n = 0;

        if (vm->uuid)
                samples[n++] = (Sample){ .metric = METRIC_VM_UUID, .subject = vm->name, .text = vm->uuid };
        samples[n++] =
                (Sample){ .metric = METRIC_VM_STATE, .subject = vm->name, .text = vm_state_names[vm->state] };
        samples[n++] = (Sample){ .metric = METRIC_VM_VCPUS, .subject = vm->name, .number = vm->vcpus };
        samples[n++] = (Sample){ .metric = METRIC_VM_MEMORY, .subject = vm->name, .number = vm->memory_mib };
        return n;
}

static HostIx known_hosts_other(const Vm *vm) {
        return vm->in_flight && vm->in_flight_to != vm->host ? vm->in_flight_to : IX_NONE;
}

/* 2 v and 2 v + 1: those that are on their way are on both hosts. */
static int known_hosts_sort(Arena *a, const Snapshot *s, ByHost *ret) {
        HostIx *host_of = arena_new(a, HostIx, 2 * (size_t) s->n_vms);

        if (!host_of)
                return -ENOMEM;
        for (VmIx v = 0; v < s->n_vms; v++) {
                host_of[2 * (size_t) v] = s->vms[v].host;
                host_of[2 * (size_t) v + 1] = known_hosts_other(&s->vms[v]);
        }
        return by_host_build(a, host_of, 2 * s->n_vms, s->n_hosts, ret);
}

static int known_hosts_print(Arena *a, const Snapshot *s, const ByHost *vms, HostIx h, KnownHost *ret) {
        const Host *host = &s->hosts[h];
        const usec_t at = host->vms_as_of > 0 ? host->vms_as_of : host->seen_at;
        const Sample of_host[3] = {
                { .metric = METRIC_HOST_CPUS, .subject = "", .number = host->cpus },
                { .metric = METRIC_HOST_MEMORY_TOTAL, .subject = "", .number = host->memory_mib },
                { .metric = METRIC_HOST_UUID, .subject = "", .text = host->uuid },
        };
        Section sections[2] = {
                { .collector = "host", .read_at = at, .samples = of_host, .n_samples = host->uuid ? 3 : 2 },
                { .collector = VMS_COLLECTOR, .read_at = at }
        };
        const Report report = { .host = host->name,
                                .sent_at = at,
                                .interval = KNOWN_EVERY,
                                .sections = sections,
                                .n_sections = ARRAY_SIZE(sections) };
        Sample *samples = arena_new(a, Sample, (size_t) by_host_count(vms, h) * SAMPLES_OF_VM);

        if (!samples)
                return -ENOMEM;
        for (uint32_t i = vms->from[h]; i < vms->from[h + 1]; i++)
                sections[1].n_samples +=
                        known_hosts_vm(&s->vms[vms->at[i] / 2], samples + sections[1].n_samples);
        sections[1].samples = samples;
        ret->name = text_copy(a, host->name, strlen(host->name));
        return ret->name ? report_print(a, &report, &ret->text, &ret->n) : -ENOMEM;
}

static int known_hosts_parse(Arena *a, const char *host, StoredText text, BuildInput *in,
                             const Report **list) {
        const Report *report = NULL;
        TextFault fault;
        int r = report_parse(a, text.text, text.n, &report, &fault);

        if (r == 0 && strcmp(report->host, host) == 0)
                list[in->n_known++] = report;
        return r == -ENOMEM ? r : 0;
}

/* ---- of this process ---- */

/* Its VMs are known, by its own word or as they were last known. */
static bool known_hosts_says(const Host *host) {
        return host->excluded == EXCLUDED_NONE ? host->seen_at > 0 : host->vms_as_of > 0;
}

int known_hosts_keep(KnownHosts *known, const Snapshot *s) {
        ByHost vms = { 0 };
        KnownHost *list;
        uint32_t n = 0;
        Arena *a;
        int r = arena_pair_next(&known->memory, ROOM, &a);

        if (r < 0)
                return r;
        list = arena_new(a, KnownHost, s->n_hosts);
        if (!list)
                return -ENOMEM;
        r = known_hosts_sort(a, s, &vms);
        for (HostIx h = 0; r == 0 && h < s->n_hosts; h++) {
                const KnownHost *was = known_hosts_find(known, s->hosts[h].name);

                if (known_hosts_says(&s->hosts[h])) {
                        r = known_hosts_print(a, s, &vms, h, &list[n++]);
                } else if (was) {
                        list[n] = (KnownHost){ .name = text_copy(a, was->name, strlen(was->name)),
                                               .text = text_copy(a, was->text, was->n),
                                               .n = was->n };
                        r = list[n].name && list[n].text ? 0 : -ENOMEM;
                        n++;
                }
        }
        if (r < 0)
                return r;
        arena_pair_keep(&known->memory);
        known->at = list;
        known->n = n;
        return 0;
}

int known_hosts_recall(const KnownHosts *known, Arena *a, BuildInput *in) {
        const Report **list = arena_new(a, const Report *, known->n);
        int r = list ? 0 : -ENOMEM;

        for (uint32_t i = 0; r == 0 && i < known->n; i++)
                r = known_hosts_parse(a, known->at[i].name,
                                      (StoredText){ .text = known->at[i].text, .n = known->at[i].n }, in,
                                      list);
        in->known = list;
        return r;
}

/* ---- of the store ---- */

int known_hosts_read(Store *store, Arena *a, BuildInput *in, const StoredText **ret, uint32_t *ret_n) {
        StoredText *texts = NULL;
        const Report **list;
        uint32_t n = 0;
        int r = store_get_known(store, a, &texts, &n);

        list = r == 0 ? arena_new(a, const Report *, n) : NULL;
        if (r == 0 && !list)
                r = -ENOMEM;
        for (uint32_t i = 0; r == 0 && i < n; i++)
                r = known_hosts_parse(a, texts[i].name, texts[i], in, list);
        in->known = list;
        *ret = texts;
        *ret_n = n;
        return r;
}

static bool known_hosts_is_lost(const Host *host) {
        return host->excluded == EXCLUDED_STALE || host->excluded == EXCLUDED_MISSING ||
               host->excluded == EXCLUDED_DAEMON;
}

static const StoredText *known_hosts_stored(const StoredText *stored, uint32_t n, const char *host) {
        for (uint32_t i = 0; i < n; i++)
                if (strcmp(stored[i].name, host) == 0)
                        return &stored[i];
        return NULL;
}

int known_hosts_write(const KnownHosts *known, const Leadership *l, const Snapshot *s,
                      const StoredText *stored, uint32_t n) {
        int r = 0;

        for (HostIx h = 0; r == 0 && h < s->n_hosts; h++) {
                const char *name = s->hosts[h].name;
                const KnownHost *is =
                        known_hosts_is_lost(&s->hosts[h]) ? known_hosts_find(known, name) : NULL;
                const StoredText *was = is ? known_hosts_stored(stored, n, name) : NULL;

                if (is && (!was || was->n != is->n || memcmp(was->text, is->text, is->n) != 0))
                        r = store_put_known(l->store, l->token, name, is->text, is->n);
        }
        for (uint32_t i = 0; r == 0 && i < n; i++) {
                const HostIx h = snapshot_host(s, stored[i].name);

                if (h == IX_NONE || !known_hosts_is_lost(&s->hosts[h]))
                        r = store_put_known(l->store, l->token, stored[i].name, "", 0);
        }
        return r;
}
