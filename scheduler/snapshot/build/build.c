/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/snapshot/build/build.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "scheduler/base/compare.h"
#include "scheduler/base/text.h"
#include "scheduler/model/host_uri.h"
#include "scheduler/snapshot/build/report_facts.h"
#include "scheduler/snapshot/build/vm_traffic.h"
#include "scheduler/snapshot/health/fault_grade.h"
#include "scheduler/snapshot/health/fault_list.h"
#include "scheduler/snapshot/health/move_holds.h"
#include "scheduler/snapshot/json/name_table.h"

const SettingDef snapshot_settings[] = {
        { .name = "stale_after",
          .type = SETTING_DURATION,
          .def = 30 * USEC_PER_SEC,
          .min = USEC_PER_SEC,
          .max = 86400 * USEC_PER_SEC,
          .doc = "A host whose report, or whose reading of its load or VMs, is older than this takes no part "
                 "in "
                 "decisions; three times the agent's own interval where that is longer." },
        { .name = "clock_skew",
          .type = SETTING_DURATION,
          .def = 10 * USEC_PER_SEC,
          .min = 0,
          .max = 3600 * USEC_PER_SEC,
          .doc = "By how much clocks may differ: a host's (a report from further in the future than this is no sign of "
                 "life, and the host takes no part in decisions), and the service's from Redis': beyond that it is "
                 "blind, and nothing is decided." },
        { .name = "fault_hold",
          .type = SETTING_PERMILLE,
          .def = 1000,
          .min = 0,
          .max = 100000,
          .doc = "A fault's grade falls when its facts have been good for the time the table of hazards says "
                 "(docs/faults.md, mostly a day); this is by how much that time is stretched. 0: at once." },
        { 0 },
};

typedef struct Builder {
        Arena *a;
        const BuildInput *in;
        usec_t stale_after, clock_skew;
        int64_t fault_hold;
        NameTable names;          /* of hosts, in the order of strcmp */
        uint32_t left_out;        /* names of hosts beyond HOSTS_MAX */
        Host *hosts;              /* [names.n] */
        const Report **report_of; /* [names.n] the newest, or NULL */
        const Report **known_of;  /* [names.n] what was last known of its VMs, or NULL */
        const char **uuid_of;     /* [names.n] a machine that reports under this name, or NULL */
        bool *doubled;            /* [names.n] two machines report under this name */
        VmRow *rows;
        uint32_t n_rows;
        FaultMemory *memories;             /* [names.n] to be remembered */
        const FaultMemory **remembered_of; /* [names.n] */
} Builder;

/* ---- which hosts there are ---- */

static const char *host_uuid(const Report *r) {
        for (uint32_t i = 0; i < r->n_sections; i++)
                for (uint32_t k = 0; k < r->sections[i].n_samples; k++) {
                        const Sample *x = &r->sections[i].samples[k];

                        if (x->metric == METRIC_HOST_UUID && x->text && *x->text)
                                return x->text;
                }
        return NULL;
}

static bool is_newer(const Report *r, const Report *than) {
        return r->sent_at != than->sent_at ? r->sent_at > than->sent_at : r->sequence > than->sequence;
}

/* Beyond the bound a name is left out: of hosts that report last. */
static uint32_t name_take(NameTable *t, const char *name) {
        if (t->n < t->limit || name_table_find(t, name, strlen(name)) != UINT32_MAX) {
                (void) name_table_add(t, name);
                return 0;
        }
        return 1;
}

/* Names of all, sorted, each once. */
static int names_collect(Builder *b) {
        const BuildInput *in = b->in;
        uint64_t n = (uint64_t) in->n_reports + in->n_expected;
        NameTable unsorted;
        uint32_t *order;
        int k = name_table_new(b->a, (uint32_t) (n < HOSTS_MAX ? n : HOSTS_MAX), &unsorted);

        if (k < 0)
                return k;
        for (uint32_t i = 0; i < in->n_reports; i++)
                b->left_out += name_take(&unsorted, in->reports[i]->host);
        for (uint32_t i = 0; i < in->n_expected; i++)
                b->left_out += name_take(&unsorted, in->expected[i]);
        k = names_order(b->a, unsorted.names, unsorted.n, &order);
        if (k == 0)
                k = name_table_new(b->a, unsorted.n, &b->names);
        for (uint32_t i = 0; k == 0 && i < unsorted.n; i++) {
                const char *name = unsorted.names[order[i]];
                const char *copy = text_copy(b->a, name, strlen(name));

                k = copy ? 0 : -ENOMEM;
                if (copy)
                        (void) name_table_add(&b->names, copy);
        }
        return k;
}

