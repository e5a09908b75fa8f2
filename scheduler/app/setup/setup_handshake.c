/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/app/setup/setup_handshake.h"

#include <errno.h>
#include <fcntl.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define CERTIFICATE_MOST (1 << 20)
#define MSEC(limit)      ((unsigned) ((limit) / USEC_PER_MSEC))

/* ---- files ---- */

static int handshake_read_file(const char *path, unsigned char *buf, size_t size, size_t *ret_n) {
        const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
        ssize_t n;

        if (fd < 0)
                return -errno;
        n = read(fd, buf, size);
        (void) close(fd);
        if (n <= 0 || (size_t) n == size)
                return -EBADMSG;
        *ret_n = (size_t) n;
        return 0;
}

typedef struct CertificateList {
        gnutls_x509_crt_t *at;
        unsigned n;
} CertificateList;

static void handshake_list_free(CertificateList *list) {
        for (unsigned i = 0; i < list->n; i++)
                gnutls_x509_crt_deinit(list->at[i]);
        gnutls_free(list->at);
        *list = (CertificateList){ 0 };
}

/* All of a PEM file. */
static int handshake_list_read(const char *path, CertificateList *ret) {
        unsigned char *buf = malloc(CERTIFICATE_MOST);
        CertificateList list = { 0 };
        size_t n = 0;
        int r = buf ? handshake_read_file(path, buf, CERTIFICATE_MOST, &n) : -ENOMEM;

        if (r == 0) {
                const gnutls_datum_t pem = { buf, (unsigned) n };

                if (gnutls_x509_crt_list_import2(&list.at, &list.n, &pem, GNUTLS_X509_FMT_PEM, 0) < 0 ||
                    list.n == 0)
                        r = -EBADMSG;
        }
        free(buf);
        if (r == 0)
                *ret = list;
        return r;
}

int certificate_until(const char *path, usec_t *ret) {
        CertificateList list = { 0 };
        usec_t until = INT64_MAX;
        int r = handshake_list_read(path, &list);

        if (r < 0)
                return r;
        for (unsigned i = 0; i < list.n; i++) {
                const usec_t end = (usec_t) gnutls_x509_crt_get_expiration_time(list.at[i]) * USEC_PER_SEC;

                until = end < until ? end : until;
        }
        *ret = until;
        handshake_list_free(&list);
        return 0;
}

bool certificate_is_of(const char *path, const char *ca) {
        CertificateList chain = { 0 }, authorities = { 0 };
        unsigned status = 0;
        bool is = false;

        if (handshake_list_read(path, &chain) < 0)
                return false;
        if (handshake_list_read(ca, &authorities) == 0) {
                is = gnutls_x509_crt_list_verify(chain.at, chain.n, authorities.at, authorities.n, NULL, 0,
                                                 GNUTLS_VERIFY_DISABLE_TIME_CHECKS, &status) == 0 &&
                     status == 0;
                handshake_list_free(&authorities);
        }
        handshake_list_free(&chain);
        return is;
}

/* ---- the connection ---- */

/* 1: the socket is ready; 0: not in time. A signal does not shorten the wait. */
static int handshake_wait(int fd, usec_t limit) {
        const usec_t until = clock_monotonic() + limit;
        struct pollfd wait = { .fd = fd, .events = POLLOUT };
        int r;

        do {
                const usec_t left = until - clock_monotonic();

                r = poll(&wait, 1, left > 0 ? (int) MSEC(left) : 0);
        } while (r < 0 && errno == EINTR);
        return r == 1;
}

static int handshake_connect_one(const struct addrinfo *at, usec_t limit) {
        const int fd = socket(at->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        socklen_t size = sizeof(int);
        int error = 0;

        if (fd < 0)
                return -errno;
        if (connect(fd, at->ai_addr, at->ai_addrlen) < 0)
                error = errno;
        if (error == EINPROGRESS) {
                if (!handshake_wait(fd, limit))
                        error = ETIMEDOUT;
                else if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) < 0)
                        error = errno;
        }
        if (error != 0) {
                (void) close(fd);
                return -error;
        }
        return fd;
}

/* A socket, or what is said. */
static int handshake_connect(const SetupHost *host, usec_t limit, HandshakeView *view) {
        const struct addrinfo hints = { .ai_socktype = SOCK_STREAM };
        struct addrinfo *all = NULL;
        char port[8];
        int fd = -EHOSTUNREACH;

        (void) snprintf(port, sizeof(port), "%lld", (long long) host->port);
        if (getaddrinfo(host->address, port, &hints, &all) != 0) {
                view->outcome = HANDSHAKE_NO_NAME;
                return -ENOENT;
        }
        for (const struct addrinfo *at = all; at && fd < 0; at = at->ai_next)
                fd = handshake_connect_one(at, limit);
        freeaddrinfo(all);
        if (fd < 0)
                view->outcome = fd == -ECONNREFUSED ? HANDSHAKE_REFUSED : HANDSHAKE_SILENT;
        return fd;
}

/* ---- TLS ---- */

