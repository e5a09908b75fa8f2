/* SPDX-License-Identifier: Apache-2.0 */
/* What is remembered of hosts' devices, which only the leader writes; what operators cleared by hand, which
 * the leader takes in; and the log of both. */
#include <errno.h>
#include <string.h>

#include "scheduler/store/store_script.h"

#define LOG_MAX "10000"

int store_put_fault_memory(Store *s, uint64_t token, const char *host, const char *text, size_t n) {
        return script_keep(s, token, &(ScriptField){ KEY_FAULTS, "host", "memory of faults", host, text, n });
}

int store_read_text(Store *s, Arena *a, StoreKey key, const char *part, const char *what, const char **ret,
                    size_t *ret_n) {
        owned(reply_free) redisReply *reply = NULL;
        char name[KEY_SIZE];
        Command c = { 0 };
        int k = store_begin(s);

        if (k < 0)
                return k;
        command_text(&c, "GET");
        command_text(&c, key_print(name, s->cluster, key, part));
        k = redis_call(&s->redis, &c, &reply);
        if (k == 0)
                k = reply_text(reply, a, ret, ret_n);
        return store_end(s, k, what);
}

int store_read_hash(Store *s, Arena *a, StoreKey hash, StoredText **ret, uint32_t *ret_n) {
        owned(reply_free) redisReply *reply = NULL;
        char key[KEY_SIZE];
        Command c = { 0 };
        int k = store_begin(s);

        if (k < 0)
                return k;
        command_text(&c, "HGETALL");
        command_text(&c, key_print(key, s->cluster, hash, NULL));
        k = redis_call(&s->redis, &c, &reply);
        if (k == 0)
                k = reply_pairs(reply, a, &s->drops, ret, ret_n);
        if (k == -EMEDIUMTYPE && store_key_defs[hash].loss == LOSS_LOST) { /* no round fails for it */
                drops_add(&s->drops, "a key in the store", key, strlen(key), "is not a hash: delete it");
                *ret = NULL;
                *ret_n = 0;
                k = 0;
        }
        return store_end(s, k, "HGETALL");
}

int store_write_hash(Store *s, HashField f) {
        owned(reply_free) redisReply *reply = NULL;
        char key[KEY_SIZE];
        Command c = { 0 };
        int64_t changed;
        int k = store_check_name(s, f.what, f.name);

        if (k == 0)
                k = store_begin(s);
        if (k < 0)
                return k;
        command_text(&c, f.n > 0 ? "HSET" : "HDEL");
        command_text(&c, key_print(key, s->cluster, f.hash, NULL));
        command_text(&c, f.name);
        if (f.n > 0)
                command_add(&c, f.text, f.n);
        k = redis_call(&s->redis, &c, &reply);
        if (k == 0)
                k = reply_number(reply, 0, &changed);
        return store_end(s, k, c.words[0]);
}

int store_get_fault_memories(Store *s, Arena *a, StoredText **ret, uint32_t *ret_n) {
        return store_read_hash(s, a, KEY_FAULTS, ret, ret_n);
}

int store_get_clears(Store *s, Arena *a, StoredText **ret, uint32_t *ret_n) {
        return store_read_hash(s, a, KEY_CLEARS, ret, ret_n);
}

/* The clear and its line in the log are one step: nothing is cleared that is not written down. */
static const char clear_script[] =
        "redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])\n"
        "redis.call('XADD', KEYS[2], 'MAXLEN', '~', " LOG_MAX ", '*', 'text', ARGV[2])\n"
        "return 0\n";

int store_put_clear(Store *s, const char *name, const char *text, size_t n) {
        return script_write(
                s, &(ScriptWrite){ .script = clear_script,
                                   .what = "clear a fault",
                                   .keys = { KEY_CLEARS, KEY_FAULT_LOG },
                                   .n_keys = 2,
                                   .words = { SCRIPT_TEXT(name, strlen(name)), SCRIPT_TEXT(text, n) },
                                   .n_words = 2 });
}

int store_take_clear(Store *s, uint64_t token, const StoredText *clear) {
        return script_take(s, token, KEY_CLEARS, "take a clear", clear);
}

static const char log_script[] =
        SCRIPT_FENCE "redis.call('XADD', KEYS[2], 'MAXLEN', '~', " LOG_MAX ", '*', 'text', ARGV[2])\n"
                     "return 0\n";

int store_log_fault(Store *s, uint64_t token, const char *text, size_t n) {
        return script_write(s, &(ScriptWrite){ .script = log_script,
                                               .what = "log of faults",
                                               .fenced = true,
                                               .token = token,
                                               .keys = { KEY_FAULT_LOG },
                                               .n_keys = 1,
                                               .words = { SCRIPT_TEXT(text, n) },
                                               .n_words = 1 });
}

int store_get_fault_log(Store *s, Arena *a, uint32_t most, StoredText **ret, uint32_t *ret_n) {
        return stream_read(s, a, KEY_FAULT_LOG, most, ret, ret_n);
}
