/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/app/settings/settings_file.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "scheduler/app/settings/settings_lists.h"
#include "scheduler/base/key_word.h"
#include "scheduler/base/out.h"
#include "scheduler/base/url_secret.h"

#define DEPTH_MAX 8
#define KEY_MAX   160

typedef struct Reader {
        YamlReader yaml;
        Settings *settings;
        char path[KEY_MAX];
        size_t lengths[DEPTH_MAX + 1]; /* of path, at each depth */
        unsigned depth;
        uint64_t *seen; /* bit set over the rows: a key written twice is an error */
        unsigned lists; /* the same of the lists */
} Reader;

static int settings_file_fault_at(Reader *r, const yaml_mark_t *mark, const char *what) {
        return yaml_reader_fault(&r->yaml, mark, r->path, what);
}

static bool find_row(const Settings *s, const char *key, uint32_t *ret_i) {
        SettingRow row;

        for (uint32_t i = 0; settings_row(s, i, &row); i++) {
                size_t n = 0;

                while (row.section->name[n] && key_word_same_letter(row.section->name[n], key[n]))
                        n++;
                if (row.section->name[n] == '\0' && key[n] == '.' &&
                    key_word_is_same(row.def->name, key + n + 1)) {
                        *ret_i = i;
                        return true;
                }
        }
        return false;
}

static bool settings_file_is_section(const Settings *s, const char *name) {
        SettingRow row;

        for (uint32_t i = 0; settings_row(s, i, &row); i++)
                if (key_word_is_same(row.section->name, name))
                        return true;
        return false;
}

/* r->path := value, which stands at value_mark; the key stands at key_mark. */
static int set_scalar(Reader *r, const char *value, const yaml_mark_t *key_mark,
                      const yaml_mark_t *value_mark) {
        uint32_t row = 0;
        bool known = find_row(r->settings, r->path, &row);
        const yaml_mark_t *mark = known ? value_mark : key_mark;
        int e;

        if (!known && value[0] == '\0' && settings_file_is_section(r->settings, r->path))
                return 0; /* a section with all its lines commented out */
        if (known && (r->seen[row / 64] >> (row % 64) & 1))
                return settings_file_fault_at(r, key_mark, "is given twice");
        e = settings_set(r->settings, r->path, value, &r->yaml.fault);
        if (e == -EINVAL) {
                r->yaml.fault.line = (uint32_t) mark->line + 1;
                r->yaml.fault.column = (uint32_t) mark->column + 1;
        }
        if (e == 0)
                r->seen[row / 64] |= UINT64_C(1) << (row % 64);
        return e;
}

static int push_key(Reader *r, const yaml_event_t *key) {
        size_t used = r->lengths[r->depth];
        const char *name = (const char *) key->data.scalar.value;
        int n;

        if (key->data.scalar.length != strlen(name))
                return settings_file_fault_at(r, &key->start_mark, "has a NUL in its name");
        if (r->depth == DEPTH_MAX)
                return settings_file_fault_at(r, &key->start_mark, "is nested too deep");
        n = snprintf(r->path + used, sizeof(r->path) - used, "%s%s", used > 0 ? "." : "", name);
        if (n < 0 || (size_t) n >= sizeof(r->path) - used) {
                r->path[used] = '\0';
                return settings_file_fault_at(r, &key->start_mark, "has a key that is too long");
        }
        r->lengths[++r->depth] = used + (size_t) n;
        return 0;
}

static void pop_key(Reader *r) {
        r->depth--;
        r->path[r->lengths[r->depth]] = '\0';
}

static int read_mapping(Reader *r);

static bool is_list(const char *path) {
        for (size_t i = 0; settings_list_names[i]; i++)
                if (strcmp(settings_list_names[i], path) == 0)
                        return true;
        return false;
}

/* A mistake that is told before the value is read: the value is passed over. */
static int pass_fault(Reader *r, const yaml_mark_t *mark, const char *what) {
        const int n = yaml_reader_keep(&r->yaml, settings_file_fault_at(r, mark, what), r->yaml.level);

        return n < 0 ? n : yaml_reader_pass(&r->yaml);
}

