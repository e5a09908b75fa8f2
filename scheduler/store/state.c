/* SPDX-License-Identifier: Apache-2.0 */
/* Live state for `status`, which services write, and notes that operators' commands keep: small texts, each in a key of
 * its own. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "scheduler/store/store_script.h"

static int state_put(Store *s, StoreKey kind, const char *name, StoredText text, usec_t expiry) {
        owned(reply_free) redisReply *reply = NULL;
        char key[KEY_SIZE], ms[24];
        Command c = { 0 };
        int k = store_check_name(s, store_key_defs[kind].name, name);

        if (k == 0)
                k = store_begin(s);
        if (k < 0)
                return k;
        command_text(&c, "SET");
        command_text(&c, key_print(key, s->cluster, kind, name));
        command_add(&c, text.text, text.n);
        if (expiry > 0) {
                command_text(&c, "PX");
                command_number(&c, ms, store_ms(expiry));
        }
        k = redis_call(&s->redis, &c, &reply);
        if (k == 0 && reply->type != REDIS_REPLY_STATUS)
                k = -EPROTO;
        return store_end(s, k, "SET");
}

int store_put_state(Store *s, const char *name, const char *text, size_t n, usec_t expiry) {
        return state_put(s, KEY_STATE, name, SCRIPT_TEXT(text, n), expiry);
}

int store_put_note(Store *s, const char *name, const char *text, size_t n) {
        return state_put(s, KEY_NOTE, name, SCRIPT_TEXT(text, n), 0);
}

static const char lead_script[] = SCRIPT_FENCE "if ARGV[2] == '0' then redis.call('SET', KEYS[2], ARGV[3])\n"
                                               "else redis.call('SET', KEYS[2], ARGV[3], 'PX', ARGV[2]) end\n"
                                               "return 0\n";

int store_lead_state(Store *s, uint64_t token, const char *name, const char *text, size_t n, usec_t expiry) {
        char ms[24];
        int k = store_check_name(s, "state", name);

        if (k < 0)
                return k;
        (void) snprintf(ms, sizeof(ms), "%lld", (long long) (expiry > 0 ? store_ms(expiry) : 0));
        return script_write(s, &(ScriptWrite){ .script = lead_script,
                                               .what = "state",
                                               .fenced = true,
                                               .token = token,
                                               .keys = { KEY_STATE },
                                               .part = name,
                                               .n_keys = 1,
                                               .words = { SCRIPT_TEXT(ms, strlen(ms)), SCRIPT_TEXT(text, n) },
                                               .n_words = 2 });
}

static const char note_change_script[] =
        "if (redis.call('GET', KEYS[1]) or '') ~= ARGV[1] then return 1 end\n"
        "if ARGV[2] == '' then redis.call('DEL', KEYS[1])\n"
        "else redis.call('SET', KEYS[1], ARGV[2]) end\n"
        "return 0\n";

int store_change_note(Store *s, const char *name, const char *was, const char *is) {
        int k = store_check_name(s, "note", name);

        return k < 0 ? k
                     : script_write(s, &(ScriptWrite){ .script = note_change_script,
                                                       .what = "change a note",
                                                       .keys = { KEY_NOTE },
                                                       .part = name,
                                                       .n_keys = 1,
                                                       .words = { SCRIPT_TEXT(was, strlen(was)),
                                                                  SCRIPT_TEXT(is, strlen(is)) },
                                                       .n_words = 2 });
}

static int state_get(Store *s, Arena *a, StoreKey kind, const char *name, const char **ret, size_t *ret_n) {
        int k = store_check_name(s, store_key_defs[kind].name, name);

        return k < 0 ? k : store_read_text(s, a, kind, name, "GET", ret, ret_n);
}

int store_get_state(Store *s, Arena *a, const char *name, const char **ret, size_t *ret_n) {
        return state_get(s, a, KEY_STATE, name, ret, ret_n);
}

int store_get_note(Store *s, Arena *a, const char *name, const char **ret, size_t *ret_n) {
        return state_get(s, a, KEY_NOTE, name, ret, ret_n);
}
