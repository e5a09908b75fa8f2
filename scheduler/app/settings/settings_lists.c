/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/app/settings/settings_lists.h"

#include <errno.h>
#include <string.h>

#include "scheduler/app/terminal/file.h"
#include "scheduler/base/out.h"
#include "scheduler/base/text_harmless.h"
#include "scheduler/snapshot/rules/rule_kinds.h"

#define FIELDS_MAX 32
#define VALUES_MAX VMS_MAX
#define ZONES      "/usr/share/zoneinfo/"

const char *const settings_list_names[] = { "rules", "groups", "hosts", "windows", NULL };

typedef struct Reading {
        YamlReader *yaml;
        Arena *arena;
        const char *list;
        uint32_t index;
} Reading;

static int settings_lists_fault_at(const Reading *r, const yaml_mark_t *mark, const char *what) {
        TextFault path = { 0 };

        text_fault(&path, "", "%s[%u]", r->list, r->index);
        return yaml_reader_fault(r->yaml, mark, path.what, what);
}

static int next_event(const Reading *r, yaml_event_t *ret) {
        return yaml_reader_next(r->yaml, r->list, ret);
}

static int settings_lists_scalar(const Reading *r, const yaml_event_t *event, ListWord *ret) {
        const char *text = (const char *) event->data.scalar.value;

        if (event->type != YAML_SCALAR_EVENT)
                return settings_lists_fault_at(r, &event->start_mark,
                                               "is not a plain word; accepted: a word, or a list of words");
        if (event->data.scalar.tag)
                return settings_lists_fault_at(
                        r, &event->start_mark,
                        "YAML reads a word that begins with ! as a tag. Put it in quotes: \"!…\"");
        if (event->data.scalar.length != strlen(text))
                return settings_lists_fault_at(r, &event->start_mark, "has a NUL in it");
        ret->text = text_copy(r->arena, text, strlen(text));
        ret->line = (uint32_t) event->start_mark.line + 1;
        ret->column = (uint32_t) event->start_mark.column + 1;
        return ret->text ? 0 : -ENOMEM;
}

/* The words of a list whose start was read. */
static int words_read(const Reading *r, ListField *f) {
        uint32_t size = 0;
        ListWord *words = NULL;

        f->is_list = true;
        for (;;) {
                yaml_event_t e;
                int n = next_event(r, &e);
                bool end = n == 0 && e.type == YAML_SEQUENCE_END_EVENT;

                if (n < 0)
                        return n;
                if (!end && f->n == size) {
                        ListWord *bigger = arena_new(r->arena, ListWord, size ? 2 * (size_t) size : 4);

                        n = bigger && size < VALUES_MAX ? 0 : -ENOMEM;
                        if (n == 0 && f->n > 0)
                                memcpy(bigger, words, sizeof(*words) * f->n);
                        f->values = words = bigger;
                        size = size ? 2 * size : 4;
                }
                if (n == 0 && !end)
                        n = settings_lists_scalar(r, &e, &words[f->n++]);
                yaml_event_delete(&e);
                if (n < 0 || end)
                        return n;
        }
}

static int value_read(const Reading *r, ListField *f) {
        ListWord *word = arena_new(r->arena, ListWord, 1);
        yaml_event_t e;
        int n = word ? next_event(r, &e) : -ENOMEM;

        if (n < 0)
                return n;
        if (e.type == YAML_SEQUENCE_START_EVENT)
                n = words_read(r, f);
        else {
                n = settings_lists_scalar(r, &e, word);
                f->values = word;
                f->n = 1;
        }
        yaml_event_delete(&e);
        return n;
}

