/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/model/selection.h"

#include <errno.h>
#include <string.h>

static const struct {
        const char *prefix;
        SelectKind from[2]; /* by SelectFrom: what it says of VMs, of hosts; SELECT_KIND_N: not accepted */
} selection_prefixes[] = {
        { "vm", { SELECT_VM, SELECT_KIND_N } },
        { "label", { SELECT_LABEL, SELECT_HOST_LABEL } },
        { "group", { SELECT_GROUP, SELECT_KIND_N } },
        { "host", { SELECT_HOST, SELECT_HOST } },
        { "zone", { SELECT_ZONE, SELECT_ZONE } },
        { "rack", { SELECT_RACK, SELECT_RACK } },
        { "neighborhood", { SELECT_NEIGHBORHOOD, SELECT_NEIGHBORHOOD } },
        { "host-label", { SELECT_HOST_LABEL, SELECT_HOST_LABEL } },
};
static_assert(SELECT_FROM_VMS == 0 && SELECT_FROM_HOSTS == 1, "the columns above");

/* ---- one pattern ---- */

/* One letter of a set, which may stand behind a backslash. */
static const char *set_letter(const char *s, unsigned char *ret) {
        if (*s == '\\' && s[1] != '\0')
                s++;
        *ret = (unsigned char) *s;
        return *s != '\0' ? s + 1 : s;
}

/* The set that opens at text ('['): whether c is in it, and where it ends. "[!…]" and "[^…]" are all letters but these.
 * NULL: it has no end, and '[' is a letter like others. */
static const char *set_end(const char *text, unsigned char c, bool *ret_in) {
        const bool but = text[1] == '!' || text[1] == '^';
        const char *s = text + 1 + but;
        bool in = false;

        do {
                unsigned char low, high;

                if (*s == '\0')
                        return NULL;
                s = set_letter(s, &low);
                high = low;
                if (*s == '-' && s[1] != '\0' && s[1] != ']')
                        s = set_letter(s + 1, &high);
                in |= low <= c && c <= high;
        } while (*s != ']');
        *ret_in = in != but;
        return s + 1;
}

/* What a set of the pattern says otherwise than whoever writes it means. NULL: nothing. */
static const char *set_fault(const char *text) {
        const bool but = text[1] == '!' || text[1] == '^';

        for (const char *s = text + 1 + but; *s != '\0';) {
                unsigned char low, high;

                if (*s == '[' && (s[1] == ':' || s[1] == '.' || s[1] == '='))
                        return "there are no classes such as [[:digit:]]; accepted: [0-9], [a-z], [!0-9]";
                s = set_letter(s, &low);
                if (*s == '-' && s[1] != '\0' && s[1] != ']') {
                        s = set_letter(s + 1, &high);
                        if (high < low)
                                return "a range goes from the lower letter to the higher: [0-9], not [9-0]";
                }
                if (*s == ']')
                        return NULL;
        }
        return NULL;
}

const char *text_pattern_fault(const char *pattern) {
        for (const char *s = pattern; *s != '\0'; s++) {
                bool in;
                const char *end = *s == '[' ? set_end(s, 0, &in) : NULL;

                if (end && set_fault(s))
                        return set_fault(s);
                if (end)
                        s = end - 1;
                else if (*s == '\\' && s[1] != '\0')
                        s++;
        }
        return NULL;
}

/* One step of the pattern that stands for one letter: past it when it fits c, else NULL. */
static const char *selection_step(const char *text, unsigned char c) {
        const char *end;
        bool in;

        if (*text == '?')
                return text + 1;
        if (*text == '[') {
                end = set_end(text, c, &in);
                if (end)
                        return in ? end : NULL;
        }
        if (*text == '\\' && text[1] != '\0')
                text++;
        return (unsigned char) *text == c ? text + 1 : NULL;
}

bool text_fits(const char *pattern, const char *text) {
        const char *star = NULL, *again = NULL; /* after the last '*'; where it is tried from */

        while (*text != '\0') {
                const char *next;

                if (*pattern == '*') {
                        star = ++pattern;
                        again = text;
                        continue;
                }
                next = *pattern != '\0' ? selection_step(pattern, (unsigned char) *text) : NULL;
                if (next) {
                        pattern = next;
                        text++;
                } else if (star) {
                        pattern = star;
                        text = ++again;
                } else {
                        return false;
                }
        }
        while (*pattern == '*')
                pattern++;
        return *pattern == '\0';
}

