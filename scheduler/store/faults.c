/* What is remembered of hosts' devices, which only the leader writes; what operators cleared by hand, which
 * the leader takes in; and the log of both. */
#include <errno.h>
#include <string.h>

#include "scheduler/store/store_script.h"

#define LOG_MAX "10000"

static const char memory_script[] = "if redis.call('GET', KEYS[2]) ~= ARGV[1] then return 1 end\n"
                                    "if ARGV[3] == '' then redis.call('HDEL', KEYS[1], ARGV[2])\n"
                                    "else redis.call('HSET', KEYS[1], ARGV[2], ARGV[3]) end\n"
                                    "return 0\n";

int store_put_fault_memory(Store *s, uint64_t token, const char *host, const char *text, size_t n) {
        static const StoreKey keys[] = { KEY_FAULTS, KEY_TOKEN };
        owned(reply_free) redisReply *reply = NULL;
        char number[24];
        ScriptKeys buf;
        Command c = { 0 };
        int64_t refused = 0;
        int k = store_check_name(s, "host", host);

        if (k == 0)
                k = store_begin(s);
        if (k < 0)
                return k;
        script_add(s, &c, memory_script, keys, ARRAY_SIZE(keys), &buf);
        command_number(&c, number, (int64_t) token);
        command_text(&c, host);
        command_add(&c, text, n);
        k = redis_call(&s->redis, &c, &reply);
        if (k == 0)
                k = reply_number(reply, 0, &refused);
        if (k == 0 && refused)
                return 1;
        return store_end(s, k, "EVAL (memory of faults)");
}

static int read_hash(Store *s, Arena *a, StoreKey hash, StoredText **ret, uint32_t *ret_n) {
        owned(reply_free) redisReply *reply = NULL;
        char key[KEY_SIZE];
        Command c = { 0 };
        int k = store_begin(s);

        if (k < 0)
                return k;
        command_text(&c, "HGETALL");
        command_text(&c, key_print(key, s->cluster, hash, NULL));
        k = redis_call(&s->redis, &c, &reply);
        if (k == 0)
                k = reply_pairs(reply, a, ret, ret_n);
        return store_end(s, k, "HGETALL");
}

int store_get_fault_memories(Store *s, Arena *a, StoredText **ret, uint32_t *ret_n) {
        return read_hash(s, a, KEY_FAULTS, ret, ret_n);
}

int store_get_clears(Store *s, Arena *a, StoredText **ret, uint32_t *ret_n) {
        return read_hash(s, a, KEY_CLEARS, ret, ret_n);
}

/* The clear and its line in the log are one step: nothing is cleared that is not written down. */
static const char clear_script[] =
        "redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])\n"
        "redis.call('XADD', KEYS[2], 'MAXLEN', '~', " LOG_MAX ", '*', 'text', ARGV[2])\n"
        "return 0\n";

int store_put_clear(Store *s, const char *name, const char *text, size_t n) {
        static const StoreKey keys[] = { KEY_CLEARS, KEY_FAULT_LOG };
        owned(reply_free) redisReply *reply = NULL;
        ScriptKeys buf;
        Command c = { 0 };
        int64_t done;
        int k = store_begin(s);

        if (k < 0)
                return k;
        script_add(s, &c, clear_script, keys, ARRAY_SIZE(keys), &buf);
        command_text(&c, name);
        command_add(&c, text, n);
        k = redis_call(&s->redis, &c, &reply);
        if (k == 0)
                k = reply_number(reply, 0, &done);
        return store_end(s, k, "EVAL (clear a fault)");
}

static const char take_script[] = "if redis.call('GET', KEYS[2]) ~= ARGV[1] then return 1 end\n"
                                  "if redis.call('HGET', KEYS[1], ARGV[2]) == ARGV[3] then\n"
                                  "  redis.call('HDEL', KEYS[1], ARGV[2])\n"
                                  "end\n"
                                  "return 0\n";

int store_take_clear(Store *s, uint64_t token, const StoredText *clear) {
        static const StoreKey keys[] = { KEY_CLEARS, KEY_TOKEN };
        owned(reply_free) redisReply *reply = NULL;
        char number[24];
        ScriptKeys buf;
        Command c = { 0 };
        int64_t refused = 0;
        int k = store_begin(s);

        if (k < 0)
                return k;
        script_add(s, &c, take_script, keys, ARRAY_SIZE(keys), &buf);
        command_number(&c, number, (int64_t) token);
        command_text(&c, clear->name);
        command_add(&c, clear->text, clear->n);
        k = redis_call(&s->redis, &c, &reply);
        if (k == 0)
                k = reply_number(reply, 0, &refused);
        if (k == 0 && refused)
                return 1;
        return store_end(s, k, "EVAL (take a clear)");
}

static const char log_script[] =
        "if redis.call('GET', KEYS[2]) ~= ARGV[1] then return 1 end\n"
        "redis.call('XADD', KEYS[1], 'MAXLEN', '~', " LOG_MAX ", '*', 'text', ARGV[2])\n"
        "return 0\n";

int store_log_fault(Store *s, uint64_t token, const char *text, size_t n) {
        static const StoreKey keys[] = { KEY_FAULT_LOG, KEY_TOKEN };
        owned(reply_free) redisReply *reply = NULL;
        char number[24];
        ScriptKeys buf;
        Command c = { 0 };
        int64_t refused = 0;
        int k = store_begin(s);

        if (k < 0)
                return k;
        script_add(s, &c, log_script, keys, ARRAY_SIZE(keys), &buf);
        command_number(&c, number, (int64_t) token);
        command_add(&c, text, n);
        k = redis_call(&s->redis, &c, &reply);
        if (k == 0)
                k = reply_number(reply, 0, &refused);
        if (k == 0 && refused)
                return 1;
        return store_end(s, k, "EVAL (log of faults)");
}

int store_get_fault_log(Store *s, Arena *a, uint32_t most, StoredText **ret, uint32_t *ret_n) {
        return stream_read(s, a, KEY_FAULT_LOG, most, ret, ret_n);
}

/* ---- alarms ---- */

static int alarm_call(Store *s, const char *verb, int64_t *ret) {
        owned(reply_free) redisReply *reply = NULL;
        char key[KEY_SIZE];
        Command c = { 0 };
        int k = store_begin(s);

        if (k < 0)
                return k;
        command_text(&c, verb);
        command_text(&c, key_print(key, s->cluster, KEY_ALARM, NULL));
        command_text(&c, "0");
        c.n = strcmp(verb, "INCRBY") == 0 ? 3 : 2;
        if (c.n == 3)
                c.words[2] = "1";
        k = redis_call(&s->redis, &c, &reply);
        if (k == 0 && reply->type == REDIS_REPLY_NIL)
                *ret = 0;
        else if (k == 0 && reply->type == REDIS_REPLY_STRING)
                k = text_to_int(reply->str, reply->len, 0, INT64_MAX, ret) < 0 ? -EPROTO : 0;
        else if (k == 0)
                k = reply_number(reply, 0, ret);
        return store_end(s, k, verb);
}

int store_raise_alarm(Store *s) {
        int64_t count;

        return alarm_call(s, "INCRBY", &count);
}

int store_get_alarm(Store *s, int64_t *ret) {
        return alarm_call(s, "GET", ret);
}
