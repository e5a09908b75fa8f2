/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/store/admin/server_facts.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "scheduler/model/bounds.h"
#include "scheduler/store/admin/account_rights.h"
#include "scheduler/store/redis/redis_sentinel.h"
#include "scheduler/store/store_object.h"

#define SENTINEL_TIMEOUT USEC_PER_SEC

/* ---- INFO ---- */

/* The value behind "name:", and its length. */
static const char *info_find(const char *info, const char *name, size_t *ret_n) {
        const size_t n = strlen(name);

        for (const char *line = info; line && *line; line = strchr(line, '\n'), line += line ? 1 : 0)
                if (strncmp(line, name, n) == 0 && line[n] == ':') {
                        *ret_n = strcspn(line + n + 1, "\r\n");
                        return line + n + 1;
                }
        return NULL;
}

const char *info_text(Arena *a, const char *info, const char *name) {
        size_t n;
        const char *value = info_find(info, name, &n);

        return value ? text_copy(a, value, n) : NULL;
}

int64_t facts_number(const char *text, int64_t none) {
        const size_t n = text ? strspn(text, "0123456789") : 0;
        int64_t number;

        return n > 0 && text_to_int(text, n, 0, bound_of(BOUND_STORED), &number) == 0 ? number : none;
}

int64_t info_number(const char *info, const char *name, int64_t none) {
        size_t n;

        return facts_number(info_find(info, name, &n), none);
}

/* ---- one question ---- */

/* The words of a command. 0: *ret; 1: the server answers with an error (not let, no such command); else the server is away. */
static int facts_ask(Redis *r, const char *const *words, redisReply **ret) {
        Command c = { 0 };
        int k;

        for (; *words; words++)
                command_text(&c, *words);
        k = redis_call(r, &c, ret);
        return k < 0 && r->fd >= 0 && k != -ENOMEM ? 1 : k;
}

static int facts_info(Store *s, Arena *a, ServerFacts *f) {
        owned(reply_free) redisReply *reply = NULL;
        size_t n;
        int k = facts_ask(&s->redis, (const char *const[]){ "INFO", NULL }, &reply);

        if (k == 0)
                k = reply_text(reply, a, &f->info, &n);
        return k == 1 ? 0 : k;
}

/* One of CONFIG GET: [name, value]. */
static int facts_config(Store *s, Arena *a, const char *name, const char **ret) {
        owned(reply_free) redisReply *reply = NULL;
        size_t n;
        int k = facts_ask(&s->redis, (const char *const[]){ "CONFIG", "GET", name, NULL }, &reply);

        if (k == 0 && reply->type == REDIS_REPLY_ARRAY && reply->elements == 2)
                k = reply_text(reply->element[1], a, ret, &n);
        return k == 1 ? 0 : k;
}

static int facts_clock(Store *s, ServerFacts *f) {
        owned(reply_free) redisReply *reply = NULL;
        const usec_t before = clock_now(), begun = clock_monotonic();
        int64_t theirs;
        int k = facts_ask(&s->redis, (const char *const[]){ "TIME", NULL }, &reply);

        if (k == 0)
                k = reply_time(reply, &theirs);
        if (k == 0) {
                f->time_known = true;
                f->doubt = (clock_monotonic() - begun) / 2;
                f->ahead = theirs - (before + f->doubt);
        }
        return k == 1 ? 0 : k;
}

/* ---- the way there ---- */

static bool address_is_loopback(int fd) {
        struct sockaddr_storage at = { 0 };
        socklen_t n = sizeof(at);
        const struct sockaddr_in *four = (const struct sockaddr_in *) &at;
        const struct sockaddr_in6 *six = (const struct sockaddr_in6 *) &at;

        if (getpeername(fd, (struct sockaddr *) &at, &n) < 0)
                return false;
        if (at.ss_family == AF_INET)
                return ntohl(four->sin_addr.s_addr) >> 24 == 127;
        return at.ss_family == AF_UNIX || (at.ss_family == AF_INET6 && IN6_IS_ADDR_LOOPBACK(&six->sin6_addr));
}

/* Does the server answer who names nobody: a second connection, without our login. */
static void facts_open(const Store *s, ServerFacts *f) {
        owned(reply_free) redisReply *reply = NULL;
        RedisUrl url = s->redis.url;
        Redis one;
        int k;

        if (!url.password[0]) {
                f->open_known = f->is_open = true;
                return;
        }
        explicit_bzero(url.password, sizeof(url.password));
        url.user[0] = '\0';
        redis_init(&one, &url, NULL, s->timeout);
        one.find = s->redis.find;
        k = redis_begin(&one, clock_monotonic() + s->timeout);
        if (k == 0)
                k = facts_ask(&one, (const char *const[]){ "PING", NULL }, &reply);
        f->open_known = k >= 0 || k == -EACCES;
        f->is_open = k == 0;
        redis_done(&one);
}

/* ---- sentinels ---- */

