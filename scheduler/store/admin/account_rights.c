/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/store/admin/account_rights.h"

#include <errno.h>
#include <string.h>

#include "scheduler/store/store_object.h"

#define NOBODYS   "store-check" /* a part, a cluster, a key that no one has */
#define SAID_MOST 4             /* in words; the others are counted */

enum { ASKED_MOST = COMMAND_WORDS - 3 };

static const char rights_script[] =
        "local said = {}\n"
        "for i, line in ipairs(ARGV) do\n"
        "  local words = {}\n"
        "  for word in string.gmatch(line, '[^\\n]+') do words[#words + 1] = word end\n"
        "  local known, may = pcall(redis.acl_check_cmd, unpack(words))\n"
        "  said[i] = known and (may and 1 or 0) or -1\n"
        "end\n"
        "return said\n";

/* The words that a command needs to be one; K: a key. */
static const char *const sample_commands[] = {
        "auth\nx",
        "ping",
        "select\n0",
        "exists\nK",
        "readonly",
        "role",
        "get\nK",
        "set\nK\nx",
        "incr\nK",
        "eval_ro\nreturn 0\n1\nK",
        "zcard\nK",
        "zrank\nK\nx",
        "zrange\nK\n0\n1",
        "hmget\nK\nx",
        "getrange\nK\n0\n1",
        "smembers\nK",
        "scan\n0",
        "hget\nK\nx",
        "hgetall\nK",
        "xrevrange\nK\n+\n-",
        "info",
        "cluster|slots",
        "time",
        "pttl\nK",
        "wait\n0\n1",
        "del\nK",
        "hset\nK\nx\ny",
        "hsetnx\nK\nx\ny",
        "hdel\nK\nx",
        "hexists\nK\nx",
        "xadd\nK\n*\nx\ny",
        "eval\nreturn 0\n1\nK",
        "incrby\nK\n1",
        "decrby\nK\n1",
        "pexpire\nK\n1",
        "sadd\nK\nx",
        "srem\nK\nx",
        "zadd\nK\n0\nx",
        "zrem\nK\nx",
        "xdel\nK\n0-1",
        "xlen\nK",
        "xrange\nK\n-\n+",
        "xtrim\nK\nmaxlen\n1",
        "multi",
        "exec",
        "watch\nK",
        "unwatch",
};

/* What no role needs, and who may it can do harm, or read what is others'. */
static const char *const never_commands[] = {
        "flushall", "flushdb",         "keys\n*",      "config\nset\nsave\nx",   "acl\nsetuser\nx",
        "shutdown", "replicaof\nh\n1", "module\nlist", "debug\nsleep\n0",        "script\nflush",
        "save",     "monitor",         "swapdb\n0\n1", "migrate\nh\n1\nk\n0\n1",
};

typedef struct RightList {
        Arena *arena;
        RightAsked at[ASKED_MOST];
        uint32_t n;
        bool full; /* no memory */
} RightList;

static void rights_add(RightList *l, bool wanted, const char *command, const char *what) {
        assert(l->n < ASKED_MOST);
        l->full = l->full || !command || !what;
        l->at[l->n++] = (RightAsked){ .command = command, .what = what, .wanted = wanted };
}

/* `sample` with `key` for its K. */
static const char *rights_command(Arena *a, const char *sample, const char *key) {
        const char *at = strstr(sample, "\nK");

        return at ? text_format(a, "%.*s\n%s%s", (int) (at - sample), sample, key, at + 2)
                  : text_format(a, "%s", sample);
}

/* ---- commands ---- */

/* Is "+name" one of the role's words? */
static bool rights_has(const char *commands, const char *name, size_t n) {
        for (const char *at = commands; (at = strchr(at, '+')); at++)
                if (strncmp(at + 1, name, n) == 0 && (at[1 + n] == ' ' || at[1 + n] == '\0'))
                        return true;
        return false;
}

static void rights_add_commands(RightList *l, const StoreAccount *account, const char *key) {
        const char *commands = store_account_commands(account->role);

        for (size_t i = 0; i < ARRAY_SIZE(sample_commands); i++) {
                const char *sample = sample_commands[i];
                const size_t n = strcspn(sample, "\n");
                const char *bar = memchr(sample, '|', n);
                const char *text =
                        bar ? text_format(l->arena, "%.*s\n%s", (int) (bar - sample), sample, bar + 1)
                            : rights_command(l->arena, sample, key);

                if (strncmp(sample, "auth", 4) != 0) /* who is logged in has sent it */
                        rights_add(l, rights_has(commands, sample, n), text,
                                   text_format(l->arena, "%.*s", (int) n, sample));
        }
        for (size_t i = 0; i < ARRAY_SIZE(never_commands); i++) {
                const char *words = never_commands[i];

                rights_add(l, false, text_format(l->arena, "%s", words),
                           text_format(l->arena, "%.*s", (int) strcspn(words, "\n"), words));
        }
}

/* ---- keys ---- */

