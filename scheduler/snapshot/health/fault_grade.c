/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/snapshot/health/fault_grade.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "scheduler/base/compare.h"
#include "scheduler/base/text.h"
#include "scheduler/snapshot/health/fault_tree.h"

#define HOURS_STRUCTURE 1 /* redundancy that is there again is there: a grade from it falls after so long */
#define HOURS_TOOL      0 /* an operator's tool that takes its word back is believed */
#define NAMES_SHOWN     4U
#define AN_HOUR         (INT64_C(3600) * USEC_PER_SEC)
#define WHY_MOST        3000 /* bytes of evidence that are kept */

typedef struct Grading {
        Arena *a;
        const FaultInput *in;
        DeviceTable table;
        FaultTree *tree;
        Strings vms; /* all of the host's, sorted */
        Fault *faults;
        DeviceMemory *kept;
        uint32_t n_faults, n_kept;
} Grading;

/* What today's facts say of one device. */
typedef struct Finding {
        const char *device, *serial, *hazard, *why;
        int64_t grade, hours;
        bool partly, seen;
        Strings vms;
} Finding;

/* ---- VMs ---- */

static int list_uses(Grading *g, VmUse **ret, uint32_t *ret_n) {
        const Report *r = g->in->report;
        NameTable names;
        uint32_t n = 0;
        VmUse *uses;

        for (uint32_t i = 0; i < r->n_sections; i++)
                for (uint32_t k = 0; r->sections[i].error == 0 && k < r->sections[i].n_samples; k++)
                        n += r->sections[i].samples[k].metric == METRIC_VM_STATE;
        uses = arena_new(g->a, VmUse, n);
        if (!uses || name_table_new(g->a, n, &names) < 0)
                return -ENOMEM;
        for (int pass = 0; pass < 2; pass++)
                for (uint32_t i = 0; i < r->n_sections; i++)
                        for (uint32_t k = 0; r->sections[i].error == 0 && k < r->sections[i].n_samples; k++) {
                                const Sample *x = &r->sections[i].samples[k];
                                uint32_t v;

                                if (pass == 0 && x->metric == METRIC_VM_STATE && *x->subject)
                                        uses[name_table_add(&names, x->subject)].vm = x->subject;
                                if (pass == 0 || x->metric != METRIC_VM_DEVICES)
                                        continue;
                                v = name_table_find(&names, x->subject, strlen(x->subject));
                                if (v != UINT32_MAX)
                                        uses[v].devices = x->text;
                        }
        *ret = uses;
        *ret_n = names.n;
        return 0;
}

/* "b,a" or "none" → a, b. */
static int names_of(Arena *a, const char *list, Strings *ret) {
        const char **names = arena_new(a, const char *, strlen(list) / 2 + 1);
        uint32_t n = 0;

        if (!names)
                return -ENOMEM;
        for (const char *s = list; strcmp(list, "none") != 0 && *s; s += *s == ',') {
                size_t length = strcspn(s, ",");

                if (text_is_name(s, length) && !(names[n++] = text_copy(a, s, length)))
                        return -ENOMEM;
                s += length;
        }
        qsort(names, n, sizeof(*names), compare_strings);
        *ret = (Strings){ .at = names, .n = n };
        return 0;
}

/* ---- evidence ---- */

static const char *names_shown(Arena *a, Strings names) {
        const char *text = "";

        for (uint32_t i = 0; i < names.n && i < NAMES_SHOWN && text; i++)
                text = text_format(a, "%s%s%.255s", text, i > 0 ? ", " : "", names.at[i]);
        if (text && names.n > NAMES_SHOWN)
                text = text_format(a, "%s and %u more", text, names.n - NAMES_SHOWN);
        return text;
}

static const char *users_words(const Grading *g, const Outcome *o) {
        const char *names = names_shown(g->a, o->vms);

        if (!names)
                return NULL;
        if (!o->known)
                return "; its users are not known, so every VM on this host is affected";
        if (!o->used)
                return "; not in use";
        if (o->vms.n == 0)
                return o->system ? "; used by the host's own system" : "; no VM uses it now";
        return text_format(g->a, "; used by %s%s %s", o->system ? "the host's own system and " : "",
                           o->vms.n == 1 ? "VM" : "VMs", names);
}

