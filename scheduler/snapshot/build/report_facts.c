/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/snapshot/build/report_facts.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "scheduler/base/compare.h"
#include "scheduler/base/text.h"
#include "scheduler/model/bounds.h"
#include "scheduler/model/host_label.h"
#include "scheduler/snapshot/build/report_targets.h"
#include "scheduler/snapshot/json/name_table.h"

#define UNREAD_MAX 3000 /* a text of a snapshot file is at most 4096 */

/* The longest part of s that is at most `most` bytes and ends at a character. */
static size_t report_facts_cut(const char *s, size_t n, size_t most) {
        if (n <= most)
                return n;
        for (n = most; n > 0 && ((unsigned char) s[n] & 0xc0) == 0x80; n--)
                ;
        return n;
}

/* "b,a,,b" → a, b. A label without a value gets an empty one. */
static int report_facts_split(Arena *a, const char *text, bool labels, Strings *ret) {
        uint32_t n = 1, kept = 0;
        const char **words;

        for (const char *s = text; *s; s++)
                n += *s == ',';
        words = arena_new(a, const char *, n);
        if (!words)
                return -ENOMEM;
        n = 0;
        for (const char *s = text, *end; *s; s = *end ? end + 1 : end) {
                size_t length;

                end = strchr(s, ',');
                end = end ? end : s + strlen(s);
                length = (size_t) (end - s);
                if (length == 0 || (labels && *s == '='))
                        continue;
                length = report_facts_cut(s, length, 254);
                words[n] = labels && !memchr(s, '=', length) ? text_format(a, "%.*s=", (int) length, s)
                                                             : text_copy(a, s, length);
                if (!words[n++])
                        return -ENOMEM;
        }
        qsort(words, n, sizeof(*words), compare_strings);
        for (uint32_t i = 0; i < n; i++)
                if (i == 0 || strcmp(words[kept - 1], words[i]) != 0)
                        words[kept++] = words[i];
        *ret = (Strings){ .at = kept > 0 ? words : NULL, .n = kept };
        return 0;
}

static int report_facts_fill(Arena *a, const Target *t, const Sample *sample, void *object) {
        char *member = (char *) object + t->at;
        size_t n = sample->text ? strlen(sample->text) : 0;

        switch (t->kind) {
        case TARGET_NUMBER:
                *(int64_t *) member = sample->number < 0        ? UNKNOWN
                                      : sample->number > t->max ? t->max
                                                                : sample->number;
                return 0;
        case TARGET_TEXT:
        case TARGET_NAME:
                if (n == 0 || (t->kind == TARGET_TEXT && n > 4096))
                        return 0;
                *(const char **) member =
                        text_copy(a, sample->text,
                                  report_facts_cut(sample->text, n, t->kind == TARGET_NAME ? 255 : 4096));
                return *(const char **) member ? 0 : -ENOMEM;
        case TARGET_NAMES:
        case TARGET_LABELS:
                return report_facts_split(a, sample->text ? sample->text : "", t->kind == TARGET_LABELS,
                                          (Strings *) member);
        case TARGET_HOST_LABELS:
                return host_labels_parse(a, sample->text ? sample->text : "", (Strings *) member);
        case TARGET_SPECIAL:
                break;
        }
        return 0;
}

typedef struct Facts {
        Arena *a;
        const Report *report;
        Host *host;
        HostContention *host_contention;
        HostPlatform *platform;
        NumaNode *numa; /* [NUMA_MAX] */
        HostFacts *facts;
        VmRow *rows;
        NameTable vms;
        Nic *nics;
        NameTable nic_names;
        const char *switches; /* of all NICs, by commas; NULL: none */
        PeerRtt *peers;
        Hugepages *hugepages; /* [HUGEPAGES_MAX] */
} Facts;

/* All of it not known: every member is a number. */
static void *contention_new(Arena *a, size_t size) {
        void *c = arena_take(a, 1, size, _Alignof(int64_t));

        if (c)
                memset(c, 0xff, size);
        return c;
}

