/* SPDX-License-Identifier: Apache-2.0 */
/* The lease: "TOKEN HOLDER" in one key that expires. Taking and renewing are one script each, so that two
 * leaders cannot both find it free.
 *
 * The token of a new holder is the server's time in milliseconds, or one more than the newest token if that
 * is larger: it grows also when the server has lost what it knew (no persistence, a failover to a replica
 * that was behind); a mere counter would give the old leader's number a second time.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "scheduler/store/store_script.h"

static const char lease_script[] =
        "local lease = redis.call('GET', KEYS[1])\n"
        "if lease then\n"
        "  local token, holder = string.match(lease, '^(%d+) (.*)$')\n"
        "  if holder ~= ARGV[1] then return {1, token, holder} end\n"
        "  redis.call('PEXPIRE', KEYS[1], ARGV[2])\n"
        "  return {0, token, holder}\n"
        "end\n"
        "local now = redis.call('TIME')\n"
        "local token = now[1] * 1000 + math.floor(now[2] / 1000)\n"
        "local last = tonumber(redis.call('GET', KEYS[2]) or '0')\n"
        "if token <= last then token = last + 1 end\n"
        "token = string.format('%.0f', token)\n" /* exact to 2^53; tostring() would round at 14 digits */
        "redis.call('SET', KEYS[2], token)\n"
        "redis.call('SET', KEYS[1], token .. ' ' .. ARGV[1], 'PX', ARGV[2])\n"
        "return {0, token, ARGV[1]}\n";

static const char release_script[] = "local lease = redis.call('GET', KEYS[1])\n"
                                     "if lease and string.match(lease, '^%d+ (.*)$') == ARGV[1] then\n"
                                     "  return redis.call('DEL', KEYS[1])\n"
                                     "end\n"
                                     "return 0\n";

/* Runs a script of the lease for `self`, with `ttl` unless it is 0. */
static int lease_call(Store *s, const char *script, const StoreKey *keys, int n, const char *self, usec_t ttl,
                      redisReply **ret) {
        char ms[24];
        ScriptKeys buf;
        Command c = { 0 };
        int k = store_check_name(s, "leader", self);

        if (k == 0)
                k = store_begin(s);
        if (k < 0)
                return k;
        script_add(s, &c, script, keys, n, &buf);
        command_text(&c, self);
        if (ttl > 0)
                command_number(&c, ms, store_ms(ttl));
        return redis_call(&s->redis, &c, ret);
}

int store_lease(Store *s, const char *self, usec_t ttl, uint64_t *ret_token, char *ret_holder,
                size_t holder_size) {
        static const StoreKey keys[] = { KEY_LEASE, KEY_TOKEN };
        owned(reply_free) redisReply *reply = NULL;
        LeaseReply lease = { .ours = false };
        int k = lease_call(s, lease_script, keys, ARRAY_SIZE(keys), self, ttl > 0 ? ttl : 1, &reply);

        if (k == 0)
                k = reply_lease(reply, &lease);
        if (k < 0)
                return store_end(s, k, "EVAL (lease)");
        if (lease.ours) {
                *ret_token = lease.token;
                return 0;
        }
        if (holder_size > 0)
                (void) snprintf(ret_holder, holder_size, "%s", lease.holder);
        return 1;
}

int store_release(Store *s, const char *self) {
        static const StoreKey keys[] = { KEY_LEASE };
        owned(reply_free) redisReply *reply = NULL;
        int64_t released = 0;
        int k = lease_call(s, release_script, keys, ARRAY_SIZE(keys), self, 0, &reply);

        if (k == 0)
                k = reply_number(reply, 0, &released);
        return store_end(s, k, "EVAL (release)");
}