static const char *storage_words(const Grading *g, uint32_t i, const Outcome *o) {
        const Device *d = &g->table.devices[i];
        const char *facts = device_evidence(g->a, d), *users = users_words(g, o), *array = "";

        if (o->array != UINT32_MAX && o->array < g->table.names.n) {
                const char *words = fault_tree_array_words(g->tree, o->array);

                array = words ? text_format(g->a, "; member of %s (%s)", g->table.names.names[o->array],
                                            words)
                              : NULL;
        }
        if (fault_tree_array(g->tree, i) != EFFECT_GOOD) {
                const char *words = fault_tree_array_words(g->tree, i);

                facts = words && facts ? text_format(g->a, "%s%s%s", words, *facts ? "; " : "", facts) : NULL;
        }
        for (const Device *other = d->other; other && facts; other = other->other)
                facts = text_format(g->a, "%s; also known as %s", facts, other->name);
        return facts && users && array ? text_format(g->a, "%s%s%s", facts, array, users) : NULL;
}

/* ---- findings ---- */

static const char *worst_hazard(const Device *d) {
        const Hit *worst = NULL;

        for (const Hit *hit = d->hits; hit; hit = hit->next)
                if (!worst || hit->hazard->effect > worst->hazard->effect)
                        worst = hit;
        return worst ? worst->hazard->name : NULL;
}

static int find_storage(Grading *g, uint32_t i, Finding *f) {
        const Device *d = &g->table.devices[i];
        Effect array = fault_tree_array(g->tree, i);
        Outcome o;
        int k;

        if (d->own == EFFECT_GOOD && array == EFFECT_GOOD && d->tool_grade == 0)
                return 0;
        k = fault_tree_outcome(g->tree, i, &o);
        if (k < 0)
                return k;
        f->partly = o.partly;
        f->vms = o.vms;
        if (d->own == EFFECT_GOOD && array == EFFECT_GOOD)
                return 0;
        f->grade = o.grade;
        f->hours = d->hours > HOURS_STRUCTURE ? d->hours : HOURS_STRUCTURE;
        f->hazard = worst_hazard(d);
        f->hazard = f->hazard ? f->hazard : "array-degraded";
        f->why = storage_words(g, i, &o);
        return f->why ? 0 : -ENOMEM;
}

/* What all of the host depends on: an effect is a grade. */
static int fault_grade_find_host(Grading *g, const Device *d, Finding *f) {
        static const int64_t grades[EFFECT_N] = {
                [EFFECT_WATCH] = 1, [EFFECT_SUSPECT] = 2, [EFFECT_PREDICTED] = 3, [EFFECT_FAILED] = 4
        };

        if (d->own == EFFECT_GOOD)
                return 0;
        f->grade = grades[d->own];
        f->hours = d->hours;
        f->hazard = worst_hazard(d);
        f->why = device_evidence(g->a, d);
        return f->why ? 0 : -ENOMEM;
}

/* An operator's word is taken as it is; what the device's own facts say counts where it is worse. */
static int find_tool(Grading *g, const Device *d, Finding *f) {
        if (d->tool_grade <= f->grade || d->clear)
                return 0;
        for (uint32_t i = 0; d->memory && i < d->memory->n_accepted; i++)
                if (strcmp(d->memory->accepted[i].hazard, "operator") == 0 &&
                    d->tool_grade <= d->memory->accepted[i].number)
                        return 0;
        f->why = f->why ? text_format(g->a, "%s; %s", d->tool_why, f->why) : d->tool_why;
        f->grade = d->tool_grade;
        f->hours = HOURS_TOOL;
        f->hazard = "operator";
        if (!f->why)
                return -ENOMEM;
        if (!d->tool_vms)
                return 0;
        f->partly = true;
        return names_of(g->a, d->tool_vms, &f->vms);
}

static int fault_grade_find(Grading *g, uint32_t i, Finding *f) {
        const Device *d = &g->table.devices[i];
        int k = 0;

        /* what was not understood is not better than it was */
        *f = (Finding){ .device = d->name, .serial = d->serial, .seen = !d->unread };
        if (d->kind == DEVICE_STORAGE)
                k = find_storage(g, i, f);
        else if (d->kind == DEVICE_HOST)
                k = fault_grade_find_host(g, d, f);
        return k < 0 ? k : find_tool(g, d, f);
}

