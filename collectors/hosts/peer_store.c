/* SPDX-License-Identifier: Apache-2.0 */
#include "collectors/hosts/peer_store.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "collectors/read/slurp.h"
#include "scheduler/model/bounds.h"

#define MEET_FIRST (5 * USEC_PER_SEC) /* and twice that, up to … */
#define MEET_EVERY (60 * USEC_PER_SEC)
#define BOOK_BYTES (UINT64_C(1) << 20)

int peer_address_parse(const char *text, size_t n, PeerAddress *ret) {
        const char *space = memchr(text, ' ', n);
        char host[INET6_ADDRSTRLEN];
        PeerAddress a = { 0 };
        struct sockaddr_in *v4 = (struct sockaddr_in *) (void *) &a.at;
        struct sockaddr_in6 *v6 = (struct sockaddr_in6 *) (void *) &a.at;
        size_t length = space ? (size_t) (space - text) : n;
        int64_t port;

        if (!space || length >= sizeof(host) ||
            text_to_int(space + 1, n - length - 1, 1, bound_of(BOUND_PORT), &port) < 0)
                return -EINVAL;
        memcpy(host, text, length);
        host[length] = '\0';
        if (inet_pton(AF_INET, host, &v4->sin_addr) == 1) {
                v4->sin_family = AF_INET;
                v4->sin_port = htons((uint16_t) port);
                a.length = sizeof(*v4);
        } else if (inet_pton(AF_INET6, host, &v6->sin6_addr) == 1) {
                v6->sin6_family = AF_INET6;
                v6->sin6_port = htons((uint16_t) port);
                a.length = sizeof(*v6);
        } else {
                return -EINVAL;
        }
        *ret = a;
        return 0;
}

const char *peer_address_print(const PeerAddress *address, char buf[PEER_TEXT_SIZE]) {
        const struct sockaddr_in *v4 = (const struct sockaddr_in *) (const void *) &address->at;
        const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *) (const void *) &address->at;
        bool six = address->at.ss_family == AF_INET6;
        char host[INET6_ADDRSTRLEN] = "";

        (void) inet_ntop(address->at.ss_family,
                         six ? (const void *) &v6->sin6_addr : (const void *) &v4->sin_addr, host,
                         sizeof(host));
        (void) snprintf(buf, PEER_TEXT_SIZE, "%s %u", host, ntohs(six ? v6->sin6_port : v4->sin_port));
        return buf;
}

/* The host in "qemu+ssh://root@h1:22/system", "[::1]"; "" when there is none. */
static void peer_store_uri_host(const char *uri, char *ret, size_t size) {
        const char *at = uri ? strstr(uri, "://") : NULL;
        size_t n;

        *ret = '\0';
        if (!at)
                return;
        at += 3;
        n = strcspn(at, "/?");
        for (size_t i = 0; i < n; i++)
                if (at[i] == '@') {
                        at += i + 1;
                        n -= i + 1;
                        break;
                }
        if (n > 0 && *at == '[') {
                at++;
                n = strcspn(at, "]/");
        } else if (memchr(at, ':', n)) {
                n = strcspn(at, ":");
        }
        if (n > 0 && n < size)
                (void) snprintf(ret, size, "%.*s", (int) n, at);
}

static int address_find(const char *host, int64_t port, PeerAddress *ret) {
        const struct addrinfo hints = { .ai_socktype = SOCK_DGRAM, .ai_flags = AI_NUMERICSERV };
        struct addrinfo *found = NULL;
        char service[16];

        (void) snprintf(service, sizeof(service), "%d", (int) port);
        if (getaddrinfo(host, service, &hints, &found) != 0 || !found)
                return -EINVAL;
        *ret = (PeerAddress){ .length = found->ai_addrlen };
        memcpy(&ret->at, found->ai_addr, found->ai_addrlen);
        freeaddrinfo(found);
        return 0;
}

/* Debian gives a host's own name the address 127.0.1.1: there nobody else finds it. An address that was
 * written as one is meant. */
