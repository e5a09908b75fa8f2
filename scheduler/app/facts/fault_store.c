/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/app/facts/fault_store.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "scheduler/base/hash.h"
#include "scheduler/snapshot/health/fault_grade.h"
#include "scheduler/store/store_unread.h"
#include "scheduler/store/stored_json.h"

/* ---- reading ---- */

static int read_memories(Store *store, Arena *a, FaultStore *b) {
        StoredText *texts = NULL;
        FaultMemory *memories;
        int r = store_get_fault_memories(store, a, &texts, &b->n_stored);

        if (r < 0)
                return r;
        memories = arena_new(a, FaultMemory, b->n_stored);
        if (!memories)
                return -ENOMEM;
        for (uint32_t i = 0; i < b->n_stored; i++) {
                TextFault fault = { 0 };

                r = fault_memory_parse(a, texts[i].text, texts[i].n, &memories[b->n_before], &fault);
                if (r == -ENOMEM)
                        return r;
                if (r < 0)
                        store_unread_add(store, KEY_FAULTS, texts[i].name, "its grades start again");
                else
                        memories[b->n_before++].host = texts[i].name;
        }
        b->stored = texts;
        b->before = memories;
        return 0;
}

static const char *fault_store_copied(Arena *a, const json_t *o, const char *key) {
        const char *s = json_string_value(json_object_get(o, key));

        return s ? text_copy(a, s, strlen(s)) : NULL;
}

int clear_parse(Arena *a, const char *text, size_t n, Clear *ret) {
        json_t *o = stored_json(text, n, 0, NULL);
        int r = 1;

        if (json_is_object(o)) {
                *ret = (Clear){ .host = fault_store_copied(a, o, "host"),
                                .device = fault_store_copied(a, o, "device"),
                                .by = fault_store_copied(a, o, "by"),
                                .why = fault_store_copied(a, o, "why"),
                                .at = json_integer_value(json_object_get(o, "at")) };
                r = ret->host && ret->device && ret->at > 0 ? 0 : 1;
        }
        json_decref(o);
        return r;
}

int fault_store_read(Store *store, Arena *a, BuildInput *in, FaultStore *ret) {
        StoredText *texts = NULL;
        FaultStore b = { 0 };
        Clear *clears;
        int r;

        r = read_memories(store, a, &b);
        if (r == 0)
                r = store_get_clears(store, a, &texts, &b.n_asked);
        if (r < 0)
                return r;
        clears = arena_new(a, Clear, b.n_asked);
        if (!clears)
                return -ENOMEM;
        for (uint32_t i = 0; texts && i < b.n_asked; i++) {
                r = clear_parse(a, texts[i].text, texts[i].n, &clears[in->n_clears]);
                in->n_clears += r == 0;
                if (r != 0)
                        store_unread_add(store, KEY_CLEARS, texts[i].name, "it clears no fault");
        }
        b.asked = texts;
        in->clears = clears;
        in->memories = b.before;
        in->n_memories = b.n_before;
        in->remembers = true;
        *ret = b;
        return 0;
}

/* ---- writing ---- */

static int put_json(json_t *o, int (*put)(Store *, uint64_t, const char *, size_t), const Leadership *l) {
        char *text = o ? json_dumps(o, JSON_COMPACT | JSON_PRESERVE_ORDER) : NULL;
        int r = text ? put(l->store, l->token, text, strlen(text)) : -ENOMEM;

        free(text);
        json_decref(o);
        return r;
}

static int write_change(const Leadership *l, const GradeChange *c) {
        return put_json(json_pack("{s:I, s:s, s:s, s:I, s:I, s:s*, s:s*}", "at", (json_int_t) c->at, "host",
                                  c->host, "device", c->device, "was", (json_int_t) c->was, "is",
                                  (json_int_t) c->is, "hazard", c->hazard, "why", c->why),
                        store_log_fault, l);
}

static int write_changes(const Leadership *l, const FaultMemory *was, const FaultMemory *is, usec_t now,
                         ChangeHeard changed) {
        int r = 0;

        for (uint32_t i = 0; r == 0 && i < is->n_devices; i++) {
                const DeviceMemory *d = &is->devices[i], *old = device_memory(was, d->device);
                GradeChange c = {
                        is->host, d->device, d->hazard, d->why, old ? old->grade : 0, d->grade, now
                };

                if (c.was == c.is)
                        continue;
                if (changed.hear)
                        changed.hear(changed.arg, &c);
                r = write_change(l, &c);
        }
        for (uint32_t i = 0; r == 0 && was && i < was->n_devices; i++) {
                GradeChange c = {
                        is->host, was->devices[i].device, NULL, NULL, was->devices[i].grade, 0, now
                };

                if (c.was == 0 || device_memory(is, c.device))
                        continue;
                if (changed.hear)
                        changed.hear(changed.arg, &c);
                r = write_change(l, &c);
        }
        return r;
}

