/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/store/redis/redis.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define FOUND_FOR USEC_PER_SEC /* a master that was found is believed to be it so long */

void command_add(Command *c, const char *word, size_t n) {
        assert(c->n < COMMAND_WORDS);
        c->words[c->n] = word;
        c->lengths[c->n] = n;
        c->n++;
}

void command_text(Command *c, const char *word) {
        command_add(c, word, strlen(word));
}

void command_number(Command *c, char buf[24], int64_t number) {
        (void) snprintf(buf, 24, "%lld", (long long) number);
        command_text(c, buf);
}

int redis_fail(Redis *r, int error, const char *fmt, ...) {
        va_list ap;
        int n = snprintf(r->error, sizeof(r->error), "redis at %s: ", r->place);

        va_start(ap, fmt);
        (void) vsnprintf(r->error + n, sizeof(r->error) - (size_t) n, fmt, ap);
        va_end(ap);
        return error;
}

void redis_init(Redis *r, const RedisUrl *url, const char *home_key, usec_t timeout) {
        *r = (Redis){ .url = *url, .home_key = home_key, .fd = -1, .timeout = timeout };
        memcpy(r->place, url->place, sizeof(r->place));
}

void redis_drop(Redis *r) {
        redis_tls_close(r->tls);
        r->tls = NULL;
        if (r->fd >= 0)
                (void) close(r->fd);
        r->fd = -1;
        reply_reader_close(&r->reader);
        r->pending = 0;
        r->out_start = r->out_n = 0;
}

void redis_done(Redis *r) {
        redis_drop(r);
        free(r->out);
        r->out = NULL;
        explicit_bzero(r->url.password, sizeof(r->url.password));
}

static int redis_away(Redis *r, int error, const char *words) {
        char why[TLS_WORDS];

        (void) snprintf(why, sizeof(why), "%s", words[0] ? words : strerror(-error));
        redis_drop(r);
        if (error == -ETIMEDOUT && r->patience.hurries && r->patience.hurries(r->patience.arg))
                r->patience.hurried /= 2; /* it hangs: the calls still to come need not all find that out */
        if (error == -ETIMEDOUT)
                return redis_fail(r, error, "no answer within %.1f s", (double) r->timeout / USEC_PER_SEC);
        (void) redis_fail(r, error, "%s", why);
        if (error == -EPIPE)
                return -ECONNRESET;
        return error == -ENOENT ? -ECONNREFUSED : error; /* no socket there: nobody listens */
}

static int redis_write(Redis *r) {
        const char *bytes = r->out + r->out_start;
        const size_t left = r->out_n - r->out_start;
        ssize_t n = r->tls ? redis_tls_write(r->tls, bytes, left) : send(r->fd, bytes, left, MSG_NOSIGNAL);

        if (n < 0 && !r->tls)
                n = -errno;
        if (n < 0)
                return n == -EAGAIN || n == -EINTR ? 0 : (int) n;
        r->out_start += (size_t) n;
        if (r->out_start == r->out_n)
                r->out_start = r->out_n = 0;
        return 0;
}

static int redis_read(Redis *r) {
        char buf[65536];
        ssize_t n = r->tls ? redis_tls_read(r->tls, buf, sizeof(buf)) : recv(r->fd, buf, sizeof(buf), 0);

        if (n < 0 && !r->tls)
                n = -errno;
        if (n < 0)
                return n == -EAGAIN || n == -EINTR ? 0 : (int) n;
        if (n == 0)
                return -ECONNRESET;
        return redisReaderFeed(r->reader.bytes, buf, (size_t) n) == REDIS_OK ? 0 : -ENOMEM;
}

static int redis_parting_words(Redis *r, int error) {
        const int why = redis_read(r);

        return why < 0 ? why : error;
}

/* Sends and reads whatever the socket takes and has: both, so that neither side waits for the other in a long
 * pipeline. */
static int redis_exchange(Redis *r) {
        struct pollfd p = { .fd = r->fd, .events = POLLIN };
        int k;

        if (r->out_n > r->out_start)
                p.events |= POLLOUT;
        if (r->tls)
                p.events = (short) (p.events | redis_tls_events(r->tls));
        k = r->tls && redis_tls_has_more(r->tls) ? 0 : socket_wait(&p, &r->patience);
        if (k == 0 && r->out_n > r->out_start && (p.revents & POLLOUT))
                k = redis_write(r);
        if (k < 0 && k != -ETIMEDOUT && r->tls) /* it closed, and may have said why before */
                k = redis_parting_words(r, k);
        if (k == 0 && (r->tls || (p.revents & (POLLIN | POLLHUP | POLLERR))))
                k = redis_read(r);
        return k < 0 ? redis_away(r, k, r->tls ? redis_tls_words(r->tls) : "") : 0;
}

