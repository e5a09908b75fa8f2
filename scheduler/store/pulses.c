/* SPDX-License-Identifier: Apache-2.0 */
/* What an agent writes beside its report, one key a host: its pulse, a few numbers, and its alarm, a count of reports
 * that a round should not wait for. */
#include <errno.h>
#include <string.h>

#include "scheduler/model/bounds.h"
#include "scheduler/store/store_object.h"
#include "scheduler/store/store_unread.h"

int store_put_pulse(Store *s, const char *host, const char *text, size_t n) {
        return store_put_host_text(s, KEY_PULSE, host, (StoredText){ .text = text, .n = n }, 0);
}

int store_get_pulses(Store *s, Arena *a, const char *const *hosts, uint32_t n_hosts, StoredText **ret,
                     uint32_t *ret_n) {
        return store_get_host_texts(s, a, KEY_PULSE, hosts, n_hosts, ret, ret_n);
}

/* ---- counters: of one host's alarms, and of operators' calls ---- */

/* Only that it changes counts. */
static int counter_begin_again(Store *s, const char *key) {
        owned(reply_free) redisReply *reply = NULL;
        Command c = { 0 };

        command_text(&c, "SET");
        command_text(&c, key);
        command_text(&c, "1");
        return redis_call(&s->redis, &c, &reply);
}

static int counter_ask(Store *s, const char *verb, StoreKey counter, const char *host, int64_t *ret) {
        owned(reply_free) redisReply *reply = NULL;
        char key[KEY_SIZE];
        Command c = { 0 };
        int k = host ? store_check_name(s, "host", host) : 0;

        if (k == 0)
                k = store_begin(s);
        if (k < 0)
                return k;
        command_text(&c, verb);
        command_text(&c, key_print(key, s->cluster, counter, host));
        k = redis_call(&s->redis, &c, &reply);
        if (k == -EPROTO && s->redis.fd >= 0 && strcmp(verb, "INCR") == 0)
                return store_end(s, counter_begin_again(s, key), "SET"); /* it was no number */
        if (k == 0 && reply->type == REDIS_REPLY_NIL)
                *ret = 0;
        else if (k == 0 && reply->type == REDIS_REPLY_STRING &&
                 text_to_int(reply->str, reply->len, 0, bound_of(BOUND_SEQUENCE), ret) < 0) {
                store_unread_add(s, counter, host, "with the next call it begins again");
                *ret = 0;
        } else if (k == 0 && reply->type == REDIS_REPLY_STRING)
                k = 0;
        else if (k == 0)
                k = reply_number(reply, 0, ret);
        return store_end(s, k, verb);
}

int store_raise_alarm(Store *s, const char *host) {
        int64_t count;

        return counter_ask(s, "INCR", KEY_ALARM, host, &count);
}

int store_get_alarms(Store *s, Arena *a, const char *const *hosts, uint32_t n_hosts, StoredText **ret,
                     uint32_t *ret_n) {
        return store_get_host_texts(s, a, KEY_ALARM, hosts, n_hosts, ret, ret_n);
}

int store_call_round(Store *s) {
        int64_t count;

        return counter_ask(s, "INCR", KEY_CALL, NULL, &count);
}

int store_get_calls(Store *s, int64_t *ret) {
        return counter_ask(s, "GET", KEY_CALL, NULL, ret);
}
