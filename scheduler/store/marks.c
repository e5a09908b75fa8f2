/* SPDX-License-Identifier: Apache-2.0 */
/* Marks: one hash, host → what an operator said of it. And forgetting a host, which takes its mark along. */
#include <string.h>

#include "scheduler/store/store_script.h"

int store_set_mark(Store *s, const char *host, const char *state) {
        return store_write_hash(s, (HashField){ KEY_MARKS, "host", host, state, strlen(state) });
}

/* What was there must still be there: of two operators at once one is told. The alarm wakes the leader. */
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
                                                       .keys = { KEY_MARKS, KEY_ALARM },
                                                       .n_keys = 2,
                                                       .words = { SCRIPT_TEXT(host, strlen(host)),
                                                                  SCRIPT_TEXT(was, strlen(was)),
                                                                  SCRIPT_TEXT(is, strlen(is)) },
                                                       .n_words = 3 });
}

int store_get_marks(Store *s, Arena *a, StoredText **ret, uint32_t *ret_n) {
        return store_read_hash(s, a, KEY_MARKS, ret, ret_n);
}

/* The report goes too: else the next round would see the host, though no member, for an interval. */
static const char forget_script[] = "redis.call('DEL', KEYS[3])\n"
                                    "redis.call('HDEL', KEYS[4], ARGV[1])\n"
                                    "redis.call('HDEL', KEYS[6], ARGV[1])\n"
                                    "redis.call('HDEL', KEYS[7], ARGV[1])\n"
                                    "redis.call('ZREM', KEYS[5], ARGV[1])\n"
                                    "redis.call('HDEL', KEYS[2], ARGV[1])\n"
                                    "return redis.call('SREM', KEYS[1], ARGV[1])\n";

int store_forget_host(Store *s, const char *host) {
        owned(reply_free) redisReply *reply = NULL;
        char hosts[KEY_SIZE], marks[KEY_SIZE], report[KEY_SIZE], peers[KEY_SIZE], ring[KEY_SIZE],
                faults[KEY_SIZE], pulses[KEY_SIZE];
        Command c = { 0 };
        int64_t removed;
        int k = store_check_name(s, "host", host);

        if (k == 0)
                k = store_begin(s);
        if (k < 0)
                return k;
        command_text(&c, "EVAL");
        command_text(&c, forget_script);
        command_text(&c, "7");
        command_text(&c, key_print(hosts, s->cluster, KEY_HOSTS, NULL));
        command_text(&c, key_print(marks, s->cluster, KEY_MARKS, NULL));
        command_text(&c, key_print(report, s->cluster, KEY_REPORT, host));
        command_text(&c, key_print(peers, s->cluster, KEY_PEERS, NULL));
        command_text(&c, key_print(ring, s->cluster, KEY_RING, NULL));
        command_text(&c, key_print(faults, s->cluster, KEY_FAULTS, NULL));
        command_text(&c, key_print(pulses, s->cluster, KEY_PULSES, NULL));
        command_text(&c, host);
        k = redis_call(&s->redis, &c, &reply);
        if (k == 0)
                k = reply_number(reply, 0, &removed);
        return store_end(s, k, "EVAL (forget a host)");
}
