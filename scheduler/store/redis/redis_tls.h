/* SPDX-License-Identifier: Apache-2.0 */
/* TLS over a connected socket, for redis_socket.h's kind: non-blocking, with a deadline over the handshake.
 *
 * The server's certificate is verified always: against url->tls.ca (the system's authorities where it is ""), for the
 * name url->tls.name (url->host where it is ""; an address must stand in the certificate as one). TLS 1.2 or later.
 * With TLS 1.3 a server that wants a certificate of us says so at the first read only: connected is who has answered.
 *
 * Owner:   redis_tls_close() frees; the socket stays the caller's. Files are read at each connection, so that renewed
 *          certificates need no restart.
 * Errors:  -EKEYREJECTED the server's certificate is not good; -ENOKEY a file of ours is not; -EACCES the server wants
 *          a certificate, or not this one; -EPROTO no TLS; -ETIMEDOUT, -ECONNRESET, -ENOMEM; each with words.
 * Threads: one connection, one thread.
 *
 * Units: bytes; usec_t, in microseconds.
 */
#pragma once

#include <sys/types.h>

#include "scheduler/store/redis/redis_socket.h"

typedef struct RedisTls RedisTls;

enum { TLS_WORDS = 400 };

/* Handshake on `fd`. 0, or a negative errno with `words`. */
int redis_tls_open(const RedisUrl *url, int fd, SocketPatience *patience, RedisTls **ret,
                   char words[TLS_WORDS]) must_check;
void redis_tls_close(RedisTls *tls); /* takes NULL */

/* Bytes taken or given, more than 0; 0: the server closed; -EAGAIN: wait for redis_tls_events(); a negative errno with
 * words in redis_tls_words(). A write that said -EAGAIN is repeated with the same bytes. */
ssize_t redis_tls_write(RedisTls *tls, const void *bytes, size_t n) must_check;
ssize_t redis_tls_read(RedisTls *tls, void *buf, size_t size) must_check;

/* poll(2)'s events that the last -EAGAIN waits for. */
short redis_tls_events(const RedisTls *tls);

/* Bytes that are decrypted and not read: poll(2) does not see them. */
bool redis_tls_has_more(const RedisTls *tls);

const char *redis_tls_words(const RedisTls *tls);
