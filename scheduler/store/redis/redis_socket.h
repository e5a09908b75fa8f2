/* SPDX-License-Identifier: Apache-2.0 */
/* Stream sockets with a deadline: of clock_monotonic(), over all that a call does.
 *
 * Looking a host name up is the exception: it takes the time the system's resolver takes (resolv.conf(5)); an
 * address, or a name in /etc/hosts, takes none.
 *
 * Units: usec_t, in microseconds. Owner: the socket is the caller's, by close(). Errors: a negative errno, as
 * said at each. Threads: any, each its own socket.
 */
#pragma once

#include <poll.h>

#include "scheduler/base/clock.h"
#include "scheduler/store/redis/redis_url.h"

/* Until when a call waits. One that is told to hurry (hurries(arg), asked all along; NULL: never) waits no longer than
 * `hurried` from then on. */
typedef struct SocketPatience {
        usec_t deadline; /* by clock_monotonic() */
        usec_t hurried;  /* a length */
        bool (*hurries)(void *arg);
        void *arg;
} SocketPatience;

/* A connected, non-blocking, close-on-exec socket. -ENOENT, -ECONNREFUSED, -EHOSTUNREACH (also: no such
 * name), -ETIMEDOUT … */
int socket_connect(const RedisUrl *url, SocketPatience *patience) must_check;

/* Waits for socket->events. 0 or -ETIMEDOUT. */
int socket_wait(struct pollfd *socket, SocketPatience *patience) must_check;
