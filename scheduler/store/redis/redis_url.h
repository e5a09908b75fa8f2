/* SPDX-License-Identifier: Apache-2.0 */
/* Where a Redis server is, from the text a person wrote:
 *
 *   redis://[[user]:password@]host[:port][/db]      port 6379, db 0
 *   unix://[[user]:password@]/path[?db=N]
 *   redis+sentinel://[[user]:password@]host[:port][,host[:port]]…/MASTER[/db]     port 26379; the login is the servers'
 *
 *   rediss://…, rediss+sentinel://…                                               the same over TLS, also to the sentinels:
 *       ?ca=FILE        who may sign the server's certificate; else the system's authorities
 *       &cert=FILE&key=FILE   our own certificate, where the server wants one
 *       &name=NAME      the name in the server's certificate, where it is not the host (sentinels answer with addresses)
 *
 * User, password, host, path and files may be percent-encoded; an IPv6 address stands in brackets.
 *
 * Pure. Threads: any.
 *
 * Units: ports, numbers of databases. Owner: all is the caller's. Errors: -EINVAL, -EPROTO, -ENAMETOOLONG, as
 * said.
 */
#pragma once

#include "scheduler/base/text.h"

#define REDIS_PATH_MAX 108 /* sun_path, unix(7) */

enum { SENTINELS_MOST = 9 };

typedef struct SentinelAt {
        char host[256];
        int port;
} SentinelAt;

typedef struct RedisTlsFiles {
        bool on;
        char ca[256], cert[256], key[256], name[256]; /* "": none was given */
} RedisTlsFiles;

typedef struct RedisUrl {
        char path[REDIS_PATH_MAX]; /* a unix socket; "": TCP */
        char host[256];
        int port, db;
        char user[256], password[512]; /* "": none */
        SentinelAt
                sentinels[SENTINELS_MOST]; /* who are asked where `master` is; n_sentinels 0: host and port */
        unsigned n_sentinels;
        char master[128];
        RedisTlsFiles tls;
        char place[300]; /* "127.0.0.1:6379", "unix:/path": for messages, no password in it */
} RedisUrl;

/* 0; -EINVAL with *reterr_fault. */
int redis_url_parse(const char *url, RedisUrl *ret, TextFault *reterr_fault) must_check;

/* Another server with the same login and database. `host` may be empty: the same one. -EPROTO: it is no host.
 */
int redis_url_move(RedisUrl *u, const char *host, size_t n, int port) must_check;

/* The URL of a unix socket, percent-encoded where needed. 0; -ENAMETOOLONG: the path or the text is too long.
 */
int redis_url_of_socket(const char *path, RedisUrl *ret, char *ret_url, size_t size) must_check;