static bool report_facts_is_of(const Sample *sample, TargetOf of) {
        return report_targets[sample->metric].of == of && *sample->subject != '\0';
}

uint64_t report_count_vms(const Report *r) {
        uint64_t n = 0;

        for (uint32_t i = 0; i < r->n_sections; i++)
                for (uint32_t k = 0; k < r->sections[i].n_samples; k++)
                        n += r->sections[i].samples[k].metric == METRIC_VM_STATE;
        for (uint32_t i = 0; i < r->n_dropped; i++)
                n += r->dropped[i].metric == METRIC_VM_STATE;
        return n < (uint64_t) bound_of(BOUND_REPORT_VMS) ? n : (uint64_t) bound_of(BOUND_REPORT_VMS);
}

static VmRow vm_row(HostIx ix, const char *name, usec_t read_at) {
        VmRow row = { .read_at = read_at, .vm = vm_unknown() };

        row.vm.name = name;
        row.vm.host = ix;
        row.vm.vcpus = row.vm.memory_mib = UNKNOWN;
        return row;
}

/* A VM of the list, anew where it stands in it again. One too many is left out, and the host is not to take any. */
static int vm_list(Facts *f, HostIx ix, const Sample *sample, usec_t read_at) {
        uint32_t number = name_table_find(&f->vms, sample->subject, strlen(sample->subject));

        if (number == UINT32_MAX && f->vms.n == f->vms.limit) {
                f->facts->unsure = text_format(f->a, "it reports more than %u VMs", f->vms.limit);
                return f->facts->unsure ? 0 : -ENOMEM;
        }
        if (number == UINT32_MAX) {
                const char *name = text_copy(f->a, sample->subject, strlen(sample->subject));

                if (!name)
                        return -ENOMEM;
                number = name_table_add(&f->vms, name);
        }
        f->rows[number] = vm_row(ix, f->vms.names[number], read_at);
        return 0;
}

/* The VMs are those whose state is reported, if only so that it was left out; other facts of a name that has none are of
 * a VM that is gone. */
static int list_vms(Facts *f, HostIx ix) {
        const Report *r = f->report;
        int k = name_table_new(f->a, (uint32_t) report_count_vms(r), &f->vms);

        for (uint32_t i = 0; k == 0 && i < r->n_dropped; i++)
                if (r->dropped[i].metric == METRIC_VM_STATE && *r->dropped[i].subject)
                        k = vm_list(f, ix, &r->dropped[i], r->sent_at);
        for (uint32_t i = 0; i < r->n_sections; i++)
                for (uint32_t j = 0; k == 0 && r->sections[i].error == 0 && j < r->sections[i].n_samples; j++)
                        if (r->sections[i].samples[j].metric == METRIC_VM_STATE &&
                            report_facts_is_of(&r->sections[i].samples[j], OF_VM))
                                k = vm_list(f, ix, &r->sections[i].samples[j], r->sections[i].read_at);
        return k;
}

static int list_objects(Facts *f, HostIx ix) {
        uint32_t n_nics = 0, n_peers = 0;
        int k = list_vms(f, ix);

        for (uint32_t i = 0; i < f->report->n_sections; i++) {
                const Section *s = &f->report->sections[i];

                for (uint32_t j = 0; s->error == 0 && j < s->n_samples; j++) {
                        n_nics += report_facts_is_of(&s->samples[j], OF_NIC);
                        n_peers += report_facts_is_of(&s->samples[j], OF_PEER);
                }
        }
        if (k < 0)
                return k;
        f->nics = arena_new(f->a, Nic, n_nics);
        f->peers = arena_new(f->a, PeerRtt, n_peers);
        f->hugepages = arena_new(f->a, Hugepages, HUGEPAGES_MAX);
        k = name_table_new(f->a, n_nics, &f->nic_names);
        return k < 0 ? k : f->nics && f->peers && f->hugepages ? 0 : -ENOMEM;
}