/* Without its backslashes when nothing in it is a wildcard. 0, or -ENOMEM. */
static int exact_of(Arena *a, const char *pattern, const char **ret) {
        size_t n = 0;
        char *text;

        *ret = NULL;
        for (const char *p = pattern; *p; p++) {
                if (strchr("*?[", *p))
                        return 0;
                if (*p == '\\' && p[1] != '\0')
                        p++;
        }
        text = arena_new(a, char, strlen(pattern) + 1);
        if (!text)
                return -ENOMEM;
        for (const char *p = pattern; *p; p++) {
                if (*p == '\\' && p[1] != '\0')
                        p++;
                text[n++] = *p;
        }
        *ret = text;
        return 0;
}

/* ---- words ---- */

static int prefix_fault(const char *prefix, SelectFrom from, TextFault *f) {
        const char *words[ARRAY_SIZE(selection_prefixes)], *nearest;
        const char *accepted = from == SELECT_FROM_HOSTS
                                       ? "a name, label:key=value, host:, zone:, rack: or neighborhood:"
                                       : "a name, label:key=value, group:, host:, zone:, rack:, "
                                         "host-label: or vm:NAME";
        uint32_t n = 0;

        for (size_t i = 0; i < ARRAY_SIZE(selection_prefixes); i++)
                if (selection_prefixes[i].from[from] != SELECT_KIND_N)
                        words[n++] = selection_prefixes[i].prefix;
        nearest = text_nearest(prefix, words, n);
        text_fault(f, f->field, "'%.40s:' selects no %s; accepted: %s%s%s%s", prefix,
                   from == SELECT_FROM_HOSTS ? "hosts" : "VMs", accepted, nearest ? "; did you mean " : "",
                   nearest ? nearest : "", nearest ? ":?" : "");
        return -EINVAL;
}

static int label_split(char *pattern, SelectTerm *t, TextFault *f) {
        char *equals = strchr(pattern, '=');

        if (equals) {
                *equals = '\0';
                t->value = equals + 1;
        }
        if (*pattern != '\0')
                return 0;
        text_fault(f, f->field, "'label:' needs a key; accepted: label:key or label:key=value");
        return -EINVAL;
}

static int pattern_fault(const SelectTerm *t, TextFault *f) {
        const char *what = text_pattern_fault(t->pattern);

        if (!what && t->value)
                what = text_pattern_fault(t->value);
        if (!what)
                return 0;
        text_fault(f, f->field, "'%.40s': %s", t->pattern, what);
        return -EINVAL;
}

/* word: [!][prefix:]pattern, its own copy. */
static int term_parse(Arena *a, char *word, SelectFrom from, SelectTerm *ret, TextFault *f) {
        SelectTerm t = { .kind = from == SELECT_FROM_HOSTS ? SELECT_HOST : SELECT_VM };
        char *colon;
        size_t i;
        int r = 0;

        if (*word == '!') {
                t.except = true;
                word += 1 + strspn(word + 1, " ");
        }
        colon = strchr(word, ':');
        if (colon && colon > word && colon[-1] == '\\')
                colon = NULL; /* a name with a colon in it */
        if (colon) {
                *colon = '\0';
                for (i = 0; i < ARRAY_SIZE(selection_prefixes); i++)
                        if (strcmp(selection_prefixes[i].prefix, word) == 0 &&
                            selection_prefixes[i].from[from] != SELECT_KIND_N)
                                break;
                if (i == ARRAY_SIZE(selection_prefixes))
                        return prefix_fault(word, from, f);
                t.kind = selection_prefixes[i].from[from];
                word = colon + 1;
        }
        if (*word == '\0') {
                text_fault(f, f->field, "a word of the selection is empty; accepted: a name, * for all");
                return -EINVAL;
        }
        if (t.kind == SELECT_LABEL || t.kind == SELECT_HOST_LABEL)
                r = label_split(word, &t, f);
        t.pattern = word;
        if (r == 0)
                r = pattern_fault(&t, f);
        if (r == 0)
                r = exact_of(a, word, &t.exact);
        *ret = t;
        return r;
}