int redis_send(Redis *r, const Command *c) {
        char *bytes = NULL;
        const long long n = redisFormatCommandArgv(&bytes, c->n, (const char **) c->words, c->lengths);

        if (n < 0)
                return redis_fail(r, -ENOMEM, "no memory for a command");
        if (r->out_n + (size_t) n > r->out_size) {
                size_t size = 2 * r->out_size + (size_t) n;
                char *out = realloc(r->out, size);

                if (!out) {
                        redisFreeCommand(bytes);
                        return redis_fail(r, -ENOMEM, "no memory for a command");
                }
                r->out = out;
                r->out_size = size;
        }
        memcpy(r->out + r->out_n, bytes, (size_t) n);
        r->out_n += (size_t) n;
        r->pending++;
        redisFreeCommand(bytes);
        return 0;
}

/* The server said no. What it said is shown: it holds no secret of ours. */
static int redis_refused(Redis *r, const redisReply *reply) {
        int error = reply_error(reply);

        (void) redis_fail(r, error, "%s", reply->str);
        if (strncmp(reply->str, "READONLY ", 9) == 0 || strncmp(reply->str, "MOVED ", 6) == 0)
                redis_drop(r); /* a new connection finds the new master, or the node that has our keys now */
        return error;
}

/* Also error replies. */
static int redis_receive_any(Redis *r, redisReply **ret) {
        void *got = NULL;
        int k;

        assert(r->pending > 0);
        for (;;) {
                if (redisReaderGetReply(r->reader.bytes, &got) != REDIS_OK) {
                        (void) redis_fail(r, -EPROTO, "not the Redis protocol: %s", r->reader.bytes->errstr);
                        redis_drop(r);
                        return -EPROTO;
                }
                if (got)
                        break;
                k = redis_exchange(r);
                if (k < 0)
                        return k;
        }
        r->pending--;
        *ret = got;
        return 0;
}

int redis_receive(Redis *r, redisReply **ret) {
        redisReply *reply = NULL;
        int k = redis_receive_any(r, &reply);

        if (k < 0)
                return k;
        if (reply->type == REDIS_REPLY_ERROR) {
                k = redis_refused(r, reply);
                freeReplyObject(reply);
                return k;
        }
        *ret = reply;
        return 0;
}

/* Whose type is not what Plimsoll makes it: the key; of a script one of its keys, which stand behind their number. */
static int redis_name_key(Redis *r, const Command *c) {
        const bool script = c->n > 3 && strcmp(c->words[0], "EVAL") == 0;
        const int first = script ? 3 : 1;
        char keys[300] = "";
        size_t n = 0;
        int k = 0;

        for (; first + k < c->n && n < sizeof(keys); k++) {
                const char *word = c->words[first + k];

                if (k > 0 && (!script || strncmp(word, "plimsoll:{", 10) != 0))
                        break;
                n += (size_t) snprintf(keys + n, sizeof(keys) - n, "%s%s", k > 0 ? ", " : "", word);
        }
        return redis_fail(
                r, -EMEDIUMTYPE,
                "%s%s is of another type than Plimsoll makes it (WRONGTYPE): redis-cli TYPE, then DEL",
                k > 1 ? "one of " : "", keys);
}

int redis_call(Redis *r, const Command *c, redisReply **ret) {
        int k = redis_send(r, c);

        if (k == 0)
                k = redis_receive(r, ret);
        return k == -EMEDIUMTYPE && c->n > 1 ? redis_name_key(r, c) : k;
}

static int redis_log_in(Redis *r) {
        Command c = { 0 };
        owned(reply_free) redisReply *reply = NULL;
        int k;

        if (!r->url.password[0] && !r->tls)
                return 0;
        if (r->url.password[0]) {
                command_text(&c, "AUTH");
                if (r->url.user[0])
                        command_text(&c, r->url.user);
                command_text(&c, r->url.password);
        } else {
                command_text(&c, "PING"); /* whether it wants a certificate of us (redis_tls.h) */
        }
        k = redis_call(r, &c, &reply);
        /* connected still, so it was a reply: */
        return k == -EPROTO && r->fd >= 0 ? -EACCES
                                          : k; /* "ERR AUTH … called without any password configured" */
}

static int redis_choose_db(Redis *r) {
        Command c = { 0 };
        owned(reply_free) redisReply *reply = NULL;
        char db[24];

        if (r->url.db == 0)
                return 0;
        command_text(&c, "SELECT");
        command_number(&c, db, r->url.db);
        return redis_call(r, &c, &reply);
}