static int nic_sample(Facts *f, const Sample *sample) {
        uint32_t number = name_table_find(&f->nic_names, sample->subject, strlen(sample->subject));

        if (number == UINT32_MAX) {
                const char *name = text_copy(f->a, sample->subject, strlen(sample->subject));

                if (!name)
                        return -ENOMEM;
                number = name_table_add(&f->nic_names, name);
                f->nics[number] = (Nic){ .name = name,
                                         .speed_mbit = UNKNOWN,
                                         .rx_kbit = UNKNOWN,
                                         .tx_kbit = UNKNOWN,
                                         .peers = UNKNOWN,
                                         .carrier = true };
        }
        if (sample->metric == METRIC_NIC_SWITCH && sample->text && *sample->text) {
                f->switches = f->switches ? text_format(f->a, "%s,%s", f->switches, sample->text)
                                          : text_copy(f->a, sample->text, strlen(sample->text));
                if (!f->switches)
                        return -ENOMEM;
        }
        if (sample->metric == METRIC_NIC_CARRIER)
                f->nics[number].carrier = sample->number != 0;
        return report_facts_fill(f->a, &report_targets[sample->metric], sample, &f->nics[number]);
}

static int peer_sample(Facts *f, const Sample *sample) {
        PeerRtt *p = &f->peers[f->host->n_peers];

        if (sample->number < 0)
                return 0;
        p->name = text_copy(f->a, sample->subject, strlen(sample->subject));
        p->rtt_us = sample->number < QUANTITY_MAX ? sample->number : QUANTITY_MAX;
        f->host->n_peers += p->name != NULL;
        return p->name ? 0 : -ENOMEM;
}

/* Its subject is the size of a page in KiB. */
static int hugepages_sample(Facts *f, const Sample *sample) {
        uint32_t i = 0;
        int64_t kib;

        if (text_to_int(sample->subject, strlen(sample->subject), 1, bound_of(BOUND_PAGE_KIB), &kib) < 0)
                return 0;
        while (i < f->host->n_hugepages && f->hugepages[i].kib != kib)
                i++;
        if (i == HUGEPAGES_MAX)
                return 0;
        if (i == f->host->n_hugepages)
                f->hugepages[f->host->n_hugepages++] = (Hugepages){ .kib = kib };
        return report_facts_fill(f->a, &report_targets[sample->metric], sample, &f->hugepages[i]);
}

/* "smart: Connection timed out (12 readings in a row); md127: container; …": collectors that fail, and items
 * that were not understood. */
static int collector_sample(Facts *f, const Sample *sample) {
        const char *text = sample->text ? sample->text : "", *before = f->host->unread;

        if (before && strlen(before) > UNREAD_MAX)
                return 0;
        f->host->unread = text_format(f->a, "%s%s%s: %.*s", before ? before : "", before ? "; " : "",
                                      sample->subject, (int) report_facts_cut(text, strlen(text), 300), text);
        return f->host->unread ? 0 : -ENOMEM;
}

static void hugepages_finish(Facts *f) {
        for (uint32_t i = 0; i < f->host->n_hugepages; i++) {
                Hugepages *g = &f->hugepages[i];

                g->total_mib = g->total_mib > 0 ? g->total_mib : 0;
                g->free_mib = g->free_mib > 0 ? g->free_mib : 0;
                g->free_mib = g->free_mib < g->total_mib ? g->free_mib : g->total_mib;
        }
        f->host->hugepages = f->hugepages;
}

