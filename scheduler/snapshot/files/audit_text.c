/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/snapshot/files/audit_text.h"

#include <errno.h>
#include <string.h>

#include "scheduler/model/bounds.h"
#include "scheduler/snapshot/files/record_move.h"

#define AUDIT_SCHEMA "plimsoll.audit-entry/1"
#define NEAR         64U /* entries between a decision and the look at its hosts: soon after it, so newer */

/* ---- printing ---- */

static void audit_text_put_loads(TextWriter *w, const char *key, const HostLoad *list, uint32_t n) {
        json_put_key(w, false, key);
        text_writer_word(w, "[");
        for (uint32_t i = 0; i < n; i++) {
                text_writer_word(w, i == 0 ? "{" : ", {");
                (void) json_put_text(w, true, "host", list[i].host);
                json_put_int(w, false, "cpu_permille", list[i].cpu_permille);
                json_put_int(w, false, "memory_permille", list[i].memory_permille);
                text_writer_word(w, "}");
        }
        text_writer_word(w, "]");
}

static void put_decision(TextWriter *w, const AuditEntry *entry) {
        json_put_int(w, false, "at", entry->at);
        (void) json_put_text(w, false, "leader", entry->leader);
        (void) json_put_text(w, false, "mode", entry->mode);
        (void) json_put_text(w, false, "record", entry->record);
        (void) json_put_text(w, false, "status", entry->status);
        (void) json_put_text(w, false, "paused", entry->paused);
        (void) json_put_text(w, false, "waiting", entry->waiting);
        (void) json_put_text(w, false, "answer", entry->answer);
        (void) json_put_text(w, false, "by", entry->by);
        (void) json_put_text(w, false, "booking", entry->booking);
        (void) json_put_text(w, false, "booking_host", entry->booking_host);
        if (entry->answered_at > 0)
                json_put_int(w, false, "answered_at", entry->answered_at);
        json_put_int(w, false, "refused", entry->refused);
        json_put_int(w, false, "predicted_ms", entry->predicted_ms);
        json_put_int(w, false, "predicted_bytes", entry->predicted_bytes);
        json_put_int(w, false, "ms", entry->ms);
        json_put_int(w, false, "bytes", entry->bytes);
        json_put_key(w, false, "moves");
        text_writer_word(w, "[");
        for (uint32_t i = 0; i < entry->n_moves; i++) {
                text_writer_word(w, i == 0 ? "" : ", ");
                record_move_put(w, &entry->moves[i]);
        }
        text_writer_word(w, "]");
        audit_text_put_loads(w, "before", entry->before, entry->n_before);
}

int audit_text_print(Arena *a, const AuditEntry *entry, const char **ret, size_t *ret_n) {
        TextWriter w = text_writer_new(a);

        text_writer_word(&w, "{\"schema\": \"" AUDIT_SCHEMA "\"");
        (void) json_put_text(&w, false, "id", entry->id);
        if (entry->n_after > 0)
                audit_text_put_loads(&w, "after", entry->after, entry->n_after);
        else
                put_decision(&w, entry);
        text_writer_word(&w, "}");
        return text_writer_end(&w, ret, ret_n);
}

/* ---- reading ---- */

typedef struct Reader {
        JsonReader json;
        AuditEntry entry;
        bool has_schema;
} Reader;

static int read_load(JsonReader *r, HostLoad *load) {
        const char *key;
        int k = json_reader_enter(r, JSON_OBJECT);

        *load = (HostLoad){ .cpu_permille = UNKNOWN, .memory_permille = UNKNOWN };
        while (k == 0 && json_reader_field(r, &key)) {
                if (json_key_is(key, "host"))
                        k = json_take_name(r, &load->host);
                else if (json_key_is(key, "cpu_permille"))
                        k = json_take_int(r, UNKNOWN, bound_of(BOUND_QUANTITY), &load->cpu_permille);
                else if (json_key_is(key, "memory_permille"))
                        k = json_take_int(r, UNKNOWN, bound_of(BOUND_QUANTITY), &load->memory_permille);
        }
        if (k == 0 && !load->host)
                return json_reader_refuse(r, "host is missing in a load");
        return k;
}

static int read_loads(JsonReader *r, const HostLoad **ret, uint32_t *ret_n) {
        const size_t n = json_array_size(r->at);
        HostLoad *list;
        uint32_t i = 0;
        int k;

        if (n > HOSTS_MAX)
                return json_reader_refuse(r, "%zu hosts; at most %u are accepted", n, HOSTS_MAX);
        list = arena_new(r->arena, HostLoad, n);
        if (!list)
                return -ENOMEM;
        k = json_reader_enter(r, JSON_ARRAY);
        while (k == 0 && json_reader_item(r))
                k = read_load(r, &list[i++]);
        *ret = list;
        *ret_n = i;
        return k;
}