static int redis_connect_to(Redis *r, const RedisUrl *node) {
        int k = socket_connect(node, &r->patience);

        memcpy(r->place, node->place, sizeof(r->place));
        if (k < 0)
                return redis_away(r, k, "");
        r->fd = k;
        r->n_connections++;
        if (node->tls.on) {
                char words[TLS_WORDS];

                k = redis_tls_open(node, r->fd, &r->patience, &r->tls, words);
                if (k < 0)
                        return redis_away(r, k, words);
        }
        k = reply_reader_open(&r->reader);
        if (k == 0)
                k = redis_log_in(r);
        if (k == 0)
                k = redis_choose_db(r);
        if (k < 0)
                redis_drop(r);
        return k;
}

/* Is home_key here? 0: yes; 1: no, *ret_node is where. */
static int redis_is_home(Redis *r, RedisUrl *ret_node) {
        owned(reply_free) redisReply *reply = NULL;
        Command c = { 0 };
        int k;

        command_text(&c, "EXISTS");
        command_text(&c, r->home_key);
        k = redis_send(r, &c);
        if (k == 0)
                k = redis_receive_any(r, &reply);
        if (k < 0)
                return k;
        if (!reply || reply->type != REDIS_REPLY_ERROR)
                return 0;
        if (reply_moved(reply, ret_node) == 0)
                return 1;
        return redis_refused(r, reply);
}

/* A server that is found must say itself that it is the master. */
static int redis_is_master(Redis *r) {
        owned(reply_free) redisReply *reply = NULL;
        Command c = { 0 };
        int k;

        command_text(&c, "ROLE");
        k = redis_call(r, &c, &reply);
        if (k < 0)
                return k;
        if (reply && reply->type == REDIS_REPLY_ARRAY && reply->elements > 0 &&
            reply->element[0]->type == REDIS_REPLY_STRING && strcmp(reply->element[0]->str, "master") == 0)
                return 0;
        return redis_fail(r, -EAGAIN,
                          "the sentinels name it as master, but it is not one: a failover is under way");
}

static int redis_connect_found(Redis *r) {
        RedisUrl node = r->url;
        int k = r->find(r, &node);

        if (k < 0)
                return k;
        r->found_at = clock_monotonic();
        k = redis_connect_to(r, &node);
        if (k == 0)
                k = redis_is_master(r);
        if (k < 0)
                redis_drop(r);
        return k;
}

/* In a Redis Cluster, to the node that has our keys: they are all in one slot. */
static int redis_connect(Redis *r) {
        enum { HOPS_MAX = 4 };
        RedisUrl node = r->url;

        for (int i = 0; i < HOPS_MAX; i++) {
                int k = redis_connect_to(r, &node);

                if (k == 0 && r->home_key && !r->url.path[0])
                        k = redis_is_home(r, &node);
                if (k <= 0)
                        return k;
                redis_drop(r);
        }
        return redis_fail(r, -EAGAIN, "the nodes of the Redis Cluster disagree about who has our keys");
}

/* Nothing may be there to read when no reply is due: else the server has closed, and a command sent now would
 * be lost without our knowing whether it was done. */
static bool redis_is_quiet(const Redis *r) {
        struct pollfd p = { .fd = r->fd, .events = POLLIN };
        char byte;

        if (poll(&p, 1, 0) == 0)
                return true;
        return r->tls &&
               redis_tls_read(r->tls, &byte, 1) == -EAGAIN; /* TLS' own: a ticket for another session */
}

/* A master that lives and was deposed takes writes for some ten seconds more (until a sentinel has made it a replica), which
 * are lost then. Where nobody can be asked the connection stays. */
static bool redis_is_deposed(Redis *r) {
        const usec_t now = clock_monotonic();
        RedisUrl node = r->url;

        if (!r->find || r->fd < 0 || now < r->found_at + FOUND_FOR)
                return false;
        r->found_at = now;
        return r->find(r, &node) == 0 && strcmp(node.place, r->place) != 0;
}

int redis_begin(Redis *r, usec_t deadline) {
        r->patience.deadline = deadline;
        r->error[0] = '\0';
        if (redis_is_deposed(r))
                redis_drop(r);
        r->error[0] = '\0';
        if (r->fd >= 0 && (r->pending > 0 || r->out_n > 0 || !redis_is_quiet(r)))
                redis_drop(r);
        if (r->fd >= 0)
                return 0;
        return r->find ? redis_connect_found(r) : redis_connect(r);
}