static int read_list(Reader *r, const yaml_mark_t *key_mark) {
        for (size_t i = 0; settings_list_names[i]; i++) {
                if (strcmp(settings_list_names[i], r->path) != 0)
                        continue;
                if (r->lists >> i & 1)
                        return pass_fault(r, key_mark, "is given twice");
                r->lists |= 1U << i;
        }
        return settings_list_read(&r->yaml, r->path, r->settings);
}

/* [a, b] of a setting that is a text of words (setting_words): as "a, b". */
static int read_words(Reader *r, const yaml_mark_t *key_mark, const yaml_mark_t *start) {
        const yaml_mark_t mark = *start;
        char words[4096] = "";
        uint32_t row = 0;
        SettingRow is;
        size_t used = 0;

        if (!find_row(r->settings, r->path, &row) || !settings_row(r->settings, row, &is) ||
            is.def->choices != setting_words)
                return settings_file_fault_at(r, start, "is a list; accepted: a single value or a section");
        for (;;) {
                yaml_event_t e;
                int n = yaml_reader_next(&r->yaml, "", &e);
                bool end = n == 0 && e.type == YAML_SEQUENCE_END_EVENT;

                if (n < 0)
                        return n;
                if (!end && (e.type != YAML_SCALAR_EVENT ||
                             e.data.scalar.length != strlen((const char *) e.data.scalar.value) ||
                             strchr((const char *) e.data.scalar.value, ',')))
                        n = settings_file_fault_at(r, &e.start_mark,
                                                   "its list contains something that is not a plain word");
                else if (!end)
                        n = snprintf(words + used, sizeof(words) - used, "%s%s", used > 0 ? ", " : "",
                                     (const char *) e.data.scalar.value);
                yaml_event_delete(&e);
                if (n < 0)
                        return n;
                used += (size_t) n;
                if (used >= sizeof(words))
                        return settings_file_fault_at(r, &mark, "is longer than 4095 bytes");
                if (end)
                        return set_scalar(r, words, key_mark, &mark);
        }
}

/* The value of the key just pushed. */
static int read_value(Reader *r, const yaml_mark_t *key_mark) { // NOLINT(misc-no-recursion)
        yaml_event_t e;
        int n;

        if (is_list(r->path))
                return read_list(r, key_mark);
        n = yaml_reader_next(&r->yaml, "", &e);
        if (n < 0)
                return n;
        switch (e.type) {
        case YAML_SCALAR_EVENT:
                if (e.data.scalar.length != strlen((const char *) e.data.scalar.value))
                        n = settings_file_fault_at(r, &e.start_mark, "has a NUL in its value");
                else
                        n = set_scalar(r, (const char *) e.data.scalar.value, key_mark, &e.start_mark);
                break;
        case YAML_MAPPING_START_EVENT:
                n = read_mapping(r);
                break;
        case YAML_SEQUENCE_START_EVENT:
                n = read_words(r, key_mark, &e.start_mark);
                break;
        default:
                n = settings_file_fault_at(r, &e.start_mark,
                                           "is an alias; accepted: a single value or a section");
                break;
        }
        yaml_event_delete(&e);
        return n;
}

/* One key and its value. Mistakes are kept. */
static int settings_file_read_entry(Reader *r, const yaml_event_t *key,
                                    unsigned level) { // NOLINT(misc-no-recursion)
        int n = key->type == YAML_SCALAR_EVENT
                        ? push_key(r, key)
                        : settings_file_fault_at(r, &key->start_mark, "has a key that is not a plain word");

        if (n < 0) {
                n = yaml_reader_keep(&r->yaml, n, level);
                return n < 0 ? n : yaml_reader_pass(&r->yaml);
        }
        n = yaml_reader_keep(&r->yaml, read_value(r, &key->start_mark), level);
        pop_key(r);
        return n;
}

