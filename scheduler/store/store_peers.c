/* SPDX-License-Identifier: Apache-2.0 */
/* Peers: where agents reach each other for the echo that measures the distance between their hosts.
 *
 * A host's partners are its neighbours in the ring of all names at distances ±1, ±2, ±4 … so that a host has
 * at most 2 log₂ n of them, however many hosts there are, and any two hosts have a common one or are few
 * steps apart (the fingers of Chord: Stoica et al., SIGCOMM 2001). Clusters of at most `most` other hosts are
 * measured whole. Computed by the server, where the ring is: an agent of 10,000 never reads 10,000 names.
 *
 * An agent says where its echo is in a key of its own; the service makes the ring of these. The partners are read by a
 * script that may write nothing (EVAL_RO). */
#include <errno.h>
#include <string.h>

#include "scheduler/base/secret.h"
#include "scheduler/store/store_script.h"
#include "scheduler/store/store_unread.h"

#define PEER_EXPIRY      (600 * USEC_PER_SEC) /* an agent says it each minute */
#define PEER_ADDRESS_MAX 64

static const char partners_script[] =
        "local n, me = redis.call('ZCARD', KEYS[1]), redis.call('ZRANK', KEYS[1], ARGV[1])\n"
        "if not me then return {} end\n"
        "local most, names, seen = tonumber(ARGV[2]), {}, {}\n"
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

int store_put_peer(Store *s, const char *host, const char *address) {
        return store_put_host_text(s, KEY_PEER, host, (StoredText){ .text = address, .n = strlen(address) },
                                   PEER_EXPIRY);
}

int store_get_partners(Store *s, Arena *a, const char *host, uint32_t most, StoredText **ret,
                       uint32_t *ret_n) {
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
        script_add(s, &c, partners_script, keys, ARRAY_SIZE(keys), &buf);
        c.words[0] = "EVAL_RO";
        c.lengths[0] = strlen("EVAL_RO");
        command_text(&c, host);
        command_number(&c, limit, most);
        k = redis_call(&s->redis, &c, &reply);
        if (k == 0)
                k = reply_pairs(reply, a, &s->drops, ret, ret_n);
        return store_end(s, k, "EVAL_RO (partners)");
}

/* All at once: an agent that reads meanwhile finds the old ring or the new one. One that is as it should be is not written
 * again: of thousands of hosts that would be a megabyte each minute, on disk and to each replica. */
static const char ring_script[] = SCRIPT_FENCE
        "local old, inside, n, same = {}, {}, 0, true\n"
        "local flat, ring = redis.call('HGETALL', KEYS[2]), redis.call('ZRANGE', KEYS[3], 0, -1)\n"
        "for i = 1, #flat, 2 do old[flat[i]] = flat[i + 1] end\n"
        "for i = 1, #ring do inside[ring[i]] = true end\n"
        "for host, at in string.gmatch(ARGV[2], '([^\\n]+)\\n([^\\n]*)\\n') do\n"
        "  n = n + 1\n"
        "  same = same and old[host] == at and inside[host]\n"
        "end\n"
        "if same and n == #flat / 2 and n == #ring then return 0 end\n"
        "redis.call('DEL', KEYS[2], KEYS[3])\n"
        "for host, at in string.gmatch(ARGV[2], '([^\\n]+)\\n([^\\n]*)\\n') do\n"
        "  redis.call('HSET', KEYS[2], host, at)\n"
        "  redis.call('ZADD', KEYS[3], 0, host)\n"
        "end\n"
        "return 0\n";

/* "host\naddress\n" of each; an address that is none is left out. */
static const char *ring_print(Arena *a, const StoredText *peers, uint32_t n, size_t *ret_n) {
        size_t size = 1, at = 0;
        char *text;

        for (uint32_t i = 0; i < n; i++)
                size += strlen(peers[i].name) + PEER_ADDRESS_MAX + 2;
        text = arena_new(a, char, size);
        for (uint32_t i = 0; text && i < n; i++) {
                const size_t name = strlen(peers[i].name);

                if (peers[i].n == 0 || peers[i].n > PEER_ADDRESS_MAX ||
                    !text_is_name(peers[i].text, peers[i].n))
                        continue;
                memcpy(text + at, peers[i].name, name);
                text[at + name] = '\n';
                memcpy(text + at + name + 1, peers[i].text, peers[i].n);
                at += name + peers[i].n + 2;
                text[at - 1] = '\n';
        }
        *ret_n = at;
        return text;
}

int store_make_ring(Store *s, Arena *a, uint64_t token, const char *const *hosts, uint32_t n_hosts) {
        const ArenaMark mark = arena_mark(a);
        StoredText *peers = NULL;
        const char *text;
        uint32_t n = 0;
        size_t size = 0;
        int k = store_get_host_texts(s, a, KEY_PEER, hosts, n_hosts, &peers, &n);

        if (k < 0)
                return k;
        text = ring_print(a, peers, n, &size);
        k = text ? script_write(s, &(ScriptWrite){ .script = ring_script,
                                                   .what = "ring of peers",
                                                   .fenced = true,
                                                   .token = token,
                                                   .keys = { KEY_PEERS, KEY_RING },
                                                   .n_keys = 2,
                                                   .words = { SCRIPT_TEXT(text, size) },
                                                   .n_words = 1 })
                 : -ENOMEM;
        arena_rewind(a, mark);
        return k;
}

/* One that is none of ours is a secret that anybody may have chosen. */
static int store_damaged_echo_key(Store *s, bool *ret) {
        char memory[4096];
        Arena a = arena_over(memory, sizeof(memory));
        const char *text = NULL;
        size_t n = 0;
        int k = store_get_echo_key(s, &a, &text, &n);

        *ret = k == -ENOMEM || (k == 0 && !secret_is(text, n)); /* too long to be one */
        if (*ret)
                store_unread_add(s, KEY_ECHO, NULL, "there is a new one");
        explicit_bzero(memory, sizeof(memory));
        return k == 1 || k == -ENOMEM ? 0 : k;
}

int store_make_echo_key(Store *s) {
        owned(reply_free) redisReply *reply = NULL;
        char key[KEY_SIZE], fresh[SECRET_HEX];
        bool damaged = false;
        Command c = { 0 };
        int k = store_begin(s);

        if (k == 0)
                k = store_damaged_echo_key(s, &damaged);
        if (k == 0 && secret_make(fresh) < 0)
                k = redis_fail(&s->redis, -EAGAIN, "no random bytes for the echo's key");
        if (k < 0)
                return k;
        command_text(&c, "SET");
        command_text(&c, key_print(key, s->cluster, KEY_ECHO, NULL));
        command_text(&c, fresh);
        if (!damaged)
                command_text(&c, "NX");
        k = redis_call(&s->redis, &c, &reply); /* nil: there is one already */
        explicit_bzero(fresh, sizeof(fresh));
        return store_end(s, k, "SET of the echo's key");
}

int store_get_echo_key(Store *s, Arena *a, const char **ret, size_t *ret_n) {
        return store_read_text(s, a, KEY_ECHO, NULL, "GET of the echo's key", ret, ret_n);
}
