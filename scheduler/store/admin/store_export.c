/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/store/admin/store_export.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "scheduler/base/compare.h"
#include "scheduler/base/text_harmless.h"
#include "scheduler/store/store_object.h"

#define PAGE 64 /* entries of a stream at once: of records each may have some 100 KiB */

ExportKind store_export_kind(StoreKey key, const char *part) {
        /* of the states those that are memory, and no news */
        static const char *const kept_states[] = { "cool-downs", "history", "history-of", "homes" };

        switch (key) {
        case KEY_HOSTS:
        case KEY_ADMITTED:
        case KEY_ADMITS:
        case KEY_STOP:
        case KEY_MARKS:
        case KEY_RECORDS:
        case KEY_JOURNAL:
        case KEY_EPOCH:
        case KEY_NOTE:
        case KEY_FAULTS:
        case KEY_CLEARS:
        case KEY_BRAKE:
        case KEY_KNOWN:
        case KEY_MISSED:
        case KEY_BOOKINGS:
        case KEY_FAULT_LOG:
        case KEY_LOADS:
        case KEY_AUDIT:
                return EXPORT_KEPT;
        case KEY_STATE:
                for (size_t i = 0; part && i < ARRAY_SIZE(kept_states); i++)
                        if (strcmp(part, kept_states[i]) == 0)
                                return EXPORT_KEPT;
                return EXPORT_LIVE;
        case KEY_REPORT:
        case KEY_PULSE:
        case KEY_PEER:
        case KEY_ALARM:
        case KEY_CALL:
        case KEY_PEERS:
        case KEY_RING:
        case KEY_ECHO:
        case KEY_RECORDS_BYTES: /* an import counts them */
        case KEY_LEASE:
        case KEY_TOKEN:
        case KEY_BOOKED:
        case KEY_TOLD:
        case KEY_WAITING:
                return EXPORT_LIVE;
        case KEY_WORDS:
        case KEY_EPOCH_ANSWER:
        case KEY_RELEASES:
        case KEY_RETRIES:
        case KEY_ASKED:
        case KEY_ABORTS:
        case KEY_ANSWERS:
        case KEY_HANDED:
                return EXPORT_ASKED;
        case KEY_N:
                break;
        }
        return EXPORT_LIVE;
}

bool store_export_is_text(const char *text, size_t n) {
        uint32_t c = 0;

        for (size_t i = 0; i < n; i += text_char(text + i, n - i, &c))
                if (text[i] == '\0' || (text_char(text + i, n - i, &c) && c == TEXT_CHAR_BROKEN))
                        return false;
        return true;
}

const char *store_export_name(Arena *a, const ExportKey *key) {
        return text_format(a, "%s%s%s", store_key_defs[key->key].name, key->part ? ":" : "",
                           key->part ? key->part : "");
}

/* ---- reading ---- */

typedef struct ExportReader {
        Store *store;
        Arena *arena;
        ExportKey *keys;
        uint32_t n, n_left;
} ExportReader;

/* Those that are text alone. */
static void export_texts(ExportReader *r, ExportKey *k) {
        uint32_t n = 0;

        for (uint32_t i = 0; i < k->n; i++)
                if (store_export_is_text(k->items[i].text ? k->items[i].text : "", k->items[i].n))
                        k->items[n++] = k->items[i];
        r->n_left += k->n - n;
        k->n = n;
}

static int export_string(ExportReader *r, ExportKey *k) {
        StoredText *one = arena_new(r->arena, StoredText, 1);
        int error = one ? store_read_text(r->store, r->arena, k->key, k->part, "GET", &one->text, &one->n)
                        : -ENOMEM;

        k->items = one;
        k->n = error == 0;
        return error == 1 ? 0 : error;
}