/* An entry whose start was read. */
static int item_read(const Reading *r, ListItem **ret, const yaml_mark_t *mark) {
        ListField fields[FIELDS_MAX] = { 0 };
        ListItem *item = arena_new(r->arena, ListItem, 1);
        ListField *kept;
        uint32_t n_fields = 0;
        int n = item ? 0 : -ENOMEM;
        bool end = false;

        while (n == 0 && !end) {
                yaml_event_t e;

                n = next_event(r, &e);
                if (n < 0)
                        return n;
                end = e.type == YAML_MAPPING_END_EVENT;
                if (!end && n_fields == FIELDS_MAX)
                        n = settings_lists_fault_at(r, &e.start_mark, "has too many fields");
                if (n == 0 && !end)
                        n = settings_lists_scalar(r, &e, &fields[n_fields].key);
                yaml_event_delete(&e);
                if (n == 0 && !end)
                        n = value_read(r, &fields[n_fields++]);
        }
        if (n < 0)
                return n;
        item->line = (uint32_t) mark->line + 1;
        item->column = (uint32_t) mark->column + 1;
        kept = arena_new(r->arena, ListField, n_fields);
        if (!kept)
                return -ENOMEM;
        if (n_fields > 0)
                memcpy(kept, fields, n_fields * sizeof(*kept));
        item->fields = kept;
        item->n = n_fields;
        *ret = item;
        return 0;
}

/* ---- zones ---- */

static int zone_load(void *arg, const char *name, Arena *a, const unsigned char **ret, size_t *ret_n) {
        const char *path = text_format(a, ZONES "%s", name), *text;
        TextFault ignored;
        int r;

        (void) arg;
        if (!path)
                return -ENOMEM;
        r = file_read(a, path, &text, ret_n, &ignored);
        if (r == 0)
                *ret = (const unsigned char *) text;
        return r == -ENOMEM ? r : r < 0 ? -ENOENT : 0;
}

/* ---- entries into the set ---- */

/* *ret := the rules as they are and the entry. */
static int set_with(const Reading *r, const Settings *settings, const ListItem *item, RuleSet *ret) {
        static const ZoneFiles zones = { .load = zone_load };
        const char *place = text_format(r->arena, "%s[%u]", r->list, r->index);
        ListReader reader = { .arena = r->arena, .zones = &zones, .fault = &r->yaml->fault, .place = place };

        if (!place)
                return -ENOMEM;
        if (settings_rules(settings))
                *ret = *settings_rules(settings);
        return rule_set_add(&reader, ret, r->list, item);
}

static int settings_lists_add(const Reading *r, Settings *settings, const ListItem *item) {
        RuleSet *set = arena_new(r->arena, RuleSet, 1);
        int n = set ? set_with(r, settings, item, set) : -ENOMEM;

        if (n == 0)
                settings_put_rules(settings, set);
        return n;
}

static bool stands_at(const ListWord *w, const TextFault *f) {
        return w->line == f->line && w->column == f->column;
}

static bool names_kind(const ListField *f) {
        return rule_kind_find(f->key.text) < n_rule_kinds;
}

/* The field without what stands at the fault. A rule's kind stays, with any VM: what else is wrong with the
 * rule depends on it. False: nothing is left of it. */
static bool field_mend(Arena *a, const TextFault *fault, ListField *f) {
        static const ListWord any = { .text = "*" };
        ListWord *kept = arena_new(a, ListWord, f->n);
        uint32_t n = 0;

        if (stands_at(&f->key, fault) || !kept)
                return false;
        for (uint32_t i = 0; i < f->n; i++)
                if (!stands_at(&f->values[i], fault))
                        kept[n++] = f->values[i];
        if (n == f->n)
                return true;
        f->values = n > 0 ? kept : &any;
        f->n = n > 0 ? n : 1;
        return n > 0 || names_kind(f);
}

/* The entry without what the last fault is about. NULL: it is about all of the entry, or memory is out. */
static const ListItem *item_mend(const Reading *r, const ListItem *item) {
        ListItem *rest = arena_new(r->arena, ListItem, 1);
        ListField *fields = arena_new(r->arena, ListField, item->n);
        uint32_t n = 0;

        if (!rest || !fields || !strchr(r->yaml->fault.field, '.'))
                return NULL;
        for (uint32_t i = 0; i < item->n; i++) {
                fields[n] = item->fields[i];
                n += field_mend(r->arena, &r->yaml->fault, &fields[n]);
        }
        *rest = *item;
        rest->fields = fields;
        rest->n = n;
        return rest;
}

