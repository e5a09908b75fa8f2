/* SPDX-License-Identifier: Apache-2.0 */
/* Marks: one hash, host → what an operator said of it.
 *
 * A mark that is taken back leaves "-TIME BY" (µs by the server's clock; who did it, where that is known), which is no mark: so a service that remembers a mark
 * tells one that was taken back from one that the store has lost (store_memory.h). After 30 days the line has done its
 * time: the next change of a mark removes it. */
#include <string.h>

#include "scheduler/store/store_memory_parts.h"
#include "scheduler/store/store_script.h"

/* What was there must still be there: of two operators at once one is told. The call wakes the leader. */
static const char marks_change_script[] =
        "local now = redis.call('TIME')\n"
        "now = now[1] * 1000000 + now[2]\n"
        "local is = redis.call('HGET', KEYS[1], ARGV[1]) or ''\n"
        "if string.sub(is, 1, 1) == '-' then is = '' end\n"
        "if ARGV[4] ~= '' and is ~= ARGV[2] then return 1 end\n"
        "local back = ARGV[3] == '' or string.sub(ARGV[3], 1, 1) == '-'\n"
        "if not back then redis.call('HSET', KEYS[1], ARGV[1], ARGV[3])\n"
        "elseif is ~= '' then redis.call('HSET', KEYS[1], ARGV[1],\n"
        "  string.format('-%.0f', now) .. (ARGV[3] ~= '' and ' ' .. string.sub(ARGV[3], 2) or '')) end\n"
        "local all = redis.call('HGETALL', KEYS[1])\n"
        "for i = 1, #all, 2 do\n"
        "  local gone = string.match(all[i + 1], '^-(%d+)')\n"
        "  if gone and now - tonumber(gone) > 30 * 86400000000 then redis.call('HDEL', KEYS[1], all[i]) end\n"
        "end\n"
        "if ARGV[4] ~= '' then\n" SCRIPT_COUNT("KEYS[2]") "end\n"
                                                          "return 0\n";

static int marks_change(Store *s, const char *host, const char *was, const char *is) {
        int k = store_check_name(s, "host", host);

        return k < 0 ? k
                     : script_write(s, &(ScriptWrite){
                                               .script = marks_change_script,
                                               .what = "change a mark",
                                               .keys = { KEY_MARKS, KEY_CALL },
                                               .n_keys = 2,
                                               .words = { SCRIPT_TEXT(host, strlen(host)),
                                                          SCRIPT_TEXT(was ? was : "", was ? strlen(was) : 0),
                                                          SCRIPT_TEXT(is, strlen(is)),
                                                          SCRIPT_TEXT("if", was ? 2 : 0) },
                                               .n_words = 4 });
}

/* ["master", offset, [a replica each]] */
static int64_t marks_replicas(Store *s) {
        owned(reply_free) redisReply *reply = NULL;
        Command c = { 0 };

        command_text(&c, "ROLE");
        if (redis_call(&s->redis, &c, &reply) < 0 || reply->type != REDIS_REPLY_ARRAY ||
            reply->elements < 3 || reply->element[2]->type != REDIS_REPLY_ARRAY)
                return 0;
        return (int64_t) reply->element[2]->elements;
}

/* With replicas to fail over to: they have the mark, too, before the operator is told (redis.io, WAIT), or have had their
 * second. All of them, since a sentinel may promote any. That is no guarantee; and what a service has read meanwhile it
 * remembers. */
static void marks_replicate(Store *s) {
        owned(reply_free) redisReply *reply = NULL;
        Command c = { 0 };
        char count[24];
        int64_t n;

        if (!s->redis.find || store_begin(s) < 0)
                return;
        n = marks_replicas(s);
        if (n == 0)
                return;
        command_text(&c, "WAIT");
        command_number(&c, count, n);
        command_text(&c, "1000");
        (void) !redis_call(&s->redis, &c, &reply);
}

int store_set_mark(Store *s, const char *host, const char *state) {
        return marks_change(s, host, NULL, state);
}

int store_change_mark(Store *s, const char *host, const char *was, const char *is) {
        int k = marks_change(s, host, was, is);

        if (k == 0)
                marks_replicate(s);
        return k;
}

bool mark_is_gone(const char *text, size_t n) {
        return n > 0 && text[0] == '-';
}

static int marks_get(Store *s, Arena *a, bool gone, StoredText **ret, uint32_t *ret_n) {
        uint32_t n = 0, kept = 0;
        int r = store_read_hash(s, a, KEY_MARKS, ret, &n);

        for (uint32_t i = 0; r == 0 && i < n; i++)
                if (mark_is_gone((*ret)[i].text, (*ret)[i].n) == gone)
                        (*ret)[kept++] = (*ret)[i];
        if (r == 0)
                *ret_n = kept;
        return r;
}

int store_get_marks(Store *s, Arena *a, StoredText **ret, uint32_t *ret_n) {
        return marks_get(s, a, false, ret, ret_n);
}

int store_get_marks_gone(Store *s, Arena *a, StoredText **ret, uint32_t *ret_n) {
        return marks_get(s, a, true, ret, ret_n);
}