static int export_set(ExportReader *r, ExportKey *k) {
        Store *s = r->store;
        owned(reply_free) redisReply *reply = NULL;
        const char *const *names = NULL;
        char key[KEY_SIZE];
        Command c = { 0 };
        int error = store_begin(s);

        if (error < 0)
                return error;
        command_text(&c, "SMEMBERS");
        command_text(&c, key_print(key, s->cluster, k->key, k->part));
        error = redis_call(&s->redis, &c, &reply);
        if (error == 0)
                error = reply_names(reply, r->arena, &s->drops, &names, &k->n);
        if (error < 0)
                return store_end(s, error, "SMEMBERS");
        k->items = arena_new(r->arena, StoredText, k->n);
        for (uint32_t i = 0; k->items && i < k->n; i++)
                k->items[i] = (StoredText){ .name = names[i], .text = "" };
        return k->items ? 0 : -ENOMEM;
}

/* A page older than the entry `before`, the newest first, after those that are there. */
static int export_page(ExportReader *r, ExportKey *k, const char *before, uint32_t *ret_n) {
        Store *s = r->store;
        owned(reply_free) redisReply *reply = NULL;
        StoredText *page = NULL, *all;
        char key[KEY_SIZE], count[24];
        const char *from = before ? text_format(r->arena, "(%s", before) : "+";
        Command c = { 0 };
        int error = from ? store_begin(s) : -ENOMEM;

        *ret_n = 0;
        if (error < 0)
                return error;
        command_text(&c, "XREVRANGE");
        command_text(&c, key_print(key, s->cluster, k->key, k->part));
        command_text(&c, from);
        command_text(&c, "-");
        command_text(&c, "COUNT");
        command_number(&c, count, PAGE);
        error = redis_call(&s->redis, &c, &reply);
        if (error == 0)
                error = reply_entries(reply, r->arena, &s->drops, &page, ret_n);
        if (error < 0 || *ret_n == 0)
                return store_end(s, error, "XREVRANGE");
        for (uint32_t i = 0; i < *ret_n; i++) {
                all = arena_room(r->arena, k->items, k->n, sizeof(*all));
                if (!all)
                        return -ENOMEM;
                all[k->n++] = page[i];
                k->items = all;
        }
        return 0;
}

static int export_stream(ExportReader *r, ExportKey *k) {
        uint32_t n;
        int error;

        do
                error = export_page(r, k, k->n > 0 ? k->items[k->n - 1].name : NULL, &n);
        while (error == 0 && n > 0);
        for (uint32_t i = 0; error == 0 && i < k->n / 2; i++) {
                const StoredText other = k->items[i];

                k->items[i] = k->items[k->n - 1 - i];
                k->items[k->n - 1 - i] = other;
        }
        return error;
}

static int export_ttl(ExportReader *r, ExportKey *k) {
        Store *s = r->store;
        owned(reply_free) redisReply *reply = NULL;
        char key[KEY_SIZE];
        Command c = { 0 };
        int64_t ms = 0;
        int error = store_begin(s);

        command_text(&c, "PTTL");
        command_text(&c, key_print(key, s->cluster, k->key, k->part));
        if (error == 0)
                error = redis_call(&s->redis, &c, &reply);
        if (error == 0)
                error = reply_number(reply, -2, &ms);
        k->ttl_ms = ms > 0 ? ms : 0;
        return store_end(s, error, "PTTL");
}

static int export_one(ExportReader *r, StoreKey key, const char *part) {
        const char *type = store_key_defs[key].type;
        ExportKey k = { .key = key, .part = part };
        int error = strcmp(type, "string") == 0 ? export_string(r, &k)
                    : strcmp(type, "hash") == 0 ? store_read_hash(r->store, r->arena, key, &k.items, &k.n)
                    : strcmp(type, "set") == 0  ? export_set(r, &k)
                                                : export_stream(r, &k);

        if (error == 0 && k.n > 0)
                error = export_ttl(r, &k);
        if (error < 0)
                return error;
        export_texts(r, &k);
        if (k.n == 0)
                return 0;
        r->keys = arena_room(r->arena, r->keys, r->n, sizeof(*r->keys));
        if (!r->keys)
                return -ENOMEM;
        r->keys[r->n++] = k;
        return 0;
}

/* ---- which parts there are ---- */

typedef struct ExportParts {
        Arena *arena;
        const char *prefix; /* "plimsoll:{c}:note:" */
        const char **at;
        uint32_t n;
} ExportParts;

