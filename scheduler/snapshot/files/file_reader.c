/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/snapshot/files/file_reader.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "scheduler/base/compare.h"
#include "scheduler/model/host_label.h"
#include "scheduler/model/rule_word.h"
#include "scheduler/snapshot/json/json_value.h"

#define TEXT_MAX 4096

static int file_reader_copy(FileReader *reader, const char *s, const char **ret) {
        *ret = text_copy(reader->json.arena, s, strlen(s));
        return *ret ? 0 : -ENOMEM;
}

static int name_at_hand(FileReader *reader, const char **ret) {
        int k = json_reader_string(&reader->json, ret);

        if (k < 0)
                return k;
        if (!text_is_name(*ret, json_string_length(reader->json.at)))
                return json_reader_expect(&reader->json,
                                          "a name of 1 to 255 bytes without control characters");
        return 0;
}

int name_read(FileReader *reader, const char **ret) {
        const char *name;
        int k = name_at_hand(reader, &name);

        return k < 0 ? k : file_reader_copy(reader, name, ret);
}

static int text_read(FileReader *reader, const char **ret) {
        const char *text;
        int k = json_reader_string(&reader->json, &text);
        size_t n = json_string_length(reader->json.at);

        if (k < 0)
                return k;
        if (n == 0 || n > TEXT_MAX)
                return json_reader_expect(&reader->json, "a text of 1 to %d bytes", TEXT_MAX);
        return file_reader_copy(reader, text, ret);
}

int number_read(FileReader *reader, const FieldDef *def, int64_t *ret) {
        if (json_number_scaled(reader->json.at, def->scale, def->min, def->max, ret) == 0)
                return 0;
        return json_reader_expect(&reader->json, "a %snumber (%s) from %lld to %lld",
                                  def->scale == 1 ? "whole " : "", def->unit,
                                  (long long) ((def->min + def->scale - 1) / def->scale),
                                  (long long) (def->max / def->scale));
}

/* `words` in double quotes with commas, cut to fit. */
static const char *words_list(const char *const *words, uint32_t n, char *buf, size_t size) {
        size_t used = 0;

        for (uint32_t i = 0; i < n; i++) {
                size_t length = strlen(words[i]);

                if (used + length + 5 > size)
                        break;
                if (i > 0) {
                        buf[used++] = ',';
                        buf[used++] = ' ';
                }
                buf[used++] = '"';
                memcpy(buf + used, words[i], length);
                used += length;
                buf[used++] = '"';
        }
        buf[used] = '\0';
        return buf;
}

static int choice_read(FileReader *reader, const FieldDef *def, int *ret) {
        const char *word = json_string_value(reader->json.at);
        char list[128];

        if (word && def->choices == rule_kind_names)
                word = rule_word(word);
        for (uint32_t i = 0; i < def->n_choices && word; i++)
                if (strcmp(def->choices[i], word) == 0) {
                        *ret = (int) i;
                        return 0;
                }
        return json_reader_expect(&reader->json, "%s",
                                  words_list(def->choices, def->n_choices, list, sizeof(list)));
}

int names_read(FileReader *reader, NameList *ret) {
        JsonReader *r = &reader->json;
        const size_t n = json_array_size(r->at);
        const char **names;
        int k;

        if (n > VMS_MAX)
                return json_reader_refuse(r, "a list of more than %u names", VMS_MAX);
        names = arena_new(r->arena, const char *, n);
        if (!names)
                return -ENOMEM;
        k = json_reader_enter(r, JSON_ARRAY);
        for (uint32_t i = 0; k == 0 && json_reader_item(r); i++)
                k = name_at_hand(reader, &names[i]);
        if (k == 0)
                *ret = (NameList){ .at = names, .n = (uint32_t) n };
        return k;
}

