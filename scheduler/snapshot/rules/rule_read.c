/* SPDX-License-Identifier: Apache-2.0 */
/* Entries of the settings' lists → RuleSet. */
#include <errno.h>
#include <string.h>

#include "scheduler/base/key_word.h"
#include "scheduler/model/limits.h"
#include "scheduler/model/rule_word.h"
#include "scheduler/snapshot/json/name_table.h"
#include "scheduler/snapshot/rules/rule_kinds.h"

#define KINDS_MAX 32

uint32_t rule_kind_find(const char *word) {
        const char *own = rule_word(word);
        uint32_t k = 0;

        while (k < n_rule_kinds && !key_word_is_same(rule_word(rule_kind_defs[k].word), own))
                k++;
        return k;
}

static uint32_t rule_read_field_of(const char *name) {
        uint32_t i = 0;

        while (rule_list_fields[i].value.name && !key_word_is_same(rule_list_fields[i].value.name, name))
                i++;
        return i;
}

static const char *kind_words(char *buf, size_t size) {
        size_t used = 0;

        for (uint32_t k = 0; k < n_rule_kinds; k++) {
                const size_t n = strlen(rule_kind_defs[k].word);

                if (used + n + 3 > size)
                        break;
                if (k > 0) {
                        buf[used++] = ',';
                        buf[used++] = ' ';
                }
                memcpy(buf + used, rule_kind_defs[k].word, n);
                used += n;
        }
        buf[used] = '\0';
        return buf;
}

/* A word that is neither a kind nor a field. */
static int unknown_word(ListReader *r, const ListField *f) {
        const char *words[KINDS_MAX + 16 + RULE_ALIASES_N], *nearest;
        size_t n = 0;

        for (uint32_t k = 0; k < n_rule_kinds; k++)
                words[n++] = rule_kind_defs[k].word;
        for (uint32_t i = 0; i < RULE_ALIASES_N; i++)
                words[n++] = rule_aliases[i].kind;
        for (uint32_t i = 0; rule_list_fields[i].value.name; i++)
                words[n++] = rule_list_fields[i].value.name;
        nearest = text_nearest(f->key.text, words, n);
        return LIST_FAULT(r, &f->key, f->key.text, "unknown field '%.60s' in a rule%s%s%s", f->key.text,
                          nearest ? "; did you mean '" : "", nearest ? nearest : "", nearest ? "'?" : "");
}

/* The kind's word and its VMs. */
static int read_kind(ListReader *r, const ListItem *item, RuleSpec *spec) {
        static const ListFieldDef vms = { .value = { .name = "vms", .type = SETTING_TEXT },
                                          .as = LIST_VMS,
                                          .at = offsetof(RuleSpec, vms) };
        const ListWord here = { "", item->line, item->column };
        const ListField *found = NULL;
        char words[180];

        for (uint32_t i = 0; i < item->n; i++) {
                const ListField *f = &item->fields[i];
                const uint32_t k = rule_kind_find(f->key.text);

                if (k == n_rule_kinds && !rule_list_fields[rule_read_field_of(f->key.text)].value.name)
                        return unknown_word(r, f);
                if (k == n_rule_kinds)
                        continue;
                if (found)
                        return LIST_FAULT(
                                r, &f->key, f->key.text,
                                key_word_is_same(found->key.text, f->key.text)
                                        ? "is given twice"
                                        : "the rule already has the kind \"%s\"; accepted: one kind per rule",
                                found->key.text);
                found = f;
                spec->kind = k;
        }
        if (!found)
                return LIST_FAULT(r, &here, NULL, "a rule needs a kind; accepted: %s",
                                  kind_words(words, sizeof(words)));
        return list_field_read(r, &vms, found, spec);
}

/* The kinds that have the field, for messages: "near". */
static const char *kinds_with(unsigned bit, char *buf, size_t size) {
        size_t used = 0;

        for (uint32_t k = 0; k < n_rule_kinds; k++) {
                const size_t n = strlen(rule_kind_defs[k].word);

                if (!(rule_kind_defs[k].takes & bit) || used + n + 3 > size)
                        continue;
                if (used > 0) {
                        buf[used++] = ',';
                        buf[used++] = ' ';
                }
                memcpy(buf + used, rule_kind_defs[k].word, n);
                used += n;
        }
        buf[used] = '\0';
        return buf;
}

