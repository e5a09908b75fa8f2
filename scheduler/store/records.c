/* Records of rounds: a stream, newest first when read, capped by count and by bytes, since one record may
 * hold the snapshot of 10,000 hosts. */
#include "scheduler/store/store_script.h"

#define STRING_OF(x)  #x
#define NUMBER_OF(x)  STRING_OF(x)
#define RECORDS_MAX   512
#define RECORDS_BYTES 268435456 /* 256 MiB a cluster; the newest stays even if it is larger */

static const char put_script[] =
        "redis.call('XADD', KEYS[1], '*', 'text', ARGV[1])\n"
        "local bytes = redis.call('INCRBY', KEYS[2], string.len(ARGV[1]))\n"
        "local n = redis.call('XLEN', KEYS[1])\n"
        "while n > 1 and (n > " NUMBER_OF(RECORDS_MAX) " or bytes > " NUMBER_OF(
                RECORDS_BYTES) ") do\n"
                               "  local oldest = redis.call('XRANGE', KEYS[1], '-', '+', 'COUNT', 1)[1]\n"
                               "  redis.call('XDEL', KEYS[1], oldest[1])\n"
                               "  bytes = redis.call('DECRBY', KEYS[2], string.len(oldest[2][2]))\n"
                               "  n = n - 1\n"
                               "end\n"
                               "return n\n";

int store_put_record(Store *s, const char *text, size_t n) {
        static const StoreKey keys[] = { KEY_RECORDS, KEY_RECORDS_BYTES };
        owned(reply_free) redisReply *reply = NULL;
        ScriptKeys buf;
        Command c = { 0 };
        int64_t kept;
        int k = store_begin(s);

        if (k < 0)
                return k;
        script_add(s, &c, put_script, keys, ARRAY_SIZE(keys), &buf);
        command_add(&c, text, n);
        k = redis_call(&s->redis, &c, &reply);
        if (k == 0)
                k = reply_number(reply, 1, &kept);
        return store_end(s, k, "EVAL (put a record)");
}

int store_get_records(Store *s, Arena *a, uint32_t most, StoredText **ret, uint32_t *ret_n) {
        return stream_read(s, a, KEY_RECORDS, most, ret, ret_n);
}
