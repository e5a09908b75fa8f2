/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/store/store_script.h"

#include <stdio.h>
#include <string.h>

void script_add(const Store *s, Command *c, const char *script, const StoreKey *keys, int n,
                ScriptKeys *buf) {
        assert(n <= SCRIPT_KEYS);
        command_text(c, "EVAL"); /* the server keeps the compiled script by its hash; sending it is cheap */
        command_text(c, script);
        command_number(c, buf->count, n);
        for (int i = 0; i < n; i++)
                command_text(c, key_print(buf->texts[i], s->cluster, keys[i], NULL));
}

int stream_read(Store *s, Arena *a, StoreKey stream, uint32_t most, StoredText **ret, uint32_t *ret_n) {
        return stream_read_since(s, a, stream, "-", most, ret, ret_n);
}

int stream_read_since(Store *s, Arena *a, StoreKey stream, const char *since, uint32_t most, StoredText **ret,
                      uint32_t *ret_n) {
        owned(reply_free) redisReply *reply = NULL;
        char key[KEY_SIZE], count[24];
        Command c = { 0 };
        int k = store_begin(s);

        if (k < 0)
                return k;
        command_text(&c, "XREVRANGE");
        command_text(&c, key_print(key, s->cluster, stream, NULL));
        command_text(&c, "+");
        command_text(&c, since);
        command_text(&c, "COUNT");
        command_number(&c, count, most);
        k = redis_call(&s->redis, &c, &reply);
        if (k == 0)
                k = reply_entries(reply, a, &s->drops, ret, ret_n);
        return store_end(s, k, "XREVRANGE");
}

int script_write(Store *s, const ScriptWrite *w) {
        int64_t said;

        return script_write_said(s, w, &said);
}

int script_write_said(Store *s, const ScriptWrite *w, int64_t *ret_said) {
        owned(reply_free) redisReply *reply = NULL;
        char token[24], what[80];
        ScriptKeys buf = { 0 };
        Command c = { 0 };
        int64_t refused = 0;
        int n = 0, k = store_begin(s);

        if (k < 0)
                return k;
        assert(w->n_keys < SCRIPT_KEYS && w->n_words <= SCRIPT_WORDS);
        command_text(&c, "EVAL");
        command_text(&c, w->script);
        command_number(&c, buf.count, w->n_keys + w->fenced);
        if (w->fenced)
                command_text(&c, key_print(buf.texts[n++], s->cluster, KEY_TOKEN, NULL));
        for (int i = 0; i < w->n_keys; i++)
                command_text(&c, key_print(buf.texts[n++], s->cluster, w->keys[i], i == 0 ? w->part : NULL));
        if (w->fenced)
                command_number(&c, token, (int64_t) w->token);
        for (int i = 0; i < w->n_words; i++)
                command_add(&c, w->words[i].text ? w->words[i].text : "", w->words[i].n);
        k = redis_call(&s->redis, &c, &reply);
        if (k == 0)
                k = reply_number(reply, 0, &refused);
        if (k == 0)
                *ret_said = refused;
        if (k == 0 && refused)
                return 1;
        (void) snprintf(what, sizeof(what), "EVAL (%s)", w->what);
        return store_end(s, k, what);
}

/* ---- fields of hashes ---- */

static const char script_keeps[] = SCRIPT_FENCE "if ARGV[3] == '' then redis.call('HDEL', KEYS[2], ARGV[2])\n"
                                                "else redis.call('HSET', KEYS[2], ARGV[2], ARGV[3]) end\n"
                                                "return 0\n";

static const char script_asks[] =
        "redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])\n" SCRIPT_COUNT("KEYS[2]") "return 0\n";

static const char script_takes[] = SCRIPT_FENCE "if redis.call('HGET', KEYS[2], ARGV[2]) == ARGV[3] then\n"
                                                "  redis.call('HDEL', KEYS[2], ARGV[2])\n"
                                                "end\n"
                                                "return 0\n";

int script_keep(Store *s, uint64_t token, const ScriptField *f) {
        int k = store_check_name(s, f->kind, f->name);

        return k < 0 ? k
                     : script_write(s, &(ScriptWrite){ .script = script_keeps,
                                                       .what = f->what,
                                                       .fenced = true,
                                                       .token = token,
                                                       .keys = { f->hash },
                                                       .n_keys = 1,
                                                       .words = { SCRIPT_TEXT(f->name, strlen(f->name)),
                                                                  SCRIPT_TEXT(f->text, f->n) },
                                                       .n_words = 2 });
}

int script_ask(Store *s, const ScriptField *f) {
        int k = store_check_name(s, f->kind, f->name);

        return k < 0 ? k
                     : script_write(s, &(ScriptWrite){ .script = script_asks,
                                                       .what = f->what,
                                                       .keys = { f->hash, KEY_CALL },
                                                       .n_keys = 2,
                                                       .words = { SCRIPT_TEXT(f->name, strlen(f->name)),
                                                                  SCRIPT_TEXT(f->text, f->n) },
                                                       .n_words = 2 });
}

int script_take(Store *s, uint64_t token, StoreKey hash, const char *what, const StoredText *asked) {
        return script_write(s, &(ScriptWrite){ .script = script_takes,
                                               .what = what,
                                               .fenced = true,
                                               .token = token,
                                               .keys = { hash },
                                               .n_keys = 1,
                                               .words = { SCRIPT_TEXT(asked->name, strlen(asked->name)),
                                                          SCRIPT_TEXT(asked->text, asked->n) },
                                               .n_words = 2 });
}