static int read_fields(ListReader *r, const ListItem *item, RuleSpec *spec) {
        const RuleKindDef *kind = &rule_kind_defs[spec->kind];
        const ListWord here = { "", item->line, item->column };
        uint64_t seen = 0;
        char words[160];

        for (uint32_t i = 0; i < item->n; i++) {
                const ListField *f = &item->fields[i];
                const uint32_t k = rule_read_field_of(f->key.text);
                const unsigned bit = rule_list_fields[k].value.name ? rule_field_bit(k) : 0;
                int e;

                if (!rule_list_fields[k].value.name)
                        continue; /* the kind's word */
                if (seen >> k & 1)
                        return LIST_FAULT(r, &f->key, f->key.text, "is given twice");
                seen |= UINT64_C(1) << k;
                if (bit && !(kind->takes & bit))
                        return LIST_FAULT(r, &f->key, f->key.text,
                                          "not accepted in a rule '%s'; accepted with %s", kind->word,
                                          kinds_with(bit, words, sizeof(words)));
                e = list_field_read(r, &rule_list_fields[k], f, spec);
                if (e < 0)
                        return e;
        }
        for (uint32_t k = 0; rule_list_fields[k].value.name; k++)
                if ((kind->needs & rule_field_bit(k)) && !(seen >> k & 1))
                        return LIST_FAULT(r, &here, NULL, "a rule '%s' needs '%s'", kind->word,
                                          rule_list_fields[k].value.name);
        return 0;
}

static int read_strength(ListReader *r, const ListItem *item, RuleSpec *spec) {
        const ListField *must = list_item_field(item, "must"), *should = list_item_field(item, "should");

        if (must && spec->must && should)
                return LIST_FAULT(r, &should->key, "should",
                                  "contradicts \"must\"; accepted: one of them (should: its weight)");
        if (!should)
                spec->weight = RULE_WEIGHT_DEFAULT;
        spec->must = must ? spec->must : !should;
        return 0;
}

/* "apart group:db": what a person would call it. */
static const char *own_name(Arena *a, const ListItem *item, const RuleSpec *spec) {
        const ListField *f = item->fields;
        const char *name;

        while (rule_kind_find(f->key.text) != spec->kind)
                f++;
        name = text_format(a, "%s %.80s%s", f->key.text, f->values[0].text, f->n > 1 ? " …" : "");

        /* a selection may be cut within a letter */
        for (size_t n = name ? strlen(name) : 0; n > 0 && !text_is_name(name, n); n--)
                name = text_copy(a, name, n - 1);
        return name;
}

static int add_rule(ListReader *r, RuleSet *set, const ListItem *item) {
        RuleSpec spec = { .must = true, .item = item };
        RuleSpec *rules;
        int e = read_kind(r, item, &spec);

        if (e == 0)
                e = read_fields(r, item, &spec);
        if (e == 0)
                e = read_strength(r, item, &spec);
        if (e < 0)
                return e;
        if (!spec.name)
                spec.name = own_name(r->arena, item, &spec);
        rules = arena_room(r->arena, set->rules, set->n_rules, sizeof(*rules));
        if (!rules || !spec.name)
                return -ENOMEM;
        for (uint32_t i = 0, n = 2; i < set->n_rules && !list_item_field(item, "name"); i++)
                if (strcmp(set->rules[i].name, spec.name) == 0) {
                        spec.name = text_format(r->arena, "%s (%u)", own_name(r->arena, item, &spec), n++);
                        if (!spec.name)
                                return -ENOMEM;
                        i = UINT32_MAX; /* from the start: (2) may be there too */
                }
        set->rules = rules;
        rules[set->n_rules++] = spec;
        return 0;
}

static int rule_read_add_group(ListReader *r, RuleSet *set, const ListItem *item) {
        GroupSpec spec = { .item = item }, *groups;
        int e = list_item_read(r, &group_list, item, &spec);

        if (e < 0)
                return e;
        groups = arena_room(r->arena, set->groups, set->n_groups, sizeof(*groups));
        if (!groups)
                return -ENOMEM;
        set->groups = groups;
        groups[set->n_groups++] = spec;
        return 0;
}