static HostIx host_ix(const Builder *b, const char *name) {
        return name_table_find(&b->names, name, strlen(name));
}

static void reports_choose(Builder *b) {
        for (uint32_t i = 0; i < b->in->n_reports; i++) {
                const Report *r = b->in->reports[i];
                HostIx h = host_ix(b, r->host);
                const Report *other = h == IX_NONE ? NULL : b->report_of[h];
                const char *uuid = host_uuid(r);

                if (h == IX_NONE)
                        continue;
                if (uuid && b->uuid_of[h] && strcmp(uuid, b->uuid_of[h]) != 0)
                        b->doubled[h] = true;
                if (uuid)
                        b->uuid_of[h] = uuid;
                if (!other || is_newer(r, other))
                        b->report_of[h] = r;
        }
        for (uint32_t i = 0; i < b->in->n_known; i++) {
                HostIx h = host_ix(b, b->in->known[i]->host);

                if (h != IX_NONE)
                        b->known_of[h] = b->in->known[i];
        }
}

/* ---- what is known of each ---- */

#define SECONDS(usec) ((double) (usec) / 1e6)

static usec_t allowed_age(const Builder *b, const Report *r) {
        usec_t three = r->interval > INT64_MAX / 3 ? INT64_MAX : 3 * r->interval;

        return three > b->stale_after ? three : b->stale_after;
}

typedef struct Judgement {
        Exclusion excluded;
        const char *why; /* in the arena */
        bool full;       /* the arena is */
} Judgement;

#define JUDGE(b, kind, ...) build_judgement((kind), text_format((b)->a, __VA_ARGS__))

static Judgement build_judgement(Exclusion excluded, const char *why) {
        return (Judgement){ .excluded = excluded, .why = why, .full = !why };
}

/* Whether what was read at `at` counts as now. */
static Judgement judge_age(const Builder *b, const Report *r, const char *what, usec_t at) {
        usec_t allowed = allowed_age(b, r), now = b->in->now;

        if (at > now && at - now > b->clock_skew)
                return JUDGE(b, EXCLUDED_STALE,
                             "%s is %.1f s in the future; a clock is wrong (%.1f s are allowed)", what,
                             SECONDS(at - now), SECONDS(b->clock_skew));
        if (now > at && now - at > allowed)
                return JUDGE(b, EXCLUDED_STALE, "%s is %.1f s old; %.1f s are allowed", what,
                             SECONDS(now - at), SECONDS(allowed));
        return (Judgement){ .excluded = EXCLUDED_NONE };
}

static Judgement judge_host(const Builder *b, HostIx ix, const HostFacts *f) {
        const Report *r = b->report_of[ix];
        const Host *h = &b->hosts[ix];
        Judgement j;

        if (b->doubled[ix])
                return JUDGE(b, EXCLUDED_MISSING, "two machines report under this name");
        j = judge_age(b, r, "its last report", r->sent_at);
        if (j.excluded != EXCLUDED_NONE)
                return j;
        if (f->daemon_silent && f->daemon_error != 0)
                return JUDGE(b, EXCLUDED_DAEMON, "its libvirt does not answer (error %d)", f->daemon_error);
        if (f->daemon_silent)
                return JUDGE(b, EXCLUDED_DAEMON, "its libvirt does not answer");
        if (!f->has_vms)
                return JUDGE(b, EXCLUDED_MISSING, "its report has no list of VMs");
        j = judge_age(b, r, "its list of VMs", f->vms_read_at);
        if (j.excluded != EXCLUDED_NONE)
                return j;
        if (h->cpus == 0 || h->memory_mib == 0)
                return JUDGE(b, EXCLUDED_MISSING, "its report does not say its %s",
                             h->cpus > 0         ? "memory"
                             : h->memory_mib > 0 ? "CPUs"
                                                 : "CPUs and memory");
        j = judge_age(b, r, "the reading of its load", f->load_read_at);
        if (j.excluded != EXCLUDED_NONE)
                return j;
        return (Judgement){ .excluded = EXCLUDED_NONE };
}

static int host_silent(Builder *b, HostIx ix) {
        Host *h = &b->hosts[ix];

        h->cpu_mhz = h->cpu_busy_mcores = h->memory_used_mib = UNKNOWN;
        h->cpu_pressure_permille = h->memory_pressure_permille = UNKNOWN;
        h->excluded = EXCLUDED_MISSING;
        h->excluded_why = text_format(b->a, "no report");
        return h->excluded_why ? 0 : -ENOMEM;
}