int strings_read(FileReader *reader, bool labels, Strings *ret) {
        NameList list = { 0 };
        const char **strings;
        int k = names_read(reader, &list);

        if (k < 0)
                return k;
        strings = arena_new(reader->json.arena, const char *, list.n);
        if (!strings)
                return -ENOMEM;
        for (uint32_t i = 0; i < list.n; i++) {
                const char *equals = strchr(list.at[i], '=');

                if (labels && (!equals || equals == list.at[i]))
                        return json_reader_refuse(&reader->json,
                                                  "label %u has no key; accepted: \"key=value\"", i);
                k = file_reader_copy(reader, list.at[i], &strings[i]);
                if (k < 0)
                        return k;
        }
        qsort(strings, list.n, sizeof(*strings), compare_strings);
        for (uint32_t i = 1; i < list.n; i++)
                if (strcmp(strings[i - 1], strings[i]) == 0)
                        return json_reader_refuse(&reader->json, "\"%.60s\" is listed twice", strings[i]);
        *ret = (Strings){ .at = strings, .n = list.n };
        return 0;
}

static int file_reader_host_labels(FileReader *reader, Strings *ret) {
        Strings labels = { 0 };
        TextFault fault = { 0 };
        int k = strings_read(reader, true, &labels);

        if (k == 0)
                k = host_labels_check(&labels, &fault);
        if (k == -EINVAL)
                return json_reader_refuse(&reader->json, "%s", fault.what);
        *ret = labels;
        return k;
}

static int file_reader_field_read(FileReader *reader, const FieldDef *def, void *object) {
        char *member = (char *) object + def->at;
        int k = 0, choice = 0;

        switch (def->kind) {
        case FIELD_NAME:
                return name_read(reader, (const char **) member);
        case FIELD_TEXT:
                return text_read(reader, (const char **) member);
        case FIELD_NUMBER:
                return number_read(reader, def, (int64_t *) member);
        case FIELD_INSTANT:
                return json_take_instant(&reader->json, USEC_PER_SEC, def->max, (usec_t *) member);
        case FIELD_BOOL:
                return json_reader_bool(&reader->json, (bool *) member);
        case FIELD_CHOICE:
                k = choice_read(reader, def, &choice);
                if (k == 0)
                        memcpy(member, &choice, sizeof(choice));
                return k;
        case FIELD_NAMES:
        case FIELD_LABELS:
                return strings_read(reader, def->kind == FIELD_LABELS, (Strings *) member);
        case FIELD_HOST_LABELS:
                return file_reader_host_labels(reader, (Strings *) member);
        case FIELD_SPECIAL:
                break;
        }
        return def->read(reader, object);
}

static void set_defaults(const FieldTable *table, void *object) {
        if (table->init)
                table->init(object);
        for (uint32_t i = 0; i < table->n; i++) {
                const FieldDef *def = &table->defs[i];
                char *member = (char *) object + def->at;

                if (def->kind == FIELD_NUMBER)
                        *(int64_t *) member = def->def;
                else if (def->kind == FIELD_BOOL)
                        *(bool *) member = def->def != 0;
        }
}

/* `likely` is tried first: fields mostly come in the table's order. */
static uint32_t field_find(const FieldTable *table, const char *key, uint32_t likely) {
        for (uint32_t k = 0; k < table->n; k++) {
                uint32_t i = likely + k < table->n ? likely + k : likely + k - table->n;

                if (strcmp(table->defs[i].name, key) == 0)
                        return i;
        }
        return table->n;
}

static const char *file_reader_nearest(const FieldTable *table, const char *key) {
        const char *names[64], *nearest = NULL;

        for (uint32_t i = 0; i < table->n; i++)
                names[i] = table->defs[i].name;
        if (key[0] && strlen(key) <= 64)
                nearest = text_nearest(key, names, table->n);
        for (uint32_t i = 0; i < table->n && !nearest && key[0]; i++)
                if (strncmp(names[i], key, strlen(key)) == 0) /* "memory" for "memory_mib" */
                        nearest = names[i];
        return nearest;
}

