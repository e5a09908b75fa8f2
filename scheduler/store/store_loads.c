/* SPDX-License-Identifier: Apache-2.0 */
/* How hosts were loaded: of each a ring of points, "SLOT POINTS", of which the last is of that slot. The server appends, so
 * that no leader has to know what the one before it wrote. */
#include <stdio.h>
#include <string.h>

#include "scheduler/store/store_script.h"

/* Of two leaders in one slot the first counts. What was not written in between is filled with what is not known; where a clock went
 * back, or points were of another width, it begins again. */
static const char loads_script[] =
        SCRIPT_FENCE "local slot, most = tonumber(ARGV[2]), tonumber(ARGV[3])\n"
                     "for point, host in string.gmatch(ARGV[4], '(%S+) ([^\\n]+)\\n') do\n"
                     "  local is = redis.call('HGET', KEYS[2], host) or ''\n"
                     "  local at, points = string.match(is, '^(%d+) (%S*)$')\n"
                     "  at = tonumber(at or '0')\n"
                     "  if at ~= slot then\n"
                     "    if at > slot or slot - at > most or #points % #point ~= 0 then points = ''\n"
                     "    else points = points .. string.rep('-', (slot - at - 1) * #point) end\n"
                     "    points = string.sub(points .. point, -most * #point)\n"
                     "    redis.call('HSET', KEYS[2], host, ARGV[2] .. ' ' .. points)\n"
                     "  end\n"
                     "end\n"
                     "return 0\n";

int store_keep_loads(Store *s, uint64_t token, int64_t slot, uint32_t most, const char *lines, size_t n) {
        char at[24], length[24];

        (void) snprintf(at, sizeof(at), "%lld", (long long) slot);
        (void) snprintf(length, sizeof(length), "%u", most);
        return script_write(
                s, &(ScriptWrite){ .script = loads_script,
                                   .what = "loads",
                                   .fenced = true,
                                   .token = token,
                                   .keys = { KEY_LOADS },
                                   .n_keys = 1,
                                   .words = { SCRIPT_TEXT(at, strlen(at)),
                                              SCRIPT_TEXT(length, strlen(length)), SCRIPT_TEXT(lines, n) },
                                   .n_words = 3 });
}

int store_get_loads(Store *s, Arena *a, StoredText **ret, uint32_t *ret_n) {
        return store_read_hash(s, a, KEY_LOADS, ret, ret_n);
}

int store_get_load(Store *s, Arena *a, const char *host, const char **ret, size_t *ret_n) {
        owned(reply_free) redisReply *reply = NULL;
        char key[KEY_SIZE];
        Command c = { 0 };
        int k = store_check_name(s, "host", host);

        if (k == 0)
                k = store_begin(s);
        if (k < 0)
                return k;
        command_text(&c, "HGET");
        command_text(&c, key_print(key, s->cluster, KEY_LOADS, NULL));
        command_text(&c, host);
        k = redis_call(&s->redis, &c, &reply);
        if (k == 0)
                k = reply_text(reply, a, ret, ret_n);
        return store_end(s, k, "HGET");
}
