/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/store/redis/redis_sentinel.h"

#include <errno.h>
#include <string.h>

#include "scheduler/base/text.h"

/* One that does not answer within that is passed over: all are asked, and a call has 3 s. */
#define SENTINEL_PATIENCE (300 * USEC_PER_MSEC)

typedef struct SentinelAnswer {
        char host[256];
        int64_t port;
} SentinelAnswer;

/* [host, port], or nil: it knows no such master. */
static int sentinel_read(const redisReply *reply, SentinelAnswer *ret) {
        const redisReply *host, *port;

        if (reply->type == REDIS_REPLY_NIL)
                return 1;
        if (reply->type != REDIS_REPLY_ARRAY || reply->elements != 2)
                return -EPROTO;
        host = reply->element[0];
        port = reply->element[1];
        if (host->type != REDIS_REPLY_STRING || port->type != REDIS_REPLY_STRING ||
            host->len >= sizeof(ret->host) || !text_is_name(host->str, host->len) ||
            text_to_int(port->str, port->len, 1, 65535, &ret->port) < 0)
                return -EPROTO;
        memcpy(ret->host, host->str, host->len);
        ret->host[host->len] = '\0';
        return 0;
}

/* 1: it knows no such master. */
static int sentinel_ask(const Redis *r, const SentinelAt *at, SentinelAnswer *ret) {
        const usec_t now = clock_monotonic();
        const usec_t until = now + SENTINEL_PATIENCE < r->patience.deadline ? now + SENTINEL_PATIENCE
                                                                            : r->patience.deadline;
        owned(reply_free) redisReply *reply = NULL;
        RedisUrl url = { .port = at->port, .tls = r->url.tls };
        Command c = { 0 };
        Redis one;
        int k;

        memcpy(url.host, at->host, sizeof(url.host));
        redis_init(&one, &url, NULL, SENTINEL_PATIENCE);
        one.patience = r->patience;
        command_text(&c, "SENTINEL");
        command_text(&c, "get-master-addr-by-name");
        command_text(&c, r->url.master);
        k = redis_begin(&one, until);
        if (k == 0)
                k = redis_call(&one, &c, &reply);
        if (k == 0)
                k = sentinel_read(reply, ret);
        redis_done(&one);
        return k;
}

static unsigned sentinel_votes(const SentinelAnswer *answers, unsigned n, const SentinelAnswer *for_this) {
        unsigned votes = 0;

        for (unsigned i = 0; i < n; i++)
                votes += answers[i].port == for_this->port && strcmp(answers[i].host, for_this->host) == 0;
        return votes;
}

int sentinel_find(Redis *r, RedisUrl *node) {
        SentinelAnswer answers[SENTINELS_MOST];
        unsigned n = 0, n_unknown = 0, best = 0;

        for (unsigned i = 0; i < r->url.n_sentinels; i++) {
                int k = sentinel_ask(r, &r->url.sentinels[i], &answers[n]);

                n += k == 0;
                n_unknown += k == 1;
        }
        if (n == 0 && n_unknown > 0)
                return redis_fail(r, -EAGAIN, "%u of %u sentinels answer, but know no master \"%s\"",
                                  n_unknown, r->url.n_sentinels, r->url.master);
        if (n == 0)
                return redis_fail(r, -ECONNREFUSED, "none of %u sentinels answers", r->url.n_sentinels);
        for (unsigned i = 1; i < n; i++)
                if (sentinel_votes(answers, n, &answers[i]) > sentinel_votes(answers, n, &answers[best]))
                        best = i;
        return redis_url_move(node, answers[best].host, strlen(answers[best].host), (int) answers[best].port);
}