/* Of a newer version, or a typo: whoever reads the note knows which. */
static void file_reader_note_unknown(FileReader *reader, const FieldTable *table, const char *key) {
        const char *nearest = file_reader_nearest(table, key);
        const size_t used = strlen(reader->unknown);
        TextFault place = { 0 }, words;
        JsonReader at = reader->json;

        reader->n_unknown++;
        if (used >= sizeof(reader->unknown) / 2)
                return;
        at.fault = &place;
        (void) json_reader_place(&at);
        text_fault(&words, "", "%s%s%s%s%s", used > 0 ? ", " : "", place.field,
                   nearest ? " (did you mean \"" : "", nearest ? nearest : "", nearest ? "\"?)" : "");
        if (used + strlen(words.what) >= sizeof(reader->unknown))
                return;
        memcpy(reader->unknown + used, words.what, strlen(words.what) + 1);
        reader->n_named++;
}

/* A field that is needed is not there: perhaps since it is misspelt. */
static int file_reader_missing(FileReader *reader, const FieldTable *table, const FieldDef *def,
                               const char *unknown) {
        const char *nearest = unknown ? file_reader_nearest(table, unknown) : NULL;

        if (nearest && strcmp(nearest, def->name) == 0)
                return json_reader_refuse(&reader->json, "\"%s\" is missing in %s; unknown field \"%.40s\"",
                                          def->name, table->object, unknown);
        return json_reader_refuse(&reader->json, "\"%s\" is missing in %s", def->name, table->object);
}

int fields_read(FileReader *reader, const FieldTable *table, void *object) {
        JsonReader *r = &reader->json;
        uint64_t seen = 0;
        uint32_t next = 0;
        const char *key, *unknown = NULL;
        int k;

        assert(table->n <= 64);
        set_defaults(table, object);
        k = json_reader_enter(r, JSON_OBJECT);
        while (k == 0 && json_reader_field(r, &key)) {
                uint32_t i = field_find(table, key, next);

                if (i == table->n) {
                        file_reader_note_unknown(reader, table, key);
                        unknown = key;
                        continue;
                }
                if (json_is_null(r->at))
                        continue;
                seen |= UINT64_C(1) << i;
                next = i + 1 < table->n ? i + 1 : 0;
                k = file_reader_field_read(reader, &table->defs[i], object);
        }
        if (k < 0)
                return k;
        for (uint32_t i = 0; i < table->n; i++)
                if (table->defs[i].required && !(seen >> i & 1))
                        return file_reader_missing(reader, table, &table->defs[i], unknown);
        return 0;
}

int objects_read(FileReader *reader, const FieldTable *table, size_t size, uint32_t most, ObjectArray *ret) {
        JsonReader *r = &reader->json;
        const size_t n = json_array_size(r->at);
        char *objects;
        int k;

        if (n > most)
                return json_reader_refuse(r, "%llu entries; accepted: at most %u", (unsigned long long) n,
                                          most);
        objects = arena_take(r->arena, n, size, _Alignof(int64_t));
        if (!objects)
                return -ENOMEM;
        k = json_reader_enter(r, JSON_ARRAY);
        for (size_t i = 0; k == 0 && json_reader_item(r); i++)
                k = fields_read(reader, table, objects + size * i);
        if (k == 0)
                *ret = (ObjectArray){ .objects = objects, .n = (uint32_t) n };
        return k;
}

int file_fault_place(FileReader *reader, const char *list, uint32_t i, const char *field) {
        TextFault path = { 0 };

        text_fault(&path, "", "%s[%u]%s%s", list, i, field ? "." : "", field ? field : "");
        memcpy(reader->json.fault->field, path.what, sizeof(reader->json.fault->field));
        reader->json.fault->field[sizeof(reader->json.fault->field) - 1] = '\0';
        return -EBADMSG;
}
