/* SPDX-License-Identifier: Apache-2.0 */
/* Words of persons about VMs of which nobody can see how their move ended; the leader takes them in. */
#include <string.h>

#include "scheduler/store/store_script.h"

static const char word_put_script[] = "redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])\n"
                                      "redis.call('INCR', KEYS[2])\n"
                                      "return 0\n";

int store_put_word(Store *s, const char *vm, const char *text, size_t n) {
        int k = store_check_name(s, "VM", vm);

        return k < 0 ? k
                     : script_write(s, &(ScriptWrite){
                                               .script = word_put_script,
                                               .what = "say where a VM runs",
                                               .keys = { KEY_WORDS, KEY_CALL },
                                               .n_keys = 2,
                                               .words = { SCRIPT_TEXT(vm, strlen(vm)), SCRIPT_TEXT(text, n) },
                                               .n_words = 2 });
}

int store_get_words(Store *s, Arena *a, StoredText **ret, uint32_t *ret_n) {
        return store_read_hash(s, a, KEY_WORDS, ret, ret_n);
}

static const char word_take_script[] =
        SCRIPT_FENCE "if redis.call('HGET', KEYS[2], ARGV[2]) == ARGV[3] then\n"
                     "  redis.call('HDEL', KEYS[2], ARGV[2])\n"
                     "end\n"
                     "return 0\n";

int store_take_word(Store *s, uint64_t token, const StoredText *word) {
        return script_write(s, &(ScriptWrite){ .script = word_take_script,
                                               .what = "take a word about a VM",
                                               .fenced = true,
                                               .token = token,
                                               .keys = { KEY_WORDS },
                                               .n_keys = 1,
                                               .words = { SCRIPT_TEXT(word->name, strlen(word->name)),
                                                          SCRIPT_TEXT(word->text, word->n) },
                                               .n_words = 2 });
}