/* All that is wrong with an entry, of which the first was just found: what is left without it is tried, and
 * thrown away. Said of the whole entry is only what came first: "needs a kind" may follow from what was taken
 * out. */
static int faults_of(const Reading *r, const Settings *settings, const ListItem *item) {
        const unsigned level = r->yaml->level;
        int n = -EINVAL;

        while (n == -EINVAL) {
                RuleSet scratch = { 0 };

                n = yaml_reader_keep(r->yaml, n, level);
                item = n == 0 ? item_mend(r, item) : NULL;
                if (!item)
                        return n;
                n = set_with(r, settings, item, &scratch);
                if (n == -EINVAL && !strchr(r->yaml->fault.field, '.'))
                        return 0;
        }
        return n;
}

static int list_entries(Reading *r, Settings *settings) {
        const unsigned level = r->yaml->level;

        for (;; r->index++) {
                ListItem *item = NULL;
                yaml_event_t e;
                bool end;
                int n = next_event(r, &e);

                if (n < 0)
                        return n;
                end = e.type == YAML_SEQUENCE_END_EVENT;
                if (e.type == YAML_MAPPING_START_EVENT)
                        n = item_read(r, &item, &e.start_mark);
                else if (!end)
                        n = settings_lists_fault_at(r, &e.start_mark,
                                                    "is not an entry; accepted: \"- word: value\"");
                yaml_event_delete(&e);
                if (n == 0 && item) {
                        n = settings_lists_add(r, settings, item);
                        n = n == -EINVAL ? faults_of(r, settings, item) : n;
                }
                n = yaml_reader_keep(r->yaml, n, level);
                if (n < 0 || end)
                        return n;
        }
}

int settings_list_read(YamlReader *yaml, const char *list, Settings *settings) {
        Reading r = { .yaml = yaml, .arena = settings_arena(settings), .list = list };
        yaml_event_t e;
        int n = next_event(&r, &e);

        if (n < 0)
                return n;
        if (e.type == YAML_SEQUENCE_START_EVENT)
                n = list_entries(&r, settings);
        else if (e.type != YAML_SCALAR_EVENT || e.data.scalar.length > 0)
                n = yaml_reader_fault(yaml, &e.start_mark, list,
                                      "is not a list; accepted: entries that begin with \"- \"");
        yaml_event_delete(&e);
        return n;
}

int settings_lists_check(Settings *settings, TextFaults *faults) {
        const RuleSet *set = settings_rules(settings);
        bool all_windows = true;

        /* a window that could not be read is there all the same */
        for (uint32_t i = 0; i < faults->n; i++)
                all_windows &= strncmp(faults->at[i].field, "windows", strlen("windows")) != 0;
        return set ? rule_set_check(settings_arena(settings), set, all_windows, faults) : 0;
}

static int parse_one(Reading *r, yaml_event_t *event, ListItem **ret) {
        int n = 0;

        for (int i = 0; n == 0 && i < 3; i++) { /* stream, document, mapping */
                if (i > 0)
                        yaml_event_delete(event);
                n = next_event(r, event);
        }
        if (n < 0)
                return n;
        if (event->type != YAML_MAPPING_START_EVENT)
                return settings_lists_fault_at(r, &event->start_mark,
                                               "is not an entry; accepted: \"word: value, word: value\"");
        return item_read(r, ret, &event->start_mark);
}

