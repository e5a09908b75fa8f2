/* SPDX-License-Identifier: Apache-2.0 */
/* Which hosts there are, and what is known of each: its report, its faults, its marks. */
#include <errno.h>
#include <string.h>

#include "scheduler/base/text.h"
#include "scheduler/model/host_uri.h"
#include "scheduler/snapshot/build/build_parts.h"
#include "scheduler/snapshot/health/fault_grade.h"
#include "scheduler/snapshot/health/fault_list.h"

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
                             "%s is %.1f s in the future: a clock is wrong (allowed: %.1f s)", what,
                             SECONDS(at - now), SECONDS(b->clock_skew));
        if (now > at && now - at > allowed)
                return JUDGE(b, EXCLUDED_STALE, "%s is %.1f s old (allowed: %.1f s)", what, SECONDS(now - at),
                             SECONDS(allowed));
        return (Judgement){ .excluded = EXCLUDED_NONE };
}

static Judgement judge_host(const Builder *b, HostIx ix, const HostFacts *f) {
        const Report *r = b->report_of[ix];
        const Host *h = &b->hosts[ix];
        Judgement j;

        if (b->doubled[ix])
                return JUDGE(b, EXCLUDED_MISSING, "two different machines report under this name");
        j = judge_age(b, r, "its last report", r->sent_at);
        if (j.excluded != EXCLUDED_NONE)
                return j;
        if (f->daemon_silent && f->daemon_error != 0)
                return JUDGE(b, EXCLUDED_DAEMON, "libvirtd does not respond (error %d)", f->daemon_error);
        if (f->daemon_silent)
                return JUDGE(b, EXCLUDED_DAEMON, "libvirtd does not respond");
        if (!f->has_vms)
                return JUDGE(b, EXCLUDED_MISSING, "VM list unavailable (is libvirtd running?)");
        j = judge_age(b, r, "its list of VMs", f->vms_read_at);
        if (j.excluded != EXCLUDED_NONE)
                return j;
        if (h->cpus == 0 || h->memory_mib == 0)
                return JUDGE(b, EXCLUDED_MISSING, "its report does not contain its %s",
                             h->cpus > 0         ? "memory"
                             : h->memory_mib > 0 ? "CPUs"
                                                 : "CPUs and memory");
        j = judge_age(b, r, "its load reading", f->load_read_at);
        if (j.excluded != EXCLUDED_NONE)
                return j;
        return (Judgement){ .excluded = EXCLUDED_NONE };
}

static int host_silent(Builder *b, HostIx ix) {
        Host *h = &b->hosts[ix];

        h->cpu_mhz = h->cpu_busy_mcores = h->memory_used_mib = h->memory_reclaimable_mib = UNKNOWN;
        h->cpu_pressure_permille = h->memory_pressure_permille = UNKNOWN;
        h->excluded = EXCLUDED_MISSING;
        h->excluded_why = text_format(b->a, "no report received");
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
        h->excluded_why = text_format(b->a, "%s; its %u VM%s %s last seen %.1f s ago", h->excluded_why, n,
                                      n == 1 ? "" : "s", n == 1 ? "was" : "were",
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

int build_hosts_build(Builder *b, Snapshot *s) {
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
