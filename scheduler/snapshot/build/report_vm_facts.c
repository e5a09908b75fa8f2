/* SPDX-License-Identifier: Apache-2.0 */
/* What a report says of a VM. */
#include <errno.h>
#include <string.h>

#include "scheduler/base/text.h"
#include "scheduler/snapshot/build/report_parts.h"

static int vm_special(Facts *f, const Sample *sample, VmRow *row) {
        const char *text = sample->text ? sample->text : "";
        const char *why = NULL;

        if (sample->metric == METRIC_VM_STATE) {
                row->vm.state = strcmp(text, "running") == 0 ? VM_RUNNING
                                : strcmp(text, "off") == 0   ? VM_OFF
                                                             : VM_PAUSED;
                if (row->vm.state == VM_PAUSED && strcmp(text, "paused") != 0)
                        why = text_format(f->a, "its state is %.*s",
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
                why = "another libvirt job is running on it";
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
                row->vm.contention = row->contention =
                        report_facts_contention(f->a, sizeof(*row->contention));
        return row->contention
                       ? report_facts_fill(f->a, &report_targets[sample->metric], sample, row->contention)
                       : -ENOMEM;
}

int report_vm_sample(Facts *f, const Sample *sample, VmRow *row) {
        const Target *t = &report_targets[sample->metric];

        if (t->of == OF_VM_CONTENTION)
                return vm_contention_sample(f, sample, row);
        if (t->of == OF_VM_TIES)
                return ties_sample(f, sample, row);
        return t->kind == TARGET_SPECIAL ? vm_special(f, sample, row)
                                         : report_facts_fill(f->a, t, sample, &row->vm);
}

/* One whose size is not known: its host may be fuller than it looks. */
static int vm_unsized(Facts *f, Vm *vm) {
        if (!f->facts->unsure)
                f->facts->unsure = text_format(f->a, "vCPUs or memory of VM %.255s unknown", vm->name);
        if (vm->movable)
                vm->unmovable_why = text_format(f->a, "its vCPUs or memory are unknown");
        vm->movable = false;
        return f->facts->unsure && vm->unmovable_why ? 0 : -ENOMEM;
}

int report_vms_finish(Facts *f) {
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
