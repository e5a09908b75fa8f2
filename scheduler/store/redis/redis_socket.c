/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/store/redis/redis_socket.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define LOOK_EVERY (100 * USEC_PER_MSEC) /* whether to hurry */

/* How long it may be waited now, before it is asked again. */
static usec_t socket_left(SocketPatience *patience) {
        const usec_t now = clock_monotonic();
        usec_t left;

        if (patience->hurries && patience->deadline > now + patience->hurried &&
            patience->hurries(patience->arg))
                patience->deadline = now + patience->hurried;
        left = patience->deadline - now;
        return patience->hurries && left > LOOK_EVERY ? LOOK_EVERY : left;
}

int socket_wait(struct pollfd *socket, SocketPatience *patience) {
        for (;;) {
                usec_t left = socket_left(patience);
                int k;

                if (left <= 0)
                        return -ETIMEDOUT;
                k = poll(socket, 1, (int) (left / USEC_PER_MSEC) + 1);
                if (k > 0)
                        return 0;
                if (k < 0 && errno != EINTR)
                        return -errno;
        }
}

static int finish_connect(int fd, SocketPatience *patience) {
        struct pollfd p = { .fd = fd, .events = POLLOUT };
        int error = 0, k = socket_wait(&p, patience);
        socklen_t n = sizeof(error);

        if (k < 0)
                return k;
        return getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &n) < 0 ? -errno : -error;
}

/* Closes fd when it fails. */
static int connect_to(int fd, const struct sockaddr *to, socklen_t n, SocketPatience *patience) {
        int k;

        if (fd < 0)
                return -errno;
        while ((k = connect(fd, to, n)) < 0 &&
               (errno == EINTR || (errno == EAGAIN && to->sa_family == AF_UNIX))) {
                if (socket_left(patience) <= 0) {
                        errno = ETIMEDOUT;
                        break;
                }
                clock_sleep(10 * USEC_PER_MSEC); /* a unix socket whose queue is full */
        }
        if (k < 0)
                k = errno == EINPROGRESS ? finish_connect(fd, patience) : -errno;
        if (k < 0)
                (void) close(fd);
        return k < 0 ? k : fd;
}

static int connect_unix(const char *path, SocketPatience *patience) {
        struct sockaddr_un to = { .sun_family = AF_UNIX };

        static_assert(sizeof(to.sun_path) == REDIS_PATH_MAX, "unix(7)");
        memcpy(to.sun_path, path, strlen(path) + 1);
        return connect_to(socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0),
                          (const struct sockaddr *) &to, sizeof(to), patience);
}

/* A dead peer is found by keepalive even when nothing is being asked. */
static void socket_tune(int fd) {
        const int on = 1;

        (void) setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
        (void) setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
}

static int connect_tcp(const char *host, int port, SocketPatience *patience) {
        const struct addrinfo hints = { .ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV };
        struct addrinfo *all, *one;
        char service[12];
        int k, left = 0;

        (void) snprintf(service, sizeof(service), "%d", port);
        k = getaddrinfo(host, service, &hints, &all);
        if (k != 0)
                return k == EAI_MEMORY ? -ENOMEM : -EHOSTUNREACH;
        for (one = all; one; one = one->ai_next)
                left++;
        k = -EHOSTUNREACH;
        for (one = all; one && k < 0; one = one->ai_next, left--) { /* each gets its share of what is left */
                const usec_t now = clock_monotonic();
                SocketPatience share = *patience;

                share.deadline = now + (patience->deadline - now) / left;
                k = connect_to(socket(one->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0),
                               one->ai_addr, one->ai_addrlen, &share);
        }
        freeaddrinfo(all);
        if (k >= 0)
                socket_tune(k);
        return k;
}

int socket_connect(const RedisUrl *url, SocketPatience *patience) {
        return url->path[0] ? connect_unix(url->path, patience) : connect_tcp(url->host, url->port, patience);
}
