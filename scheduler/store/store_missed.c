/* SPDX-License-Identifier: Apache-2.0 */
/* Migrations that failed, one text, which only the leader writes; and what operators want tried again, which the leader takes
 * in. */
#include <string.h>

#include "scheduler/store/store_script.h"

static const char missed_put_script[] = SCRIPT_FENCE "redis.call('SET', KEYS[2], ARGV[2])\n"
                                                     "return 0\n";

int store_put_missed(Store *s, uint64_t token, const char *text, size_t n) {
        return script_write(s, &(ScriptWrite){ .script = missed_put_script,
                                               .what = "failed migrations",
                                               .fenced = true,
                                               .token = token,
                                               .keys = { KEY_MISSED },
                                               .n_keys = 1,
                                               .words = { SCRIPT_TEXT(text, n) },
                                               .n_words = 1 });
}

int store_get_missed(Store *s, Arena *a, const char **ret, size_t *ret_n) {
        owned(reply_free) redisReply *reply = NULL;
        char key[KEY_SIZE];
        Command c = { 0 };
        int k = store_begin(s);

        if (k < 0)
                return k;
        command_text(&c, "GET");
        command_text(&c, key_print(key, s->cluster, KEY_MISSED, NULL));
        k = redis_call(&s->redis, &c, &reply);
        if (k == 0)
                k = reply_text(reply, a, ret, ret_n);
        return store_end(s, k, "GET");
}

static const char missed_retry_script[] = "redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])\n"
                                          "redis.call('INCR', KEYS[2])\n"
                                          "return 0\n";

int store_put_retry(Store *s, const char *name, const char *text, size_t n) {
        int k = store_check_name(s, "VM or host", name);

        return k < 0 ? k
                     : script_write(s, &(ScriptWrite){ .script = missed_retry_script,
                                                       .what = "try again",
                                                       .keys = { KEY_RETRIES, KEY_CALL },
                                                       .n_keys = 2,
                                                       .words = { SCRIPT_TEXT(name, strlen(name)),
                                                                  SCRIPT_TEXT(text, n) },
                                                       .n_words = 2 });
}

int store_get_retries(Store *s, Arena *a, StoredText **ret, uint32_t *ret_n) {
        return store_read_hash(s, a, KEY_RETRIES, ret, ret_n);
}

static const char missed_take_script[] =
        SCRIPT_FENCE "if redis.call('HGET', KEYS[2], ARGV[2]) == ARGV[3] then\n"
                     "  redis.call('HDEL', KEYS[2], ARGV[2])\n"
                     "end\n"
                     "return 0\n";

int store_take_retry(Store *s, uint64_t token, const StoredText *retry) {
        return script_write(s, &(ScriptWrite){ .script = missed_take_script,
                                               .what = "take in what is to be tried again",
                                               .fenced = true,
                                               .token = token,
                                               .keys = { KEY_RETRIES },
                                               .n_keys = 1,
                                               .words = { SCRIPT_TEXT(retry->name, strlen(retry->name)),
                                                          SCRIPT_TEXT(retry->text, retry->n) },
                                               .n_words = 2 });
}
