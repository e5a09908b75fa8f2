/* Records of rounds: a stream, newest first when read, capped by count and by bytes, since one record may
 * hold the snapshot of 10,000 hosts. */
#include "scheduler/store/store_script.h"

#define STRING_OF(x)  #x
#define NUMBER_OF(x)  STRING_OF(x)
#define RECORDS_MAX   512
#define RECORDS_BYTES 268435456 /* 256 MiB a cluster; the newest stays even if it is larger */

/* clang-format off: one line of Lua a line */
static const char put_script[] = SCRIPT_FENCE
        "redis.call('XADD', KEYS[2], '*', 'text', ARGV[2])\n"
        "local bytes = redis.call('INCRBY', KEYS[3], string.len(ARGV[2]))\n"
        "local n = redis.call('XLEN', KEYS[2])\n"
        "while n > 1 and (n > " NUMBER_OF(RECORDS_MAX) " or bytes > " NUMBER_OF(
                RECORDS_BYTES) ") do\n"
                               "  local oldest = redis.call('XRANGE', KEYS[2], '-', '+', 'COUNT', 1)[1]\n"
                               "  redis.call('XDEL', KEYS[2], oldest[1])\n"
                               "  bytes = redis.call('DECRBY', KEYS[3], string.len(oldest[2][2]))\n"
                               "  n = n - 1\n"
                               "end\n"
                               "return 0\n";
/* clang-format on */

int store_put_record(Store *s, uint64_t token, const char *text, size_t n) {
        return script_write(s, &(ScriptWrite){ .script = put_script,
                                               .what = "put a record",
                                               .fenced = true,
                                               .token = token,
                                               .keys = { KEY_RECORDS, KEY_RECORDS_BYTES },
                                               .n_keys = 2,
                                               .words = { SCRIPT_TEXT(text, n) },
                                               .n_words = 1 });
}

int store_get_records(Store *s, Arena *a, uint32_t most, StoredText **ret, uint32_t *ret_n) {
        return stream_read(s, a, KEY_RECORDS, most, ret, ret_n);
}
