/* SPDX-License-Identifier: Apache-2.0 */
/* Migrations that failed, one text, which only the leader writes; and what operators want tried again, which the leader takes
 * in. */
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
        return store_read_text(s, a, KEY_MISSED, NULL, "GET", ret, ret_n);
}

int store_put_retry(Store *s, const char *name, const char *text, size_t n) {
        return script_ask(s, &(ScriptField){ KEY_RETRIES, "VM or host", "try again", name, text, n });
}

int store_get_retries(Store *s, Arena *a, StoredText **ret, uint32_t *ret_n) {
        return store_read_hash(s, a, KEY_RETRIES, ret, ret_n);
}

int store_take_retry(Store *s, uint64_t token, const StoredText *retry) {
        return script_take(s, token, KEY_RETRIES, "take in requests to retry", retry);
}
