/* SPDX-License-Identifier: Apache-2.0 */
/* What a store has lost is written again from memory. Each thing is one step that looks first: what is there and is not
 * merely what it was before stays, because somebody has written it since. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "scheduler/store/store_memory_parts.h"
#include "scheduler/store/store_script.h"

#define SCRIPT_WORDS_MOST 100 /* of a command, with room for its keys */

static const char hash_script[] = "local is = redis.call('HGET', KEYS[1], ARGV[1])\n"
                                  "if is ~= false and (ARGV[3] == '' or is ~= ARGV[3]) then return 0 end\n"
                                  "redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])\n"
                                  "return 1\n";

static const char string_script[] = "local is = redis.call('GET', KEYS[1])\n"
                                    "if is ~= false and (ARGV[3] == '' or is ~= ARGV[3]) then return 0 end\n"
                                    "redis.call('SET', KEYS[1], ARGV[2])\n"
                                    "return 1\n";

/* A token never falls. */
static const char token_script[] = "local is = tonumber(redis.call('GET', KEYS[1]) or '0') or 0\n"
                                   "if is >= tonumber(ARGV[2]) then return 0 end\n"
                                   "redis.call('SET', KEYS[1], ARGV[2])\n"
                                   "return 1\n";

static const char set_script[] =
        "local n = 0\n"
        "for _, member in ipairs(ARGV) do n = n + redis.call('SADD', KEYS[1], member) end\n"
        "return n\n";

/* Oldest first; one that is there already, by its text, is not written twice. */
static const char journal_script[] =
        "local there, n = {}, 0\n"
        "for _, entry in ipairs(redis.call('XREVRANGE', KEYS[1], '+', '-', 'COUNT', 1024)) do there[entry[2][2]] = 1 end\n"
        "for _, text in ipairs(ARGV) do\n"
        "  if not there[text] then redis.call('XADD', KEYS[1], '*', 'text', text); n = n + 1 end\n"
        "end\n"
        "return n\n";

/* The loss comes first: whoever reads what is written again finds it. */
static const char loss_script[] =
        "redis.call('HSETNX', KEYS[1], 'id', ARGV[1])\n"
        "local now = redis.call('TIME')\n" /* no counter: that would begin anew, too */
        "if ARGV[3] ~= '' then redis.call('HSET', KEYS[1], 'losses', now[1] .. '.' .. now[2]) end\n"
        "if ARGV[2] ~= '' then redis.call('HSETNX', KEYS[1], 'lost', ARGV[2]) end\n"
        "if (tonumber(redis.call('HGET', KEYS[1], 'look') or '0') or 0) < tonumber(ARGV[4]) then\n"
        "  redis.call('HSET', KEYS[1], 'look', ARGV[4])\n"
        "end\n"
        "return 0\n";

static int rewrite_call(Store *s, const char *script, StoreKey key, const StoredText *words, int n,
                        uint32_t *ret_n) {
        owned(reply_free) redisReply *reply = NULL;
        ScriptKeys buf;
        Command c = { 0 };
        int64_t written = 0;
        int k = store_begin(s);

        if (k < 0)
                return k;
        script_add(s, &c, script, &key, 1, &buf);
        for (int i = 0; i < n; i++)
                command_add(&c, words[i].text, words[i].n);
        k = redis_call(&s->redis, &c, &reply);
        if (k == 0)
                k = reply_number(reply, 0, &written);
        *ret_n += (uint32_t) written;
        return store_end(s, k, "EVAL (write again)");
}

/* What stands behind the words of one thing: NUL-terminated all of them. */
static StoredText rewrite_word(const char *text) {
        return SCRIPT_TEXT(text ? text : "", text ? strlen(text) : 0);
}

static int rewrite_each(const MemoryKey *mine, Store *s, StoreKey key, uint32_t *ret_n) {
        const char *script = key == KEY_TOKEN                                ? token_script
                             : strcmp(store_key_defs[key].type, "hash") == 0 ? hash_script
                                                                             : string_script;
        int r = 0;

        for (uint32_t i = 0; r == 0 && i < mine->n; i++) {
                const MemoryItem *item = &mine->items[i];

                r = rewrite_call(s, script, key,
                                 (StoredText[]){ rewrite_word(item->name), SCRIPT_TEXT(item->text, item->n),
                                                 rewrite_word(item->was) },
                                 3, ret_n);
        }
        return r;
}

