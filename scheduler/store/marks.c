/* SPDX-License-Identifier: Apache-2.0 */
/* Marks: one hash, host → what an operator said of it. */
#include <string.h>

#include "scheduler/store/store_script.h"

int store_set_mark(Store *s, const char *host, const char *state) {
        return store_write_hash(s, (HashField){ KEY_MARKS, "host", host, state, strlen(state) });
}

/* What was there must still be there: of two operators at once one is told. The call wakes the leader. */
static const char marks_change_script[] =
        "if (redis.call('HGET', KEYS[1], ARGV[1]) or '') ~= ARGV[2] then return 1 end\n"
        "if ARGV[3] == '' then redis.call('HDEL', KEYS[1], ARGV[1])\n"
        "else redis.call('HSET', KEYS[1], ARGV[1], ARGV[3]) end\n"
        "redis.call('INCR', KEYS[2])\n"
        "return 0\n";

int store_change_mark(Store *s, const char *host, const char *was, const char *is) {
        int k = store_check_name(s, "host", host);

        return k < 0 ? k
                     : script_write(s, &(ScriptWrite){ .script = marks_change_script,
                                                       .what = "change a mark",
                                                       .keys = { KEY_MARKS, KEY_CALL },
                                                       .n_keys = 2,
                                                       .words = { SCRIPT_TEXT(host, strlen(host)),
                                                                  SCRIPT_TEXT(was, strlen(was)),
                                                                  SCRIPT_TEXT(is, strlen(is)) },
                                                       .n_words = 3 });
}

int store_get_marks(Store *s, Arena *a, StoredText **ret, uint32_t *ret_n) {
        return store_read_hash(s, a, KEY_MARKS, ret, ret_n);
}
