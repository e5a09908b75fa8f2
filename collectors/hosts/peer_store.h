/* SPDX-License-Identifier: Apache-2.0 */
/* What the agent knows of the other agents it exchanges echoes with (collectors/hosts/peers.c): where they
 * answer, the key they share, and where this host answers itself.
 *
 * Owner: the agent; ended by peer_store_close(). Const to collectors. Threads: one.
 *
 * Units: usec_t, in microseconds, monotonic. Errors: a negative errno, as said below.
 */
#pragma once

#include <sys/socket.h>

#include "collectors/parse/echo_packet.h"
#include "scheduler/base/clock.h"
#include "scheduler/store/store.h"

#define PEERS_MOST     32 /* partners of a host; a cluster of that many others is measured whole */
#define PEERS_PORT     16599
#define PEER_TEXT_SIZE 80 /* "ADDRESS PORT" */

typedef struct PeerAddress {
        struct sockaddr_storage at;
        socklen_t length; /* 0: none */
} PeerAddress;

typedef struct Peer {
        const char *name;
        PeerAddress address;
} Peer;

typedef struct PeerStore {
        Arena arenas[2]; /* one of `peers`, one of the next ones */
        PeerAddress own;
        char own_text[PEER_TEXT_SIZE];
        unsigned char key[ECHO_KEY_BYTES];
        bool has_key;
        const Peer *peers; /* sorted by name */
        uint32_t n;
        uint64_t edition; /* another one: `peers` has changed */
        usec_t meet_at;   /* monotonic: when partners are asked for next */
        usec_t pause;     /* until then: short at first, when hosts come up together */
} PeerStore;

/* "10.0.0.1 16599", "fd00::1 16599", as they stand in the store. 0; -EINVAL. Pure. */
int peer_address_parse(const char *text, size_t n, PeerAddress *ret) must_check;
const char *peer_address_print(const PeerAddress *address, char buf[PEER_TEXT_SIZE]);

/* Where this host answers: `address` if it is not "", else the host of the URI; a name is looked up, which
 * takes what the system's resolver takes. `key_file`: "" or a file with the key, in place of the store's.
 * 0; 1: neither says where: this host takes no part; -EINVAL with *reterr_fault: no address, no key in the
 * file; -ENOMEM. */
int peer_store_open(PeerStore *ret, const char *address, int64_t port, const char *uri, const char *key_file,
                    TextFault *reterr_fault) must_check;
void peer_store_close(PeerStore *b);

/* Once a minute, a few times sooner at first: says where this host is, takes its partners, and the key if it
 * has none. 0; negative errno as of the store: the partners stay as they were, and it is tried again at the
 * next call. */
int peer_store_meet(PeerStore *b, Store *store, const char *host, usec_t now) must_check;