/* The end of the word at s: a comma that no backslash precedes, or the text's. */
static const char *word_end(const char *s) {
        while (*s && *s != ',')
                s += *s == '\\' && s[1] ? 2 : 1;
        return s;
}

int selection_add(Arena *a, Selection *s, const char *text, SelectFrom from, TextFault *reterr_fault) {
        uint32_t n = s->n + 1;
        SelectTerm *terms;

        for (const char *c = word_end(text); *c; c = word_end(c + 1))
                n++;
        if (n > VMS_MAX || !text_is_line(text, strlen(text))) {
                text_fault(
                        reterr_fault, reterr_fault->field,
                        "is no selection; accepted: names and words such as group:web, without control characters");
                return -EINVAL;
        }
        terms = arena_new(a, SelectTerm, n);
        if (!terms)
                return -ENOMEM;
        if (s->n > 0)
                memcpy(terms, s->terms, sizeof(*terms) * s->n);
        for (uint32_t i = s->n; i < n; i++) {
                const char *end = word_end(text);
                size_t length;
                char *word;
                int r;

                text += strspn(text, " ");
                for (length = text < end ? (size_t) (end - text) : 0; length > 0 && text[length - 1] == ' ';)
                        length--;
                word = text_copy(a, text, length);
                r = word ? term_parse(a, word, from, &terms[i], reterr_fault) : -ENOMEM;
                if (r < 0)
                        return r;
                text = end + (*end == ',');
        }
        *s = (Selection){ .terms = terms, .n = n };
        return 0;
}

const char *selection_name(Arena *a, const char *name) {
        char *text = arena_new(a, char, 2 * strlen(name) + 1);
        size_t n = 0;

        for (const char *c = name; text && *c; c++) {
                if (strchr("*?[\\,:!", *c) || *c == ' ')
                        text[n++] = '\\';
                text[n++] = *c;
        }
        return text;
}

/* ---- what it selects ---- */

static bool term_fits(const SelectTerm *t, const char *text) {
        if (t->exact)
                return text && strcmp(t->exact, text) == 0;
        return text && text_fits(t->pattern, text);
}

static bool strings_fit(const SelectTerm *t, const Strings *strings) {
        for (uint32_t i = 0; i < strings->n; i++)
                if (term_fits(t, strings->at[i]))
                        return true;
        return false;
}

/* The key fits t's pattern up to '=', and the value t's value. */
static bool label_fits(const SelectTerm *t, const char *label) {
        const char *equals = strchr(label, '=');
        size_t n = equals ? (size_t) (equals - label) : strlen(label);
        char key[256];

        if (n >= sizeof(key))
                return false;
        memcpy(key, label, n);
        key[n] = '\0';
        return term_fits(t, key) && (!t->value || (equals && text_fits(t->value, equals + 1)));
}

static bool labels_fit(const SelectTerm *t, const Strings *labels) {
        for (uint32_t i = 0; i < labels->n; i++)
                if (label_fits(t, labels->at[i]))
                        return true;
        return false;
}

static bool term_has_host(const SelectTerm *t, const Host *host) {
        switch (t->kind) {
        case SELECT_HOST:
                return term_fits(t, host->name);
        case SELECT_ZONE:
                return term_fits(t, host->zone);
        case SELECT_RACK:
                return term_fits(t, host->rack);
        case SELECT_NEIGHBORHOOD:
                return term_fits(t, host->neighborhood);
        case SELECT_HOST_LABEL:
                return labels_fit(t, &host->labels);
        case SELECT_VM:
        case SELECT_LABEL:
        case SELECT_GROUP:
        case SELECT_KIND_N:
                break;
        }
        return false;
}

