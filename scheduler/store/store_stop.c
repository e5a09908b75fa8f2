/* SPDX-License-Identifier: Apache-2.0 */
/* The stop: one text, and the server's time, by which it ends. */
#include <string.h>

#include "scheduler/store/store_script.h"

static int stop_send(Store *s) {
        char key[KEY_SIZE];
        Command get = { 0 }, time = { 0 };
        int k;

        command_text(&get, "GET");
        command_text(&get, key_print(key, s->cluster, KEY_STOP, NULL));
        command_text(&time, "TIME");
        k = redis_send(&s->redis, &get);
        return k < 0 ? k : redis_send(&s->redis, &time);
}

int store_get_stop(Store *s, Arena *a, const char **ret, size_t *ret_n, usec_t *ret_now) {
        owned(reply_free) redisReply *text = NULL, *time = NULL;
        usec_t now = 0;
        int k = store_begin(s), r;

        if (k < 0)
                return k;
        k = stop_send(s);
        if (k == 0)
                k = redis_receive(&s->redis, &text);
        if (k == 0)
                k = redis_receive(&s->redis, &time);
        if (k == 0)
                k = reply_time(time, &now);
        if (k < 0)
                return store_end(s, k, "TIME");
        r = reply_text(text, a, ret, ret_n);
        if (r >= 0)
                *ret_now = now;
        return store_end(s, r, "GET");
}

static const char stop_change_script[] =
        "if (redis.call('GET', KEYS[1]) or '') ~= ARGV[1] then return 1 end\n"
        "redis.call('SET', KEYS[1], ARGV[2])\n" SCRIPT_COUNT("KEYS[2]") "return 0\n";

int store_change_stop(Store *s, StoredText was, StoredText is) {
        return script_write(s, &(ScriptWrite){ .script = stop_change_script,
                                               .what = "change the stop",
                                               .keys = { KEY_STOP, KEY_CALL },
                                               .n_keys = 2,
                                               .words = { was, is },
                                               .n_words = 2 });
}
