/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/store/admin/export_file.h"

#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "scheduler/base/compare.h"
#include "scheduler/base/out.h"
#include "scheduler/model/bounds.h"
#include "scheduler/snapshot/json/json_reader.h"

#define LINE_ENTRIES 64        /* of a stream in a line, */
#define LINE_BYTES   (1 << 20) /* and about so many bytes */
/* What is more a reply's reader would not take (redis_reply.c, ELEMENTS_MAX: two of each). */
#define ITEMS_MOST (1 << 19)
#define KEYS_MOST  4096 /* notes of operators' commands are few */
/* Entries are named by the server's clock; as much ahead of when the file was taken may they be. */
#define FUTURE_MOST_MS INT64_C(60000)
#define TIME_SIZE      32

/* ---- printing ---- */

static int export_line(json_t *o, FILE *out) {
        char *text = o ? json_dumps(o, JSON_COMPACT | JSON_PRESERVE_ORDER) : NULL;

        json_decref(o);
        if (!text)
                return -ENOMEM;
        out_json(out, text, strlen(text));
        (void) out_say(out, "\n");
        free(text);
        return ferror(out) ? -EIO : 0;
}

static const char *export_time(usec_t when, char buf[TIME_SIZE]) {
        const time_t seconds = (time_t) (when / USEC_PER_SEC);
        struct tm tm = { 0 };

        (void) gmtime_r(&seconds, &tm);
        (void) strftime(buf, TIME_SIZE, "%Y-%m-%dT%H:%M:%SZ", &tm);
        return buf;
}

static int export_head(const StoreExport *content, FILE *out) {
        char time[TIME_SIZE];
        json_t *left = json_array();

        for (int k = 0; k < KEY_N; k++)
                if (store_export_kind((StoreKey) k, "x") != EXPORT_KEPT)
                        (void) json_array_append_new(left, json_string(store_key_defs[k].name));
        return export_line(json_pack("{s:s, s:s, s:s, s:o}", "schema", EXPORT_SCHEMA, "cluster",
                                     content->cluster, "taken_at", export_time(content->taken_at, time),
                                     "left_out", left),
                           out);
}

/* Of the items from `from` on, as many as a line takes; *ret_next: the first that it has not. */
static json_t *export_value(const ExportKey *k, uint32_t from, uint32_t *ret_next) {
        const char *type = store_key_defs[k->key].type;
        const bool hash = strcmp(type, "hash") == 0, set = strcmp(type, "set") == 0;
        json_t *value = hash ? json_object() : json_array();
        size_t bytes = 0;
        uint32_t i = from;
        bool fine = value;

        *ret_next = k->n;
        if (strcmp(type, "string") == 0) {
                json_decref(value);
                return json_stringn(k->items[0].text, k->items[0].n);
        }
        for (; fine && i < k->n; i++) {
                const StoredText *one = &k->items[i];

                if (!hash && !set && i > from && (i - from == LINE_ENTRIES || bytes + one->n > LINE_BYTES))
                        break;
                bytes += one->n;
                fine = hash  ? json_object_set_new(value, one->name, json_stringn(one->text, one->n)) == 0
                       : set ? json_array_append_new(value, json_string(one->name)) == 0
                             : json_array_append_new(value,
                                                     json_pack("[s, s%]", one->name, one->text, one->n)) == 0;
        }
        *ret_next = i;
        if (fine)
                return value;
        json_decref(value);
        return NULL;
}

static int export_key(const ExportKey *k, FILE *out, unsigned *lines) {
        int r = 0;

        for (uint32_t at = 0; r == 0 && at < k->n;) {
                json_t *o = json_pack("{s:s}", "key", store_key_defs[k->key].name), *value;

                if (k->part)
                        (void) json_object_set_new(o, "part", json_string(k->part));
                (void) json_object_set_new(o, "type", json_string(store_key_defs[k->key].type));
                (void) json_object_set_new(
                        o, "ttl_s", k->ttl_ms > 0 ? json_real((double) k->ttl_ms / 1000) : json_null());
                value = export_value(k, at, &at);
                r = json_object_set_new(o, "value", value) == 0 ? export_line(o, out)
                                                                : (json_decref(o), -ENOMEM);
                *lines += 1;
        }
        return r;
}

