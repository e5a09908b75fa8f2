/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/store/admin/store_import.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "scheduler/store/store_script.h"

#define IMPORT_TIMEOUT (60 * USEC_PER_SEC) /* some hundred MiB of records over a slow network */
#define PAIRS_AT_ONCE  100
#define SAID_MOST      6 /* keys that are there, in words */
/* The server's clock may be so much behind the one of the server that the file is from. */
#define CLOCKS_MOST (60 * USEC_PER_SEC)

typedef struct Importer {
        Store *store;
        Arena *arena;
        const StoreExport *file;
        StoreExport there;
        usec_t now;
        uint64_t connection; /* that WATCH was sent on */
        unsigned n_sent;     /* commands whose answers are to come */
        ImportResult *result;
} Importer;

/* ---- watching ---- */

static void import_watch_add(Command *c, char (*keys)[KEY_SIZE], const Importer *m, StoreKey key,
                             const char *part) {
        command_text(c, key_print(keys[c->n], m->store->cluster, key, part));
}

/* Whoever writes one of these before EXEC ends the import. Of notes those that the file has: others are written by people. */
static int import_watch(Importer *m) {
        static const char *const states[] = { "cool-downs", "history", "history-of", "homes" };
        Redis *r = &m->store->redis;
        owned(reply_free) redisReply *reply = NULL;
        char(*keys)[KEY_SIZE] = (char(*)[KEY_SIZE]) arena_take(m->arena, COMMAND_WORDS, KEY_SIZE, 1);
        Command c = { 0 };
        int k = keys ? store_begin(m->store) : -ENOMEM;

        if (k < 0)
                return k;
        command_text(&c, "WATCH");
        import_watch_add(&c, keys, m, KEY_LEASE, NULL);
        for (int i = 0; i < KEY_N; i++)
                if (!store_key_defs[i].part[0] && store_export_kind((StoreKey) i, NULL) == EXPORT_KEPT)
                        import_watch_add(&c, keys, m, (StoreKey) i, NULL);
        for (size_t i = 0; i < ARRAY_SIZE(states); i++)
                import_watch_add(&c, keys, m, KEY_STATE, states[i]);
        for (uint32_t i = 0; i < m->file->n && c.n < COMMAND_WORDS; i++)
                if (m->file->keys[i].key == KEY_NOTE)
                        import_watch_add(&c, keys, m, KEY_NOTE, m->file->keys[i].part);
        k = redis_call(r, &c, &reply);
        m->connection = r->n_connections;
        return store_end(m->store, k, "WATCH");
}

/* ---- may it be ---- */

static int import_say_there(Importer *m) {
        const char *words = "";
        uint32_t i = 0;

        for (; words && i < m->there.n && i < SAID_MOST; i++) {
                const char *name = store_export_name(m->arena, &m->there.keys[i]);

                words = name ? text_format(m->arena, "%s%s%s", words, i > 0 ? ", " : "", name) : NULL;
        }
        if (words && i < m->there.n)
                words = text_format(m->arena, "%s and %u more", words, m->there.n - i);
        m->result->there = words;
        return words ? 0 : -ENOMEM;
}

/* 0; 1: result->outcome says why not. */
static int import_may(Importer *m, ImportOrder order) {
        StoreLease lease;
        int k = store_get_lease(m->store, &lease);

        if (k < 0)
                return k;
        if (m->file->taken_at > m->now + CLOCKS_MOST) {
                m->result->outcome = IMPORT_LATER;
                return 1;
        }
        if (store_export_equal(m->file, &m->there)) {
                m->result->outcome = IMPORT_SAME;
                return 1;
        }
        if (k == 0 && !order.while_led) {
                m->result->outcome = IMPORT_LED;
                m->result->leader = text_copy(m->arena, lease.holder, strlen(lease.holder));
                return m->result->leader ? 1 : -ENOMEM;
        }
        if (m->there.n > 0 && !order.replace) {
                m->result->outcome = IMPORT_FULL;
                k = import_say_there(m);
                return k < 0 ? k : 1;
        }
        return 0;
}

