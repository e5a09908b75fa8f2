/* SPDX-License-Identifier: Apache-2.0 */
/* Which clusters a server knows: their keys are looked through with SCAN, which holds nobody up. In a Redis
 * Cluster each master has some of them, and each is asked.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "scheduler/base/compare.h"
#include "scheduler/store/store_object.h"

#define PREFIX "plimsoll:{"

typedef struct Names {
        Arena *arena;
        const char **at;
        uint32_t n, room;
} Names;

static int names_add(Names *names, const char *name, size_t n) {
        for (uint32_t i = 0; i < names->n;
             i++) /* SCAN may name a key more than once, and each host has one */
                if (strlen(names->at[i]) == n && memcmp(names->at[i], name, n) == 0)
                        return 0;
        if (names->n == names->room) {
                const uint32_t room = names->room ? 2 * names->room : 16;
                const char **more = arena_longer(names->arena, const char *, names->at, names->n, room);

                if (!more)
                        return -ENOMEM;
                names->at = more;
                names->room = room;
        }
        names->at[names->n] = text_copy(names->arena, name, n);
        return names->at[names->n++] ? 0 : -ENOMEM;
}

/* The cluster of "plimsoll:{NAME}:hosts", or of a report, where no service has kept the hosts yet. A host's name may have
 * braces; a cluster's has none. */
static int take_key(void *arg, const redisReply *key) {
        Names *names = arg;
        const char *name, *brace;

        if (strncmp(key->str, PREFIX, strlen(PREFIX)) != 0)
                return 0;
        name = key->str + strlen(PREFIX);
        brace = strchr(name, '}');
        if (!brace || !text_is_name(name, (size_t) (brace - name)))
                return 0;
        if (strcmp(brace, "}:hosts") != 0 && strncmp(brace, "}:report:", strlen("}:report:")) != 0)
                return 0;
        return names_add(names, name, (size_t) (brace - name));
}

static int store_clusters_scan(Redis *r, usec_t timeout, Names *names) {
        return store_scan(r, timeout, PREFIX "*}:*", take_key, names);
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

int store_get_clusters(Store *s, Arena *a, const char *const **ret, uint32_t *ret_n) {
        Names names = { .arena = a };
        int k = is_cluster(s);

        if (k >= 0)
                k = k == 1 ? scan_masters(s, &names) : store_clusters_scan(&s->redis, s->timeout, &names);
        if (k < 0)
                return store_end(s, k, "SCAN");
        if (names.n > 0)
                qsort(names.at, names.n, sizeof(*names.at), compare_strings);
        *ret = names.at;
        *ret_n = names.n;
        return 0;
}