int export_file_print(const StoreExport *content, FILE *out) {
        unsigned lines = 0;
        int r = export_head(content, out);

        for (uint32_t i = 0; r == 0 && i < content->n; i++)
                r = export_key(&content->keys[i], out, &lines);
        return r < 0 ? r : export_line(json_pack("{s:b, s:i}", "end", 1, "lines", (int) lines), out);
}

/* ---- reading ---- */

typedef struct ExportParser {
        Arena *arena;
        TextFault *fault;
        StoreExport result;
        ExportKey *keys;
        uint32_t n, lines; /* lines: of keys */
        bool ended;
} ExportParser;

/* The string at hand, in the arena. */
static int export_string_at(ExportParser *parser, JsonReader *r, const char **ret) {
        const char *text;
        int k = json_reader_string(r, &text);

        if (k == 0)
                *ret = text_copy(parser->arena, text, strlen(text));
        return k < 0 ? k : *ret ? 0 : -ENOMEM;
}

static int export_name_at(ExportParser *parser, JsonReader *r, const char **ret) {
        int k = export_string_at(parser, r, ret);

        if (k == 0 && !text_is_name(*ret, strlen(*ret)))
                return json_reader_refuse(r, "no name; accepted: 1 to 255 bytes without control characters");
        return k;
}

/* "2026-11-30T14:00:00Z" */
static int export_time_at(JsonReader *r, usec_t *ret) {
        static const struct {
                size_t at, n;
                int64_t min, max;
        } parts[] = { { 0, 4, 1970, 9999 }, { 5, 2, 1, 12 },  { 8, 2, 1, 31 },
                      { 11, 2, 0, 23 },     { 14, 2, 0, 59 }, { 17, 2, 0, 60 } };
        int64_t number[ARRAY_SIZE(parts)];
        const char *text;
        int k = json_reader_string(r, &text);
        bool good = k == 0 && strlen(text) == 20 && text[4] == '-' && text[7] == '-' && text[10] == 'T' &&
                    text[13] == ':' && text[16] == ':' && text[19] == 'Z';

        for (size_t i = 0; good && i < ARRAY_SIZE(parts); i++)
                good = text_to_int(text + parts[i].at, parts[i].n, 0, bound_of(BOUND_STORED), &number[i]) ==
                       0;
        for (size_t i = 0; good && i < ARRAY_SIZE(parts); i++)
                good = number[i] >= parts[i].min && number[i] <= parts[i].max;
        if (k < 0)
                return k;
        if (!good)
                return json_reader_expect(r, "a time such as \"2026-11-30T14:00:00Z\"");
        *ret = timegm(&(struct tm){ .tm_year = (int) number[0] - 1900,
                                    .tm_mon = (int) number[1] - 1,
                                    .tm_mday = (int) number[2],
                                    .tm_hour = (int) number[3],
                                    .tm_min = (int) number[4],
                                    .tm_sec = (int) number[5] }) *
               USEC_PER_SEC;
        return 0;
}

/* Fields that it does not know, of a newer version, are passed over in each kind of line. */

static int export_parse_head(ExportParser *parser, JsonReader *r) {
        const char *key, *text = NULL;
        bool schema = false;
        int k = json_reader_enter(r, JSON_OBJECT);

        while (k == 0 && json_reader_field(r, &key))
                if (json_key_is(key, "schema")) {
                        k = json_reader_string(r, &text);
                        schema = k == 0 && strcmp(text, EXPORT_SCHEMA) == 0;
                        if (k == 0 && !schema)
                                k = json_reader_expect(r, "\"%s\"", EXPORT_SCHEMA);
                } else if (json_key_is(key, "cluster")) {
                        k = export_string_at(parser, r, &parser->result.cluster);
                        if (k == 0 && !key_is_cluster(parser->result.cluster))
                                k = json_reader_refuse(r, "no name of a cluster");
                } else if (json_key_is(key, "taken_at")) {
                        k = export_time_at(r, &parser->result.taken_at);
                } /* left_out is for people */
        if (k == 0 && (!schema || !parser->result.cluster || parser->result.taken_at == 0))
                k = json_reader_refuse(
                        r, "the first line lacks schema, cluster or taken_at: no file of plimsoll "
                           "store export");
        return k;
}

