/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/store/store.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "scheduler/store/redis/redis_sentinel.h"
#include "scheduler/store/store_object.h"

#define TIMEOUT_DEFAULT (3 * USEC_PER_SEC)

const char *store_error(const Store *s) {
        return s->redis.error;
}

void store_hurry(Store *s, bool (*hurries)(void *arg), void *arg) {
        s->redis.patience.hurries = hurries;
        s->redis.patience.arg = arg;
        s->redis.patience.hurried = STORE_HURRY;
}

const char *store_url(const Store *s) {
        return s->url;
}

const char *store_place(const Store *s) {
        return s->redis.url.place;
}

const char *store_user(const Store *s) {
        return s->redis.url.user[0] ? s->redis.url.user : "default";
}

const char *store_certificate(const Store *s) {
        return s->redis.url.tls.cert;
}

const char *store_ca(const Store *s) {
        return s->redis.url.tls.ca;
}

int64_t store_ms(usec_t t) {
        return t < USEC_PER_MSEC ? 1 : t / USEC_PER_MSEC;
}

int store_end(Store *s, int result, const char *what) {
        if (result == -EPROTO && !s->redis.error[0])
                return redis_fail(&s->redis, result, "the answer to %s has an unexpected form", what);
        if (result == -ENOMEM && !s->redis.error[0])
                return redis_fail(&s->redis, result, "no memory for the answer to %s", what);
        return result;
}

int store_check_name(Store *s, const char *what, const char *name) {
        if (text_is_name(name, strnlen(name, 256)))
                return 0;
        return redis_fail(&s->redis, -EINVAL,
                          "the name of a %s must be 1 to 255 bytes of UTF-8 without control characters",
                          what);
}

int store_begin(Store *s) {
        usec_t deadline = clock_monotonic() + s->timeout;
        TextFault fault = { 0 };
        int k = redis_begin(&s->redis, deadline);

        if (s->server.users_fd < 0 || k != -ECONNREFUSED)
                return k;
        k = redis_server_start(&s->server, deadline, &fault);
        return k < 0 ? redis_fail(&s->redis, k, "%s", fault.what) : redis_begin(&s->redis, deadline);
}

static int store_ping(Store *s) {
        owned(reply_free) redisReply *reply = NULL;
        Command c = { 0 };
        int k = store_begin(s);

        command_text(&c, "PING");
        return k < 0 ? k : redis_call(&s->redis, &c, &reply);
}

/* Starts the embedded server if it does not live yet; a large one reads its data for a while. */
static int open_embedded(Store *s, const char *dir, TextFault *fault) {
        usec_t deadline = clock_monotonic() + s->timeout;
        int k = redis_server_open(dir, deadline, &s->server, fault);

        if (k < 0)
                return k;
        (void) snprintf(s->url, sizeof(s->url), "%s", s->server.url_text);
        redis_init(&s->redis, &s->server.url, NULL, s->timeout);
        while ((k = store_ping(s)) == -EAGAIN && clock_monotonic() < deadline)
                clock_sleep(20 * USEC_PER_MSEC);
        if (k < 0)
                text_fault(fault, "redis", "%s", s->redis.error);
        if (k == -EAGAIN) /* it is left to read on, though nobody uses it: the next program finds it ready */
                redis_server_close(&s->server);
        return k;
}

static int open_url(Store *s, const char *url, TextFault *fault) {
        RedisUrl parsed;
        int k = redis_url_parse(url, &parsed, fault);

        if (k < 0)
                return k;
        if (strlen(url) >= sizeof(s->url)) {
                text_fault(fault, "redis", "the URL is longer than %zu bytes", sizeof(s->url) - 1);
                return -EINVAL;
        }
        memcpy(s->url, url, strlen(url) + 1);
        redis_init(&s->redis, &parsed, parsed.n_sentinels > 0 ? NULL : s->home_key, s->timeout);
        s->redis.find = parsed.n_sentinels > 0 ? sentinel_find : NULL;
        return 0;
}

int store_open(const StoreOptions *options, Store **ret, TextFault *reterr_fault) {
        Store *s;
        int k;

        *reterr_fault = (TextFault){ 0 };
        if (!options->cluster || !key_is_cluster(options->cluster)) {
                text_fault(reterr_fault, "cluster",
                           "a cluster's name must be 1 to 255 bytes of UTF-8 without control characters and "
                           "without { or }");
                return -EINVAL;
        }
        if (!options->url && !options->state_dir) {
                text_fault(reterr_fault, "redis", "neither a URL nor a state directory given");
                return -EINVAL;
        }
        s = calloc(1, sizeof(*s));
        if (!s)
                return -ENOMEM;
        s->server.users_fd = s->redis.fd = -1;
        s->keeps_hosts = options->keeps_hosts;
        s->timeout = options->timeout > 0 ? options->timeout : TIMEOUT_DEFAULT;
        memcpy(s->cluster, options->cluster, strlen(options->cluster) + 1);
        (void) key_print(s->home_key, s->cluster, KEY_HOSTS, NULL);
        k = options->url ? open_url(s, options->url, reterr_fault)
                         : open_embedded(s, options->state_dir, reterr_fault);
        if (k < 0) {
                (void) store_free(s);
                return k;
        }
        *ret = s;
        return 0;
}

/* Asks it to end, which it does instead of answering. */
static int ask_to_end(Store *s) {
        owned(reply_free) redisReply *reply = NULL;
        Command c = { 0 };
        int k = redis_begin(&s->redis, clock_monotonic() + s->timeout);

        command_text(&c, "SHUTDOWN");
        return k < 0 ? k : redis_call(&s->redis, &c, &reply);
}

static void end_server(Store *s) {
        int pidfd = redis_server_find(&s->server);

        if (pidfd < 0)
                return;
        if (ask_to_end(s) == -ETIMEDOUT)
                redis_server_end(pidfd, 0);
        else
                redis_server_end(pidfd, s->timeout);
}

void store_seen_free(Store *s) {
        for (uint32_t i = 0; i < s->n_seen; i++)
                free(s->seen[i]);
        free(s->seen);
        s->seen = NULL;
        s->n_seen = 0;
}

Store *store_free(Store *s) {
        if (!s)
                return NULL;
        if (s->server.users_fd >= 0 && redis_server_leave(&s->server) == 0)
                end_server(s);
        redis_server_close(&s->server);
        redis_done(&s->redis);
        store_seen_free(s);
        explicit_bzero(s->url, sizeof(s->url));
        free(s);
        return NULL;
}
