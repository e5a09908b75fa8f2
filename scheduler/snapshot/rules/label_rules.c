/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/snapshot/rules/label_rules.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "scheduler/base/compare.h"
#include "scheduler/base/key_word.h"
#include "scheduler/snapshot/json/name_table.h"
#include "scheduler/snapshot/rules/rule_kinds.h"

#define FIELDS_MAX 6

/* Labels that state rules: what stands before the ':' of their key. */
static const char *const group_words[] = { "apart", "anti-affinity", "together", "affinity", "spread" };

typedef struct LabelReader {
        Arena *a;
        RuleSet *set;
        const char *label;
        char *key;   /* "apart:web" */
        char *value; /* "host should 50" */
        ListField fields[FIELDS_MAX];
        uint32_t n;
        const char **notes;
} LabelReader;

/* label[0..n) is the word. */
static bool label_rules_begins(const char *label, size_t n, const char *word) {
        size_t i = 0;

        while (i < n && word[i] && key_word_same_letter(word[i], label[i]))
                i++;
        return i == n && word[i] == '\0';
}

static bool states_rule(const char *label) {
        const char *colon = strchr(label, ':'), *equals = strchr(label, '=');

        if (!colon || !equals || colon > equals)
                return false;
        for (size_t i = 0; i < ARRAY_SIZE(group_words); i++)
                if (label_rules_begins(label, (size_t) (colon - label), group_words[i]))
                        return true;
        return colon - label == 4 && strncmp(label, "rule", 4) == 0;
}

static int add_field(LabelReader *l, const char *key, const char *value) {
        ListWord *word = arena_new(l->a, ListWord, 1);

        if (!word || !key || !value)
                return -ENOMEM;
        word->text = value;
        for (uint32_t i = 0; i < l->n; i++)
                if (strcmp(l->fields[i].key.text, key) == 0)
                        return 0;
        if (l->n < FIELDS_MAX)
                l->fields[l->n++] = (ListField){ .key = { .text = key }, .values = word, .n = 1 };
        return 0;
}

/* Cuts " should N" off the value. */
static int take_should(LabelReader *l) {
        static const char word[] = "should ";
        char *found = NULL;

        for (char *c = l->value; *c; c++)
                if (strncmp(c, word, sizeof(word) - 1) == 0 && (c == l->value || c[-1] == ' '))
                        found = c;
        if (!found)
                return 0;
        *found = '\0';
        return add_field(l, "should", found + sizeof(word) - 1);
}

/* The next word of *at, its own copy; NULL: none. */
static char *next_word(LabelReader *l, const char **at) {
        const char *s = *at + strspn(*at, " ");
        const size_t n = strcspn(s, " ");

        *at = s + n;
        return n > 0 ? text_copy(l->a, s, n) : NULL;
}

/* "host", "2 zone": a number is over how many, a word the level. */
static int group_fields_of(LabelReader *l, const char *group) {
        const char *name = selection_name(l->a, group), *at = l->value, *word;
        int r = name ? add_field(l, l->key, text_format(l->a, "group:%s", name)) : -ENOMEM;

        while (r == 0 && (word = next_word(l, &at)))
                r = add_field(l, *word >= '0' && *word <= '9' ? "over" : "level", word);
        return r;
}

/* Blanks between words of a selection become commas. */
static const char *with_commas(LabelReader *l) {
        const char *at = l->value, *word = next_word(l, &at), *all = word ? word : "";

        while (all && (word = next_word(l, &at)))
                all = text_format(l->a, "%s,%s", all, word);
        return all;
}

static int rule_fields_of(LabelReader *l, const char *kind) {
        static const struct {
                const char *kind, *field;
        } fields[] = { { "move-only", "during" }, { "move-most", "a-day" }, { "priority", "is" },
                       { "mode", "only" },        { "on", "hosts" },        { "not-on", "hosts" } };
        const char *name = selection_name(l->a, l->label);
        int r = name ? add_field(l, kind, text_format(l->a, "label:%s", name)) : -ENOMEM;

        for (size_t i = 0; r == 0 && i < ARRAY_SIZE(fields); i++)
                if (key_word_is_same(fields[i].kind, kind))
                        r = add_field(l, fields[i].field,
                                      strcmp(fields[i].field, "hosts") == 0 ? with_commas(l) : l->value);
        return r;
}

static int label_rules_note(LabelReader *l, const char *what) {
        const char *text = text_format(l->a, "label \"%.120s\" is not a valid rule: %s", l->label, what);

        if (!text)
                return -ENOMEM;
        l->notes[l->set->notes.n++] = text;
        return 0;
}

static int read_label(LabelReader *l) {
        ListReader reader = { .arena = l->a, .place = "" };
        TextFault fault = { 0 };
        ListItem *item = arena_new(l->a, ListItem, 1);
        ListField *fields;
        char *colon;
        int r;

        l->n = 0;
        l->key = text_copy(l->a, l->label, (size_t) (strchr(l->label, '=') - l->label));
        l->value = text_copy(l->a, strchr(l->label, '=') + 1, strlen(strchr(l->label, '=') + 1));
        if (!l->key || !l->value || !item)
                return -ENOMEM;
        colon = strchr(l->key, ':');
        *colon = '\0';
        r = add_field(l, "name", text_format(l->a, "%.200s (label)", l->label));
        if (r == 0)
                r = take_should(l);
        if (r == 0)
                r = strcmp(l->key, "rule") == 0 ? rule_fields_of(l, colon + 1)
                                                : group_fields_of(l, colon + 1);
        fields = arena_new(l->a, ListField, l->n);
        if (r < 0 || !fields)
                return -ENOMEM;
        memcpy(fields, l->fields, sizeof(*fields) * l->n);
        *item = (ListItem){ .fields = fields, .n = l->n };
        reader.fault = &fault;
        r = rule_set_add(&reader, l->set, "rules", item);
        return r == -EINVAL ? label_rules_note(l, fault.what) : r;
}

int label_rules_read(Arena *a, const Snapshot *s, const RuleSet **ret) {
        LabelReader l = { .a = a, .set = arena_new(a, RuleSet, 1) };
        uint32_t n = 0, kept = 0;
        const char **labels;

        if (!l.set)
                return -ENOMEM;
        for (VmIx v = 0; v < s->n_vms; v++)
                for (uint32_t i = 0; i < s->vms[v].labels.n; i++)
                        n += states_rule(s->vms[v].labels.at[i]);
        labels = arena_new(a, const char *, n);
        l.notes = arena_new(a, const char *, n);
        if (!labels || !l.notes)
                return -ENOMEM;
        l.set->notes.at = l.notes;
        n = 0;
        for (VmIx v = 0; v < s->n_vms; v++)
                for (uint32_t i = 0; i < s->vms[v].labels.n; i++)
                        if (states_rule(s->vms[v].labels.at[i]))
                                labels[n++] = s->vms[v].labels.at[i];
        if (n > 0)
                qsort(labels, n, sizeof(*labels), compare_strings);
        for (uint32_t i = 0; i < n; i++)
                if (i == 0 || strcmp(labels[kept - 1], labels[i]) != 0)
                        labels[kept++] = labels[i];
        for (uint32_t i = 0; i < kept; i++) {
                int r;

                l.label = labels[i];
                r = read_label(&l);
                if (r < 0)
                        return r;
        }
        *ret = l.set;
        return 0;
}
