/* SPDX-License-Identifier: Apache-2.0 */
/* Which VMs there are, and where each runs: what several hosts say of one is weighed. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "scheduler/base/compare.h"
#include "scheduler/base/text.h"
#include "scheduler/snapshot/build/build_parts.h"

static bool build_only_seen(const Builder *b, const VmRow *r) {
        return b->hosts[r->vm.host].excluded == EXCLUDED_SEEN;
}

/* Its host is to be emptied of it, whether that is seen or not. */
static bool build_is_to_leave(const Builder *b, const VmRow *r) {
        const Host *host = &b->hosts[r->vm.host];

        if (r->vm.state == VM_OFF || r->job == VM_JOB_IN)
                return false;
        if (host->state == HOST_MAINTENANCE || (host->n_faults == 0 && host->fault_grade >= 3))
                return true;
        for (uint32_t i = 0; i < host->n_faults; i++)
                if (host->faults[i].grade >= 3 &&
                    (!host->faults[i].partly || strings_have(&host->faults[i].vms, r->vm.name)))
                        return true;
        return false;
}

/* … by what that host itself and its operators say. */
static bool build_must_leave(const Builder *b, const VmRow *r) {
        return b->hosts[r->vm.host].excluded == EXCLUDED_NONE && build_is_to_leave(b, r);
}

static bool build_has_moved(const Builder *b, const char *vm, usec_t left, usec_t right);

/* It is only remembered, and who says that it has the VM now is believed. */
static bool build_is_outdated(const Builder *b, const VmRow *r) {
        return r->remembered &&
               (!build_is_to_leave(b, r) || build_has_moved(b, r->vm.name, r->read_at, INT64_MAX));
}

/* How much speaks for a host being the one the VM runs on, and is about to leave. A definition alone speaks
 * for nothing; of several the one that need not leave its host counts. */
static int build_claim(const Builder *b, const VmRow *r) {
        if (build_only_seen(b, r))
                return -64;
        if (build_is_outdated(b, r))
                return -48;
        if (r->vm.state == VM_OFF)
                return b->hosts[r->vm.host].for_good ? -32 : -31;
        return (build_must_leave(b, r) ? 16 : 0) + (r->fresh ? 8 : 0) +
               (r->job == VM_JOB_OUT  ? 4
                : r->job == VM_JOB_IN ? -4
                                      : 0) +
               (r->vm.state == VM_RUNNING ? 1 : 0);
}

typedef struct RowRef {
        const VmRow *row;
        int claim;
} RowRef;

/* By name, then the strongest claim first; a total order, so that the order of reports plays no part. */
static int build_row_compare(const void *left, const void *right) {
        const VmRow *x = ((const RowRef *) left)->row, *y = ((const RowRef *) right)->row;
        int c = strcmp(x->vm.name, y->vm.name);

        if (c != 0)
                return c;
        if (((const RowRef *) left)->claim != ((const RowRef *) right)->claim)
                return ((const RowRef *) right)->claim - ((const RowRef *) left)->claim;
        if (x->read_at != y->read_at)
                return x->read_at > y->read_at ? -1 : 1;
        return x->vm.host < y->vm.host ? -1 : 1;
}

static int64_t build_larger(int64_t left, int64_t right) {
        return left > right ? left : right;
}

#define CLOCKS_APART (5 * USEC_PER_SEC) /* of the hosts and the service */

/* A migration that somebody knows of came about between the two readings. */
static bool build_has_moved(const Builder *b, const char *vm, usec_t left, usec_t right) {
        const usec_t older = left < right ? left : right;

        for (uint32_t i = 0; i < b->in->n_known_moves; i++) {
                const KnownMove *m = &b->in->known_moves[i];

                if (strcmp(m->vm, vm) == 0 && (m->until == INT64_MAX || m->until + CLOCKS_APART >= older))
                        return true;
        }
        return false;
}

/* Both say that it runs there, and it is not that the one has let it go since. */
static bool runs_twice(const VmRow *left, const VmRow *right) {
        const VmRow *older = left->read_at <= right->read_at ? left : right,
                    *newer = older == left ? right : left;

        return left->fresh && right->fresh && left->vm.state == VM_RUNNING && right->vm.state == VM_RUNNING &&
               newer->job != VM_JOB_IN && !(older->job == VM_JOB_OUT && older->read_at < newer->read_at);
}

