/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/snapshot/rules/word_notes.h"

#include <errno.h>
#include <string.h>

#include "scheduler/base/text.h"

/* Names that text_nearest() is asked about: longer words have no nearest one. */
#define NEAREST_LENGTH 64

/* What a kind of word is called, and stands before its pattern: of VMs, of hosts. */
static const struct {
        const char *prefix[2], *what;
} word_notes_kinds[SELECT_KIND_N] = {
        [SELECT_VM] = { { "", "" }, "VM" },
        [SELECT_LABEL] = { { "label:", "" }, "label of a VM" },
        [SELECT_GROUP] = { { "group:", "" }, "group" },
        [SELECT_HOST] = { { "host:", "" }, "host" },
        [SELECT_ZONE] = { { "zone:", "zone:" }, "zone" },
        [SELECT_RACK] = { { "rack:", "rack:" }, "rack" },
        [SELECT_NEIGHBORHOOD] = { { "neighborhood:", "neighborhood:" }, "neighborhood" },
        [SELECT_HOST_LABEL] = { { "host-label:", "label:" }, "label of a host" },
};

const char *word_notes_place(Arena *a, const char *what, const char *name, const ListItem *item) {
        if (!item || item->line == 0)
                return text_format(a, "%s%s%s", what, *name ? " " : "", name);
        return text_format(a, "%s%s%s (settings, line %u)", what, *name ? " " : "", name, item->line);
}

static bool about_vms(SelectKind kind) {
        return kind == SELECT_VM || kind == SELECT_LABEL || kind == SELECT_GROUP;
}

static bool selects_something(const Snapshot *s, SelectTerm term) {
        const Selection one = { .terms = &term, .n = 1 };

        term.except = false;
        if (term.kind == SELECT_VM && term.exact)
                return snapshot_vm(s, term.exact) != IX_NONE;
        for (VmIx v = 0; about_vms(term.kind) && v < s->n_vms; v++)
                if (selection_has_vm(&one, s, v))
                        return true;
        for (HostIx h = 0; !about_vms(term.kind) && h < s->n_hosts; h++)
                if (selection_has_host(&one, s, h))
                        return true;
        return false;
}

static bool has_wildcards(const SelectTerm *t) {
        return !t->exact || (t->value && strpbrk(t->value, "*?["));
}

/* ---- what could have been meant ---- */

typedef struct Names {
        const char **at;
        uint32_t n;
} Names;

static void word_notes_names_add(Names *names, const char *name) {
        if (name && strlen(name) <= NEAREST_LENGTH)
                names->at[names->n++] = name;
}

static void word_notes_names_all(Names *names, const Strings *strings) {
        for (uint32_t i = 0; i < strings->n; i++)
                word_notes_names_add(names, strings->at[i]);
}

static void word_notes_names_of_host(Names *names, SelectKind kind, const Host *host) {
        switch (kind) {
        case SELECT_HOST:
                word_notes_names_add(names, host->name);
                break;
        case SELECT_ZONE:
                word_notes_names_add(names, host->zone);
                break;
        case SELECT_RACK:
                word_notes_names_add(names, host->rack);
                break;
        case SELECT_NEIGHBORHOOD:
                word_notes_names_add(names, host->neighborhood);
                break;
        case SELECT_HOST_LABEL:
                word_notes_names_all(names, &host->labels);
                break;
        case SELECT_VM:
        case SELECT_LABEL:
        case SELECT_GROUP:
        case SELECT_KIND_N:
                break;
        }
}

static void word_notes_names_of_vm(Names *names, SelectKind kind, const Vm *vm) {
        if (kind == SELECT_VM)
                word_notes_names_add(names, vm->name);
        else if (kind == SELECT_GROUP)
                word_notes_names_all(names, &vm->groups);
        else
                word_notes_names_all(names, &vm->labels);
}

static int word_notes_names_list(RuleApply *apply, SelectKind kind, Names *ret) {
        const Snapshot *s = apply->s;
        size_t most = (size_t) s->n_vms + s->n_hosts;

        for (VmIx v = 0; v < s->n_vms; v++)
                most += s->vms[v].groups.n + s->vms[v].labels.n;
        for (HostIx h = 0; h < s->n_hosts; h++)
                most += s->hosts[h].labels.n;
        *ret = (Names){ .at = arena_new(apply->arena, const char *, most) };
        if (!ret->at)
                return -ENOMEM;
        for (VmIx v = 0; about_vms(kind) && v < s->n_vms; v++)
                word_notes_names_of_vm(ret, kind, &s->vms[v]);
        for (HostIx h = 0; !about_vms(kind) && h < s->n_hosts; h++)
                word_notes_names_of_host(ret, kind, &s->hosts[h]);
        return 0;
}

/* The nearest right word, in *ret with its prefix; NULL: none is near. A label without a value is compared with keys. */
static int word_notes_nearest(RuleApply *apply, const SelectTerm *t, const char *word, const char *prefix,
                              const char **ret) {
        const bool is_key = (t->kind == SELECT_LABEL || t->kind == SELECT_HOST_LABEL) && !t->value;
        const char *near;
        Names names;

        *ret = NULL;
        if (has_wildcards(t) || strlen(word) > NEAREST_LENGTH)
                return 0;
        if (word_notes_names_list(apply, t->kind, &names) < 0)
                return -ENOMEM;
        for (uint32_t i = 0; is_key && i < names.n; i++) {
                names.at[i] = text_copy(apply->arena, names.at[i], strcspn(names.at[i], "="));
                if (!names.at[i])
                        return -ENOMEM;
        }
        near = text_nearest(word, names.at, names.n);
        if (!near)
                return 0;
        *ret = text_format(apply->arena, "%s%s", prefix, near);
        return *ret ? 0 : -ENOMEM;
}

/* ---- the notes ---- */

static int word_note(RuleApply *apply, const char *place, const SelectTerm *t, SelectFrom from) {
        const char *prefix = word_notes_kinds[t->kind].prefix[from == SELECT_FROM_HOSTS];
        const char *what = word_notes_kinds[t->kind].what;
        const char *text = t->exact ? t->exact : t->pattern;
        const char *word = t->value ? text_format(apply->arena, "%s=%s", text, t->value) : text;
        const char *near = NULL;

        if (!word || word_notes_nearest(apply, t, word, prefix, &near) < 0)
                return -ENOMEM;
        return rule_apply_note(apply, has_wildcards(t)
                                              ? text_format(apply->arena, "%s: %s%s%s: no %s matches", place,
                                                            t->except ? "!" : "", prefix, word, what)
                                              : text_format(apply->arena, "%s: %s%s%s: %s not found%s%s%s",
                                                            place, t->except ? "!" : "", prefix, word, what,
                                                            near ? "; did you mean " : "", near ? near : "",
                                                            near ? "?" : ""));
}

int word_notes(RuleApply *apply, const char *place, const Selection *sel, SelectFrom from) {
        uint32_t n = 0;
        int r = place ? 0 : -ENOMEM;

        for (uint32_t i = 0; i < sel->n && r == 0; i++) {
                const SelectTerm *t = &sel->terms[i];

                if ((t->except && has_wildcards(t)) || selects_something(apply->s, *t))
                        continue;
                n++;
                if (n <= WORD_NOTES_MAX)
                        r = word_note(apply, place, t, from);
        }
        if (r == 0 && n > WORD_NOTES_MAX)
                r = rule_apply_note(apply, text_format(apply->arena, "%s: %u more terms match nothing", place,
                                                       n - WORD_NOTES_MAX));
        return r;
}