static void handshake_look(gnutls_session_t session, const SetupHost *host, HandshakeView *view) {
        unsigned n = 0, status = 0;
        const gnutls_datum_t *peers = gnutls_certificate_get_peers(session, &n);
        gnutls_x509_crt_t certificate;
        size_t size = sizeof(view->issuer);

        if (peers && n > 0 && gnutls_x509_crt_init(&certificate) == 0) {
                if (gnutls_x509_crt_import(certificate, peers, GNUTLS_X509_FMT_DER) == 0) {
                        view->until =
                                (usec_t) gnutls_x509_crt_get_expiration_time(certificate) * USEC_PER_SEC;
                        if (gnutls_x509_crt_get_issuer_dn(certificate, view->issuer, &size) < 0)
                                view->issuer[0] = '\0';
                }
                gnutls_x509_crt_deinit(certificate);
        }
        if (gnutls_certificate_verify_peers3(session, host->address, &status) < 0) {
                view->outcome = HANDSHAKE_UNTRUSTED;
                return;
        }
        if (status & (GNUTLS_CERT_EXPIRED | GNUTLS_CERT_NOT_ACTIVATED))
                view->outcome = HANDSHAKE_EXPIRED;
        else if (status & GNUTLS_CERT_UNEXPECTED_OWNER)
                view->outcome = HANDSHAKE_OTHER;
        else if (status != 0)
                view->outcome = HANDSHAKE_UNTRUSTED;
}

/* The alerts that speak of our certificate (RFC 8446, 6.2). */
static bool handshake_is_denied(gnutls_session_t session, int error) {
        if (error != GNUTLS_E_FATAL_ALERT_RECEIVED)
                return false;
        switch (gnutls_alert_get(session)) {
        case GNUTLS_A_BAD_CERTIFICATE:
        case GNUTLS_A_UNSUPPORTED_CERTIFICATE:
        case GNUTLS_A_CERTIFICATE_REVOKED:
        case GNUTLS_A_CERTIFICATE_EXPIRED:
        case GNUTLS_A_CERTIFICATE_UNKNOWN:
        case GNUTLS_A_UNKNOWN_CA:
        case GNUTLS_A_ACCESS_DENIED:
        case GNUTLS_A_CERTIFICATE_REQUIRED:
                return true;
        default:
                return false;
        }
}

static void handshake_fail(gnutls_session_t session, int error, HandshakeView *view) {
        view->outcome = error == GNUTLS_E_TIMEDOUT            ? HANDSHAKE_SILENT
                        : handshake_is_denied(session, error) ? HANDSHAKE_DENIED
                                                              : HANDSHAKE_BROKEN;
        (void) snprintf(view->words, sizeof(view->words), "%s%s%s", gnutls_strerror(error),
                        error == GNUTLS_E_FATAL_ALERT_RECEIVED ? " " : "",
                        error == GNUTLS_E_FATAL_ALERT_RECEIVED
                                ? gnutls_alert_get_name(gnutls_alert_get(session))
                                : "");
}

/* libvirtd looks at our certificate after the handshake: content, it sends a byte of its own (1); else it closes the
 * connection, without an alert (libvirt, src/rpc/virnetserverclient.c). */
static void handshake_answer(gnutls_session_t session, usec_t limit, HandshakeView *view) {
        char byte = 0;
        ssize_t n;

        gnutls_record_set_timeout(session, MSEC(limit));
        do
                n = gnutls_record_recv(session, &byte, 1);
        while (n == GNUTLS_E_INTERRUPTED || n == GNUTLS_E_AGAIN);
        if (n == 0 || n == GNUTLS_E_PREMATURE_TERMINATION) {
                view->outcome = HANDSHAKE_DENIED;
        } else if (n < 0) {
                handshake_fail(session, (int) n, view);
        } else if (byte != 1) {
                view->outcome = HANDSHAKE_BROKEN;
                (void) snprintf(view->words, sizeof(view->words), "the server that answers is not libvirt");
        }
}

static void handshake_run(gnutls_session_t session, const SetupHost *host, usec_t limit,
                          HandshakeView *view) {
        int r;

        do
                r = gnutls_handshake(session);
        while (r < 0 && !gnutls_error_is_fatal(r));
        if (r < 0) {
                handshake_fail(session, r, view);
        } else {
                handshake_look(session, host, view);
                if (view->outcome == HANDSHAKE_FINE)
                        handshake_answer(session, limit, view);
        }
}

static void handshake_session(const SetupTlsFiles *files, const SetupHost *host, usec_t limit, int fd,
                              HandshakeView *view) {
        gnutls_certificate_credentials_t credentials;
        gnutls_session_t session;

        view->outcome = HANDSHAKE_BROKEN;
        if (gnutls_certificate_allocate_credentials(&credentials) < 0)
                return;
        (void) gnutls_certificate_set_x509_trust_file(credentials, files->ca, GNUTLS_X509_FMT_PEM);
        (void) gnutls_certificate_set_x509_key_file(credentials, files->certificate, files->key,
                                                    GNUTLS_X509_FMT_PEM);
        if (gnutls_init(&session, GNUTLS_CLIENT | GNUTLS_NO_SIGNAL) == 0) {
                if (gnutls_set_default_priority(session) == 0 &&
                    gnutls_credentials_set(session, GNUTLS_CRD_CERTIFICATE, credentials) == 0) {
                        view->outcome = HANDSHAKE_FINE;
                        gnutls_transport_set_int(session, fd);
                        gnutls_handshake_set_timeout(session, MSEC(limit));
                        handshake_run(session, host, limit, view);
                }
                gnutls_deinit(session);
        }
        gnutls_certificate_free_credentials(credentials);
}

void handshake_try(const SetupTlsFiles *files, const SetupHost *host, usec_t limit, HandshakeView *ret) {
        int fd;

        *ret = (HandshakeView){ .outcome = HANDSHAKE_FINE };
        fd = handshake_connect(host, limit, ret);
        if (fd < 0)
                return;
        /* GnuTLS waits by itself, with its time limit */
        (void) fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) & ~O_NONBLOCK);
        handshake_session(files, host, limit, fd, ret);
        (void) close(fd);
}