int settings_list_add(const char *list, const char *text, Settings *settings, TextFault *reterr_fault) {
        Arena *a = settings_arena(settings);
        const char *flow = text[0] == '{' ? text : text_format(a, "{%s}", text);
        const RuleSet *before = settings_rules(settings);
        TextFaults faults = { .at = reterr_fault, .most = 1 };
        Reading r = { .arena = a, .list = list };
        YamlReader yaml;
        ListItem *item = NULL;
        yaml_event_t e = { 0 };
        int n;

        if (!flow || yaml_reader_open(&yaml, flow, strlen(flow), &faults) < 0)
                return -ENOMEM;
        r.yaml = &yaml;
        n = parse_one(&r, &e, &item);
        yaml_event_delete(&e);
        if (n == 0) {
                assert(item);
                item->line = 0; /* not from a file */
                n = settings_lists_add(&r, settings, item);
        }
        if (n == -EINVAL)
                (void) text_faults_add(&faults, &yaml.fault);
        yaml_reader_close(&yaml);
        if (n == 0)
                n = settings_lists_check(settings, &faults);
        if (n < 0)
                settings_put_rules(settings, before);
        if (n == -EINVAL)
                reterr_fault->line = reterr_fault->column = 0;
        return n;
}

/* ---- printing ---- */

/* A value that YAML would read as something else is quoted. */
static bool needs_quotes(const char *value) {
        return value[0] == '\0' || strpbrk(value, ":#{}[],&*!|>'\"%@`\\\n\t") || value[0] == '-' ||
               value[0] == '?' || value[0] == ' ' || value[strlen(value) - 1] == ' ' ||
               !text_is_harmless(value, strlen(value));
}

void settings_value_print(FILE *out, const char *value) {
        bool is_number_with_percent = strspn(value, "0123456789.%") == strlen(value) && value[0] != '%';

        if (value[0] && (is_number_with_percent || !needs_quotes(value))) {
                (void) fputs(value, out);
                return;
        }
        (void) fputc('"', out);
        for (size_t n = strlen(value), len; n > 0; value += len, n -= len) {
                uint32_t c;

                len = text_char(value, n, &c);
                if (c == '"' || c == '\\')
                        (void) fputc('\\', out);
                if (c == '\n' || c == '\t')
                        (void) fputs(c == '\n' ? "\\n" : "\\t", out);
                else if (text_char_is_harmless(c))
                        (void) fwrite(value, 1, len, out);
                else
                        (void) fprintf(out, "\\U%08x", c == TEXT_CHAR_BROKEN ? 0xfffdU : c);
        }
        (void) fputc('"', out);
}

static void print_item(FILE *out, const ListItem *item) {
        for (uint32_t i = 0; i < item->n; i++) {
                const ListField *f = &item->fields[i];

                (void) out_say(out, "  %s %s: %s", i == 0 ? "-" : " ", f->key.text, f->is_list ? "[" : "");
                for (uint32_t k = 0; k < f->n; k++) {
                        if (k > 0)
                                (void) fputs(", ", out);
                        settings_value_print(out, f->values[k].text);
                }
                (void) fputs(f->is_list ? "]\n" : "\n", out);
        }
}

/* Windows and groups first: rules speak of them. */
void settings_lists_print(FILE *out, const Settings *settings) {
        const RuleSet *set = settings_rules(settings);

        if (!set)
                return;
        for (uint32_t i = 0; i < set->n_hosts; i++) {
                (void) fputs(i == 0 ? "hosts:\n" : "", out);
                print_item(out, set->hosts[i].item);
        }
        for (uint32_t i = 0; i < set->n_windows; i++) {
                (void) fputs(i == 0 ? "windows:\n" : "", out);
                print_item(out, set->windows[i].item);
        }
        for (uint32_t i = 0; i < set->n_groups; i++) {
                (void) fputs(i == 0 ? "groups:\n" : "", out);
                print_item(out, set->groups[i].item);
        }
        for (uint32_t i = 0; i < set->n_rules; i++) {
                (void) fputs(i == 0 ? "rules:\n" : "", out);
                print_item(out, set->rules[i].item);
        }
}
