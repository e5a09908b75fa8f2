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

int socket_wait(struct pollfd *socket, usec_t deadline) {
        for (;;) {
                usec_t left = deadline - clock_monotonic();
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

static int finish_connect(int fd, usec_t deadline) {
        struct pollfd p = { .fd = fd, .events = POLLOUT };
        int error = 0, k = socket_wait(&p, deadline);
        socklen_t n = sizeof(error);

        if (k < 0)
                return k;
        return getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &n) < 0 ? -errno : -error;
}

/* Closes fd when it fails. */
static int connect_to(int fd, const struct sockaddr *to, socklen_t n, usec_t deadline) {
        int k;

        if (fd < 0)
                return -errno;
        while ((k = connect(fd, to, n)) < 0 &&
               (errno == EINTR || (errno == EAGAIN && to->sa_family == AF_UNIX))) {
                if (clock_monotonic() >= deadline) {
                        errno = ETIMEDOUT;
                        break;
                }
                clock_sleep(10 * USEC_PER_MSEC); /* a unix socket whose queue is full */
        }
        if (k < 0)
                k = errno == EINPROGRESS ? finish_connect(fd, deadline) : -errno;
        if (k < 0)
                (void) close(fd);
        return k < 0 ? k : fd;
}

static int connect_unix(const char *path, usec_t deadline) {
        struct sockaddr_un to = { .sun_family = AF_UNIX };

        static_assert(sizeof(to.sun_path) == REDIS_PATH_MAX, "unix(7)");
        memcpy(to.sun_path, path, strlen(path) + 1);
        return connect_to(socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0),
                          (const struct sockaddr *) &to, sizeof(to), deadline);
}

/* A dead peer is found by keepalive even when nothing is being asked. */
static void socket_tune(int fd) {
        const int on = 1;

        (void) setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
        (void) setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
}

static int connect_tcp(const char *host, int port, usec_t deadline) {
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
                usec_t now = clock_monotonic();

                k = connect_to(socket(one->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0),
                               one->ai_addr, one->ai_addrlen, now + (deadline - now) / left);
        }
        freeaddrinfo(all);
        if (k >= 0)
                socket_tune(k);
        return k;
}

int socket_connect(const RedisUrl *url, usec_t deadline) {
        return url->path[0] ? connect_unix(url->path, deadline) : connect_tcp(url->host, url->port, deadline);
}
