#include "collectors/parse/links.h"

#include <errno.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <string.h>

#include "scheduler/base/text.h"

typedef struct Bytes {
        const unsigned char *at;
        size_t n;
} Bytes;

/* The next attribute; false at the end, and *bad when what is there is none. */
static bool attribute_next(Bytes *rest, uint16_t *ret_type, Bytes *ret, bool *bad) {
        struct rtattr h;
        size_t step;

        if (rest->n == 0)
                return false;
        if (rest->n < sizeof(h))
                return !(*bad = true);
        memcpy(&h, rest->at, sizeof(h));
        if (h.rta_len < sizeof(h) || h.rta_len > rest->n)
                return !(*bad = true);
        *ret_type = (uint16_t) (h.rta_type & (unsigned) NLA_TYPE_MASK);
        *ret = (Bytes){ rest->at + sizeof(h), h.rta_len - sizeof(h) };
        step = RTA_ALIGN((size_t) h.rta_len);
        *rest = step < rest->n ? (Bytes){ rest->at + step, rest->n - step } : (Bytes){ rest->at, 0 };
        return true;
}

static int attribute_text(Arena *a, Bytes value, const char **ret) {
        size_t n = strnlen((const char *) value.at, value.n);
        const char *copy = text_copy(a, (const char *) value.at, n);

        if (!copy)
                return -ENOMEM;
        *ret = copy;
        return 0;
}

static uint32_t attribute_u32(Bytes value) {
        uint32_t v = 0;

        if (value.n >= sizeof(v))
                memcpy(&v, value.at, sizeof(v));
        return v;
}

static void stats_read(Bytes value, Link *link) {
        struct rtnl_link_stats64 s = { 0 };

        if (value.n < offsetof(struct rtnl_link_stats64, multicast))
                return;
        memcpy(&s, value.at, value.n < sizeof(s) ? value.n : sizeof(s)); /* kernels append fields */
        link->rx_bytes = s.rx_bytes;
        link->tx_bytes = s.tx_bytes;
        link->errors = s.rx_errors + s.tx_errors;
        link->drops = s.rx_dropped + s.tx_dropped + s.rx_missed_errors;
        link->stats_known = true;
}

static int info_read(Arena *a, Bytes info, Link *link) {
        bool bad = false;
        uint16_t type;
        Bytes value;
        int r = 0;

        while (r == 0 && attribute_next(&info, &type, &value, &bad)) {
                if (type == IFLA_INFO_KIND)
                        r = attribute_text(a, value, &link->kind);
                else if (type == IFLA_INFO_SLAVE_KIND)
                        r = attribute_text(a, value, &link->master_kind);
        }
        return bad ? -EBADMSG : r;
}

static int attribute_apply(Arena *a, uint16_t type, Bytes value, Link *link) {
        switch (type) {
        case IFLA_IFNAME:
                return attribute_text(a, value, &link->name);
        case IFLA_MASTER:
                link->master = attribute_u32(value);
                return 0;
        case IFLA_CARRIER:
                link->carrier_known = value.n > 0;
                link->carrier = value.n > 0 && value.at[0] != 0;
                return 0;
        case IFLA_CARRIER_CHANGES:
                link->changes_known = value.n >= sizeof(uint32_t);
                link->carrier_changes = attribute_u32(value);
                return 0;
        case IFLA_STATS64:
                stats_read(value, link);
                return 0;
        case IFLA_LINKINFO:
                return info_read(a, value, link);
        default:
                return 0;
        }
}

static int link_read(Arena *a, Bytes body, Link *ret) {
        Link link = { .kind = "", .master_kind = "" };
        struct ifinfomsg head;
        bool bad = false;
        uint16_t type;
        Bytes value;
        int r = 0;

        if (body.n < sizeof(head))
                return -EBADMSG;
        memcpy(&head, body.at, sizeof(head));
        link.index = (uint32_t) head.ifi_index;
        link.flags = head.ifi_flags;
        link.type = head.ifi_type;
        body = (Bytes){ body.at + sizeof(head), body.n - sizeof(head) };
        while (r == 0 && attribute_next(&body, &type, &value, &bad))
                r = attribute_apply(a, type, value, &link);
        if (r < 0)
                return r;
        if (bad || !link.name || !*link.name)
                return -EBADMSG;
        *ret = link;
        return 0;
}

static int answer_error(Bytes body) {
        int error = 0;

        if (body.n < sizeof(error))
                return -EBADMSG;
        memcpy(&error, body.at, sizeof(error));
        return error < 0 && error > -4096 ? error : -EBADMSG;
}

/* The message at the front of `rest`. */
static int message_next(Bytes *rest, struct nlmsghdr *ret, Bytes *ret_body) {
        struct nlmsghdr h;
        size_t step;

        if (rest->n < sizeof(h))
                return -EBADMSG;
        memcpy(&h, rest->at, sizeof(h));
        if (h.nlmsg_len < sizeof(h) || h.nlmsg_len > rest->n)
                return -EBADMSG;
        *ret = h;
        *ret_body = (Bytes){ rest->at + sizeof(h), h.nlmsg_len - sizeof(h) };
        step = NLMSG_ALIGN((size_t) h.nlmsg_len);
        *rest = step < rest->n ? (Bytes){ rest->at + step, rest->n - step } : (Bytes){ rest->at, 0 };
        return 0;
}

int links_parse(Arena *a, const void *bytes, size_t n, const Link **ret, uint32_t *ret_n) {
        Bytes rest = { bytes, n }, body;
        size_t most = n / (sizeof(struct nlmsghdr) + sizeof(struct ifinfomsg));
        Link *links = arena_new(a, Link, most + 1);
        struct nlmsghdr h;
        uint32_t found = 0;

        if (!links)
                return -ENOMEM;
        for (;;) {
                int r = message_next(&rest, &h, &body);

                if (r < 0)
                        return r;
                if (h.nlmsg_flags & NLM_F_DUMP_INTR)
                        return -EAGAIN;
                if (h.nlmsg_type == NLMSG_DONE)
                        break;
                if (h.nlmsg_type == NLMSG_ERROR)
                        return answer_error(body);
                if (h.nlmsg_type != RTM_NEWLINK)
                        continue;
                r = link_read(a, body, &links[found]);
                if (r < 0)
                        return r;
                found++;
        }
        *ret = links;
        *ret_n = found;
        return 0;
}

static bool starts(const char *s, const char *prefix) {
        return strncmp(s, prefix, strlen(prefix)) == 0;
}

bool link_is_uplink(const Link *l) {
        bool member = strcmp(l->master_kind, "bond") == 0 || strcmp(l->master_kind, "team") == 0;

        if (!(l->flags & IFF_UP) || (l->flags & IFF_LOOPBACK) || l->type != ARPHRD_ETHER || member)
                return false;
        if (!*l->kind || strcmp(l->kind, "bond") == 0 || strcmp(l->kind, "team") == 0)
                return true;
        /* libvirt names its taps vnetN; others hang on a bridge */
        if (strcmp(l->kind, "veth") == 0 || strcmp(l->kind, "tun") == 0)
                return l->master == 0 && !starts(l->name, "vnet") && !starts(l->name, "tap");
        return false;
}

bool link_is_bridge(const Link *l) {
        return strcmp(l->kind, "bridge") == 0 ||
               (strcmp(l->kind, "openvswitch") == 0 && strcmp(l->name, "ovs-system") != 0);
}
