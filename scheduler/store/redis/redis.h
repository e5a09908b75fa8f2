/* SPDX-License-Identifier: Apache-2.0 */
/* A connection to a Redis server: pipelines, a time limit over each whole call, reconnection.
 *
 *   redis_begin(r, deadline); redis_send(r, &c) …; redis_receive(r, &reply) …  as many as were sent
 *
 * hiredis writes the commands and reads the replies; the socket is ours: hiredis 0.14's own limits each read
 * but not a call, raises SIGPIPE, and gives its sockets to child processes.
 *
 * Owner:   the Store. Errors: as store.h; a call that fails with replies still to come leaves them to
 * redis_begin(), which then connects anew: replies are never mismatched.
 * Threads: one connection, one thread.
 *
 * Units: usec_t, in microseconds; `deadline` of clock_monotonic().
 */
#pragma once

#include "scheduler/base/clock.h"
#include "scheduler/store/redis/redis_reply.h"
#include "scheduler/store/redis/redis_socket.h"
#include "scheduler/store/redis/redis_tls.h"
#include "scheduler/store/redis/redis_url.h"

typedef struct Redis {
        RedisUrl url;
        const char
                *home_key; /* in a Redis Cluster we talk to the node that has it; NULL: any server will do */
        char place[300];   /* of the node we talk to, or tried to; for messages */
        int fd;            /* -1: not connected */
        uint64_t n_connections; /* made so far: what hangs on one (WATCH) is gone with the next */
        RedisTls *tls;          /* NULL: in the clear */
        ReplyReader reader;
        char *out; /* bytes to be sent: out[out_start .. out_n) */
        size_t out_start, out_n, out_size;
        unsigned pending; /* replies to come */
        int (*find)(struct Redis *r,
                    RedisUrl *node); /* where to connect to, each time anew; NULL: as the URL says */
        usec_t found_at;             /* monotonic: when it was last asked where */
        usec_t timeout;
        SocketPatience patience; /* of the call under way */
        char error[600];
} Redis;

/* Words of a command, not copied. */
enum { COMMAND_WORDS = 260 };
typedef struct Command {
        int n;
        const char *words[COMMAND_WORDS];
        size_t lengths[COMMAND_WORDS];
} Command;

void command_add(Command *c, const char *word, size_t n);
void command_text(Command *c, const char *word);               /* a C string, not copied */
void command_number(Command *c, char buf[24], int64_t number); /* written into buf */

/* `home_key` outlives it. */
void redis_init(Redis *r, const RedisUrl *url, const char *home_key, usec_t timeout);
void redis_done(Redis *r); /* closes; takes a zeroed one after redis_init() only */

/* Starts a call: connected, with nothing pending, or an error. `deadline` is of clock_monotonic(). */
int redis_begin(Redis *r, usec_t deadline) must_check;
int redis_send(Redis *r, const Command *c) must_check;
/* The next reply, never an error reply. Freed by reply_free(). */
int redis_receive(Redis *r, redisReply **ret) must_check;
/* send and receive of one. */
int redis_call(Redis *r, const Command *c, redisReply **ret) must_check;
void redis_drop(Redis *r);

/* Words for redis->error; returns `error`. */
int redis_fail(Redis *r, int error, const char *fmt, ...) printf_like(3, 4);