/* Fields that are whole numbers; NULL: not one of them. */
static int64_t *number_field(AuditEntry *entry, const char *key) {
        return json_key_is(key, "at")                ? &entry->at
               : json_key_is(key, "answered_at")     ? &entry->answered_at
               : json_key_is(key, "refused")         ? &entry->refused
               : json_key_is(key, "predicted_ms")    ? &entry->predicted_ms
               : json_key_is(key, "predicted_bytes") ? &entry->predicted_bytes
               : json_key_is(key, "ms")              ? &entry->ms
               : json_key_is(key, "bytes")           ? &entry->bytes
                                                     : NULL;
}

static const char **text_field(AuditEntry *entry, const char *key) {
        return json_key_is(key, "id")             ? &entry->id
               : json_key_is(key, "leader")       ? &entry->leader
               : json_key_is(key, "mode")         ? &entry->mode
               : json_key_is(key, "record")       ? &entry->record
               : json_key_is(key, "status")       ? &entry->status
               : json_key_is(key, "paused")       ? &entry->paused
               : json_key_is(key, "waiting")      ? &entry->waiting
               : json_key_is(key, "answer")       ? &entry->answer
               : json_key_is(key, "by")           ? &entry->by
               : json_key_is(key, "booking")      ? &entry->booking
               : json_key_is(key, "booking_host") ? &entry->booking_host
                                                  : NULL;
}

static int audit_text_read_schema(Reader *reader) {
        const char *schema = NULL;
        int k = json_reader_string(&reader->json, &schema);

        if (k == 0 && strcmp(schema, AUDIT_SCHEMA) != 0)
                return json_reader_expect(&reader->json, "%s", "\"" AUDIT_SCHEMA "\"");
        reader->has_schema = k == 0;
        return k;
}

static int audit_text_read_field(Reader *reader, const char *key) {
        AuditEntry *e = &reader->entry;
        int64_t *number = number_field(e, key);
        const char **text = text_field(e, key);

        if (number)
                return json_take_int(&reader->json, UNKNOWN, bound_of(BOUND_STORED), number);
        if (text)
                return json_take_text(&reader->json, text);
        if (json_key_is(key, "schema"))
                return audit_text_read_schema(reader);
        if (json_key_is(key, "moves"))
                return record_moves_read(&reader->json, &e->moves, &e->n_moves);
        if (json_key_is(key, "before"))
                return read_loads(&reader->json, &e->before, &e->n_before);
        if (json_key_is(key, "after"))
                return read_loads(&reader->json, &e->after, &e->n_after);
        return 0;
}

static int audit_text_read_entry(Reader *reader) {
        const char *key;
        int k = json_reader_enter(&reader->json, JSON_OBJECT);

        while (k == 0 && json_reader_field(&reader->json, &key))
                k = audit_text_read_field(reader, key);
        return k;
}

int audit_text_parse(Arena *a, const char *text, size_t n, AuditEntry *ret, TextFault *reterr_fault) {
        Reader p = { .entry = { .leader = "", .mode = "", .ms = UNKNOWN, .bytes = UNKNOWN } };
        TextFault fault = { 0 };
        int k = json_reader_open(&p.json, text, n, a, &fault);

        if (k == 0)
                k = audit_text_read_entry(&p);
        json_reader_close(&p.json);
        if (k == 0 && (!p.has_schema || !p.entry.id || (!p.entry.status && p.entry.n_after == 0))) {
                text_fault(&fault,
                           !p.has_schema ? "schema"
                           : !p.entry.id ? "id"
                                         : "status",
                           "is missing; an entry has schema \"" AUDIT_SCHEMA "\", id, and status or after");
                k = -EBADMSG;
        }
        if (k == -EBADMSG)
                *reterr_fault = fault;
        if (k == 0)
                *ret = p.entry;
        return k;
}

/* ---- joining ---- */

int audit_text_join(Arena *a, const AuditEntry *entries, uint32_t n, const AuditEntry **ret,
                    uint32_t *ret_n) {
        AuditEntry *list = arena_new(a, AuditEntry, n);
        uint32_t out = 0;

        if (!list)
                return -ENOMEM;
        for (uint32_t i = 0; i < n; i++) {
                if (!entries[i].status)
                        continue;
                list[out] = entries[i];
                for (uint32_t k = i, end = i > NEAR ? i - NEAR : 0; k-- > end && list[out].n_after == 0;)
                        if (!entries[k].status && strcmp(entries[k].id, entries[i].id) == 0) {
                                list[out].after = entries[k].after;
                                list[out].n_after = entries[k].n_after;
                        }
                out++;
        }
        *ret = list;
        *ret_n = out;
        return 0;
}
