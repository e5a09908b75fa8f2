/* SPDX-License-Identifier: Apache-2.0 */
/* What an agent writes beside its report, one key a host: its pulse, a few numbers, and its alarm, a number that
 * grows with each report that a round should not wait for. */
#include <errno.h>
#include <string.h>

#include "scheduler/model/bounds.h"
#include "scheduler/store/store_script.h"
#include "scheduler/store/store_unread.h"

int store_put_pulse(Store *s, const char *host, const char *text, size_t n) {
        return store_put_host_text(s, KEY_PULSE, host, (StoredText){ .text = text, .n = n }, 0);
}

int store_get_pulses(Store *s, Arena *a, const char *const *hosts, uint32_t n_hosts, StoredText **ret,
                     uint32_t *ret_n) {
        return store_get_host_texts(s, a, KEY_PULSE, hosts, n_hosts, ret, ret_n);
}

/* ---- counters: of one host's alarms, and of operators' calls ---- */

static int counter_set(Store *s, const char *key, int64_t to) {
        owned(reply_free) redisReply *reply = NULL;
        char number[24];
        Command c = { 0 };

        command_text(&c, "SET");
        command_text(&c, key);
        command_number(&c, number, to);
        return redis_call(&s->redis, &c, &reply);
}

/* As SCRIPT_COUNT, by the agent's clock: it may run no script that writes, and is the only one who writes this key. */
int store_raise_alarm(Store *s, const char *host, usec_t now) {
        owned(reply_free) redisReply *reply = NULL;
        char key[KEY_SIZE];
        Command c = { 0 };
        int64_t count = 0;
        int k = store_check_name(s, "host", host);

        if (k == 0)
                k = store_begin(s);
        if (k < 0)
                return k;
        command_text(&c, "INCR");
        command_text(&c, key_print(key, s->cluster, KEY_ALARM, host));
        k = redis_call(&s->redis, &c, &reply);
        if (k == 0)
                k = reply_number(reply, INT64_MIN, &count);
        else if (k == -EPROTO && s->redis.fd >= 0)
                k = 0; /* it was no number */
        if (k == 0 && count < now)
                k = counter_set(s, key, now);
        return store_end(s, k, "INCR");
}

int store_get_alarms(Store *s, Arena *a, const char *const *hosts, uint32_t n_hosts, StoredText **ret,
                     uint32_t *ret_n) {
        return store_get_host_texts(s, a, KEY_ALARM, hosts, n_hosts, ret, ret_n);
}

int store_call_round(Store *s) {
        return script_write(s, &(ScriptWrite){ .script = SCRIPT_COUNT("KEYS[1]") "return 0\n",
                                               .what = "call",
                                               .keys = { KEY_CALL },
                                               .n_keys = 1 });
}

int store_get_calls(Store *s, int64_t *ret) {
        owned(reply_free) redisReply *reply = NULL;
        char key[KEY_SIZE];
        Command c = { 0 };
        int k = store_begin(s);

        if (k < 0)
                return k;
        command_text(&c, "GET");
        command_text(&c, key_print(key, s->cluster, KEY_CALL, NULL));
        k = redis_call(&s->redis, &c, &reply);
        if (k == 0 && reply->type == REDIS_REPLY_NIL)
                *ret = 0;
        else if (k == 0 && reply->type != REDIS_REPLY_STRING)
                k = reply_number(reply, 0, ret);
        else if (k == 0 && text_to_int(reply->str, reply->len, 0, bound_of(BOUND_SEQUENCE), ret) < 0) {
                store_unread_add(s, KEY_CALL, NULL, "with the next call it begins again");
                *ret = 0;
        }
        return store_end(s, k, "GET");
}
