/* The kernel's answer to RTM_GETLINK (rtnetlink(7)) → network links. Pure. */
#pragma once

#include "scheduler/base/arena.h"

typedef struct Link {
        const char *name;
        const char *kind;        /* "veth", "bond", "tun" …; "" for hardware */
        const char *master_kind; /* of what it is a port of: "bond", "bridge", "openvswitch"; "" */
        uint32_t index, master;  /* master 0: a port of nothing */
        uint32_t flags;          /* IFF_UP, IFF_LOOPBACK … */
        uint16_t type;           /* ARPHRD_ETHER … */
        bool carrier, carrier_known, changes_known, stats_known;
        uint32_t carrier_changes;
        uint64_t rx_bytes, tx_bytes, errors, drops; /* both ways; drops with frames missed for want of room */
} Link;

/* In the kernel's order. 0; -EBADMSG: cut short, or not what the kernel sends; the negative errno the kernel
 * answered with; -EAGAIN: links changed while they were listed; -ENOMEM. */
int links_parse(Arena *a, const void *bytes, size_t n, const Link **ret, uint32_t *ret_n) must_check;

/* Does its traffic leave the host? Hardware, bonds and teams (not their members: they would be counted
 * twice), and in a container the veth or tap that is its uplink. Not: loopback, bridges and VLANs (their
 * traffic is their port's), taps and veths of guests and containers, anything that is down. */
bool link_is_uplink(const Link *link);

/* A bridge guests can be attached to, the kernel's or Open vSwitch's. */
bool link_is_bridge(const Link *link);