static int export_part(void *arg, const redisReply *key) {
        ExportParts *parts = arg;
        const size_t n = strlen(parts->prefix);
        const char *part;

        if (key->len <= n || memcmp(key->str, parts->prefix, n) != 0 ||
            !text_is_name(key->str + n, key->len - n))
                return 0;
        part = text_copy(parts->arena, key->str + n, key->len - n);
        for (uint32_t i = 0; part && i < parts->n; i++)
                if (strcmp(parts->at[i], part) == 0)
                        return 0; /* SCAN may give it twice */
        parts->at = part ? arena_room(parts->arena, parts->at, parts->n, sizeof(*parts->at)) : NULL;
        if (!parts->at)
                return -ENOMEM;
        parts->at[parts->n++] = part;
        return 0;
}

static int export_parts(ExportReader *r, StoreKey key) {
        char text[KEY_SIZE], match[KEY_SIZE];
        ExportParts parts = { .arena = r->arena };
        size_t n;
        int error;

        n = strlen(key_print(text, r->store->cluster, key, "*")) - 1;
        memcpy(match, text, n + 2); /* a cluster's name may hold what is a pattern: what comes is compared */
        for (size_t i = 0; i < n; i++)
                if (strchr("*?[]\\", match[i]))
                        match[i] = '?';
        text[n] = '\0';
        parts.prefix = text;
        error = store_scan(&r->store->redis, r->store->timeout, match, export_part, &parts);
        if (error < 0)
                return store_end(r->store, error, "SCAN");
        if (parts.n > 0)
                qsort(parts.at, parts.n, sizeof(*parts.at), compare_strings);
        for (uint32_t i = 0; error == 0 && i < parts.n; i++)
                if (store_export_kind(key, parts.at[i]) == EXPORT_KEPT)
                        error = export_one(r, key, parts.at[i]);
        return error;
}

int store_export_order(const void *left, const void *right) {
        const ExportKey *l = left, *r = right;

        if (l->key != r->key)
                return l->key < r->key ? -1 : 1;
        return strcmp(l->part ? l->part : "", r->part ? r->part : "");
}

int store_export_read(Store *s, Arena *a, StoreExport *ret) {
        ExportReader r = { .store = s, .arena = a };
        usec_t now;
        int error = store_get_time(s, &now);

        for (int k = 0; error == 0 && k < KEY_N; k++) {
                const bool has_part = store_key_defs[k].part[0];

                if (has_part && (k == KEY_NOTE || k == KEY_STATE))
                        error = export_parts(&r, (StoreKey) k);
                else if (!has_part && k != KEY_JOURNAL &&
                         store_export_kind((StoreKey) k, NULL) == EXPORT_KEPT)
                        error = export_one(&r, (StoreKey) k, NULL);
        }
        if (error == 0)
                error = export_one(&r, KEY_JOURNAL, NULL);
        if (error < 0)
                return error;
        if (r.n > 0)
                qsort(r.keys, r.n, sizeof(*r.keys), store_export_order);
        *ret = (StoreExport){
                .cluster = s->cluster, .taken_at = now, .keys = r.keys, .n = r.n, .n_left = r.n_left
        };
        return 0;
}

/* ---- comparing ---- */

static bool export_key_equal(const ExportKey *l, const ExportKey *r) {
        if (store_export_order(l, r) != 0 || l->n != r->n)
                return false;
        for (uint32_t i = 0; i < l->n; i++) {
                const StoredText *x = &l->items[i], *y = &r->items[i];

                if (!text_equal(x->name ? x->name : "", y->name ? y->name : "") || x->n != y->n ||
                    (x->n > 0 && memcmp(x->text, y->text, x->n) != 0))
                        return false;
        }
        return true;
}

bool store_export_equal(const StoreExport *left, const StoreExport *right) {
        if (left->n != right->n)
                return false;
        for (uint32_t i = 0; i < left->n; i++)
                if (!export_key_equal(&left->keys[i], &right->keys[i]))
                        return false;
        return true;
}