/* ---- a key ---- */

static int export_add(ExportParser *parser, JsonReader *r, ExportKey *k, StoredText item) {
        StoredText *items;

        if (k->n == ITEMS_MOST)
                return json_reader_refuse(r, "more than %d items", ITEMS_MOST);
        items = arena_room(parser->arena, k->items, k->n, sizeof(*items));
        if (!items)
                return -ENOMEM;
        items[k->n++] = item;
        k->items = items;
        return 0;
}

/* "1796046425565-0": milliseconds, and a number; never before the last one. */
static int export_entry_name(const ExportParser *parser, JsonReader *r, const ExportKey *k,
                             const char *name) {
        const int64_t newest = parser->result.taken_at / USEC_PER_MSEC + FUTURE_MOST_MS;
        const char *dash = strchr(name, '-'), *last = k->n > 0 ? k->items[k->n - 1].name : NULL;
        int64_t ms, number, last_ms = 0, last_number = 0;

        if (!dash || text_to_int(name, (size_t) (dash - name), 1, bound_of(BOUND_STORED), &ms) < 0 ||
            text_to_int(dash + 1, strlen(dash + 1), 0, bound_of(BOUND_STORED), &number) < 0)
                return json_reader_expect(r, "the name of an entry, such as \"1796046425565-0\"");
        if (ms > newest)
                return json_reader_refuse(r, "entry %s is from after the file was taken", name);
        if (last) {
                const char *bar = strchr(last, '-');

                if (text_to_int(last, (size_t) (bar - last), 1, bound_of(BOUND_STORED), &last_ms) < 0 ||
                    text_to_int(bar + 1, strlen(bar + 1), 0, bound_of(BOUND_STORED), &last_number) < 0)
                        return -EBADMSG; /* it was read by the same rule */
                if (ms < last_ms || (ms == last_ms && number <= last_number))
                        return json_reader_refuse(r, "entry %s stands after %s; accepted: the oldest first",
                                                  name, last);
        }
        return 0;
}

/* [name, text] */
static int export_parse_entry(ExportParser *parser, JsonReader *r, ExportKey *k) {
        StoredText item = { 0 };
        int n = 0, error = json_reader_enter(r, JSON_ARRAY);

        while (error == 0 && json_reader_item(r)) {
                if (n == 0)
                        error = export_string_at(parser, r, &item.name);
                if (n == 0 && error == 0)
                        error = export_entry_name(parser, r, k, item.name);
                if (n == 1)
                        error = export_string_at(parser, r, &item.text);
                if (n++ > 1)
                        error = json_reader_refuse(r, "a third item; accepted: a name and a text");
        }
        if (error == 0 && n < 2)
                error = json_reader_refuse(r, "accepted: a name and a text");
        if (error < 0)
                return error;
        assert(item.text);
        item.n = strlen(item.text);
        return export_add(parser, r, k, item);
}

static int export_parse_hash(ExportParser *parser, JsonReader *r, ExportKey *k) {
        const char *field;
        int error = json_reader_enter(r, JSON_OBJECT);

        while (error == 0 && json_reader_field(r, &field)) {
                StoredText item = { .name = text_copy(parser->arena, field, strlen(field)) };

                error = item.name ? export_string_at(parser, r, &item.text) : -ENOMEM;
                if (error == 0 && !text_is_name(field, strlen(field)))
                        error = json_reader_refuse(
                                r, "no name; accepted: 1 to 255 bytes without control characters");
                if (error == 0) {
                        item.n = strlen(item.text);
                        error = export_add(parser, r, k, item);
                }
        }
        return error;
}

static int export_parse_list(ExportParser *parser, JsonReader *r, ExportKey *k, bool stream) {
        int error = json_reader_enter(r, JSON_ARRAY);

        while (error == 0 && json_reader_item(r)) {
                StoredText item = { .text = "" };

                if (stream) {
                        error = export_parse_entry(parser, r, k);
                        continue;
                }
                error = export_name_at(parser, r, &item.name);
                if (error == 0)
                        error = export_add(parser, r, k, item);
        }
        return error;
}