/* ---- history ---- */

static const Clear *clear_of(const FaultInput *in, const char *device, const DeviceMemory *memory) {
        const Clear *newest = NULL;

        for (uint32_t i = 0; i < in->n_clears; i++)
                if (strcmp(in->clears[i].device, device) == 0 && (!newest || in->clears[i].at > newest->at))
                        newest = &in->clears[i];
        return newest && newest->at > (memory ? memory->cleared_at : 0) ? newest : NULL;
}

/* All that speaks against the device now, as accepted. */
static int accept_now(Grading *g, Device *d, DeviceMemory *m) {
        const DeviceMemory *memory = d->memory;
        Accepted *list;
        uint32_t n = 0;

        d->clear = NULL;
        d->memory = NULL; /* so that what was accepted before is accepted again */
        if (device_judge(g->a, d, g->in->now) < 0)
                return -ENOMEM;
        d->memory = memory;
        for (const Hit *hit = d->hits; hit; hit = hit->next)
                n++;
        list = arena_new(g->a, Accepted, (size_t) n + 1);
        if (!list)
                return -ENOMEM;
        n = 0;
        for (const Hit *hit = d->hits; hit; hit = hit->next)
                if (hit->hazard->test != TEST_RISE)
                        list[n++] = (Accepted){ hit->hazard->name, hit->number > 0 ? hit->number : 0 };
        if (d->tool_grade > 0)
                list[n++] = (Accepted){ "operator", d->tool_grade };
        d->hits = NULL;
        d->own = EFFECT_GOOD;
        d->hours = 0;
        m->accepted = list;
        m->n_accepted = n;
        return 0;
}

/* What was accepted and no longer holds would count anew when it came back: it is forgotten. */
static int keep_accepted(Grading *g, const Device *d, DeviceMemory *m) {
        Accepted *list = arena_new(g->a, Accepted, m->n_accepted);
        uint32_t n = 0;

        if (!list)
                return -ENOMEM;
        for (uint32_t i = 0; i < m->n_accepted; i++) {
                bool holds = strcmp(m->accepted[i].hazard, "operator") == 0 && d->tool_grade > 0;

                for (uint32_t k = 0; hazard_at(k) && !holds; k++)
                        holds = strcmp(hazard_at(k)->name, m->accepted[i].hazard) == 0 &&
                                device_reading(d, hazard_at(k)->metric);
                if (holds)
                        list[n++] = m->accepted[i];
        }
        m->accepted = list;
        m->n_accepted = n;
        return 0;
}

static bool fault_grade_is_watched(Metric m) {
        for (uint32_t i = 0; hazard_at(i); i++)
                if (hazard_at(i)->metric == m && hazard_at(i)->test == TEST_RISE)
                        return true;
        return false;
}

/* Of what several sources count of one thing the highest is followed; of equal ones the first. */
static bool is_highest(const Device *d, const Reading *reading) {
        bool later = false;

        for (const Reading *r = device_reading(d, reading->metric); r;
             r = reading_of(r->next, reading->metric)) {
                if (r->number > reading->number || (!later && r != reading && r->number == reading->number))
                        return false;
                later |= r == reading;
        }
        return true;
}

static int keep_marks(Grading *g, const Device *d, const DeviceMemory *old, DeviceMemory *m) {
        CounterMark *marks;
        uint32_t n = 0;

        for (const Reading *r = d->readings; r; r = r->next)
                n += fault_grade_is_watched(r->metric);
        marks = arena_new(g->a, CounterMark, n);
        if (!marks)
                return -ENOMEM;
        n = 0;
        for (const Reading *r = d->readings; r; r = r->next)
                if (fault_grade_is_watched(r->metric) && is_highest(d, r))
                        marks[n++] = mark_next(old, r->metric, r->number, g->in->now);
        m->marks = marks;
        m->n_marks = n;
        return 0;
}

