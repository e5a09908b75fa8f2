/* SPDX-License-Identifier: Apache-2.0 */
/* Which hosts were admitted, as what: one hash, host → record. */
#include <string.h>

#include "scheduler/store/store_script.h"

/* What was there must still be there: of two at once one is told. */
#define ADMISSION_CHANGE(key, host)                                                                          \
        "if (redis.call('HGET', " key ", ARGV[" #host "]) or '') ~= ARGV[" #host " + 1] then return 1 end\n" \
        "if ARGV[" #host " + 2] == '' then redis.call('HDEL', " key ", ARGV[" #host "])\n"                   \
        "else redis.call('HSET', " key ", ARGV[" #host "], ARGV[" #host " + 2]) end\n"

/* The call wakes the leader, who needs none for what it writes itself. */
static const char admission_change_script[] =
        ADMISSION_CHANGE("KEYS[1]", 1) SCRIPT_COUNT("KEYS[2]") "return 0\n",
                  admission_lead_script[] = SCRIPT_FENCE ADMISSION_CHANGE("KEYS[2]", 2) "return 0\n";

static int admission_write(Store *s, const uint64_t *token, const char *host, const char *was,
                           const char *is) {
        int k = store_check_name(s, "host", host);

        return k < 0 ? k
                     : script_write(s, &(ScriptWrite){ .script = token ? admission_lead_script
                                                                       : admission_change_script,
                                                       .what = "change an admission",
                                                       .fenced = token != NULL,
                                                       .token = token ? *token : 0,
                                                       .keys = { KEY_ADMITTED, KEY_CALL },
                                                       .n_keys = token ? 1 : 2,
                                                       .words = { SCRIPT_TEXT(host, strlen(host)),
                                                                  SCRIPT_TEXT(was, strlen(was)),
                                                                  SCRIPT_TEXT(is, strlen(is)) },
                                                       .n_words = 3 });
}

int store_change_admission(Store *s, const char *host, const char *was, const char *is) {
        return admission_write(s, NULL, host, was, is);
}

int store_lead_admission(Store *s, uint64_t token, const char *host, const char *was, const char *is) {
        return admission_write(s, &token, host, was, is);
}

int store_get_admissions(Store *s, Arena *a, StoredText **ret, uint32_t *ret_n) {
        return store_read_hash(s, a, KEY_ADMITTED, ret, ret_n);
}

static const char admits_script[] = SCRIPT_FENCE "redis.call('SET', KEYS[2], '1')\nreturn 0\n";

int store_lead_admits(Store *s, uint64_t token) {
        return script_write(s, &(ScriptWrite){ .script = admits_script,
                                               .what = "hosts are admitted",
                                               .fenced = true,
                                               .token = token,
                                               .keys = { KEY_ADMITS },
                                               .n_keys = 1 });
}

int store_admits(Store *s, bool *ret) {
        owned(reply_free) redisReply *reply = NULL;
        char key[KEY_SIZE];
        Command c = { 0 };
        int64_t n = 0;
        int k = store_begin(s);

        if (k < 0)
                return k;
        command_text(&c, "EXISTS");
        command_text(&c, key_print(key, s->cluster, KEY_ADMITS, NULL));
        k = redis_call(&s->redis, &c, &reply);
        if (k == 0)
                k = reply_number(reply, 0, &n);
        if (k == 0)
                *ret = n > 0;
        return store_end(s, k, "EXISTS");
}