static const StoredText *stored_of(const FaultStore *b, const char *host) {
        uint32_t low = 0, high = b->n_stored;

        while (low < high) {
                uint32_t middle = low + (high - low) / 2;
                int c = strcmp(b->stored[middle].name, host);

                if (c == 0)
                        return &b->stored[middle];
                if (c < 0)
                        low = middle + 1;
                else
                        high = middle;
        }
        return NULL;
}

static const FaultMemory *before_of(const FaultStore *b, const char *host) {
        for (uint32_t i = 0; i < b->n_before; i++)
                if (strcmp(b->before[i].host, host) == 0)
                        return &b->before[i];
        return NULL;
}

static int write_host(const FaultStore *b, const Leadership *l, Arena *a, const FaultMemory *m, usec_t now,
                      ChangeHeard changed) {
        const StoredText *old = stored_of(b, m->host);
        const char *text = "";
        size_t n = 0;
        int r = m->n_devices > 0 ? fault_memory_print(a, m, &text, &n) : 0;

        if (r < 0 || (!old && n == 0) || (old && old->n == n && memcmp(old->text, text, n) == 0))
                return r;
        r = write_changes(l, before_of(b, m->host), m, now, changed);
        return r == 0 ? store_put_fault_memory(l->store, l->token, m->host, text, n) : r;
}

int fault_store_write(const FaultStore *b, const Leadership *l, Arena *a, usec_t now, ChangeHeard changed) {
        int r = 0;

        for (uint32_t i = 0; r == 0 && i < b->n_after; i++) {
                ArenaMark mark = arena_mark(a);

                r = write_host(b, l, a, &b->after[i], now, changed);
                arena_rewind(a, mark);
        }
        for (uint32_t i = 0; r == 0 && i < b->n_asked; i++)
                r = store_take_clear(l->store, l->token, &b->asked[i]);
        return r;
}

/* Two names as one key, which a field of the store could not hold side by side: each with its NUL. */
static uint64_t fault_store_key(const char *host, const char *device) {
        return fnv1a(fnv1a(FNV1A_START, host, strlen(host) + 1), device, strlen(device) + 1);
}

int fault_store_clear(Store *store, const Clear *clear) {
        json_t *o = json_pack("{s:I, s:s, s:s, s:s*, s:s*}", "at", (json_int_t) clear->at, "host",
                              clear->host, "device", clear->device, "by", clear->by, "why", clear->why);
        char *text = o ? json_dumps(o, JSON_COMPACT | JSON_PRESERVE_ORDER) : NULL;
        char name[24];
        int r = -ENOMEM;

        (void) snprintf(name, sizeof(name), "%016llx",
                        (unsigned long long) fault_store_key(clear->host, clear->device));
        if (text)
                r = store_put_clear(store, name, text, strlen(text));
        free(text);
        json_decref(o);
        return r;
}

/* ---- the log ---- */

int fault_note_parse(Arena *a, const char *text, size_t n, FaultNote *ret) {
        json_t *o = stored_json(text, n, 0, NULL);
        const json_t *is;
        int r = 1;

        if (json_is_object(o)) {
                is = json_object_get(o, "is");
                *ret = (FaultNote){ .host = fault_store_copied(a, o, "host"),
                                    .device = fault_store_copied(a, o, "device"),
                                    .by = fault_store_copied(a, o, "by"),
                                    .why = fault_store_copied(a, o, "why"),
                                    .was = is ? json_integer_value(json_object_get(o, "was")) : UNKNOWN,
                                    .is = is ? json_integer_value(is) : UNKNOWN,
                                    .at = json_integer_value(json_object_get(o, "at")) };
                r = ret->host && ret->device ? 0 : 1;
        }
        json_decref(o);
        return r;
}

int fault_store_log(Store *store, Arena *a, uint32_t most, const FaultNote **ret, uint32_t *ret_n) {
        StoredText *texts = NULL;
        FaultNote *notes;
        uint32_t n = 0, kept = 0;
        int r = store_get_fault_log(store, a, most, &texts, &n);

        if (r < 0)
                return r;
        notes = arena_new(a, FaultNote, n);
        if (!notes)
                return -ENOMEM;
        for (uint32_t i = 0; i < n; i++) {
                r = fault_note_parse(a, texts[i].text, texts[i].n, &notes[kept]);
                kept += r == 0;
                if (r != 0)
                        store_unread_add(store, KEY_FAULT_LOG, texts[i].name, "it is not listed");
        }
        *ret = notes;
        *ret_n = kept;
        return 0;
}
