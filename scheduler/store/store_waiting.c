/* SPDX-License-Identifier: Apache-2.0 */
/* Plans that wait for a person: a hash that only the newest leader writes, and beside it what people
 * answered, which the leader takes in with its next round. */
#include <string.h>

#include "scheduler/store/store_script.h"

static const char waiting_put_script[] =
        SCRIPT_FENCE "redis.call('HDEL', KEYS[3], ARGV[2])\n"
                     "if ARGV[3] == '' then redis.call('HDEL', KEYS[2], ARGV[2])\n"
                     "else redis.call('HSET', KEYS[2], ARGV[2], ARGV[3]) end\n"
                     "return 0\n";

int store_put_waiting(Store *s, uint64_t token, const char *id, const char *text, size_t n) {
        int k = store_check_name(s, "plan", id);

        return k < 0 ? k
                     : script_write(s, &(ScriptWrite){
                                               .script = waiting_put_script,
                                               .what = "a waiting plan",
                                               .fenced = true,
                                               .token = token,
                                               .keys = { KEY_WAITING, KEY_ANSWERS },
                                               .n_keys = 2,
                                               .words = { SCRIPT_TEXT(id, strlen(id)), SCRIPT_TEXT(text, n) },
                                               .n_words = 2 });
}

int store_get_waiting(Store *s, Arena *a, StoredText **ret, uint32_t *ret_n) {
        return store_read_hash(s, a, KEY_WAITING, ret, ret_n);
}

/* Of two people at once the first counts. The call wakes the leader. The key of the plans is no KEYS[…]: whoever may
 * declare a key to a script may write it, and operators may not write plans. It is in the same slot. */
static const char answer_script[] =
        "if redis.call('HEXISTS', ARGV[3], ARGV[1]) == 0 then return 1 end\n"
        "if redis.call('HSETNX', KEYS[1], ARGV[1], ARGV[2]) == 0 then return 1 end\n" SCRIPT_COUNT(
                "KEYS[2]") "return 0\n";

int store_put_answer(Store *s, const char *id, const char *text, size_t n) {
        char plans[KEY_SIZE];
        int k = store_check_name(s, "plan", id);

        if (k < 0)
                return k;
        (void) key_print(plans, s->cluster, KEY_WAITING, NULL);
        return script_write(s, &(ScriptWrite){ .script = answer_script,
                                               .what = "answer a plan",
                                               .keys = { KEY_ANSWERS, KEY_CALL },
                                               .n_keys = 2,
                                               .words = { SCRIPT_TEXT(id, strlen(id)), SCRIPT_TEXT(text, n),
                                                          SCRIPT_TEXT(plans, strlen(plans)) },
                                               .n_words = 3 });
}

int store_get_answers(Store *s, Arena *a, StoredText **ret, uint32_t *ret_n) {
        return store_read_hash(s, a, KEY_ANSWERS, ret, ret_n);
}