static bool leads_home(const char *host, const PeerAddress *found) {
        const struct sockaddr_in *v4 = (const struct sockaddr_in *) (const void *) &found->at;
        const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *) (const void *) &found->at;
        struct in6_addr unused;

        if (inet_pton(AF_INET, host, &unused) == 1 || inet_pton(AF_INET6, host, &unused) == 1)
                return false;
        return found->at.ss_family == AF_INET6 ? IN6_IS_ADDR_LOOPBACK(&v6->sin6_addr)
                                               : ntohl(v4->sin_addr.s_addr) >> 24 == IN_LOOPBACKNET;
}

static int key_read(PeerStore *b, const char *file, TextFault *fault) {
        const char *text;
        size_t n;
        int r = file_slurp(&b->arenas[0], "", file, &text, &n);

        if (r == 0)
                r = echo_key_parse(text, n, b->key);
        if (r < 0)
                text_fault(fault, "peers.key_file", "%s: %s", file,
                           r == -EINVAL ? "not a key; accepted: 64 hexadecimal digits (openssl rand -hex 32)"
                                        : strerror(-r));
        b->has_key = r == 0;
        return r < 0 && r != -ENOMEM ? -EINVAL : r;
}

int peer_store_open(PeerStore *ret, const char *address, int64_t port, const char *uri, const char *key_file,
                    TextFault *reterr_fault) {
        char host[256];
        int r;

        *ret = (PeerStore){ 0 };
        if (*address)
                (void) snprintf(host, sizeof(host), "%s", address);
        else
                peer_store_uri_host(uri, host, sizeof(host));
        if (!*host)
                return 1;
        if (address_find(host, port, &ret->own) < 0 || leads_home(host, &ret->own)) {
                ret->own.length = 0;
                text_fault(
                        reterr_fault, *address ? "peers.address" : "--advertise",
                        "'%s' is not an address of this host that others can reach, or a name of one; use --set peers.address=ADDRESS",
                        host);
                return -EINVAL;
        }
        (void) peer_address_print(&ret->own, ret->own_text);
        r = arena_open(BOOK_BYTES, &ret->arenas[0]);
        if (r == 0)
                r = arena_open(BOOK_BYTES, &ret->arenas[1]);
        if (r == 0 && *key_file)
                r = key_read(ret, key_file, reterr_fault);
        if (r < 0)
                peer_store_close(ret);
        return r;
}

void peer_store_close(PeerStore *b) {
        arena_close(&b->arenas[0]);
        arena_close(&b->arenas[1]);
        explicit_bzero(b->key, sizeof(b->key));
        *b = (PeerStore){ 0 };
}

/* The service makes it; until there is one, nothing is measured. */
static int key_fetch(PeerStore *b, Store *store, Arena *a) {
        const char *text;
        size_t n;
        int r = store_get_echo_key(store, a, &text, &n);

        if (r == 1)
                return 0;
        if (r == 0)
                r = echo_key_parse(text, n, b->key);
        b->has_key = r == 0;
        return r;
}

int peer_store_meet(PeerStore *b, Store *store, const char *host, usec_t now) {
        Arena *a = &b->arenas[(b->edition + 1) % 2];
        StoredText *found;
        uint32_t n_found = 0, n = 0;
        Peer *peers;
        int r = 0;

        if (b->own.length == 0 || now < b->meet_at)
                return 0;
        arena_rewind(a, 0);
        if (!b->has_key)
                r = key_fetch(b, store, a);
        if (r == 0)
                r = store_put_peer(store, host, b->own_text);
        if (r == 0)
                r = store_get_partners(store, a, host, PEERS_MOST, &found, &n_found);
        if (r < 0)
                return r;
        peers = arena_new(a, Peer, n_found);
        if (!peers)
                return -ENOMEM;
        for (uint32_t i = 0; i < n_found; i++) {
                peers[n].name = found[i].name;
                /* what another version says there is not for us */
                n += peer_address_parse(found[i].text, found[i].n, &peers[n].address) == 0;
        }
        b->peers = peers;
        b->n = n;
        b->edition++;
        b->pause = b->pause == 0 ? MEET_FIRST : b->pause < MEET_EVERY / 2 ? b->pause * 2 : MEET_EVERY;
        b->meet_at = now + b->pause;
        return 0;
}
