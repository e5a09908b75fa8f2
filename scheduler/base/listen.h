/* SPDX-License-Identifier: Apache-2.0 */
/* A TCP socket of our own that listens, for a library that serves on it: why it cannot listen is then known from the
 * system, where the library's releases leave it in errno or do not.
 *
 * Units: none. Owner: the descriptor is the caller's. Errors: a negative errno. Threads: any.
 */
#pragma once

#include <netinet/in.h>
#include <stdint.h>
#include <sys/socket.h>

typedef union TcpAddress {
        struct sockaddr any; /* AF_INET or AF_INET6 */
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
} TcpAddress;

/* PORT (of 127.0.0.1), IPV4:PORT or [IPV6]:PORT; ports up to port_max. 0 or -EINVAL. */
int tcp_address_parse(const char *where, int64_t port_max, TcpAddress *ret);

/* At an IPv4 or an IPv6 address (AF_INET, AF_INET6: then not for IPv4, too); its descriptor, which does not block. */
int tcp_listen(const struct sockaddr *address);