/* ---- writing ---- */

static int import_send(Importer *m, const Command *c) {
        int k = redis_send(&m->store->redis, c);

        m->n_sent += k == 0;
        return k;
}

static int import_words(Importer *m, const char *first, const char *second, const char *third) {
        Command c = { 0 };

        command_text(&c, first);
        if (second)
                command_text(&c, second);
        if (third)
                command_text(&c, third);
        return import_send(m, &c);
}

/* HSET key field text …, SADD key member …: some at a time. */
static int import_items(Importer *m, const char *command, const char *key, const ExportKey *k, bool texts) {
        int error = 0;

        for (uint32_t at = 0; error == 0 && at < k->n;) {
                Command c = { 0 };

                command_text(&c, command);
                command_text(&c, key);
                for (unsigned i = 0; i < PAIRS_AT_ONCE && at < k->n; i++, at++) {
                        command_text(&c, k->items[at].name);
                        if (texts)
                                command_add(&c, k->items[at].text, k->items[at].n);
                }
                error = import_send(m, &c);
        }
        return error;
}

static int import_stream(Importer *m, const char *key, const ExportKey *k) {
        int error = 0;

        for (uint32_t i = 0; error == 0 && i < k->n; i++) {
                Command c = { 0 };

                command_text(&c, "XADD");
                command_text(&c, key);
                command_text(&c, k->items[i].name);
                command_text(&c, "text");
                command_add(&c, k->items[i].text, k->items[i].n);
                error = import_send(m, &c);
        }
        return error;
}

/* What is left of its time; below 0: it is over. */
static int64_t import_ttl_ms(const Importer *m, const ExportKey *k) {
        const usec_t gone = m->now > m->file->taken_at ? m->now - m->file->taken_at : 0;

        return k->ttl_ms - gone / USEC_PER_MSEC;
}

static int import_key(Importer *m, const ExportKey *k) {
        const char *type = store_key_defs[k->key].type;
        const int64_t left = import_ttl_ms(m, k);
        char key[KEY_SIZE], ms[24];
        Command c = { 0 };
        int error;

        (void) key_print(key, m->store->cluster, k->key, k->part);
        error = import_words(m, "DEL", key, NULL);
        if (k->ttl_ms > 0 && left <= 0) {
                m->result->n_expired++;
                return error;
        }
        m->result->n_keys++;
        if (error < 0)
                return error;
        if (strcmp(type, "string") == 0) {
                command_text(&c, "SET");
                command_text(&c, key);
                command_add(&c, k->items[0].text, k->items[0].n);
                error = import_send(m, &c);
        } else {
                error = strcmp(type, "hash") == 0  ? import_items(m, "HSET", key, k, true)
                        : strcmp(type, "set") == 0 ? import_items(m, "SADD", key, k, false)
                                                   : import_stream(m, key, k);
        }
        if (error == 0 && k->ttl_ms > 0) {
                (void) snprintf(ms, sizeof(ms), "%lld", (long long) left);
                error = import_words(m, "PEXPIRE", key, ms);
        }
        return error;
}

/* The records' size, which their writer keeps beside them. */
static int import_records_bytes(Importer *m) {
        char key[KEY_SIZE], number[24];
        int64_t bytes = 0;

        for (uint32_t i = 0; i < m->file->n; i++)
                for (uint32_t j = 0; m->file->keys[i].key == KEY_RECORDS && j < m->file->keys[i].n; j++)
                        bytes += (int64_t) m->file->keys[i].items[j].n;
        (void) snprintf(number, sizeof(number), "%lld", (long long) bytes);
        return import_words(m, "SET", key_print(key, m->store->cluster, KEY_RECORDS_BYTES, NULL), number);
}

