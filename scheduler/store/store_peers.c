/* SPDX-License-Identifier: Apache-2.0 */
/* Peers: where agents reach each other for the echo that measures the distance between their hosts.
 *
 * A host's partners are its neighbours in the ring of all names at distances ±1, ±2, ±4 … so that a host has
 * at most 2 log₂ n of them, however many hosts there are, and any two hosts have a common one or are few
 * steps apart (the fingers of Chord: Stoica et al., SIGCOMM 2001). Clusters of at most `most` other hosts are
 * measured whole. Computed by the server, where the ring is: an agent of 10,000 never reads 10,000 names. */
#include <errno.h>
#include <string.h>

#include "scheduler/store/store_script.h"

static const char meet_script[] =
        "redis.call('HSET', KEYS[2], ARGV[1], ARGV[2])\n"
        "redis.call('ZADD', KEYS[1], 0, ARGV[1])\n"
        "local n, me = redis.call('ZCARD', KEYS[1]), redis.call('ZRANK', KEYS[1], ARGV[1])\n"
        "local most, names, seen = tonumber(ARGV[3]), {}, {}\n"
        "local function add(rank)\n"
        "  if rank ~= me and not seen[rank] and #names < most then\n"
        "    seen[rank] = true\n"
        "    names[#names + 1] = redis.call('ZRANGE', KEYS[1], rank, rank)[1]\n"
        "  end\n"
        "end\n"
        "if n - 1 <= most then for rank = 0, n - 1 do add(rank) end\n"
        "else\n"
        "  local step = 1\n"
        "  while step < n do add((me + step) % n); add((me - step) % n); step = step * 2 end\n"
        "end\n"
        "local all = {}\n"
        "if #names > 0 then\n"
        "  local at = redis.call('HMGET', KEYS[2], unpack(names))\n"
        "  for i = 1, #names do if at[i] then all[#all + 1] = names[i]; all[#all + 1] = at[i] end end\n"
        "end\n"
        "return all\n";

int store_meet_peers(Store *s, Arena *a, const char *host, const char *address, uint32_t most,
                     StoredText **ret, uint32_t *ret_n) {
        static const StoreKey keys[] = { KEY_RING, KEY_PEERS };
        owned(reply_free) redisReply *reply = NULL;
        ScriptKeys buf;
        Command c = { 0 };
        char limit[24];
        int k = store_check_name(s, "host", host);

        if (k == 0)
                k = store_begin(s);
        if (k < 0)
                return k;
        script_add(s, &c, meet_script, keys, ARRAY_SIZE(keys), &buf);
        command_text(&c, host);
        command_text(&c, address);
        command_number(&c, limit, most);
        k = redis_call(&s->redis, &c, &reply);
        if (k == 0)
                k = reply_pairs(reply, a, ret, ret_n);
        return store_end(s, k, "EVAL (meet peers)");
}

int store_share_key(Store *s, Arena *a, const char *fresh, const char **ret, size_t *ret_n) {
        owned(reply_free) redisReply *set = NULL, *got = NULL;
        char key[KEY_SIZE];
        Command put = { 0 }, get = { 0 };
        int k = store_begin(s);

        if (k < 0)
                return k;
        (void) key_print(key, s->cluster, KEY_ECHO, NULL);
        command_text(&put, "SET");
        command_text(&put, key);
        command_text(&put, fresh);
        command_text(&put, "NX");
        k = redis_call(&s->redis, &put, &set); /* nil: there is one already */
        if (k == 0) {
                command_text(&get, "GET");
                command_text(&get, key);
                k = redis_call(&s->redis, &get, &got);
        }
        if (k == 0)
                k = reply_text(got, a, ret, ret_n);
        return store_end(s, k == 1 ? -EAGAIN : k, "SET and GET of the echo's key");
}
