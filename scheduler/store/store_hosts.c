/* SPDX-License-Identifier: Apache-2.0 */
/* Which hosts there are. An agent writes keys of its own host only, so it can't put its name on a list: the set `hosts` is
 * kept by the service, from the reports that it finds by their keys; who only reads looks for them, too. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "scheduler/base/compare.h"
#include "scheduler/store/store_script.h"

/* From one look to the next. Hosts seldom come alone: after one came a second, then twice as long each time. */
#define SEEN_AGAIN USEC_PER_SEC
#define SEEN_EVERY (60 * USEC_PER_SEC)
#define SEEN_NONE  (5 * USEC_PER_SEC) /* at most, while there are none: a service is there before its agents */
#define SEEN_FIRST 64                 /* so many at first, then twice as many */

typedef struct SeenHosts {
        const char *prefix; /* of the key of a report */
        Drops *drops;
        char **names;
        uint32_t n, room;
} SeenHosts;

static int seen_take(void *arg, const redisReply *key) {
        SeenHosts *x = arg;
        const size_t skip = strlen(x->prefix);
        char *name;

        if (key->len < skip || memcmp(key->str, x->prefix, skip) != 0)
                return 0;
        if (!text_is_name(key->str + skip, key->len - skip) || x->n == HOSTS_MAX) {
                drops_add(x->drops, "the key of a report", key->str + skip, key->len - skip,
                          x->n == HOSTS_MAX ? "exceeds the maximum number of hosts" : "does not name a host");
                return 0;
        }
        if (x->n == x->room) {
                const uint32_t room = x->room ? 2 * x->room : SEEN_FIRST;
                char **more = realloc(x->names, sizeof(*more) * room);

                if (!more)
                        return -ENOMEM;
                x->names = more;
                x->room = room;
        }
        name = strndup(key->str + skip, key->len - skip);
        if (!name)
                return -ENOMEM;
        x->names[x->n++] = name;
        return 0;
}

/* `text` matches itself alone. */
static void glob_escape(const char *text, char *ret) {
        for (; *text; text++) {
                if (strchr("*?[]\\^-", *text))
                        *ret++ = '\\';
                *ret++ = *text;
        }
        *ret = '\0';
}

static int seen_look(Store *s) {
        char prefix[KEY_SIZE], match[2 * KEY_SIZE];
        SeenHosts x = { .prefix = prefix, .drops = &s->seen_drops };
        int k;

        (void) key_print(prefix, s->cluster, KEY_REPORT, "");
        glob_escape(prefix, match);
        strcat(match, "*"); /* NOLINT: half of match is free */
        s->seen_drops = (Drops){ 0 };
        k = store_scan(&s->redis, s->timeout, match, seen_take, &x);
        s->seen_for = s->seen_at == 0 || x.n != s->n_seen ? SEEN_AGAIN : 2 * s->seen_for;
        if (s->seen_for > (x.n == 0 ? SEEN_NONE : SEEN_EVERY))
                s->seen_for = x.n == 0 ? SEEN_NONE : SEEN_EVERY;
        store_seen_free(s);
        s->seen = x.names;
        s->n_seen = x.n;
        if (k < 0) {
                store_seen_free(s);
                return k;
        }
        if (x.n > 0)
                qsort(x.names, x.n, sizeof(*x.names), compare_strings);
        s->seen_at = clock_monotonic();
        return 0;
}

static int hosts_read(Store *s, Arena *a, const char *const **ret, uint32_t *ret_n) {
        owned(reply_free) redisReply *reply = NULL;
        char hosts[KEY_SIZE];
        Command c = { 0 };
        int k = redis_begin(&s->redis, clock_monotonic() + s->timeout);

        if (k < 0)
                return k;
        command_text(&c, "SMEMBERS");
        command_text(&c, key_print(hosts, s->cluster, KEY_HOSTS, NULL));
        k = redis_call(&s->redis, &c, &reply);
        return k < 0 ? k : reply_names(reply, a, &s->drops, ret, ret_n);
}

int store_get_members(Store *s, Arena *a, const char *const **ret, uint32_t *ret_n) {
        int k = store_begin(s);

        if (k == 0)
                k = hosts_read(s, a, ret, ret_n);
        return store_end(s, k, "SMEMBERS");
}

/* `more`, which were found, are put into the set. */
static int hosts_keep(Store *s, const char *const *more, uint32_t n) {
        char key[KEY_SIZE];
        int k = redis_begin(&s->redis, clock_monotonic() + s->timeout);

        for (uint32_t i = 0; k == 0 && i < n;) {
                owned(reply_free) redisReply *reply = NULL;
                Command c = { 0 };
                int64_t added;

                command_text(&c, "SADD");
                command_text(&c, key_print(key, s->cluster, KEY_HOSTS, NULL));
                for (uint32_t end = i + STORE_REPORTS_AT_ONCE; i < n && i < end; i++)
                        command_text(&c, more[i]);
                k = redis_call(&s->redis, &c, &reply);
                if (k == 0)
                        k = reply_number(reply, 0, &added);
        }
        return k;
}

