/* SPDX-License-Identifier: Apache-2.0 */
/* The kernel's answer to RTM_GETLINK (rtnetlink(7)) → network links. Pure.
 *
 * Units: bytes and frames since the link came up. Owner: the arena. Errors: as said at links_parse(); the
 * others have none. Threads: any, each its own arena.
 */
#pragma once

#include "scheduler/base/arena.h"

typedef struct Link {
        const char *name;
        const char *kind;        /* "veth", "bond", "tun" …; "" for hardware */
        const char *master_kind; /* of what it is a port of: "bond", "bridge", "openvswitch"; "" */
        uint32_t index, master;  /* master 0: a port of nothing */
        uint32_t flags;          /* IFF_UP, IFF_LOOPBACK … */
        uint16_t type;           /* ARPHRD_ETHER … */
        bool carrier, carrier_known, changes_known, losses_known, stats_known;
        uint32_t carrier_changes, carrier_losses;
        uint32_t parent;                            /* IFLA_LINK: the card of a VLAN; 0: none */
        int bond_mode;                              /* −1: no bond */
        bool member_idle;                           /* a bond's member that carries none of its traffic */
        uint64_t rx_bytes, tx_bytes, errors, drops; /* both ways; drops with frames missed for want of room */
} Link;

/* In the kernel's order. 0; -EBADMSG: cut short, or not what the kernel sends; the negative errno the kernel
 * answered with; -EAGAIN: links changed while they were listed; -ENOMEM. */
int links_parse(Arena *a, const void *bytes, size_t n, const Link **ret, uint32_t *ret_n) must_check;

/* Does its traffic leave the host? Hardware, bonds and teams (not their members: they would be counted
 * twice), and in a container the veth or tap that is its uplink. Not: loopback, bridges and VLANs (their
 * traffic is their port's), taps and veths of guests and containers, anything that is down. */
bool link_is_uplink(const Link *l);

/* A bridge guests can be attached to, the kernel's or Open vSwitch's. */
bool link_is_bridge(const Link *l);

/* A bond's mode as the kernel's manual names it ("802.3ad"); NULL: no bond. */
const char *link_bond_mode(const Link *l);
/* A bond or a team. */
bool link_is_bundle(const Link *l);
/* Up, with a carrier, and in use by its bond. */
bool link_carries(const Link *l);

/* By which of the links that leave the host (link_is_uplink()) the traffic of link `index` goes: itself, the
 * card of a VLAN, the uplink of a bridge, the bond of a member. NULL: none, or it cannot be told. */
const Link *link_uplink(const Link *links, uint32_t n, uint32_t index);
