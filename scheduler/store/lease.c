/* SPDX-License-Identifier: Apache-2.0 */
/* The lease: "TOKEN HOLDER" in one key that expires. Taking and renewing are one script each, so that two
 * leaders cannot both find it free.
 *
 * The token of a new holder is the server's time in milliseconds, or one more than the newest token if that
 * is larger: it grows also when the server has lost what it knew (no persistence, a failover to a replica
 * that was behind); a mere counter would give the old leader's number a second time.
 *
 * What anybody else may have written there heals by itself, and is told (StoreHealed), never at the price of
 * two leaders:
 *   no expiry, or one longer than any lease   it gets one of a lease: who really leads renews well within that
 *   a text that names no holder               stays for as long, since until then who led believes to lead
 *   a token that is not its holder's          its holder gets a new one, which no other leader was given: what
 *                                             was begun under the old one is over (leadership.c)
 *   a token that cannot be counted on         the next is the server's time again. Fences compare for equality,
 *                                             and time has not been before.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "scheduler/store/store_script.h"

/* Longer than any lease may be set (service.lease: ten minutes). */
#define LEASE_LONGEST (660 * USEC_PER_SEC)

/* Lua counts exactly up to 2^53; the time has 13 digits until the year 2286, so that a raised token is gone on from
 * for as many leaders as there will ever be. */
#define TOKEN_DIGITS "15"

/* clang-format off: one line of Lua a line */
static const char lease_script[] =
        "local healed = 0\n"
        "local function heal(what) if math.floor(healed / what) % 2 == 0 then healed = healed + what end end\n"
        "local function text_of(key)\n" /* false: none, or of another type, which a table says */
        "  local t = redis.pcall('GET', key)\n"
        "  if type(t) == 'table' then return '' end\n"
        "  return t\n"
        "end\n"
        "local function number_of(t)\n"
        "  return t and #t <= " TOKEN_DIGITS " and string.match(t, '^[1-9]%d*$') and tonumber(t)\n"
        "end\n"
        "local lease, newest = text_of(KEYS[1]), text_of(KEYS[2])\n"
        "local last, mine = number_of(newest), 0\n"
        "if lease then\n"
        "  local token, holder = string.match(lease, '^(%d+) ([^%c]+)$')\n"
        "  if holder ~= ARGV[1] then\n"
        "    if not holder or not number_of(token) or #holder > 255 then\n"
        "      heal(2)\n"
        "      token, holder = '0', ''\n"
        "    end\n"
        "    local left = redis.call('PTTL', KEYS[1])\n"
        "    if left < 0 or left > tonumber(ARGV[3]) then\n"
        "      heal(1)\n"
        "      redis.call('PEXPIRE', KEYS[1], ARGV[2])\n"
        "    end\n"
        "    return {1, token, holder, healed}\n"
        "  end\n"
        "  if last and token == newest then\n"
        "    redis.call('PEXPIRE', KEYS[1], ARGV[2])\n"
        "    return {0, token, holder, healed}\n"
        "  end\n"
        "  heal(4)\n"
        "  mine = number_of(token) or 0\n"
        "end\n"
        "if newest and not last then heal(4) end\n" /* SET replaces it, of whatever type it is */
        "local now = redis.call('TIME')\n"
        "now = now[1] * 1000 + math.floor(now[2] / 1000)\n"
        "local token = math.max(now, (last or 0) + 1, mine + 1)\n"
        "if not number_of(string.format('%.0f', token)) then\n"
        "  heal(4)\n"
        "  token = now\n"
        "end\n"
        "token = string.format('%.0f', token)\n" /* tostring() would round at 14 digits */
        "redis.call('SET', KEYS[2], token)\n"
        "redis.call('SET', KEYS[1], token .. ' ' .. ARGV[1], 'PX', ARGV[2])\n"
        "return {0, token, ARGV[1], healed}\n";
/* clang-format on */

static const char release_script[] = "local lease = redis.pcall('GET', KEYS[1])\n"
                                     "if type(lease) == 'string' and\n"
                                     "   string.match(lease, '^%d+ (.*)$') == ARGV[1] then\n"
                                     "  return redis.call('DEL', KEYS[1])\n"
                                     "end\n"
                                     "return 0\n";

/* Runs a script of the lease for `self`, with `ttl` unless it is 0. */
static int lease_call(Store *s, const char *script, const StoreKey *keys, int n, const char *self, usec_t ttl,
                      redisReply **ret) {
        char ms[24], longest[24];
        ScriptKeys buf;
        Command c = { 0 };
        int k = store_check_name(s, "leader", self);

        if (k == 0)
                k = store_begin(s);
        if (k < 0)
                return k;
        script_add(s, &c, script, keys, n, &buf);
        command_text(&c, self);
        if (ttl > 0) {
                command_number(&c, ms, store_ms(ttl));
                command_number(&c, longest, store_ms(LEASE_LONGEST));
        }
        return redis_call(&s->redis, &c, ret);
}

int store_lease(Store *s, const char *self, usec_t ttl, uint64_t *ret_token, char *ret_holder,
                size_t holder_size) {
        static const StoreKey keys[] = { KEY_LEASE, KEY_TOKEN };
        owned(reply_free) redisReply *reply = NULL;
        LeaseReply lease = { .healed = 0 };
        int k = lease_call(s, lease_script, keys, ARRAY_SIZE(keys), self, ttl > 0 ? ttl : 1, &reply);

        if (k == 0)
                k = reply_lease(reply, &lease);
        s->healed = lease.healed;
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

unsigned store_lease_healed(const Store *s) {
        return s->healed;
}

int store_get_lease(Store *s, StoreLease *ret) {
        owned(reply_free) redisReply *text = NULL;
        StoreLease lease = { .holder = "" };
        char key[KEY_SIZE];
        const char *blank;
        Command c = { 0 };
        int k = store_begin(s);

        if (k < 0)
                return k;
        command_text(&c, "GET");
        command_text(&c, key_print(key, s->cluster, KEY_LEASE, NULL));
        k = redis_call(&s->redis, &c, &text);
        if (k == 0 && text->type == REDIS_REPLY_NIL)
                return 1;
        if (k < 0 && k != -EPROTO && k != -EMEDIUMTYPE)
                return store_end(s, k, "GET");
        blank = k == 0 && text->type == REDIS_REPLY_STRING ? memchr(text->str, ' ', text->len) : NULL;
        if (blank && text_is_name(blank + 1, text->len - (size_t) (blank + 1 - text->str)))
                (void) snprintf(lease.holder, sizeof(lease.holder), "%s", blank + 1);
        *ret = lease;
        return 0;
}