/* [name, value, name, value …] of SENTINEL MASTER. */
static const char *sentinel_field(const redisReply *reply, const char *name) {
        for (size_t i = 0; reply->type == REDIS_REPLY_ARRAY && i + 1 < reply->elements; i += 2)
                if (reply->element[i]->type == REDIS_REPLY_STRING &&
                    reply->element[i + 1]->type == REDIS_REPLY_STRING &&
                    strcmp(reply->element[i]->str, name) == 0)
                        return reply->element[i + 1]->str;
        return "";
}

static int64_t sentinel_number(const redisReply *reply, const char *name) {
        return facts_number(sentinel_field(reply, name), 0);
}

static int facts_sentinel_ask(Redis *one, Arena *a, const char *master, SentinelFacts *ret) {
        owned(reply_free) redisReply *reply = NULL, *quorum = NULL;
        int k = redis_begin(one, clock_monotonic() + SENTINEL_TIMEOUT);

        if (k == 0)
                k = facts_ask(one, (const char *const[]){ "SENTINEL", "MASTER", master, NULL }, &reply);
        if (k != 0)
                return k;
        ret->master = text_format(a, "%s:%s", sentinel_field(reply, "ip"), sentinel_field(reply, "port"));
        ret->quorum = sentinel_number(reply, "quorum");
        ret->others = sentinel_number(reply, "num-other-sentinels");
        ret->down_after_ms = sentinel_number(reply, "down-after-milliseconds");
        ret->failover_ms = sentinel_number(reply, "failover-timeout");
        k = facts_ask(one, (const char *const[]){ "SENTINEL", "CKQUORUM", master, NULL }, &quorum);
        if (k == 1)
                ret->no_quorum = text_copy(a, one->error, strlen(one->error));
        return k < 0 ? k : !ret->master || (k == 1 && !ret->no_quorum) ? -ENOMEM : 0;
}

static int facts_sentinels(const Store *s, Arena *a, ServerFacts *f) {
        const RedisUrl *url = &s->redis.url;
        SentinelFacts *all = arena_new(a, SentinelFacts, url->n_sentinels);

        if (!all)
                return -ENOMEM;
        for (uint32_t i = 0; i < url->n_sentinels; i++) {
                RedisUrl at = { .port = url->sentinels[i].port, .tls = url->tls };
                Redis one;
                int k;

                memcpy(at.host, url->sentinels[i].host, sizeof(at.host));
                (void) snprintf(at.place, sizeof(at.place), "%.255s:%d", at.host, at.port);
                all[i].place = text_copy(a, at.place, strlen(at.place));
                redis_init(&one, &at, NULL, SENTINEL_TIMEOUT);
                k = facts_sentinel_ask(&one, a, url->master, &all[i]);
                if (k != 0)
                        all[i].error = text_copy(a, one.error, strlen(one.error));
                redis_done(&one);
                if (k == -ENOMEM || !all[i].place || (k != 0 && !all[i].error))
                        return -ENOMEM;
        }
        f->sentinels = all;
        f->n_sentinels = url->n_sentinels;
        return 0;
}

/* ---- all of it ---- */

/* A server that cannot write (MISCONF) refuses PING, too: it is there, and says why further on. */
static int facts_ping(Store *s) {
        owned(reply_free) redisReply *reply = NULL;
        Command c = { 0 };
        int k;

        command_text(&c, "PING");
        k = redis_call(&s->redis, &c, &reply);
        return k == -EAGAIN && s->redis.fd >= 0 ? 0 : k;
}

static int facts_server(Store *s, Arena *a, const StoreAccount *account, ServerFacts *f) {
        int k = store_begin(s);

        if (k == 0)
                k = facts_ping(s);
        if (k != 0)
                return k;
        f->loopback = address_is_loopback(s->redis.fd);
        k = facts_info(s, a, f);
        if (k == 0)
                k = facts_config(s, a, "save", &f->save);
        if (k == 0)
                k = facts_config(s, a, "appendfsync", &f->fsync);
        if (k == 0)
                k = facts_config(s, a, "min-replicas-to-write", &f->min_replicas);
        if (k == 0)
                k = facts_config(s, a, "min-replicas-max-lag", &f->max_lag);
        if (k == 0)
                k = facts_clock(s, f);
        if (k == 0)
                k = account_rights_read(s, a, account, f);
        if (k == 0)
                facts_open(s, f);
        return k;
}

int server_facts_read(Store *s, Arena *a, const StoreAccount *account, ServerFacts *ret) {
        const RedisUrl *url = &s->redis.url;
        ServerFacts f = { .tls = url->tls.on, .unix_socket = url->path[0] != '\0' };
        int k;

        f.user = store_user(s);
        k = facts_sentinels(s, a, &f);
        if (k == 0)
                k = facts_server(s, a, account, &f);
        if (k == -ENOMEM)
                return -ENOMEM;
        if (k != 0)
                f.error = text_copy(a, store_error(s), strlen(store_error(s)));
        f.place = text_copy(a, store_place(s), strlen(store_place(s)));
        if (!f.place || (k != 0 && !f.error))
                return -ENOMEM;
        *ret = f;
        return 0;
}