static int import_counters(Importer *m) {
        static const StoreKey counters[] = { KEY_BOOKED, KEY_CALL };
        ScriptKeys buf = { 0 };
        Command c = { 0 };

        script_add(m->store, &c, SCRIPT_COUNT("KEYS[1]") SCRIPT_COUNT("KEYS[2]") "return 'OK'\n", counters, 2,
                   &buf);
        return import_send(m, &c);
}

/* All that was there and the file has not, all that it has, and a call, so that a service that follows looks at once. */
static int import_send_all(Importer *m) {
        char key[KEY_SIZE];
        int k = import_words(m, "MULTI", NULL, NULL);

        for (uint32_t i = 0; k == 0 && i < m->there.n; i++)
                k = import_words(
                        m, "DEL",
                        key_print(key, m->store->cluster, m->there.keys[i].key, m->there.keys[i].part), NULL);
        for (uint32_t i = 0; k == 0 && i < m->file->n; i++)
                k = import_key(m, &m->file->keys[i]);
        if (k == 0)
                k = import_records_bytes(m);
        if (k == 0)
                k = import_counters(m);
        return k;
}

/* Each command was taken (QUEUED); the first that was not ends it all: what was queued goes with the connection. */
static int import_take_all(Importer *m) {
        Redis *r = &m->store->redis;
        int k = 0;

        for (; k == 0 && m->n_sent > 0; m->n_sent--) {
                owned(reply_free) redisReply *reply = NULL;

                k = redis_receive(r, &reply);
                if (k == 0 && reply->type != REDIS_REPLY_STATUS)
                        k = -EPROTO;
        }
        return k;
}

static int import_execute(Importer *m) {
        Redis *r = &m->store->redis;
        owned(reply_free) redisReply *reply = NULL;
        Command c = { 0 };
        int k;

        command_text(&c, "EXEC");
        k = redis_call(r, &c, &reply);
        if (k < 0)
                return k;
        if (reply->type == REDIS_REPLY_NIL) {
                m->result->outcome = IMPORT_CHANGED;
                return 0;
        }
        for (size_t i = 0; reply->type == REDIS_REPLY_ARRAY && i < reply->elements; i++)
                if (reply->element[i]->type == REDIS_REPLY_ERROR)
                        return redis_fail(r, -EPROTO, "%s", reply->element[i]->str);
        return reply->type == REDIS_REPLY_ARRAY ? 0 : -EPROTO;
}

static int import_write(Importer *m) {
        Redis *r = &m->store->redis;
        int k = redis_begin(r, clock_monotonic() + IMPORT_TIMEOUT);

        if (k == 0 && r->n_connections != m->connection)
                k = redis_fail(r, -EAGAIN, "the connection was lost before anything was written");
        if (k == 0)
                k = import_send_all(m);
        if (k == 0)
                k = import_take_all(m);
        if (k == 0)
                k = import_execute(m);
        if (k < 0)
                redis_drop(r);
        return store_end(m->store, k, "EXEC");
}

int store_import(Store *s, Arena *a, const StoreExport *content, ImportOrder order, ImportResult *ret) {
        Importer m = { .store = s, .arena = a, .file = content, .result = ret };
        int k;

        *ret = (ImportResult){ .outcome = IMPORT_DONE };
        k = import_watch(&m);
        if (k == 0)
                k = store_export_read(s, a, &m.there);
        if (k == 0)
                k = store_get_time(s, &m.now);
        if (k == 0)
                k = import_may(&m, order);
        if (k != 0)
                return k < 0 ? k : 0;
        if (order.while_led) { /* a leader writes all the time: nobody could import */
                owned(reply_free) redisReply *reply = NULL;
                Command c = { 0 };

                command_text(&c, "UNWATCH");
                k = store_begin(s);
                if (k == 0)
                        k = redis_call(&s->redis, &c, &reply);
                if (k < 0)
                        return store_end(s, k, "UNWATCH");
        }
        return import_write(&m);
}