static int vm_special(Facts *f, const Sample *sample, VmRow *row) {
        const char *text = sample->text ? sample->text : "";
        const char *why = NULL;

        if (sample->metric == METRIC_VM_STATE) {
                row->vm.state = strcmp(text, "running") == 0 ? VM_RUNNING
                                : strcmp(text, "off") == 0   ? VM_OFF
                                                             : VM_PAUSED;
                if (row->vm.state == VM_PAUSED && strcmp(text, "paused") != 0)
                        why = text_format(f->a, "its state is \"%.*s\"",
                                          (int) report_facts_cut(text, strlen(text), 100), text);
                else
                        return 0;
        } else if (sample->metric == METRIC_VM_JOB) {
                row->job = strcmp(text, "migration-out") == 0  ? VM_JOB_OUT
                           : strcmp(text, "migration-in") == 0 ? VM_JOB_IN
                           : *text                             ? VM_JOB_OTHER
                                                               : VM_JOB_NONE;
                row->vm.in_flight = row->job == VM_JOB_OUT || row->job == VM_JOB_IN;
                if (row->job != VM_JOB_OTHER)
                        return 0;
                why = "libvirt runs another job on it";
        } else if (*text) {
                why = text_copy(f->a, text, report_facts_cut(text, strlen(text), 1000));
        } else {
                return 0;
        }
        if (!why)
                return -ENOMEM;
        row->vm.movable = false;
        row->vm.unmovable_why = why;
        return 0;
}

static int host_contention_sample(Facts *f, const Sample *sample) {
        if (!f->host_contention)
                f->host->contention = f->host_contention = contention_new(f->a, sizeof(*f->host_contention));
        return f->host_contention
                       ? report_facts_fill(f->a, &report_targets[sample->metric], sample, f->host_contention)
                       : -ENOMEM;
}

static HostPlatform *platform_of(Facts *f) {
        if (!f->platform) {
                f->platform = arena_new(f->a, HostPlatform, 1);
                f->numa = arena_new(f->a, NumaNode, NUMA_MAX);
                if (!f->platform || !f->numa)
                        return NULL;
                *f->platform = (HostPlatform){ .hugepages_default_kib = UNKNOWN, .numa = f->numa };
                f->host->platform = f->platform;
        }
        return f->platform;
}

static int platform_sample(Facts *f, const Sample *sample) {
        HostPlatform *p = platform_of(f);

        if (!p)
                return -ENOMEM;
        p->portgroups_known = p->portgroups_known || sample->metric == METRIC_HOST_PORTGROUPS;
        p->images_known = p->images_known || sample->metric == METRIC_HOST_IMAGES;
        return report_facts_fill(f->a, &report_targets[sample->metric], sample, p);
}

/* Its subject is the number of a node. */
static int numa_sample(Facts *f, const Sample *sample) {
        HostPlatform *p = platform_of(f);
        uint32_t i = 0;
        int64_t id;

        if (!p)
                return -ENOMEM;
        if (text_to_int(sample->subject, strlen(sample->subject), 0, bound_of(BOUND_NODE_ID), &id) < 0)
                return 0;
        while (i < p->n_numa && f->numa[i].id != id)
                i++;
        if (i == NUMA_MAX)
                return 0;
        if (i == p->n_numa)
                f->numa[p->n_numa++] = (NumaNode){ .id = id, .memory_mib = UNKNOWN, .free_mib = UNKNOWN };
        return report_facts_fill(f->a, &report_targets[sample->metric], sample, &f->numa[i]);
}

static int report_facts_numa_compare(const void *left, const void *right) {
        const NumaNode *x = left, *y = right;

        return (x->id > y->id) - (x->id < y->id);
}

/* "pci:0000:3b:00.0,mdev:UUID": the kind ends at the first colon. */
static int host_devices_sample(Facts *f, const Sample *sample, VmTies *ties) {
        HostDevice *devices;
        Strings words;
        int r = report_facts_split(f->a, sample->text ? sample->text : "", false, &words);

        devices = r == 0 ? arena_new(f->a, HostDevice, words.n) : NULL;
        if (!devices)
                return -ENOMEM;
        for (uint32_t i = 0; i < words.n; i++) {
                const char *colon = strchr(words.at[i], ':');
                int kind = 0;

                if (!colon || !colon[1])
                        continue;
                while (kind < HOST_DEVICE_N - 1 &&
                       (strlen(host_device_names[kind]) != (size_t) (colon - words.at[i]) ||
                        strncmp(words.at[i], host_device_names[kind], (size_t) (colon - words.at[i])) != 0))
                        kind++;
                devices[ties->n_devices++] = (HostDevice){ .kind = (HostDeviceKind) kind, .name = colon + 1 };
        }
        ties->devices = devices;
        return 0;
}

