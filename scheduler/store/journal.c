/* The journal: a stream that only the newest leader may write to. The check and the write are one script, so
 * that a leader which was suspended between the two cannot write after another has taken over. */
#include "scheduler/store/store_script.h"

/* About 25 MiB at 250 bytes an entry; weeks at 100 moves an hour and 10 entries a move. '~' lets the server
 * trim whole nodes only, which costs it nothing. */
#define JOURNAL_MAX "100000"

static const char write_script[] =
        "if redis.call('GET', KEYS[2]) ~= ARGV[1] then return 1 end\n"
        "redis.call('XADD', KEYS[1], 'MAXLEN', '~', " JOURNAL_MAX ", '*', 'text', ARGV[2])\n"
        "return 0\n";

int store_journal(Store *s, uint64_t token, const char *text, size_t n) {
        static const StoreKey keys[] = { KEY_JOURNAL, KEY_TOKEN };
        owned(reply_free) redisReply *reply = NULL;
        char number[24];
        ScriptKeys buf;
        Command c = { 0 };
        int64_t refused = 0;
        int k = store_begin(s);

        if (k < 0)
                return k;
        script_add(s, &c, write_script, keys, ARRAY_SIZE(keys), &buf);
        command_number(&c, number, (int64_t) token);
        command_add(&c, text, n);
        k = redis_call(&s->redis, &c, &reply);
        if (k == 0)
                k = reply_number(reply, 0, &refused);
        if (k == 0 && refused)
                return 1;
        return store_end(s, k, "EVAL (journal)");
}

int store_get_journal(Store *s, Arena *a, uint32_t most, StoredText **ret, uint32_t *ret_n) {
        return stream_read(s, a, KEY_JOURNAL, most, ret, ret_n);
}