/* Many in one step; the journal's oldest first. */
static int rewrite_together(const MemoryKey *mine, Store *s, StoreKey key, uint32_t *ret_n) {
        const bool journal = key == KEY_JOURNAL;
        StoredText words[SCRIPT_WORDS_MOST];
        int r = 0, n = 0;

        for (uint32_t i = 0; r == 0 && i < mine->n; i++) {
                const MemoryItem *item = &mine->items[journal ? mine->n - 1 - i : i];

                words[n] = journal ? SCRIPT_TEXT(item->text, item->n) : rewrite_word(item->name);
                n++;
                if (n < SCRIPT_WORDS_MOST && i + 1 < mine->n)
                        continue;
                r = rewrite_call(s, journal ? journal_script : set_script, key, words, n, ret_n);
                n = 0;
        }
        return r;
}

int store_memory_rewrite(StoreMemory *m, Store *s, const char *loss, uint32_t *ret_n) {
        uint32_t ignored = 0;
        char look[24];
        int r;

        *ret_n = 0;
        (void) snprintf(look, sizeof(look), "%lld", (long long) (m->n_beats > 0 ? m->beats[0] : 0));
        r = rewrite_call(s, loss_script, KEY_EPOCH,
                         (StoredText[]){ rewrite_word(store_memory_identity(m)), rewrite_word(loss),
                                         rewrite_word(m->follows ? NULL : "counts"), rewrite_word(look) },
                         4, &ignored);
        for (int k = 0; r == 0 && k < KEY_N; k++) {
                const MemoryKey *mine = &m->keys[k];

                if (store_key_defs[k].loss != LOSS_REWRITTEN || k == KEY_EPOCH)
                        continue;
                r = (k == KEY_JOURNAL || strcmp(store_key_defs[k].type, "set") == 0
                             ? rewrite_together
                             : rewrite_each)(mine, s, (StoreKey) k, ret_n);
        }
        return r < 0 ? r : store_memory_take_up(m, s);
}

/* ---- a loss that nobody has acknowledged ---- */

static int epoch_get(Store *s, Arena *a, const char *command, StoreKey key, const char *field,
                     const char **ret, size_t *ret_n) {
        owned(reply_free) redisReply *reply = NULL;
        char name[KEY_SIZE];
        Command c = { 0 };
        int k = store_begin(s);

        if (k < 0)
                return k;
        command_text(&c, command);
        command_text(&c, key_print(name, s->cluster, key, NULL));
        if (field)
                command_text(&c, field);
        k = redis_call(&s->redis, &c, &reply);
        if (k == 0)
                k = reply_text(reply, a, ret, ret_n);
        return store_end(s, k, command);
}

int store_get_loss(Store *s, Arena *a, const char **ret, size_t *ret_n) {
        return epoch_get(s, a, "HGET", KEY_EPOCH, "lost", ret, ret_n);
}

int store_get_loss_answer(Store *s, Arena *a, const char **ret, size_t *ret_n) {
        return epoch_get(s, a, "GET", KEY_EPOCH_ANSWER, NULL, ret, ret_n);
}

static const char loss_answer_script[] =
        "redis.call('SET', KEYS[1], ARGV[1])\n" SCRIPT_COUNT("KEYS[2]") "return 0\n";

int store_put_loss_answer(Store *s, const char *text, size_t n) {
        return script_write(s, &(ScriptWrite){ .script = loss_answer_script,
                                               .what = "acknowledge a loss",
                                               .keys = { KEY_EPOCH_ANSWER, KEY_CALL },
                                               .n_keys = 2,
                                               .words = { SCRIPT_TEXT(text, n) },
                                               .n_words = 1 });
}

static const char end_script[] =
        SCRIPT_FENCE "redis.call('DEL', KEYS[3])\n"
                     "if redis.call('HGET', KEYS[2], 'lost') ~= ARGV[2] then return 0 end\n"
                     "redis.call('HDEL', KEYS[2], 'lost')\n"
                     "redis.call('HSET', KEYS[2], 'before', ARGV[3])\n"
                     "return 0\n";

int store_end_loss(Store *s, uint64_t token, const char *loss, const char *before) {
        return script_write(s, &(ScriptWrite){ .script = end_script,
                                               .what = "end a loss",
                                               .fenced = true,
                                               .token = token,
                                               .keys = { KEY_EPOCH, KEY_EPOCH_ANSWER },
                                               .n_keys = 2,
                                               .words = { rewrite_word(loss), rewrite_word(before) },
                                               .n_words = 2 });
}