static int ties_sample(Facts *f, const Sample *sample, VmRow *row) {
        if (!row->ties) {
                row->ties = arena_new(f->a, VmTies, 1);
                if (!row->ties)
                        return -ENOMEM;
                *row->ties = (VmTies){ .snapshots = UNKNOWN, .checkpoints = UNKNOWN, .block_jobs = UNKNOWN };
                row->vm.ties = row->ties;
        }
        if (sample->metric == METRIC_VM_HOST_DEVICES)
                return host_devices_sample(f, sample, row->ties);
        if (sample->metric != METRIC_VM_TIE)
                return report_facts_fill(f->a, &report_targets[sample->metric], sample, row->ties);
        for (int t = 0; sample->text && t < TIE_N; t++)
                if (strcmp(sample->text, tie_names[t]) == 0)
                        row->ties->tie = (Tie) t;
        return 0;
}

static int vm_contention_sample(Facts *f, const Sample *sample, VmRow *row) {
        if (!row->contention)
                row->vm.contention = row->contention = contention_new(f->a, sizeof(*row->contention));
        return row->contention
                       ? report_facts_fill(f->a, &report_targets[sample->metric], sample, row->contention)
                       : -ENOMEM;
}

static int host_sample(Facts *f, const Section *s, const Sample *sample) {
        HostFacts *facts = f->facts;

        if (sample->metric == METRIC_HOST_DAEMON && sample->number == 0)
                facts->daemon_silent = true;
        if (sample->metric == METRIC_HOST_MEMORY_AVAILABLE)
                facts->memory_available_mib = sample->number;
        if (sample->metric == METRIC_HOST_UUID && sample->text && *sample->text)
                facts->uuid = sample->text;
        if ((sample->metric == METRIC_HOST_MEMORY_TOTAL || sample->metric == METRIC_HOST_CPU_BUSY) &&
            (facts->load_read_at == 0 || s->read_at < facts->load_read_at))
                facts->load_read_at = s->read_at;
        if (sample->metric == METRIC_HOST_NETWORKS)
                f->host->networks_known = true;
        if (sample->metric == METRIC_HOST_POOLS)
                f->host->pools_known = true;
        if (report_targets[sample->metric].of == OF_HOST_CONTENTION)
                return host_contention_sample(f, sample);
        if (report_targets[sample->metric].of == OF_HOST_PLATFORM)
                return platform_sample(f, sample);
        return report_targets[sample->metric].of == OF_HOST
                       ? report_facts_fill(f->a, &report_targets[sample->metric], sample, f->host)
                       : 0;
}

static int vm_sample(Facts *f, const Sample *sample, VmRow *row) {
        const Target *t = &report_targets[sample->metric];

        if (t->of == OF_VM_CONTENTION)
                return vm_contention_sample(f, sample, row);
        if (t->of == OF_VM_TIES)
                return ties_sample(f, sample, row);
        return t->kind == TARGET_SPECIAL ? vm_special(f, sample, row)
                                         : report_facts_fill(f->a, t, sample, &row->vm);
}