/* Both are sorted; `seen` may name one twice. all: room for both. */
static uint32_t hosts_merge(const char *const *members, uint32_t n_members, char *const *seen,
                            uint32_t n_seen, const char **all, const char **fresh, uint32_t *n_fresh) {
        uint32_t i = 0, k = 0, n = 0;

        while (i < n_members || k < n_seen) {
                const int order = i == n_members ? 1 : k == n_seen ? -1 : strcmp(members[i], seen[k]);

                if (order <= 0)
                        all[n++] = members[i++];
                else if (n == 0 || strcmp(all[n - 1], seen[k]) != 0)
                        fresh[(*n_fresh)++] = all[n++] = seen[k];
                k += order >= 0;
        }
        return n;
}

int store_find_hosts(Store *s, Arena *a, const char *const **ret, uint32_t *ret_n) {
        const usec_t now = clock_monotonic();
        const char *const *members = NULL;
        const char **all, **fresh;
        uint32_t n_members = 0, n_fresh = 0;
        int k = hosts_read(s, a, &members, &n_members);

        if (k == 0 && (s->seen_at == 0 || now >= s->seen_at + s->seen_for))
                k = seen_look(s);
        if (k < 0)
                return k;
        all = arena_new(a, const char *, (size_t) n_members + s->n_seen);
        fresh = arena_new(a, const char *, s->n_seen);
        if (!all || !fresh)
                return -ENOMEM;
        *ret_n = hosts_merge(members, n_members, s->seen, s->n_seen, all, fresh, &n_fresh);
        for (uint32_t i = 0; i < n_fresh; i++) { /* the store's own copies go with the next look */
                const char *copy = text_copy(a, fresh[i], strlen(fresh[i]));
                const char **at = bsearch(&fresh[i], all, *ret_n, sizeof(*all), compare_strings);

                if (!copy)
                        return -ENOMEM;
                *at = fresh[i] = copy;
        }
        if (s->keeps_hosts && n_fresh > 0)
                k = hosts_keep(s, fresh, n_fresh);
        *ret = all;
        return k;
}

/* The report goes too: else the next round would see the host, though no member, for an interval. */
static const char forget_script[] =
        "for i = 1, 4 do redis.call('DEL', KEYS[i]) end\n"
        "for i = 6, 11 do redis.call('HDEL', KEYS[i], ARGV[1]) end\n"
        "local now = redis.call('TIME')\n" /* as a mark that is taken back: marks.c */
        "if redis.call('HEXISTS', KEYS[5], ARGV[1]) == 1 then redis.call('HSET', KEYS[5],\n"
        "  ARGV[1], string.format('-%.0f', now[1] * 1000000 + now[2])) end\n"
        "redis.call('ZREM', KEYS[12], ARGV[1])\n"
        "return redis.call('SREM', KEYS[13], ARGV[1])\n";

int store_forget_host(Store *s, const char *host) {
        static const StoreKey own[] = { KEY_REPORT, KEY_PULSE, KEY_PEER, KEY_ALARM },
                              shared[] = { KEY_MARKS, KEY_FAULTS, KEY_BRAKE, KEY_RELEASES, KEY_PEERS,
                                           KEY_KNOWN, KEY_LOADS,  KEY_RING,  KEY_HOSTS };
        owned(reply_free) redisReply *reply = NULL;
        char keys[ARRAY_SIZE(own) + ARRAY_SIZE(shared)][KEY_SIZE];
        char count[24];
        Command c = { 0 };
        int64_t removed;
        int k = store_check_name(s, "host", host);

        if (k == 0)
                k = store_begin(s);
        if (k < 0)
                return k;
        command_text(&c, "EVAL");
        command_text(&c, forget_script);
        command_number(&c, count, ARRAY_SIZE(keys));
        for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
                command_text(&c, key_print(keys[i], s->cluster,
                                           i < ARRAY_SIZE(own) ? own[i] : shared[i - ARRAY_SIZE(own)],
                                           i < ARRAY_SIZE(own) ? host : NULL));
        command_text(&c, host);
        k = redis_call(&s->redis, &c, &reply);
        if (k == 0)
                k = reply_number(reply, 0, &removed);
        s->seen_at = 0; /* what was found before may be what has gone */
        return store_end(s, k, "EVAL (forget a host)");
}
