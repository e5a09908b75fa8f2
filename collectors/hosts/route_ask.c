/* SPDX-License-Identifier: Apache-2.0 */
#include "collectors/hosts/route_ask.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <unistd.h>

#include "collectors/parse/attributes.h"
#include "collectors/parse/route.h"

typedef struct RouteRequest {
        struct nlmsghdr head;
        struct rtmsg body;
        struct rtattr to;
        unsigned char address[sizeof(struct in6_addr)];
} RouteRequest;

static RouteRequest request_of(const PeerAddress *to) {
        const struct sockaddr_in *v4 = (const struct sockaddr_in *) (const void *) &to->at;
        const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *) (const void *) &to->at;
        bool six = to->at.ss_family == AF_INET6;
        size_t n = six ? sizeof(v6->sin6_addr) : sizeof(v4->sin_addr);
        RouteRequest q = {
                .head = { .nlmsg_len = (uint32_t) (offsetof(RouteRequest, address) + n),
                          .nlmsg_type = RTM_GETROUTE,
                          .nlmsg_flags = NLM_F_REQUEST,
                          .nlmsg_seq = 1 },
                .body = { .rtm_family = (unsigned char) to->at.ss_family,
                          .rtm_dst_len = (unsigned char) (n * 8) },
                .to = { .rta_type = RTA_DST, .rta_len = (unsigned short) (sizeof(struct rtattr) + n) },
        };

        memcpy(q.address, six ? (const void *) &v6->sin6_addr : (const void *) &v4->sin_addr, n);
        return q;
}

int route_ask(const PeerAddress *to, uint32_t *ret_index) {
        const struct timeval limit = { .tv_sec = 1 };
        const RouteRequest q = request_of(to);
        unsigned char answer[4096];
        int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE), r;
        ssize_t n;

        if (fd < 0)
                return -errno;
        r = setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)) < 0 ||
                            send(fd, &q, q.head.nlmsg_len, 0) < 0
                    ? -errno
                    : 0;
        if (r == 0) {
                n = recv(fd, answer, sizeof(answer), 0);
                r = n < 0 ? -errno : route_parse(answer, (size_t) n, ret_index);
        }
        (void) close(fd);
        return r;
}