static int section_facts(Facts *f, const Section *s) {
        const char *subject = "";
        VmRow *row = NULL;
        int k = 0;

        if (strcmp(s->collector, VMS_COLLECTOR) == 0) {
                f->facts->daemon_silent = f->facts->daemon_silent || s->error != 0;
                f->facts->daemon_error = s->error;
                f->facts->has_vms = s->error == 0;
                f->facts->vms_read_at = s->read_at;
        }
        for (uint32_t i = 0; k == 0 && s->error == 0 && i < s->n_samples; i++) {
                const Sample *x = &s->samples[i];

                if (*x->subject == '\0') {
                        k = host_sample(f, s, x);
                } else if (report_facts_is_of(x, OF_NIC)) {
                        k = nic_sample(f, x);
                } else if (report_facts_is_of(x, OF_PEER)) {
                        k = peer_sample(f, x);
                } else if (report_facts_is_of(x, OF_NUMA)) {
                        k = numa_sample(f, x);
                } else if (report_facts_is_of(x, OF_HUGEPAGES)) {
                        k = hugepages_sample(f, x);
                } else if (report_facts_is_of(x, OF_COLLECTOR)) {
                        k = collector_sample(f, x);
                } else if (report_facts_is_of(x, OF_VM) || report_facts_is_of(x, OF_VM_CONTENTION) ||
                           report_facts_is_of(x, OF_VM_TIES)) {
                        if (x->subject != subject) {
                                uint32_t number = name_table_find(&f->vms, x->subject, strlen(x->subject));

                                row = number == UINT32_MAX ? NULL : &f->rows[number];
                                subject = x->subject;
                        }
                        if (row)
                                k = vm_sample(f, x, row);
                }
        }
        return k;
}

static int nic_compare(const void *left, const void *right) {
        return strcmp(((const Nic *) left)->name, ((const Nic *) right)->name);
}

static int report_facts_peer_compare(const void *left, const void *right) {
        const PeerRtt *x = left, *y = right;
        int c = strcmp(x->name, y->name);

        return c != 0 ? c : (x->rtt_us > y->rtt_us) - (x->rtt_us < y->rtt_us);
}

/* By name, each once, not more than a file may hold. */
static void peers_finish(Facts *f) {
        uint32_t kept = 0;

        if (f->host->n_peers > 0)
                qsort(f->peers, f->host->n_peers, sizeof(*f->peers), report_facts_peer_compare);
        for (uint32_t i = 0; i < f->host->n_peers && kept < PEERS_MAX; i++)
                if (kept == 0 || strcmp(f->peers[kept - 1].name, f->peers[i].name) != 0)
                        f->peers[kept++] = f->peers[i];
        f->host->peers = f->peers;
        f->host->n_peers = kept;
}

#define LEFT_OUT_SAID 5U /* things that are named */

/* What it was, and of what: "vm.dirty of web1: over its bound". */
static const char *left_out_text(Arena *a, const Sample *d) {
        if (d->metric == METRIC_N)
                return text_format(a, "a line: %s", d->text);
        return text_format(a, "%s%s%s: %s", metric_defs[d->metric].name, *d->subject ? " of " : "",
                           d->subject, d->text);
}

/* The VM stays where it is, and counts. */
static int left_out_of_vm(Facts *f, const Sample *d) {
        const uint32_t number = name_table_find(&f->vms, d->subject, strlen(d->subject));
        const char *why;

        if (number == UINT32_MAX || !f->rows[number].vm.movable)
                return 0;
        why = text_format(f->a, "of its facts %s was left out: %s", metric_defs[d->metric].name, d->text);
        f->rows[number].vm.movable = false;
        f->rows[number].vm.unmovable_why = why;
        return why ? 0 : -ENOMEM;
}

