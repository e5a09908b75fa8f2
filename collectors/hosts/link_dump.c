/* SPDX-License-Identifier: Apache-2.0 */
#include "collectors/hosts/link_dump.h"

#include <errno.h>
#include <limits.h>
#include <linux/ethtool.h>
#include <linux/rtnetlink.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "collectors/read/slurp.h"
#include "scheduler/model/units.h"

#define MESSAGE_MAX    32768 /* the kernel fills at most this much at once */
#define MASK_WORDS_MAX ((size_t) SCHAR_MAX * 3)
#define ATTEMPTS       3 /* when links change while they are listed */

static int request_send(int fd) {
        struct {
                struct nlmsghdr head;
                struct ifinfomsg body;
        } request = {
                .head = { .nlmsg_len = sizeof(request),
                          .nlmsg_type = RTM_GETLINK,
                          .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP,
                          .nlmsg_seq = 1 },
                .body = { .ifi_family = AF_UNSPEC },
        };

        return send(fd, &request, sizeof(request), 0) < 0 ? -errno : 0;
}

/* Does a part of the answer hold its end? */
static bool answer_ends(const unsigned char *bytes, size_t n) {
        struct nlmsghdr h;

        for (size_t at = 0; at + sizeof(h) <= n; at += NLMSG_ALIGN((size_t) h.nlmsg_len)) {
                memcpy(&h, bytes + at, sizeof(h));
                if (h.nlmsg_type == NLMSG_DONE || h.nlmsg_type == NLMSG_ERROR || h.nlmsg_len < sizeof(h))
                        return true;
        }
        return false;
}

/* All parts of the answer, one after the other. */
static int answer_receive(Arena *a, int fd, const void **ret, size_t *ret_n) {
        size_t room = (size_t) MESSAGE_MAX * 4, n = 0;
        unsigned char *bytes = arena_new(a, unsigned char, room);

        for (;;) {
                ssize_t got;

                if (bytes && room - n < MESSAGE_MAX) {
                        unsigned char *more = arena_new(a, unsigned char, room * 2);

                        bytes = more ? memcpy(more, bytes, n) : NULL;
                        room *= 2;
                }
                if (!bytes)
                        return -ENOMEM;
                got = recv(fd, bytes + n, room - n, 0);
                if (got < 0 && errno == EINTR)
                        continue;
                if (got <= 0)
                        return got < 0 ? -errno : -EBADMSG;
                n += (size_t) got;
                if (answer_ends(bytes + n - (size_t) got, (size_t) got))
                        break;
        }
        *ret = bytes;
        *ret_n = n;
        return 0;
}

static int kernel_ask(Arena *a, const void **ret, size_t *ret_n) {
        const struct timeval limit = { .tv_sec = 1 };
        int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE), r;

        if (fd < 0)
                return -errno;
        r = setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)) < 0 ? -errno : request_send(fd);
        if (r == 0)
                r = answer_receive(a, fd, ret, ret_n);
        (void) close(fd);
        return r;
}

int link_dump(Arena *a, const char *root, const Link **ret, uint32_t *ret_n) {
        const char *recorded;
        const void *bytes = NULL;
        size_t n = 0;
        int r;

        if (*root) {
                r = file_slurp(a, root, "/rtnetlink/links", &recorded, &n);
                return r < 0 ? r : links_parse(a, recorded, n, ret, ret_n);
        }
        for (int i = 0; i < ATTEMPTS; i++) {
                ArenaMark mark = arena_mark(a);

                r = kernel_ask(a, &bytes, &n);
                if (r == 0)
                        r = links_parse(a, bytes, n, ret, ret_n);
                if (r != -EAGAIN)
                        return r;
                arena_rewind(a, mark);
        }
        return -EAGAIN;
}

/* ETHTOOL_GLINKSETTINGS, asked twice: the kernel first says how long its masks are (linux/ethtool.h). */
int64_t link_speed(int fd, const char *name) {
        union { /* three masks of at most SCHAR_MAX words follow the head */
                struct ethtool_link_settings head;
                uint32_t room[sizeof(struct ethtool_link_settings) / sizeof(uint32_t) + MASK_WORDS_MAX];
        } settings = { .head.cmd = ETHTOOL_GLINKSETTINGS };
        struct ifreq request = { .ifr_data = (char *) &settings };

        if (strlen(name) >= sizeof(request.ifr_name))
                return UNKNOWN;
        memcpy(request.ifr_name, name, strlen(name) + 1);
        if (ioctl(fd, SIOCETHTOOL, &request) < 0 || settings.head.link_mode_masks_nwords >= 0)
                return UNKNOWN;
        settings.head.link_mode_masks_nwords = (int8_t) -settings.head.link_mode_masks_nwords;
        settings.head.cmd = ETHTOOL_GLINKSETTINGS;
        if (ioctl(fd, SIOCETHTOOL, &request) < 0)
                return UNKNOWN;
        if (settings.head.speed == 0 || settings.head.speed > INT32_MAX) /* SPEED_UNKNOWN is 2^32 - 1 */
                return UNKNOWN;
        return (int64_t) settings.head.speed;
}