static int export_parse_value(ExportParser *parser, JsonReader *r, ExportKey *k) {
        const char *type = store_key_defs[k->key].type;
        StoredText item = { 0 };
        int error;

        if (strcmp(type, "hash") == 0)
                return export_parse_hash(parser, r, k);
        if (strcmp(type, "string") != 0)
                return export_parse_list(parser, r, k, strcmp(type, "stream") == 0);
        error = export_string_at(parser, r, &item.text);
        if (error < 0)
                return error;
        item.n = strlen(item.text);
        return export_add(parser, r, k, item);
}

static int export_by_name(const void *left, const void *right) {
        const StoredText *l = left, *r = right;

        return strcmp(l->name, r->name);
}

/* Sets and hashes as the store gives them: by name, each once. */
static int export_sort(JsonReader *r, ExportKey *k) {
        const char *type = store_key_defs[k->key].type;

        if (strcmp(type, "hash") != 0 && strcmp(type, "set") != 0)
                return 0;
        if (k->n > 0)
                qsort(k->items, k->n, sizeof(*k->items), export_by_name);
        for (uint32_t i = 1; i < k->n; i++)
                if (strcmp(k->items[i - 1].name, k->items[i].name) == 0)
                        return json_reader_refuse(r, "\"%.64s\" stands in it twice", k->items[i].name);
        return 0;
}

static int export_key_at(JsonReader *r, StoreKey *ret) {
        const char *name;
        int k = json_reader_string(r, &name);

        if (k < 0)
                return k;
        for (int i = 0; i < KEY_N; i++)
                if (strcmp(store_key_defs[i].name, name) == 0) {
                        *ret = (StoreKey) i;
                        return 0;
                }
        return json_reader_refuse(r, "unknown key \"%.64s\": the file is of another version of Plimsoll",
                                  name);
}

static int export_type_at(JsonReader *r, StoreKey key) {
        const char *type;
        int k = json_reader_string(r, &type);

        if (k == 0 && strcmp(type, store_key_defs[key].type) != 0)
                return json_reader_expect(r, "\"%s\"", store_key_defs[key].type);
        return k;
}

static int export_ttl_at(JsonReader *r, int64_t *ret) {
        if (json_is_null(r->at))
                return 0;
        if (json_number_scaled(r->at, 1000, 1, bound_of(BOUND_STORED) / USEC_PER_MSEC, ret) == 0)
                return 0;
        return json_reader_expect(r, "seconds above 0, or null");
}

/* Is it one that may be restored; *ret_stream: the stream that it goes on with, of the line before. */
static int export_check_key(ExportParser *parser, JsonReader *r, const ExportKey *k, ExportKey **ret_stream) {
        const StoreKeyDef *def = &store_key_defs[k->key];

        if (!def->part[0] != !k->part)
                return json_reader_refuse(
                        r, k->part ? "key %s has no part" : "key %s is incomplete: its part is missing",
                        def->name);
        if (store_export_kind(k->key, k->part) != EXPORT_KEPT)
                return json_reader_refuse(r, "key %s%s%.64s is not restored: it says what was so then",
                                          def->name, k->part ? ":" : "", k->part ? k->part : "");
        *ret_stream = NULL;
        for (uint32_t i = 0; i < parser->n; i++)
                if (parser->keys[i].key == k->key && text_equal(parser->keys[i].part, k->part)) {
                        if (strcmp(def->type, "stream") != 0 || i + 1 < parser->n)
                                return json_reader_refuse(r, "key %s stands in the file twice", def->name);
                        *ret_stream = &parser->keys[i];
                }
        return 0;
}

static bool export_is_of_key(const char *field, const char *const *order, size_t n) {
        for (size_t i = 0; i < n; i++)
                if (json_key_is(field, order[i]))
                        return true;
        return false;
}