/* Grades rise at once and fall late. `m` is what is remembered so far; it becomes what is to be. */
static void fault_grade_hold(const Grading *g, const Finding *f, DeviceMemory *m) {
        usec_t now = g->in->now, clean = m->hours * AN_HOUR / 1000 * g->in->hold_permille;

        if (f->grade < m->grade) {
                if (f->seen && m->clean_since == 0)
                        m->clean_since = now;
                if (!f->seen || now - m->clean_since < clean) {
                        if (f->seen && f->grade > 0) { /* who is on it now */
                                m->partly = f->partly;
                                m->vms = f->vms;
                        }
                        return;
                }
        }
        if (f->grade != m->grade)
                m->since = f->grade > 0 ? now : 0;
        m->grade = f->grade;
        m->hazard = f->hazard;
        m->why = f->why;
        m->hours = f->hours;
        m->partly = f->partly;
        m->vms = f->vms;
        m->clean_since = 0;
}

static const char *fault_grade_held_words(Arena *a, const DeviceMemory *m, usec_t now) {
        int64_t minutes = (now - m->clean_since) / (60 * USEC_PER_SEC);

        return text_format(
                a,
                "grade kept: %s (good for %lld min; the grade falls after %lld h, when cleared, or when the device is replaced)",
                m->why ? m->why : "", (long long) minutes, (long long) m->hours);
}

/* A text of at most so many bytes that ends at a character. */
static const char *fault_grade_cut(Arena *a, const char *text, size_t most) {
        size_t n = text ? strlen(text) : 0;

        if (n <= most)
                return text;
        for (n = most; n > 0 && ((unsigned char) text[n] & 0xc0) == 0x80; n--)
                ;
        return text_copy(a, text, n);
}

static int fault_grade_take(Grading *g, const Finding *f, DeviceMemory m) {
        Fault *fault = &g->faults[g->n_faults];
        bool held;

        fault_grade_hold(g, f, &m);
        m.why = fault_grade_cut(g->a, m.why, WHY_MOST);
        held = m.grade > f->grade;
        if (m.grade > 0) {
                g->n_faults++;
                *fault = (Fault){ .device = f->device,
                                  .serial = m.serial,
                                  .hazard = m.hazard,
                                  .why = held && m.clean_since > 0
                                                 ? fault_grade_held_words(g->a, &m, g->in->now)
                                                 : m.why,
                                  .grade = m.grade,
                                  .since = g->in->memory ? m.since : 0,
                                  .clean_since = m.clean_since,
                                  .partly = m.partly,
                                  .vms = m.vms };
        }
        if (m.grade > 0 && !g->faults[g->n_faults - 1].why)
                return -ENOMEM;
        if (m.grade > 0 || m.n_accepted > 0 || m.n_marks > 0 || m.cleared_at > 0)
                g->kept[g->n_kept++] = m;
        return 0;
}

static int grade_device(Grading *g, uint32_t i) {
        Device *d = &g->table.devices[i];
        DeviceMemory m = d->memory ? *d->memory : (DeviceMemory){ .device = d->name };
        const Clear *clear = d->clear;
        Finding f = { .device = d->name };
        int k = 0;

        m.device = d->name;
        m.serial = d->serial && text_is_name(d->serial, strlen(d->serial)) ? d->serial : m.serial;
        if (clear) {
                k = accept_now(g, d, &m);
                m.cleared_at = clear->at;
                m.grade = 0;
                m.clean_since = m.since = 0;
                d->clear = clear; /* and so nothing speaks against it in this reading */
        } else {
                k = keep_accepted(g, d, &m);
        }
        if (k == 0)
                k = keep_marks(g, d, clear ? NULL : d->memory, &m);
        if (k == 0)
                k = fault_grade_find(g, i, &f);
        return k < 0 ? k : fault_grade_take(g, &f, m);
}

/* Whether the collectors that pass on what tools say could read all of it. */
static bool tools_are_heard(const Report *r) {
        bool any = false;

        for (uint32_t i = 0; r && i < r->n_sections; i++) {
                const Section *s = &r->sections[i];

                if (strcmp(s->collector, "faults_d") != 0 && strcmp(s->collector, "exec") != 0)
                        continue;
                if (s->error != 0)
                        return false;
                any = true;
        }
        return any;
}

/* A device that is remembered and not reported: it is not better for that. One that somebody cleared, or
 * whose tool has taken its word back, is forgotten. */