/* It does not say which VMs it has: it has those that were last known. */
static int host_recall(Builder *b, HostIx ix) {
        const Report *known = b->known_of[ix];
        Host *h = &b->hosts[ix], then = { .name = h->name };
        HostFacts facts;
        uint32_t n = 0;
        int k = report_facts(b->a, known, ix, &then, b->rows + b->n_rows, &facts, &n);

        if (k < 0)
                return k;
        h->cpus = h->cpus > 0 ? h->cpus : then.cpus;
        h->memory_mib = h->memory_mib > 0 ? h->memory_mib : then.memory_mib;
        h->uuid = h->uuid ? h->uuid : then.uuid;
        h->vms_as_of = known->sent_at;
        h->excluded_why = text_format(b->a, "%s; its %u VM%s %s last known %.1f s ago", h->excluded_why, n,
                                      n == 1 ? "" : "s", n == 1 ? "is as" : "are as",
                                      SECONDS(b->in->now > known->sent_at ? b->in->now - known->sent_at : 0));
        for (uint32_t i = 0; i < n; i++)
                b->rows[b->n_rows + i].remembered = true;
        b->n_rows += n;
        return h->excluded_why ? 0 : -ENOMEM;
}

static int host_build(Builder *b, HostIx ix) {
        const Report *r = b->report_of[ix];
        Host *h = &b->hosts[ix];
        HostFacts facts;
        Judgement j;
        uint32_t n;
        int k;

        h->name = b->names.names[ix];
        for (int i = 0; i < HEADROOM_N; i++)
                h->headroom_permille[i] = UNKNOWN;
        k = r ? report_facts(b->a, r, ix, h, b->rows + b->n_rows, &facts, &n) : host_silent(b, ix);
        if (k < 0 || !r)
                return k < 0 || !b->known_of[ix] ? k : host_recall(b, ix);
        j = judge_host(b, ix, &facts);
        if (j.full)
                return -ENOMEM;
        h->excluded = j.excluded;
        h->excluded_why = j.why;
        h->no_entry_why = facts.unsure;
        h->seen_at = facts.has_vms && facts.vms_read_at < r->sent_at ? facts.vms_read_at : r->sent_at;
        for (uint32_t i = 0; i < n; i++)
                b->rows[b->n_rows + i].fresh = j.excluded != EXCLUDED_STALE;
        b->n_rows += n;
        if (j.excluded != EXCLUDED_NONE && facts.has_vms)
                h->vms_as_of = facts.vms_read_at;
        return j.excluded != EXCLUDED_NONE && !facts.has_vms && b->known_of[ix] ? host_recall(b, ix) : 0;
}

/* By the name, or the address that was kept when the host was admitted. */
static int uris_make(Builder *b) {
        int k = 0;

        for (HostIx h = 0; k == 0 && b->in->uri_pattern && h < b->names.n; h++)
                k = host_uri_make(b->a, b->in->uri_pattern, host_reached_at(&b->hosts[h]), &b->hosts[h].uri);
        return k;
}

static int place_copy(Builder *b, const char *from, const char **to) {
        if (!from || !text_is_name(from, strlen(from)))
                return 0;
        *to = text_copy(b->a, from, strlen(from));
        return *to ? 0 : -ENOMEM;
}

static int marks_apply(Builder *b) {
        int k = 0;

        for (uint32_t i = 0; k == 0 && i < b->in->n_marks; i++) {
                const HostMark *m = &b->in->marks[i];
                HostIx ix = host_ix(b, m->host);

                if (ix == IX_NONE)
                        continue;
                b->hosts[ix].state = m->state;
                b->hosts[ix].leave_by = m->leave_by;
                b->hosts[ix].for_good = m->for_good && m->state == HOST_MAINTENANCE;
                b->hosts[ix].marked_at = m->at;
                b->hosts[ix].several = m->several && m->state == HOST_MAINTENANCE;
                k = place_copy(b, m->zone, &b->hosts[ix].zone);
                if (k == 0)
                        k = place_copy(b, m->rack, &b->hosts[ix].rack);
                if (k == 0)
                        k = place_copy(b, m->neighborhood, &b->hosts[ix].neighborhood);
        }
        return k;
}

