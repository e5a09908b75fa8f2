/* SPDX-License-Identifier: Apache-2.0 */
#include "collectors/parse/links.h"

#include <errno.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <string.h>

#include "collectors/parse/attributes.h"
#include "scheduler/base/text.h"

/* As linux/if_bonding.h has them, which cannot be included beside net/if.h. */
enum { BOND_STATE_ACTIVE = 0, BOND_LINK_UP = 0 };
enum {
        BOND_MODE_ROUNDROBIN,
        BOND_MODE_ACTIVEBACKUP,
        BOND_MODE_XOR,
        BOND_MODE_BROADCAST,
        BOND_MODE_8023AD,
        BOND_MODE_TLB,
        BOND_MODE_ALB
};

#define DEPTH_MOST 8 /* a VLAN on a bridge on a VLAN on a bond …; and links may go in circles */

static int attribute_text(Arena *a, Bytes value, const char **ret) {
        size_t n = strnlen((const char *) value.at, value.n);
        const char *copy = text_copy(a, (const char *) value.at, n);

        if (!copy)
                return -ENOMEM;
        *ret = copy;
        return 0;
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

/* "bond" comes before its data, "bridge" and others have data of their own. */
static bool bond_read(Bytes data, Link *link) {
        bool bad = false;
        uint16_t type;
        Bytes value;

        while (attribute_next(&data, &type, &value, &bad))
                if (type == IFLA_BOND_MODE && value.n > 0)
                        link->bond_mode = value.at[0];
        return !bad;
}

static bool member_read(Bytes data, Link *link) {
        bool bad = false, up = true, active = true;
        uint16_t type;
        Bytes value;

        while (attribute_next(&data, &type, &value, &bad))
                if (type == IFLA_BOND_SLAVE_STATE && value.n > 0)
                        active = value.at[0] == BOND_STATE_ACTIVE;
                else if (type == IFLA_BOND_SLAVE_MII_STATUS && value.n > 0)
                        up = value.at[0] == BOND_LINK_UP;
        link->member_idle = !(active && up);
        return !bad;
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
                else if (type == IFLA_INFO_DATA && strcmp(link->kind, "bond") == 0)
                        bad = !bond_read(value, link);
                else if (type == IFLA_INFO_SLAVE_DATA && strcmp(link->master_kind, "bond") == 0)
                        bad = !member_read(value, link);
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
        case IFLA_LINK:
                link->parent = attribute_u32(value);
                return 0;
        case IFLA_CARRIER_DOWN_COUNT:
                link->losses_known = value.n >= sizeof(uint32_t);
                link->carrier_losses = attribute_u32(value);
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
        Link link = { .kind = "", .master_kind = "", .bond_mode = -1 };
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
                        return message_error(body);
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

static bool links_starts(const char *s, const char *prefix) {
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
                return l->master == 0 && !links_starts(l->name, "vnet") && !links_starts(l->name, "tap");
        return false;
}

bool link_is_bridge(const Link *l) {
        return strcmp(l->kind, "bridge") == 0 ||
               (strcmp(l->kind, "openvswitch") == 0 && strcmp(l->name, "ovs-system") != 0);
}

const char *link_bond_mode(const Link *l) {
        static const char *const names[] = {
                [BOND_MODE_ROUNDROBIN] = "balance-rr", [BOND_MODE_ACTIVEBACKUP] = "active-backup",
                [BOND_MODE_XOR] = "balance-xor",       [BOND_MODE_BROADCAST] = "broadcast",
                [BOND_MODE_8023AD] = "802.3ad",        [BOND_MODE_TLB] = "balance-tlb",
                [BOND_MODE_ALB] = "balance-alb",
        };

        return l->bond_mode >= 0 && l->bond_mode < (int) ARRAY_SIZE(names) ? names[l->bond_mode] : NULL;
}

bool link_is_bundle(const Link *l) {
        return strcmp(l->kind, "bond") == 0 || strcmp(l->kind, "team") == 0;
}

bool link_carries(const Link *l) {
        return (l->flags & IFF_UP) && (!l->carrier_known || l->carrier) && !l->member_idle;
}

static const Link *link_by_index(const Link *links, uint32_t n, uint32_t index) {
        for (uint32_t i = 0; i < n; i++)
                if (links[i].index == index)
                        return &links[i];
        return NULL;
}

/* What a link's packets go on through: a bundle's member's bundle, a VLAN's card, a bridge's uplink. Of a
 * bridge with several, the first that has a carrier: which one a packet takes, its forwarding table says. */
static const Link *link_below(const Link *links, uint32_t n, const Link *l) {
        bool port_of_switch = strcmp(l->master_kind, "openvswitch") == 0;
        uint32_t master = link_is_bridge(l) && !port_of_switch ? l->index : l->master;

        if (link_is_bridge(l))
                for (uint32_t i = 0; i < n && master > 0; i++) {
                        const Link *port = &links[i];

                        if (port != l && port->master == master && link_carries(port) &&
                            (link_is_uplink(port) || strcmp(port->kind, "vlan") == 0))
                                return port;
                }
        if (l->master > 0 && (strcmp(l->master_kind, "bond") == 0 || strcmp(l->master_kind, "team") == 0))
                return link_by_index(links, n, l->master);
        return l->parent > 0 && strcmp(l->kind, "veth") != 0 ? link_by_index(links, n, l->parent) : NULL;
}

const Link *link_uplink(const Link *links, uint32_t n, uint32_t index) {
        const Link *l = link_by_index(links, n, index);

        for (int depth = 0; l && depth < DEPTH_MOST; depth++) {
                if (link_is_uplink(l))
                        return l;
                l = link_below(links, n, l);
        }
        return NULL;
}
