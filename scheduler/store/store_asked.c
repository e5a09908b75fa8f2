/* SPDX-License-Identifier: Apache-2.0 */
/* Moves that operators want of the leader, by VM; and what came of them, which only the leader writes. Plans that they hand over,
 * by id. */
#include <string.h>

#include "scheduler/store/store_script.h"

int store_put_asked(Store *s, const char *vm, const char *text, size_t n) {
        return script_ask(s, &(ScriptField){ KEY_ASKED, "VM", "ask for a move", vm, text, n });
}

int store_get_asked(Store *s, Arena *a, StoredText **ret, uint32_t *ret_n) {
        return store_read_hash(s, a, KEY_ASKED, ret, ret_n);
}

int store_take_asked(Store *s, uint64_t token, const StoredText *asked) {
        return script_take(s, token, KEY_ASKED, "take the requested move", asked);
}

static const char asked_withdraw_script[] =
        "if redis.call('HGET', KEYS[1], ARGV[1]) ~= ARGV[2] then return 1 end\n"
        "redis.call('HDEL', KEYS[1], ARGV[1])\n"
        "return 0\n";

static int store_asked_withdraw(Store *s, StoreKey key, const StoredText *asked) {
        return script_write(s, &(ScriptWrite){ .script = asked_withdraw_script,
                                               .what = "withdraw the request",
                                               .keys = { key },
                                               .n_keys = 1,
                                               .words = { SCRIPT_TEXT(asked->name, strlen(asked->name)),
                                                          SCRIPT_TEXT(asked->text, asked->n) },
                                               .n_words = 2 });
}

int store_withdraw_asked(Store *s, const StoredText *asked) {
        return store_asked_withdraw(s, KEY_ASKED, asked);
}

int store_put_told(Store *s, uint64_t token, const char *vm, const char *text, size_t n) {
        return script_keep(s, token, &(ScriptField){ KEY_TOLD, "VM", "tell of a move", vm, text, n });
}

int store_get_told(Store *s, Arena *a, StoredText **ret, uint32_t *ret_n) {
        return store_read_hash(s, a, KEY_TOLD, ret, ret_n);
}

/* ---- moves that run, and are to be aborted ---- */

/* Calls no round: whoever carries the move out looks by itself, and what else waits of its plan goes on. */
static const char asked_abort_script[] = "redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])\n"
                                         "return 0\n";

int store_put_abort(Store *s, const char *vm, const char *text, size_t n) {
        int k = store_check_name(s, "VM", vm);

        return k < 0 ? k
                     : script_write(s, &(ScriptWrite){
                                               .script = asked_abort_script,
                                               .what = "ask for an abort",
                                               .keys = { KEY_ABORTS },
                                               .n_keys = 1,
                                               .words = { SCRIPT_TEXT(vm, strlen(vm)), SCRIPT_TEXT(text, n) },
                                               .n_words = 2 });
}

int store_get_aborts(Store *s, Arena *a, StoredText **ret, uint32_t *ret_n) {
        return store_read_hash(s, a, KEY_ABORTS, ret, ret_n);
}

int store_take_abort(Store *s, uint64_t token, const StoredText *asked) {
        return script_take(s, token, KEY_ABORTS, "take the requested abort", asked);
}

/* ---- plans ---- */

int store_put_handed(Store *s, const char *id, const char *text, size_t n) {
        return script_ask(s, &(ScriptField){ KEY_HANDED, "plan", "hand a plan over", id, text, n });
}

int store_get_handed(Store *s, Arena *a, StoredText **ret, uint32_t *ret_n) {
        return store_read_hash(s, a, KEY_HANDED, ret, ret_n);
}

int store_take_handed(Store *s, uint64_t token, const StoredText *handed) {
        return script_take(s, token, KEY_HANDED, "take a plan", handed);
}

int store_withdraw_handed(Store *s, const StoredText *handed) {
        return store_asked_withdraw(s, KEY_HANDED, handed);
}