static void rights_add_key(RightList *l, StoreRight right, const char *key) {
        Arena *a = l->arena;

        rights_add(l, right != RIGHT_NONE, text_format(a, "get\n%s", key), text_format(a, "read %s", key));
        rights_add(l, right == RIGHT_ALL, text_format(a, "set\n%s\nx", key), text_format(a, "write %s", key));
}

static void rights_add_keys(RightList *l, const StoreAccount *account) {
        const bool agent = account->role == ROLE_AGENT;
        char key[KEY_SIZE];

        for (int k = 0; k < KEY_N; k++) {
                const char *part = store_key_defs[k].part;
                const StoreRight right = store_account_right((StoreKey) k, account->role);

                rights_add_key(l, right,
                               key_print(key, account->cluster, (StoreKey) k,
                                         !*part  ? NULL
                                         : agent ? account->host
                                                 : NOBODYS));
        }
        if (agent) /* another host's */
                rights_add_key(l, RIGHT_NONE, key_print(key, account->cluster, KEY_REPORT, NOBODYS));
        rights_add_key(l, RIGHT_NONE, key_print(key, NOBODYS, KEY_MARKS, NULL));
        rights_add_key(l, RIGHT_NONE, NOBODYS);
}

/* A key that the role may do with what its commands do. */
static StoreKey rights_key(enum StoreRole role) {
        for (int k = 0; k < KEY_N; k++)
                if (store_account_right((StoreKey) k, role) == RIGHT_ALL)
                        return (StoreKey) k;
        return KEY_HOSTS;
}

int account_rights_list(Arena *a, const StoreAccount *account, RightAsked **ret, uint32_t *ret_n) {
        const StoreKey sample = rights_key(account->role);
        RightList *l = arena_new(a, RightList, 1);
        char key[KEY_SIZE];

        if (!l)
                return -ENOMEM;
        l->arena = a;
        rights_add_commands(l, account,
                            key_print(key, account->cluster, sample,
                                      !store_key_defs[sample].part[0] ? NULL
                                      : account->host                 ? account->host
                                                                      : NOBODYS));
        rights_add_keys(l, account);
        *ret = l->at;
        *ret_n = l->n;
        return l->full ? -ENOMEM : 0;
}

/* ---- the answer ---- */

/* Those of `what` that are so: "a, b, c, d and 3 more". */
typedef struct RightWords {
        const char *text;
        unsigned n;
} RightWords;

static void rights_say(Arena *a, RightWords *words, const char *what) {
        if (words->text && words->n < SAID_MOST)
                words->text = text_format(a, "%s%s%s", words->text, words->n > 0 ? ", " : "", what);
        words->n++;
}

static const char *rights_said(Arena *a, const RightWords *words) {
        if (!words->text || words->n <= SAID_MOST)
                return words->text;
        return text_format(a, "%s and %u more", words->text, words->n - SAID_MOST);
}

static int rights_take(Arena *a, const redisReply *reply, const RightAsked *asked, uint32_t n,
                       ServerFacts *f) {
        RightWords may_not = { .text = "" }, too_much = { .text = "" };

        if (reply->type != REDIS_REPLY_ARRAY || reply->elements != n)
                return -EPROTO;
        for (uint32_t i = 0; i < n; i++) {
                const redisReply *one = reply->element[i];

                if (one->type != REDIS_REPLY_INTEGER)
                        return -EPROTO;
                if (one->integer == 0 && asked[i].wanted)
                        rights_say(a, &may_not, asked[i].what);
                if (one->integer == 1 && !asked[i].wanted)
                        rights_say(a, &too_much, asked[i].what);
        }
        f->may_not = rights_said(a, &may_not);
        f->may_too_much = rights_said(a, &too_much);
        f->rights_known = true;
        return f->may_not && f->may_too_much ? 0 : -ENOMEM;
}

/* By EVAL_RO, or EVAL where the account may not: either asks only. */
static int rights_ask(Store *s, const RightAsked *asked, uint32_t n, bool writes, redisReply **ret) {
        Command c = { 0 };

        command_text(&c, writes ? "EVAL" : "EVAL_RO");
        command_text(&c, rights_script);
        command_text(&c, "0");
        for (uint32_t i = 0; i < n; i++)
                command_text(&c, asked[i].command);
        return redis_call(&s->redis, &c, ret);
}

int account_rights_read(Store *s, Arena *a, const StoreAccount *account, ServerFacts *f) {
        owned(reply_free) redisReply *reply = NULL;
        RightAsked *asked = NULL;
        uint32_t n = 0;
        int k = account_rights_list(a, account, &asked, &n);

        for (int writes = 0; k == 0 && !reply && writes < 2; writes++) {
                k = rights_ask(s, asked, n, writes, &reply);
                if (k < 0 && s->redis.fd >= 0 && k != -ENOMEM)
                        k = 0; /* it may not, or the server knows no such script: not known */
        }
        return k == 0 && reply ? rights_take(a, reply, asked, n, f) : k;
}
