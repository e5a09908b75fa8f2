/* SPDX-License-Identifier: Apache-2.0 */
/* One TLS handshake with a host's libvirt, as libvirt's client makes it, and the certificates of files.
 *
 * Units: usec_t, in microseconds; instants since the epoch. Owner: the caller. Errors: -errno as said; how a handshake went is
 * an outcome. Threads: any.
 */
#pragma once

#include "scheduler/app/setup/setup_tls.h"

typedef enum Handshake {
        HANDSHAKE_FINE,
        HANDSHAKE_NO_NAME,   /* there is no address of that name */
        HANDSHAKE_REFUSED,   /* nothing listens at the port */
        HANDSHAKE_SILENT,    /* no answer in time */
        HANDSHAKE_UNTRUSTED, /* its certificate is of another CA than ours */
        HANDSHAKE_OTHER,     /* it is another host's */
        HANDSHAKE_EXPIRED,   /* it is not good any more, or not yet */
        HANDSHAKE_DENIED,    /* it does not take our certificate */
        HANDSHAKE_BROKEN,    /* it is no TLS, or something else is wrong: in words */
} Handshake;

typedef struct HandshakeView {
        Handshake outcome;
        usec_t until;     /* when the host's certificate ends; 0: none was shown */
        char issuer[128]; /* of the host's certificate; "" */
        char words[128];  /* GnuTLS' own, of HANDSHAKE_BROKEN */
} HandshakeView;

/* Within about three times `limit`. The files may be missing: then none is shown, and nothing is trusted. */
void handshake_try(const SetupTlsFiles *files, const SetupHost *host, usec_t limit, HandshakeView *ret);

/* When the first of the certificates of a PEM file to end ends. 0; -ENOENT: it is not there; -EACCES; -EBADMSG: it is none. */
int certificate_until(const char *path, usec_t *ret) must_check;

/* Is the certificate of that file (with what follows it there) issued by a CA of the other? Not whether it is good still. False too where one of them
 * cannot be read. */
bool certificate_is_of(const char *path, const char *ca);