static int add_host(ListReader *r, RuleSet *set, const ListItem *item) {
        HostSpec spec = { .headroom = UNKNOWN,
                          .headroom_cpu = UNKNOWN,
                          .headroom_memory = UNKNOWN,
                          .headroom_network = UNKNOWN,
                          .headroom_extra = UNKNOWN,
                          .reserved_mib = UNKNOWN,
                          .item = item };
        const ListWord here = { "", item->line, item->column };
        HostSpec *hosts;
        int e = list_item_read(r, &host_list, item, &spec);

        if (e == 0 && item->n < 2)
                e = LIST_FAULT(r, &here, NULL, "no field besides hosts; accepted: rack, headroom …");
        if (e < 0)
                return e;
        hosts = arena_room(r->arena, set->hosts, set->n_hosts, sizeof(*hosts));
        if (!hosts)
                return -ENOMEM;
        set->hosts = hosts;
        hosts[set->n_hosts++] = spec;
        return 0;
}

static int add_window(ListReader *r, RuleSet *set, const ListItem *item) {
        WindowSpec spec = { .window = { .days = DAYS_ALL, .to = 1440, .zone_name = "UTC" }, .item = item };
        WindowSpec *windows;
        int e;

        spec.window.line = item->line;
        spec.window.column = item->column;
        e = list_item_read(r, &window_list, item, &spec);
        if (e < 0)
                return e;
        windows = arena_room(r->arena, set->windows, set->n_windows, sizeof(*windows));
        if (!windows)
                return -ENOMEM;
        set->windows = windows;
        windows[set->n_windows++] = spec;
        return 0;
}

int rule_set_add(ListReader *r, RuleSet *set, const char *list, const ListItem *item) {
        static const struct {
                const char *name;
                int (*add)(ListReader *r, RuleSet *set, const ListItem *item);
        } lists[] = {
                { "rules", add_rule },
                { "groups", rule_read_add_group },
                { "hosts", add_host },
                { "windows", add_window },
        };

        for (size_t i = 0; i < ARRAY_SIZE(lists); i++)
                if (strcmp(lists[i].name, list) == 0)
                        return lists[i].add(r, set, item);
        return -ENOENT;
}

/* ---- all together ---- */

/* False, and a fault: the table has the name already. */
static bool named_once(NameTable *t, const ListItem *item, const char *list, const char *name,
                       TextFaults *faults) {
        const ListField *field = list_item_field(item, "name");
        const uint32_t next = t->n;
        TextFault f = { 0 };

        if (name_table_add(t, name) == next)
                return true;
        text_fault(&f, list, "the name \"%.80s\" is already used; accepted: unique names", name);
        f.line = field ? field->values[0].line : item->line;
        f.column = field ? field->values[0].column : item->column;
        (void) text_faults_add(faults, &f);
        return false;
}

static bool check_windows_of(const RuleSet *set, const RuleSpec *spec, const char **names,
                             TextFaults *faults) {
        const ListField *during = list_item_field(spec->item, "during");
        bool good = true;

        for (uint32_t i = 0; i < spec->windows.n; i++) {
                const char *name = spec->windows.at[i], *nearest;
                TextFault f = { 0 };

                if (rule_set_window(set, name))
                        continue;
                nearest = text_nearest(name, names, set->n_windows);
                text_fault(&f, "rules.during", "window \"%.80s\" not found%s%.60s%s", name,
                           nearest ? "; did you mean \"" : "", nearest ? nearest : "", nearest ? "\"?" : "");
                f.line = during->values[i].line;
                f.column = during->values[i].column;
                (void) text_faults_add(faults, &f);
                good = false;
        }
        return good;
}

int rule_set_check(Arena *a, const RuleSet *set, bool all_windows, TextFaults *faults) {
        const char **windows = arena_new(a, const char *, set->n_windows);
        NameTable rules = { 0 }, groups = { 0 }, names = { 0 };
        bool good = true;
        int r = name_table_new(a, set->n_rules, &rules);

        if (r == 0)
                r = name_table_new(a, set->n_groups, &groups);
        if (r == 0)
                r = name_table_new(a, set->n_windows, &names);
        if (r != 0 || !windows)
                return -ENOMEM;
        for (uint32_t i = 0; i < set->n_rules; i++)
                good &= named_once(&rules, set->rules[i].item, "rules", set->rules[i].name, faults);
        for (uint32_t i = 0; i < set->n_groups; i++)
                good &= named_once(&groups, set->groups[i].item, "groups", set->groups[i].name, faults);
        for (uint32_t i = 0; i < set->n_windows; i++) {
                windows[i] = set->windows[i].window.name;
                good &= named_once(&names, set->windows[i].item, "windows", windows[i], faults);
        }
        for (uint32_t i = 0; all_windows && i < set->n_rules; i++)
                good &= check_windows_of(set, &set->rules[i], windows, faults);
        return good ? 0 : -EINVAL;
}
