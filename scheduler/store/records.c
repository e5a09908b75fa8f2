/* SPDX-License-Identifier: Apache-2.0 */
/* Records of rounds: a stream, newest first when read, capped by count and by bytes, since one record may
 * hold the snapshot of 10,000 hosts. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "scheduler/model/bounds.h"
#include "scheduler/store/store_script.h"
#include "scheduler/store/store_unread.h"

#define STRING_OF(x)  #x
#define NUMBER_OF(x)  STRING_OF(x)
#define RECORDS_MAX   512
#define RECORDS_BYTES 268435456 /* 256 MiB a cluster; the newest stays even if it is larger */

/* clang-format off: one line of Lua a line */
static const char records_put_script[] = SCRIPT_FENCE
        "local healed = ''\n"
        "local is = redis.call('GET', KEYS[3])\n"
        "if is and not string.match(is, '^%d+$') then\n" /* else no round could keep its record */
        "  local all, last = 0, '-'\n"
        "  healed = ' healed'\n"
        "  repeat\n"
        "    local one = redis.call('XRANGE', KEYS[2], last, '+', 'COUNT', 1)[1]\n"
        "    if one then\n"
        "      all = all + string.len(one[2][2])\n"
        "      last = '(' .. one[1]\n"
        "    end\n"
        "  until not one\n"
        "  redis.call('SET', KEYS[3], string.format('%.0f', all))\n"
        "end\n"
        "local name = redis.call('XADD', KEYS[2], '*', 'text', ARGV[2])\n"
        "local bytes = redis.call('INCRBY', KEYS[3], string.len(ARGV[2]))\n"
        "local n = redis.call('XLEN', KEYS[2])\n"
        "while n > 1 and (n > " NUMBER_OF(RECORDS_MAX) " or bytes > " NUMBER_OF(
                RECORDS_BYTES) ") do\n"
                               "  local oldest = redis.call('XRANGE', KEYS[2], '-', '+', 'COUNT', 1)[1]\n"
                               "  redis.call('XDEL', KEYS[2], oldest[1])\n"
                               "  bytes = redis.call('DECRBY', KEYS[3], string.len(oldest[2][2]))\n"
                               "  n = n - 1\n"
                               "end\n"
                               "return name .. healed\n";
/* clang-format on */

int store_put_record(Store *s, uint64_t token, const char *text, size_t n, char ret_name[RECORD_NAME_SIZE]) {
        static const StoreKey keys[] = { KEY_TOKEN, KEY_RECORDS, KEY_RECORDS_BYTES };
        owned(reply_free) redisReply *reply = NULL;
        char number[24];
        ScriptKeys buf = { 0 };
        Command c = { 0 };
        int k = store_begin(s);

        if (k < 0)
                return k;
        script_add(s, &c, records_put_script, keys, ARRAY_SIZE(keys), &buf);
        command_number(&c, number, (int64_t) token);
        command_add(&c, text, n);
        k = redis_call(&s->redis, &c, &reply);
        if (k == 0 && reply->type == REDIS_REPLY_INTEGER)
                return 1; /* refused: an id is a string */
        if (k == 0 && (reply->type != REDIS_REPLY_STRING || reply->len >= RECORD_NAME_SIZE))
                k = -EPROTO;
        if (k == 0 && strchr(reply->str, ' '))
                store_unread_add(s, KEY_RECORDS_BYTES, NULL, "the records were measured again");
        if (k == 0)
                (void) snprintf(ret_name, RECORD_NAME_SIZE, "%.*s", (int) strcspn(reply->str, " "),
                                reply->str);
        return store_end(s, k, "EVAL (put a record)");
}

/* "MILLISECONDS-N" */
static bool is_record_name(const char *name) {
        const size_t digits = strspn(name, "0123456789");
        const size_t rest = name[digits] == '-' ? strspn(name + digits + 1, "0123456789") : 0;

        return digits > 0 && rest > 0 && name[digits + 1 + rest] == '\0' && digits + rest < 40;
}

/* The first of them from one id to another, in the order of `command`. 1: there is none. */
static int records_find(Store *s, Arena *a, const char *command, const char *from, const char *to,
                        StoredText *ret) {
        owned(reply_free) redisReply *reply = NULL;
        StoredText *found = NULL;
        char key[KEY_SIZE];
        Command c = { 0 };
        uint32_t n = 0;
        int k = store_begin(s);

        if (k < 0)
                return k;
        command_text(&c, command);
        command_text(&c, key_print(key, s->cluster, KEY_RECORDS, NULL));
        command_text(&c, from);
        command_text(&c, to);
        command_text(&c, "COUNT");
        command_text(&c, "1");
        k = redis_call(&s->redis, &c, &reply);
        if (k == 0)
                k = reply_entries(reply, a, &s->drops, &found, &n);
        if (k == 0 && n == 0)
                return 1;
        if (k == 0)
                *ret = found[0];
        return store_end(s, k, command);
}

int store_get_record(Store *s, Arena *a, const char *name, StoredText *ret) {
        if (strcmp(name, "last") == 0)
                return records_find(s, a, "XREVRANGE", "+", "-", ret);
        return is_record_name(name) ? records_find(s, a, "XREVRANGE", name, name, ret) : 1;
}

/* The newest that was written until then. */
int store_get_record_before(Store *s, Arena *a, usec_t at, StoredText *ret) {
        char from[24];

        (void) snprintf(from, sizeof(from), "%lld", (long long) (at > 0 ? at / USEC_PER_MSEC : 0));
        return records_find(s, a, "XREVRANGE", from, "-", ret);
}

/* The oldest that was written after it. */
int store_get_record_after(Store *s, Arena *a, usec_t at, StoredText *ret) {
        char from[24];

        (void) snprintf(from, sizeof(from), "%lld", (long long) (at > 0 ? at / USEC_PER_MSEC + 1 : 0));
        return records_find(s, a, "XRANGE", from, "+", ret);
}

usec_t record_name_time(const char *name) {
        int64_t ms = 0;

        return text_to_int(name, strcspn(name, "-"), 0, bound_of(BOUND_TIME) / USEC_PER_MSEC, &ms) < 0
                       ? 0
                       : ms * USEC_PER_MSEC;
}

int store_get_records(Store *s, Arena *a, uint32_t most, StoredText **ret, uint32_t *ret_n) {
        return stream_read(s, a, KEY_RECORDS, most, ret, ret_n);
}
