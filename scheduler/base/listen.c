/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/base/listen.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "scheduler/base/text.h"

int tcp_address_parse(const char *where, int64_t port_max, TcpAddress *ret) {
        const char *colon = strrchr(where, ':'), *port = colon ? colon + 1 : where;
        const size_t n = colon ? (size_t) (colon - where) : 0;
        char host[64] = "127.0.0.1";
        int64_t number;

        if (colon && n > 2 && where[0] == '[' && where[n - 1] == ']')
                (void) snprintf(host, sizeof(host), "%.*s", (int) (n - 2), where + 1);
        else if (colon && n > 0)
                (void) snprintf(host, sizeof(host), "%.*s", (int) n, where);
        *ret = (TcpAddress){ 0 };
        if (text_to_int(port, strlen(port), 0, port_max, &number) < 0)
                return -EINVAL;
        if (inet_pton(AF_INET, host, &ret->v4.sin_addr) == 1) {
                ret->v4.sin_family = AF_INET;
                ret->v4.sin_port = htons((uint16_t) number);
                return 0;
        }
        if (inet_pton(AF_INET6, host, &ret->v6.sin6_addr) == 1) {
                ret->v6.sin6_family = AF_INET6;
                ret->v6.sin6_port = htons((uint16_t) number);
                return 0;
        }
        return -EINVAL;
}

int tcp_listen(const struct sockaddr *address) {
        const bool v6 = address->sa_family == AF_INET6;
        const socklen_t n = v6 ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in);
        const int on = 1, fd = socket(address->sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        int r;

        if (fd < 0)
                return -errno;
        if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) == 0 &&
            (!v6 || setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on)) == 0) &&
            bind(fd, address, n) == 0 && listen(fd, SOMAXCONN) == 0)
                return fd;
        r = -errno;
        (void) close(fd);
        return r;
}
