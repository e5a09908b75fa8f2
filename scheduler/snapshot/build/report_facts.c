/* SPDX-License-Identifier: Apache-2.0 */
/* A report's sections, sample by sample: what each says is in report_host_facts.c and report_vm_facts.c. */
#include "scheduler/snapshot/build/report_facts.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "scheduler/base/text.h"
#include "scheduler/model/bounds.h"
#include "scheduler/snapshot/build/report_parts.h"

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

                if (report_facts_is_of(x, OF_VM) || report_facts_is_of(x, OF_VM_CONTENTION) ||
                    report_facts_is_of(x, OF_VM_TIES)) {
                        if (x->subject != subject) {
                                uint32_t number = name_table_find(&f->vms, x->subject, strlen(x->subject));

                                row = number == UINT32_MAX ? NULL : &f->rows[number];
                                subject = x->subject;
                        }
                        if (row)
                                k = report_vm_sample(f, x, row);
                } else {
                        k = report_host_sample(f, s, x);
                }
        }
        return k;
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
        why = text_format(f->a, "its %s was ignored: %s", metric_defs[d->metric].name, d->text);
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
                        all = text_format(f->a, "%s%signored: %s", all ? all : "", all ? "; " : "", text);
                if (!all || (d->metric != METRIC_N && *d->subject && left_out_of_vm(f, d) < 0))
                        return -ENOMEM;
                if (d->metric == METRIC_N && !f->facts->unsure)
                        f->facts->unsure = text_format(f->a, "part of its report was ignored: %s", text);
        }
        if (r->n_dropped > LEFT_OUT_SAID)
                all = text_format(f->a, "%s; and %u more", all, r->n_dropped - LEFT_OUT_SAID);
        f->host->unread = all;
        return all || r->n_dropped == 0 ? 0 : -ENOMEM;
}
int report_facts(Arena *a, const Report *r, HostIx ix, Host *host, VmRow *rows, HostFacts *ret,
                 uint32_t *ret_n) {
        HostFacts facts = { .memory_available_mib = UNKNOWN };
        Facts f = { .a = a, .report = r, .host = host, .facts = &facts, .rows = rows };
        int k;

        host->cpus = host->memory_mib = 0;
        host->cpu_mhz = host->cpu_busy_mcores = host->memory_used_mib = UNKNOWN;
        host->memory_reclaimable_mib = UNKNOWN;
        host->cpu_pressure_permille = host->memory_pressure_permille = UNKNOWN;
        k = list_objects(&f, ix);
        for (uint32_t i = 0; k == 0 && i < r->n_sections; i++)
                k = section_facts(&f, &r->sections[i]);
        if (k == 0)
                k = left_out(&f);
        if (k == 0)
                k = report_vms_finish(&f);
        if (k < 0)
                return k;
        host->cpus = host->cpus < 0 ? 0 : host->cpus;
        host->memory_mib = host->memory_mib < 0 ? 0 : host->memory_mib;
        host->cpu_mhz = host->cpu_mhz == 0 ? UNKNOWN : host->cpu_mhz;
        if (facts.memory_available_mib >= 0 && facts.memory_available_mib <= host->memory_mib)
                host->memory_used_mib = host->memory_mib - facts.memory_available_mib;
        if (report_host_finish(&f) < 0)
                return -ENOMEM;
        *ret = facts;
        *ret_n = f.vms.n;
        return 0;
}
