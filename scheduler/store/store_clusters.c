/* SPDX-License-Identifier: Apache-2.0 */
/* Which clusters a server knows: their keys are looked through with SCAN, which holds nobody up. In a Redis
 * Cluster each master has some of them, and each is asked.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "scheduler/store/store_object.h"

#define PREFIX     "plimsoll:{"
#define SUFFIX     "}:hosts"
#define AT_ONCE    "1000"
#define CURSOR_MAX 32

typedef struct Names {
        Arena *arena;
        const char **at;
        uint32_t n, room;
} Names;

static int names_add(Names *names, const char *name, size_t n) {
        for (uint32_t i = 0; i < names->n; i++) /* SCAN may name a key more than once */
                if (strlen(names->at[i]) == n && memcmp(names->at[i], name, n) == 0)
                        return 0;
        if (names->n == names->room) {
                const uint32_t room = names->room ? 2 * names->room : 16;
                const char **more = arena_new(names->arena, const char *, room);

                if (!more)
                        return -ENOMEM;
                if (names->n > 0)
                        memcpy(more, names->at, sizeof(*more) * names->n);
                names->at = more;
                names->room = room;
        }
        names->at[names->n] = text_copy(names->arena, name, n);
        return names->at[names->n++] ? 0 : -ENOMEM;
}

/* The cluster of "plimsoll:{NAME}:hosts". A host's name may have braces; a cluster's has none. */
static int take_key(Names *names, const redisReply *key) {
        const char *name, *brace;

        if (key->type != REDIS_REPLY_STRING)
                return -EPROTO;
        if (strncmp(key->str, PREFIX, strlen(PREFIX)) != 0)
                return 0;
        name = key->str + strlen(PREFIX);
        brace = strchr(name, '}');
        if (!brace || strcmp(brace, SUFFIX) != 0 || !text_is_name(name, (size_t) (brace - name)))
                return 0;
        return names_add(names, name, (size_t) (brace - name));
}

/* [cursor, [key …]] */
static int take_keys(Names *names, const redisReply *reply, char cursor[CURSOR_MAX]) {
        if (reply->type != REDIS_REPLY_ARRAY || reply->elements != 2 ||
            reply->element[0]->type != REDIS_REPLY_STRING || reply->element[0]->len >= CURSOR_MAX ||
            reply->element[1]->type != REDIS_REPLY_ARRAY)
                return -EPROTO;
        memcpy(cursor, reply->element[0]->str, reply->element[0]->len + 1);
        for (size_t i = 0; i < reply->element[1]->elements; i++) {
                int k = take_key(names, reply->element[1]->element[i]);

                if (k < 0)
                        return k;
        }
        return 0;
}

static int store_clusters_scan(Redis *r, usec_t timeout, Names *names) {
        char cursor[CURSOR_MAX] = "0";
        int k;

        do {
                owned(reply_free) redisReply *reply = NULL;
                Command c = { 0 };

                k = redis_begin(r, clock_monotonic() + timeout);
                if (k < 0)
                        return k;
                command_text(&c, "SCAN");
                command_text(&c, cursor);
                command_text(&c, "MATCH");
                command_text(&c, PREFIX "*" SUFFIX);
                command_text(&c, "COUNT");
                command_text(&c, AT_ONCE);
                k = redis_call(r, &c, &reply);
                if (k == 0)
                        k = take_keys(names, reply, cursor);
        } while (k == 0 && strcmp(cursor, "0") != 0);
        return k;
}

/* 1: it is a node of a Redis Cluster. */
static int is_cluster(Store *s) {
        owned(reply_free) redisReply *reply = NULL;
        Command c = { 0 };
        int k = store_begin(s);

        if (k < 0)
                return k;
        command_text(&c, "INFO");
        command_text(&c, "cluster");
        k = redis_call(&s->redis, &c, &reply);
        if (k == 0 && reply->type != REDIS_REPLY_STRING)
                k = -EPROTO;
        return k < 0 ? k : strstr(reply->str, "cluster_enabled:1") != NULL;
}

/* "first last [address port …] …": a range of slots and who has it. `node` becomes its master. */
static int master_of(const redisReply *range, RedisUrl *node) {
        const redisReply *master =
                range->type == REDIS_REPLY_ARRAY && range->elements > 2 ? range->element[2] : NULL;
        char moved[300];
        redisReply as_moved = { .type = REDIS_REPLY_ERROR, .str = moved };

        if (!master || master->type != REDIS_REPLY_ARRAY || master->elements < 2 ||
            master->element[1]->type != REDIS_REPLY_INTEGER)
                return -EPROTO;
        (void) snprintf(moved, sizeof(moved), "MOVED 0 %.255s:%lld",
                        master->element[0]->type == REDIS_REPLY_STRING ? master->element[0]->str : "",
                        master->element[1]->integer);
        as_moved.len = strlen(moved);
        return reply_moved(&as_moved, node);
}

static int scan_masters(Store *s, Names *names) {
        owned(reply_free) redisReply *slots = NULL;
        Command c = { 0 };
        int k = store_begin(s);

        if (k < 0)
                return k;
        command_text(&c, "CLUSTER");
        command_text(&c, "SLOTS");
        k = redis_call(&s->redis, &c, &slots);
        if (k == 0 && slots->type != REDIS_REPLY_ARRAY)
                k = -EPROTO;
        for (size_t i = 0; k == 0 && i < slots->elements; i++) {
                RedisUrl node = s->redis.url;
                Redis r;

                k = master_of(slots->element[i], &node);
                if (k < 0)
                        break;
                redis_init(&r, &node, NULL, s->timeout);
                k = store_clusters_scan(&r, s->timeout, names);
                if (k < 0)
                        (void) redis_fail(&s->redis, k, "%s", r.error);
                redis_done(&r);
        }
        return k;
}

static int store_clusters_compare(const void *a, const void *b) {
        return strcmp(*(const char *const *) a, *(const char *const *) b);
}

int store_get_clusters(Store *s, Arena *a, const char *const **ret, uint32_t *ret_n) {
        Names names = { .arena = a };
        int k = is_cluster(s);

        if (k >= 0)
                k = k == 1 ? scan_masters(s, &names) : store_clusters_scan(&s->redis, s->timeout, &names);
        if (k < 0)
                return store_end(s, k, "SCAN");
        if (names.n > 0)
                qsort(names.at, names.n, sizeof(*names.at), store_clusters_compare);
        *ret = names.at;
        *ret_n = names.n;
        return 0;
}