/* Of a report something was left out: said, and of its VM it is known that it is not all. */
static int left_out(Facts *f) {
        const Report *r = f->report;
        const char *all = f->host->unread;

        for (uint32_t i = 0; i < r->n_dropped; i++) {
                const Sample *d = &r->dropped[i];
                const char *text = i < LEFT_OUT_SAID || d->metric == METRIC_N ? left_out_text(f->a, d) : "";

                if (!text)
                        return -ENOMEM;
                if (i < LEFT_OUT_SAID)
                        all = text_format(f->a, "%s%sleft out: %s", all ? all : "", all ? "; " : "", text);
                if (!all || (d->metric != METRIC_N && *d->subject && left_out_of_vm(f, d) < 0))
                        return -ENOMEM;
                if (d->metric == METRIC_N && !f->facts->unsure)
                        f->facts->unsure = text_format(f->a, "of its report was left out %s", text);
        }
        if (r->n_dropped > LEFT_OUT_SAID)
                all = text_format(f->a, "%s; and %u more", all, r->n_dropped - LEFT_OUT_SAID);
        f->host->unread = all;
        return all || r->n_dropped == 0 ? 0 : -ENOMEM;
}

/* One whose size is not known: its host may be fuller than it looks. */
static int vm_unsized(Facts *f, Vm *vm) {
        if (!f->facts->unsure)
                f->facts->unsure = text_format(f->a, "vCPUs or memory of VM %.255s are not known", vm->name);
        if (vm->movable)
                vm->unmovable_why = text_format(f->a, "its vCPUs or memory are not known");
        vm->movable = false;
        return f->facts->unsure && vm->unmovable_why ? 0 : -ENOMEM;
}

static int vms_finish(Facts *f) {
        for (uint32_t i = 0; i < f->vms.n; i++) {
                Vm *v = &f->rows[i].vm;

                if ((v->vcpus < 0 || v->memory_mib < 0) && v->state != VM_OFF && vm_unsized(f, v) < 0)
                        return -ENOMEM;
                v->vcpus = v->vcpus < 0 ? 0 : v->vcpus;
                v->memory_mib = v->memory_mib < 0 ? 0 : v->memory_mib;
                v->local_disk_mib = v->local_disk_mib < 0 ? 0 : v->local_disk_mib;
                v->hugepages_kib = v->hugepages_kib < 0 ? 0 : v->hugepages_kib;
        }
        return 0;
}

int report_facts(Arena *a, const Report *r, HostIx ix, Host *host, VmRow *rows, HostFacts *ret,
                 uint32_t *ret_n) {
        HostFacts facts = { .memory_available_mib = UNKNOWN };
        Facts f = { .a = a, .report = r, .host = host, .facts = &facts, .rows = rows };
        int k;

        host->cpus = host->memory_mib = 0;
        host->cpu_mhz = host->cpu_busy_mcores = host->memory_used_mib = UNKNOWN;
        host->cpu_pressure_permille = host->memory_pressure_permille = UNKNOWN;
        k = list_objects(&f, ix);
        for (uint32_t i = 0; k == 0 && i < r->n_sections; i++)
                k = section_facts(&f, &r->sections[i]);
        if (k == 0)
                k = left_out(&f);
        if (k == 0)
                k = vms_finish(&f);
        if (k < 0)
                return k;
        host->cpus = host->cpus < 0 ? 0 : host->cpus;
        host->memory_mib = host->memory_mib < 0 ? 0 : host->memory_mib;
        host->cpu_mhz = host->cpu_mhz == 0 ? UNKNOWN : host->cpu_mhz;
        if (facts.memory_available_mib >= 0 && facts.memory_available_mib <= host->memory_mib)
                host->memory_used_mib = host->memory_mib - facts.memory_available_mib;
        qsort(f.nics, f.nic_names.n, sizeof(*f.nics), nic_compare);
        if (f.switches && report_facts_split(a, f.switches, false, &host->switches) < 0)
                return -ENOMEM;
        peers_finish(&f);
        host->nics = f.nics;
        host->n_nics = f.nic_names.n < NICS_MAX ? f.nic_names.n : NICS_MAX;
        hugepages_finish(&f);
        if (f.platform && f.platform->n_numa > 0)
                qsort(f.numa, f.platform->n_numa, sizeof(*f.numa), report_facts_numa_compare);
        *ret = facts;
        *ret_n = f.vms.n;
        return 0;
}