static bool term_has_vm(const SelectTerm *t, const Snapshot *s, const Vm *vm) {
        switch (t->kind) {
        case SELECT_VM:
                return term_fits(t, vm->name);
        case SELECT_GROUP:
                return strings_fit(t, &vm->groups);
        case SELECT_LABEL:
                return labels_fit(t, &vm->labels);
        case SELECT_HOST:
        case SELECT_ZONE:
        case SELECT_RACK:
        case SELECT_NEIGHBORHOOD:
        case SELECT_HOST_LABEL:
        case SELECT_KIND_N:
                break;
        }
        return vm->host != IX_NONE && term_has_host(t, &s->hosts[vm->host]);
}

typedef struct Verdicts {
        bool any, in, out; /* there is a word that is no exception; one of those fits; an exception fits */
} Verdicts;

static void verdict_add(Verdicts *verdicts, const SelectTerm *t, bool fits) {
        verdicts->any |= !t->except;
        verdicts->in |= !t->except && fits;
        verdicts->out |= t->except && fits;
}

static bool selection_verdict(const Selection *sel, const Verdicts *verdicts) {
        return sel->n > 0 && !verdicts->out && (verdicts->in || !verdicts->any);
}

bool selection_has_vm(const Selection *sel, const Snapshot *s, VmIx v) {
        Verdicts all = { 0 };

        for (uint32_t i = 0; i < sel->n && !all.out; i++)
                verdict_add(&all, &sel->terms[i], term_has_vm(&sel->terms[i], s, &s->vms[v]));
        return selection_verdict(sel, &all);
}

bool selection_fits_host(const Selection *sel, const Host *host) {
        Verdicts all = { 0 };

        for (uint32_t i = 0; i < sel->n && !all.out; i++)
                verdict_add(&all, &sel->terms[i], term_has_host(&sel->terms[i], host));
        return selection_verdict(sel, &all);
}

bool selection_has_host(const Selection *sel, const Snapshot *s, HostIx h) {
        return selection_fits_host(sel, &s->hosts[h]);
}

/* Whether it is names and nothing else: then they are looked up instead of asking every VM. */
static bool is_names(const Selection *sel) {
        for (uint32_t i = 0; i < sel->n; i++)
                if (sel->terms[i].kind != SELECT_VM || sel->terms[i].except || !sel->terms[i].exact)
                        return false;
        return true;
}

static int named_vms(Arena *a, const Selection *sel, const Snapshot *s, const VmIx **ret, uint32_t *ret_n) {
        VmIx *at = arena_new(a, VmIx, sel->n);
        uint32_t n = 0;

        if (!at)
                return -ENOMEM;
        for (uint32_t i = 0; i < sel->n; i++) {
                const VmIx v = snapshot_vm(s, sel->terms[i].exact);
                uint32_t k = n;

                while (v != IX_NONE && k > 0 && at[k - 1] > v)
                        k--;
                if (v == IX_NONE || (k > 0 && at[k - 1] == v))
                        continue;
                memmove(at + k + 1, at + k, sizeof(*at) * (n - k));
                at[k] = v;
                n++;
        }
        *ret = at;
        *ret_n = n;
        return 0;
}

int selection_vms(Arena *a, const Selection *sel, const Snapshot *s, const VmIx **ret, uint32_t *ret_n) {
        uint32_t n = 0;
        VmIx *at;

        if (is_names(sel) && sel->n <= 1024)
                return named_vms(a, sel, s, ret, ret_n);
        for (VmIx v = 0; v < s->n_vms; v++)
                n += selection_has_vm(sel, s, v);
        at = arena_new(a, VmIx, n);
        if (!at)
                return -ENOMEM;
        *ret = at;
        *ret_n = n;
        for (VmIx v = 0; v < s->n_vms && n > 0; v++)
                if (selection_has_vm(sel, s, v)) {
                        *at++ = v;
                        n--;
                }
        return 0;
}

int selection_hosts(Arena *a, const Selection *sel, const Snapshot *s, const HostIx **ret, uint32_t *ret_n) {
        HostIx *at = arena_new(a, HostIx, s->n_hosts);
        uint32_t n = 0;

        if (!at)
                return -ENOMEM;
        for (HostIx h = 0; h < s->n_hosts; h++)
                if (selection_has_host(sel, s, h))
                        at[n++] = h;
        *ret = at;
        *ret_n = n;
        return 0;
}