static int read_mapping(Reader *r) { // NOLINT(misc-no-recursion): DEPTH_MAX bounds it
        const unsigned level = r->yaml.level;

        for (;;) {
                yaml_event_t key;
                int n = yaml_reader_next(&r->yaml, "", &key);
                const bool end = n == 0 && key.type == YAML_MAPPING_END_EVENT;

                if (n < 0)
                        return n;
                if (!end)
                        n = settings_file_read_entry(r, &key, level);
                yaml_event_delete(&key);
                if (n < 0 || end)
                        return n;
        }
}

/* Stream start, at most one document that is a mapping or empty, stream end. */
static int read_stream(Reader *r) {
        bool had_document = false;

        for (;;) {
                yaml_event_t e;
                int n = yaml_reader_next(&r->yaml, "", &e);
                bool end = n == 0 && e.type == YAML_STREAM_END_EVENT;

                if (n < 0)
                        return n;
                if (e.type == YAML_DOCUMENT_START_EVENT && had_document)
                        n = settings_file_fault_at(r, &e.start_mark, "has a second document; accepted: one");
                else if (e.type == YAML_DOCUMENT_START_EVENT)
                        had_document = true;
                else if (e.type == YAML_MAPPING_START_EVENT)
                        n = read_mapping(r);
                else if ((e.type == YAML_SCALAR_EVENT && e.data.scalar.length > 0) ||
                         e.type == YAML_SEQUENCE_START_EVENT || e.type == YAML_ALIAS_EVENT)
                        n = settings_file_fault_at(
                                r, &e.start_mark, "is not a mapping; accepted: \"section: { name: value }\"");
                yaml_event_delete(&e);
                if (n < 0 || end)
                        return n;
        }
}

int settings_file_read(const char *text, size_t n, Settings *settings, TextFaults *faults) {
        Reader r = { .settings = settings };
        uint32_t rows = 0;
        SettingRow row;
        int e;

        while (settings_row(settings, rows, &row))
                rows++;
        r.seen = calloc(rows / 64 + 1, sizeof(*r.seen));
        if (!r.seen || yaml_reader_open(&r.yaml, text, n, faults) < 0) {
                free(r.seen);
                return -ENOMEM;
        }
        e = yaml_reader_keep(&r.yaml, read_stream(&r), 0);
        if (e == 0 && faults->n < faults->most)
                e = settings_lists_check(settings, faults);
        yaml_reader_close(&r.yaml);
        free(r.seen);
        if (e < 0 && e != -EINVAL)
                return e;
        text_faults_sort(faults);
        return faults->n > 0 ? -EINVAL : e;
}

int settings_file_apply(const char *text, size_t n, Settings *settings, TextFault *reterr_fault) {
        TextFaults first = { .at = reterr_fault, .most = 1 };

        *reterr_fault = (TextFault){ 0 };
        return settings_file_read(text, n, settings, &first);
}

static void settings_file_print_row(FILE *out, const SettingRow *row, bool only_changed) {
        char full[512], value[512];

        (void) setting_print(row->def, row->value, row->text, full, sizeof(full));
        (void) url_secret_masked(full, value, sizeof(value));
        if (!only_changed)
                (void) out_say(out, "  # %s\n", row->def->doc);
        (void) out_say(out, "  %s%s: ", row->is_default ? "# " : "", row->def->name);
        settings_value_print(out, value);
        (void) fputc('\n', out);
}

int settings_file_print(Arena *a, const Settings *settings, bool only_changed, const char **ret) {
        const SettingSection *section = NULL;
        char *text = NULL;
        size_t n = 0;
        FILE *out = open_memstream(&text, &n);
        SettingRow row;

        if (!out)
                return -ENOMEM;
        for (uint32_t i = 0; settings_row(settings, i, &row); i++) {
                if (only_changed && row.is_default)
                        continue;
                if (row.section != section && !only_changed)
                        (void) out_say(out, section ? "\n# %s\n" : "# %s\n", row.section->summary);
                if (row.section != section)
                        (void) out_say(out, "%s:\n", row.section->name);
                section = row.section;
                settings_file_print_row(out, &row, only_changed);
        }
        settings_lists_print(out, settings);
        if (fclose(out) != 0) {
                free(text);
                return -ENOMEM;
        }
        *ret = text_copy(a, text, n);
        free(text);
        return *ret ? 0 : -ENOMEM;
}