static int grade_gone(Grading *g, const DeviceMemory *old) {
        DeviceMemory m = *old;
        bool word = m.hazard && strcmp(m.hazard, "operator") == 0;
        Finding f = { .device = m.device, .seen = word && tools_are_heard(g->in->report) };

        if (clear_of(g->in, m.device, old) || (g->in->report && m.grade == 0))
                return 0;
        return fault_grade_take(g, &f, m);
}

/* The same name with another serial is another device, of which nothing is known. Of one disk under several
 * names the worst that is remembered counts. */
static const DeviceMemory *fault_grade_memory_of(const FaultMemory *memory, const Device *d) {
        const DeviceMemory *worst = NULL;

        for (const Device *name = d; name; name = name->other) {
                const DeviceMemory *m = device_memory(memory, name->name);

                if (m && m->serial && d->serial && strcmp(m->serial, d->serial) != 0)
                        continue;
                if (m && (!worst || m->grade > worst->grade))
                        worst = m;
        }
        return worst;
}

/* By hand, under whichever of its names. */
static const Clear *fault_grade_clear_of(const FaultInput *in, const Device *d) {
        const Clear *newest = NULL;

        for (const Device *name = d; name; name = name->other) {
                const Clear *c = clear_of(in, name->name, d->memory);

                if (c && (!newest || c->at > newest->at))
                        newest = c;
        }
        return newest;
}

/* One that has a grade of its own: no tool's word, no second name. */
static bool is_graded(const Device *d) {
        return !device_is_word(d) && !d->same;
}

static int grade_report(Grading *g) {
        VmUse *uses = NULL;
        uint32_t n_uses = 0;
        int k = devices_list(g->a, g->in->report, &g->table);

        if (k == 0)
                k = list_uses(g, &uses, &n_uses);
        for (uint32_t i = 0; k == 0 && i < g->table.names.n; i++) {
                Device *d = &g->table.devices[i];

                if (!is_graded(d))
                        continue;
                d->memory = fault_grade_memory_of(g->in->memory, d);
                d->clear = fault_grade_clear_of(g->in, d);
                k = device_judge(g->a, d, g->in->now);
        }
        if (k == 0)
                k = fault_tree_build(g->a, &g->table, uses, n_uses, &g->tree);
        return k;
}

static int memory_compare(const void *left, const void *right) {
        return strcmp(((const DeviceMemory *) left)->device, ((const DeviceMemory *) right)->device);
}

static int grade_all(Grading *g) {
        uint32_t n_old = g->in->memory ? g->in->memory->n_devices : 0;
        uint64_t most = (uint64_t) g->table.names.n + n_old;
        int k = 0;

        g->faults = arena_new(g->a, Fault, most);
        g->kept = arena_new(g->a, DeviceMemory, most);
        if (!g->faults || !g->kept)
                return -ENOMEM;
        for (uint32_t i = 0; k == 0 && i < g->table.names.n; i++)
                if (is_graded(&g->table.devices[i]))
                        k = grade_device(g, i);
        for (uint32_t i = 0; k == 0 && i < n_old; i++) {
                const char *name = g->in->memory->devices[i].device;

                if (g->table.names.limit == 0 ||
                    name_table_find(&g->table.names, name, strlen(name)) == UINT32_MAX)
                        k = grade_gone(g, &g->in->memory->devices[i]);
        }
        qsort(g->kept, g->n_kept, sizeof(*g->kept), memory_compare);
        return k;
}

int fault_grade(Arena *a, const FaultInput *in, FaultOutput *ret) {
        Grading g = { .a = a, .in = in };
        int k = 0;

        *ret = (FaultOutput){ 0 };
        if (in->report && (report_has_devices(in->report) || (in->memory && in->memory->n_devices > 0)))
                k = grade_report(&g);
        else if (!in->memory || in->memory->n_devices == 0)
                return 0;
        if (k == 0)
                k = grade_all(&g);
        if (k < 0)
                return k;
        *ret = (FaultOutput){ .faults = g.faults,
                              .n_faults = g.n_faults,
                              .memory = { .devices = g.kept, .n_devices = g.n_kept } };
        return 0;
}