static int brakes_apply(Builder *b) {
        int k = 0;

        for (uint32_t i = 0; k == 0 && i < b->in->n_brakes; i++) {
                const BrakeMemory *m = &b->in->brakes[i];
                HostIx ix = host_ix(b, m->host);

                if (ix == IX_NONE)
                        continue;
                b->hosts[ix].brake = m->state;
                b->hosts[ix].brake_at = m->at;
                k = place_copy(b, m->kind, &b->hosts[ix].brake_kind);
        }
        return k;
}

/* ---- faults ---- */

static int clears_of(const Builder *b, const char *host, FaultInput *in) {
        Clear *list = arena_new(b->a, Clear, b->in->n_clears);

        if (!list)
                return -ENOMEM;
        for (uint32_t i = 0; i < b->in->n_clears; i++)
                if (strcmp(b->in->clears[i].host, host) == 0)
                        list[in->n_clears++] = b->in->clears[i];
        in->clears = list;
        return 0;
}

/* A host that is silent keeps the grades it had. */
static int host_faults(Builder *b, HostIx ix) {
        static const FaultMemory nothing = { 0 };
        const FaultMemory *memory = b->remembered_of[ix];
        FaultInput in = { .report = b->report_of[ix],
                          .memory = memory             ? memory
                                    : b->in->remembers ? &nothing
                                                       : NULL,
                          .now = b->in->now,
                          .hold_permille = b->fault_hold };
        FaultOutput out;
        int k = b->in->n_clears > 0 ? clears_of(b, b->names.names[ix], &in) : 0;

        if (k == 0)
                k = fault_grade(b->a, &in, &out);
        if (k == 0)
                k = host_take_faults(b->a, &b->hosts[ix], out.faults, out.n_faults);
        if (k < 0)
                return k;
        b->memories[ix] = out.memory;
        b->memories[ix].host = b->names.names[ix];
        return 0;
}

static int faults_build(Builder *b) {
        int k = 0;

        b->memories = arena_new(b->a, FaultMemory, b->names.n);
        b->remembered_of = arena_new(b->a, const FaultMemory *, b->names.n);
        if (!b->memories || !b->remembered_of)
                return -ENOMEM;
        for (uint32_t i = 0; i < b->in->n_memories; i++) {
                HostIx h = host_ix(b, b->in->memories[i].host);

                if (h != IX_NONE)
                        b->remembered_of[h] = &b->in->memories[i];
        }
        for (HostIx h = 0; k == 0 && h < b->names.n; h++)
                k = host_faults(b, h);
        return k;
}

/* ---- VMs ---- */

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
                        !same   ? text_format(b->a, "different VMs have this name, on %.255s and %.255s", own,
                                              other)
                        : n > 2 ? text_format(b->a, "%u hosts report it, among them %.255s and %.255s", n,
                                              own, other)
                                : text_format(
                                          b->a,
                                          "%.255s and %.255s both say that it runs there, and no migration of it is "
                                          "seen",
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

static int vms_build(Builder *b, Snapshot *s) {
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
        }
        s->vms = vms;
        return k;
}

#define NOTED_HOSTS 5U /* that are named */

/* Of all hosts those of which it is so: "h1, h2 and 4 more"; "" where it is of none. */
static const char *hosts_noted(const Builder *b, bool (*is_so)(const Builder *b, HostIx h), uint32_t *ret_n) {
        const char *text = "";

        *ret_n = 0;
        for (HostIx h = 0; text && h < b->names.n; h++)
                if (is_so(b, h) && (*ret_n)++ < NOTED_HOSTS)
                        text = text_format(b->a, "%s%s%s", text, *ret_n > 1 ? ", " : "", b->names.names[h]);
        return text && *ret_n > NOTED_HOSTS ? text_format(b->a, "%s and %u more", text, *ret_n - NOTED_HOSTS)
                                            : text;
}

static bool has_dropped(const Builder *b, HostIx h) {
        return b->report_of[h] && b->report_of[h]->n_dropped > 0;
}

static bool takes_none(const Builder *b, HostIx h) {
        return b->hosts[h].no_entry_why && b->hosts[h].excluded == EXCLUDED_NONE;
}

static int note_add(Snapshot *s, const char **notes, const char *note) {
        if (!note)
                return -ENOMEM;
        notes[s->notes.n++] = note;
        s->notes.at = notes;
        return 0;
}

