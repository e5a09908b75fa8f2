/* SPDX-License-Identifier: Apache-2.0 */
/* The embedded server: a private redis-server on a unix socket, shared by the programs that use its
 * directory.
 *
 *   DIR/redis.sock    the socket            DIR/redis.log    what the server says
 *   DIR/appendonlydir the data, appended to on each write: journal and cool-downs outlive every process
 *   DIR/server.lock   locked by the redis-server itself: it is held exactly as long as one lives
 *   DIR/users.lock    locked (shared) by each program while it uses the server
 *
 * The first user starts the server, the last one ends it; flock(2) keeps both right when programs die: a lock
 * goes with its process. A server that is left over is used by the next program, and a socket without a
 * server is replaced. The server is no child of the program: it is in a session of its own, so that Ctrl-C in
 * a terminal does not end it before the program has finished.
 *
 * Errors: negative errno, with words in `reterr_fault`. Threads: one RedisServer, one thread.
 *
 * Units: usec_t, in microseconds; `deadline` of clock_monotonic(). Owner: the Store; ended by
 * redis_server_close().
 */
#pragma once

#include "scheduler/base/clock.h"
#include "scheduler/store/redis/redis_url.h"

typedef struct RedisServer {
        char dir[REDIS_PATH_MAX];
        RedisUrl url;
        char url_text[512];
        int users_fd; /* -1: not in use */
} RedisServer;

/* Makes the directory (0700) if it is not there and counts us in as a user; starts nothing.
 * -EINVAL the path is too long; -EPERM it is another user's or others may write to it; -ETIMEDOUT. */
int redis_server_open(const char *dir, usec_t deadline, RedisServer *ret, TextFault *reterr_fault) must_check;

/* Starts a server unless one lives, and waits until it answers. -ENOENT no redis-server program;
 * -EIO it ended at once; -EAGAIN it still reads its data; -ETIMEDOUT. */
int redis_server_start(const RedisServer *s, usec_t deadline, TextFault *reterr_fault) must_check;

/* Counts us out. 1: there are other users, nothing to do; 0: we were the last, and hold the place until
 * redis_server_close(). */
int redis_server_leave(RedisServer *s) must_check;

/* The server's process as a pidfd, also of one that does not answer; < 0 when it cannot be found. */
int redis_server_find(const RedisServer *s) must_check;
/* It has been asked to end: waits until it has; then by SIGTERM, then by SIGKILL. Closes pidfd. */
void redis_server_end(int pidfd, usec_t at_most);
void redis_server_close(RedisServer *s); /* also after a failed open */