/* The hosts that say so, by name; none where a migration explains what they say. */
static int running_on(Builder *b, const RowRef *rows, uint32_t n, Strings *ret) {
        const char **names = arena_new(b->a, const char *, n);
        bool twice = n > 2;
        uint32_t k = 0;

        if (!names)
                return -ENOMEM;
        for (uint32_t i = 0; i < n; i++)
                if (rows[i].row->vm.state == VM_RUNNING)
                        names[k++] = b->hosts[rows[i].row->vm.host].name;
        if (n == 2)
                twice = runs_twice(rows[0].row, rows[1].row) &&
                        !build_has_moved(b, rows[0].row->vm.name, rows[0].row->read_at, rows[1].row->read_at);
        if (k > 1)
                qsort(names, k, sizeof(*names), compare_strings);
        *ret = twice && k > 1 ? (Strings){ .at = names, .n = k } : (Strings){ 0 };
        return 0;
}

/* Several hosts report the name: rows[0] claims it most. */
static int vm_merge(Builder *b, const RowRef *rows, uint32_t n, Vm *ret) {
        Vm vm = rows[0].row->vm;
        const char *other = b->hosts[rows[1].row->vm.host].name, *own = b->hosts[vm.host].name;
        bool same = true;

        vm.in_flight = true;
        vm.in_flight_to = rows[1].row->vm.host;
        for (uint32_t i = 1; i < n; i++) {
                const Vm *v = &rows[i].row->vm;

                same = same && (!v->uuid || !vm.uuid || strcmp(v->uuid, vm.uuid) == 0);
                vm.vcpus = build_larger(vm.vcpus, v->vcpus);
                vm.memory_mib = build_larger(vm.memory_mib, v->memory_mib);
                vm.cpu_mcores = build_larger(vm.cpu_mcores, v->cpu_mcores);
        }
        if (same && running_on(b, rows, n, &vm.running_on) < 0)
                return -ENOMEM;
        if (!same || n > 2 || vm.running_on.n > 0) {
                vm.movable = false;
                vm.unmovable_why =
                        !same   ? text_format(b->a, "different VMs with this name run on %.255s and %.255s",
                                              own, other)
                        : n > 2 ? text_format(b->a, "%u hosts report it, including %.255s and %.255s", n, own,
                                              other)
                                : text_format(
                                          b->a,
                                          "%.255s and %.255s both report it as running, and no migration of it is in progress",
                                          own, other);
                if (!vm.unmovable_why)
                        return -ENOMEM;
        }
        *ret = vm;
        return 0;
}

/* A VM that runs on a host whose lists of CPU models or features lack what it asks for disproves them:
 * emulated CPUs, features that libvirt leaves out when it starts a VM. What it needs is then not known. */
static void cpu_facts_check(const Builder *b, Vm *vm) {
        const Host *home = &b->hosts[vm->host];

        if (home->cpu_models.n > 0 && vm->cpu_model && !cpu_follows_host(vm->cpu_model) &&
            !strings_have(&home->cpu_models, vm->cpu_model))
                vm->cpu_model = NULL;
        for (uint32_t i = 0; home->cpu_features.n > 0 && i < vm->cpu_features.n; i++)
                if (!strings_have(&home->cpu_features, vm->cpu_features.at[i]))
                        vm->cpu_features = (Strings){ 0 };
}

/* A VM that runs where an image it reads is not listed disproves that list: what it needs is then not known. */
static int images_check(Builder *b, Vm *vm) {
        const HostPlatform *p = b->hosts[vm->host].platform;
        bool all = true;
        VmTies *ties;

        for (uint32_t i = 0; vm->ties && p && p->images_known && i < vm->ties->images.n; i++)
                all = all && strings_have(&p->images, vm->ties->images.at[i]);
        if (all)
                return 0;
        ties = arena_new(b->a, VmTies, 1);
        if (!ties)
                return -ENOMEM;
        *ties = *vm->ties;
        ties->images = (Strings){ 0 };
        vm->ties = ties;
        return 0;
}

/* What a full host had not, its VMs wanted still: they would use it elsewhere. The sum of what they use can never be more
 * than there is; the sum of what they want can. On a host with room, waiting is the scheduler's latency. One that waits
 * wants no more than its vCPUs. */