/* What was left out, so that a plan says that it does not know all. */
static int left_out_notes(Builder *b, Snapshot *s) {
        const char **notes = arena_new(b->a, const char *, 4), *hosts;
        uint32_t n;
        int k = notes ? 0 : -ENOMEM;

        if (k == 0 && b->left_out > 0)
                k = note_add(s, notes,
                             text_format(b->a, "%u names of hosts were left out: a cluster has at most %u",
                                         b->left_out, HOSTS_MAX));
        if (k == 0 && b->in->n_left_out > 0)
                k = note_add(
                        s, notes,
                        text_format(
                                b->a,
                                "entries of the store that were left out, being unreadable or no names: %llu",
                                (unsigned long long) b->in->n_left_out));
        hosts = hosts_noted(b, has_dropped, &n);
        if (k == 0 && (n > 0 || !hosts))
                k = note_add(s, notes,
                             hosts ? text_format(b->a,
                                                 "facts of %u host%s were left out, over their bounds or not "
                                                 "understood: %s",
                                                 n, n > 1 ? "s" : "", hosts)
                                   : NULL);
        hosts = hosts_noted(b, takes_none, &n);
        if (k == 0 && (n > 0 || !hosts))
                k = note_add(
                        s, notes,
                        hosts ? text_format(b->a,
                                            "%u host%s no VM, since not all that runs there is known: %s", n,
                                            n > 1 ? "s take" : " takes", hosts)
                              : NULL);
        return k;
}

static int build_hosts_build(Builder *b, Snapshot *s) {
        uint64_t most = 0;
        int k = names_collect(b);

        if (k < 0)
                return k;
        s->n_hosts = b->names.n;
        b->hosts = arena_new(b->a, Host, b->names.n);
        b->report_of = arena_new(b->a, const Report *, b->names.n);
        b->known_of = arena_new(b->a, const Report *, b->names.n);
        b->uuid_of = arena_new(b->a, const char *, b->names.n);
        b->doubled = arena_new(b->a, bool, b->names.n);
        if (!b->hosts || !b->report_of || !b->known_of || !b->uuid_of || !b->doubled)
                return -ENOMEM;
        reports_choose(b);
        for (HostIx h = 0; h < b->names.n; h++)
                most += (b->report_of[h] ? report_count_vms(b->report_of[h]) : 0) +
                        (b->known_of[h] ? report_count_vms(b->known_of[h]) : 0);
        if (most > 2 * (uint64_t) VMS_MAX)
                return -ERANGE;
        b->rows = arena_new(b->a, VmRow, most);
        if (!b->rows)
                return -ENOMEM;
        for (HostIx h = 0; k == 0 && h < b->names.n; h++)
                k = host_build(b, h);
        if (k == 0 && b->in->admissions)
                k = hosts_admit(b->a, b->in->admissions, b->hosts, b->names.n);
        if (k == 0)
                k = uris_make(b);
        s->hosts = b->hosts;
        if (k == 0)
                k = faults_build(b);
        if (k == 0)
                k = marks_apply(b);
        return k < 0 ? k : brakes_apply(b);
}

int snapshot_build(Arena *a, const BuildInput *in, const Settings *settings, const Snapshot **ret) {
        const FaultMemory *memories;

        return snapshot_build_remembering(a, in, settings, ret, &memories);
}

int snapshot_build_remembering(Arena *a, const BuildInput *in, const Settings *settings, const Snapshot **ret,
                               const FaultMemory **ret_memories) {
        Builder b = { .a = a,
                      .in = in,
                      .stale_after = settings_int(settings, "snapshot", "stale_after"),
                      .clock_skew = settings_int(settings, "snapshot", "clock_skew"),
                      .fault_hold = settings_int(settings, "snapshot", "fault_hold") };
        Snapshot *s = arena_new(a, Snapshot, 1);
        int k;

        if (!s)
                return -ENOMEM;
        s->cluster = text_copy(a, in->cluster, strlen(in->cluster));
        s->taken_at = in->now;
        s->braked = in->braked;
        s->brake_new = in->brake_new;
        s->lessons = in->lessons;
        if (!s->cluster)
                return -ENOMEM;
        k = build_hosts_build(&b, s);
        if (k == 0)
                k = vms_build(&b, s);
        if (k == 0)
                k = vm_traffic_build(a, s);
        if (k == 0)
                k = left_out_notes(&b, s);
        if (k == 0)
                k = move_holds_standing(a, in->holds, s, settings, &s->holds);
        if (k < 0)
                return k;
        *ret = s;
        *ret_memories = b.memories;
        return 0;
}