/* Its fields stand in this order: what a value may be hangs on the key. */
static int export_parse_key(ExportParser *parser, JsonReader *r) {
        static const char *const order[] = { "key", "part", "type", "ttl_s", "value" };
        ExportKey new = { 0 }, *stream = NULL;
        size_t next = 0;
        const char *field;
        int k = json_reader_enter(r, JSON_OBJECT);

        while (k == 0 && json_reader_field(r, &field)) {
                if (!export_is_of_key(field, order, ARRAY_SIZE(order)))
                        continue;
                if (next == 1 && !json_key_is(field, "part"))
                        next++;
                if (next == ARRAY_SIZE(order) || !json_key_is(field, order[next]))
                        k = json_reader_refuse(r,
                                               "accepted: key, part, type, ttl_s and value, in this order");
                else if (next == 0)
                        k = export_key_at(r, &new.key);
                else if (next == 1)
                        k = export_name_at(parser, r, &new.part);
                else if (next == 2)
                        k = export_type_at(r, new.key);
                else if (next == 3)
                        k = export_ttl_at(r, &new.ttl_ms);
                else
                        k = export_check_key(parser, r, &new, &stream);
                if (k == 0 && next == 4)
                        k = export_parse_value(parser, r, stream ? stream : &new);
                next++;
        }
        if (k == 0 && next < ARRAY_SIZE(order))
                k = json_reader_refuse(r, "field %s is missing", order[next == 1 ? 2 : next]);
        if (k == 0 && !stream && new.n == 0)
                k = json_reader_refuse(r, "its value is empty");
        if (k == 0 && !stream)
                k = export_sort(r, &new);
        if (k == 0 && !stream && parser->n == KEYS_MOST)
                k = json_reader_refuse(r, "more than %d keys", KEYS_MOST);
        if (k < 0 || stream)
                return k;
        parser->keys = arena_room(parser->arena, parser->keys, parser->n, sizeof(*parser->keys));
        if (!parser->keys)
                return -ENOMEM;
        parser->keys[parser->n++] = new;
        return 0;
}

static int export_parse_end(ExportParser *parser, JsonReader *r) {
        const char *field;
        int64_t lines = -1;
        bool end = false;
        int k = json_reader_enter(r, JSON_OBJECT);

        while (k == 0 && json_reader_field(r, &field))
                if (json_key_is(field, "end"))
                        k = json_reader_bool(r, &end);
                else if (json_key_is(field, "lines") &&
                         json_number_scaled(r->at, 1, 0, bound_of(BOUND_STORED), &lines) < 0)
                        k = json_reader_expect(r, "a number of lines");
        if (k == 0 && (!end || lines != parser->lines))
                k = json_reader_refuse(
                        r, "it ends after %lld lines of keys, and %u are there: lines are missing",
                        (long long) lines, parser->lines);
        parser->ended = true;
        return k;
}

static int export_parse_line(ExportParser *parser, const char *line, size_t n, uint32_t number) {
        JsonReader r = { 0 };
        int k = json_reader_open(&r, line, n, parser->arena, parser->fault);

        if (k == 0 && parser->ended)
                k = json_reader_refuse(&r, "something stands after the end");
        else if (k == 0 && number == 1)
                k = export_parse_head(parser, &r);
        else if (k == 0 && json_object_get(r.root, "end"))
                k = export_parse_end(parser, &r);
        else if (k == 0) {
                parser->lines++;
                k = export_parse_key(parser, &r);
        }
        json_reader_close(&r);
        if (k == -EBADMSG)
                parser->fault->line = number;
        return k;
}

int export_file_parse(Arena *a, const char *text, size_t n, StoreExport *ret, TextFault *reterr_fault) {
        ExportParser parser = { .arena = a, .fault = reterr_fault };
        uint32_t number = 0;
        int k = 0;

        *reterr_fault = (TextFault){ 0 };
        for (size_t at = 0; k == 0 && at < n;) {
                const char *end = memchr(text + at, '\n', n - at);
                const size_t length = end ? (size_t) (end - text) - at : n - at;

                k = export_parse_line(&parser, text + at, length, ++number);
                at += length + 1;
        }
        if (k == 0 && !parser.ended) {
                text_fault(reterr_fault, "",
                           "the file ends without its last line: it is cut, or not whole yet");
                reterr_fault->line = number + 1;
                k = -EBADMSG;
        }
        if (k < 0)
                return k;
        if (parser.n > 0)
                qsort(parser.keys, parser.n, sizeof(*parser.keys), store_export_order);
        parser.result.keys = parser.keys;
        parser.result.n = parser.n;
        *ret = parser.result;
        return 0;
}