static int waiting_count(const Builder *b, Vm *vm) {
        const Host *home = &b->hosts[vm->host];
        const int64_t waited = vm_waited_mcores(vm), room = vm->vcpus * INT64_C(1000) - vm->cpu_mcores;
        VmLoad *measured;

        if (vm->cpu_mcores == UNKNOWN || vm->state != VM_RUNNING || vm->in_flight || waited <= 0 ||
            room <= 0 || home->cpus == 0 || home->cpu_busy_mcores == UNKNOWN ||
            home->cpu_busy_mcores < b->waiting_above * home->cpus)
                return 0;
        measured = arena_new(b->a, VmLoad, 1);
        if (!measured)
                return -ENOMEM;
        *measured = vm_measured(vm);
        measured->cpu_waited_mcores = waited < room ? waited : room;
        vm->cpu_mcores += measured->cpu_waited_mcores;
        vm->measured = measured;
        return 0;
}

static bool same_name(const RowRef *left, const RowRef *right) {
        return strcmp(left->row->vm.name, right->row->vm.name) == 0;
}

static void rows_sort(const Builder *b, RowRef *order) {
        for (uint32_t i = 0; i < b->n_rows; i++)
                order[i] = (RowRef){ &b->rows[i], build_claim(b, &b->rows[i]) };
        if (b->n_rows > 0)
                qsort(order, b->n_rows, sizeof(*order), build_row_compare);
}

/* One that is off, or on a host that is only seen, and has another VM's name is called by its UUID: the other is nothing
 * of its. So is one that has the name of a VM that must leave its host: a name alone holds nobody back. */
static bool rename_others(Builder *b, const RowRef *order) {
        const RowRef *first = order;
        bool renamed = false;

        for (uint32_t i = 0; i < b->n_rows; i++) {
                VmRow *row = &b->rows[order[i].row - b->rows];

                if (!same_name(first, &order[i]))
                        first = &order[i];
                if ((row->vm.state != VM_OFF && !build_only_seen(b, row) &&
                     !build_must_leave(b, first->row)) ||
                    !row->vm.uuid || !first->row->vm.uuid || strcmp(row->vm.uuid, first->row->vm.uuid) == 0)
                        continue;
                row->vm.name = row->vm.uuid;
                renamed = true;
        }
        return renamed;
}

/* Of those with one name: without definitions that an earlier one is the VM of, without what is only remembered, and
 * without what hosts claim that are only seen. */
static uint32_t without_claims(const Builder *b, const RowRef *rows, uint32_t n) {
        while (n > 1 && (rows[n - 1].row->vm.state == VM_OFF || build_is_outdated(b, rows[n - 1].row) ||
                         build_only_seen(b, rows[n - 1].row)))
                n--;
        return n;
}

int build_vms_build(Builder *b, Snapshot *s) {
        RowRef *order = arena_new(b->a, RowRef, b->n_rows);
        uint32_t n_vms = 0;
        Vm *vms;
        int k = 0;

        if (!order)
                return -ENOMEM;
        rows_sort(b, order);
        if (rename_others(b, order))
                rows_sort(b, order);
        for (uint32_t i = 0; i < b->n_rows; i++)
                n_vms += i == 0 || !same_name(&order[i - 1], &order[i]);
        if (n_vms > VMS_MAX)
                return -ERANGE;
        vms = arena_new(b->a, Vm, n_vms);
        if (!vms)
                return -ENOMEM;
        for (uint32_t i = 0, n, alive; k == 0 && i < b->n_rows; i += n) {
                for (n = 1; i + n < b->n_rows && same_name(&order[i], &order[i + n]); n++)
                        ;
                alive = without_claims(b, order + i, n);
                if (alive == 1)
                        vms[s->n_vms++] = order[i].row->vm;
                else
                        k = vm_merge(b, order + i, alive, &vms[s->n_vms++]);
                cpu_facts_check(b, &vms[s->n_vms - 1]);
                if (k == 0)
                        k = images_check(b, &vms[s->n_vms - 1]);
                if (k == 0)
                        k = waiting_count(b, &vms[s->n_vms - 1]);
        }
        s->vms = vms;
        return k;
}
