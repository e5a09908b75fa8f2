/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/store/redis/redis_tls.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PRIORITIES "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2"

struct RedisTls {
        gnutls_session_t session;
        gnutls_certificate_credentials_t credentials;
        int fd;
        char name[256];                 /* that the server's certificate must be for */
        char purpose[32];               /* that it must be good for */
        gnutls_typed_vdata_st asked[2]; /* of it; the session looks at them in the handshake */
        char words[TLS_WORDS];
};

/* ---- our files ---- */

/* GnuTLS says of a file only that it cannot be read, not why. */
static int tls_can_read(const char *path, char *words) {
        const int fd = open(path, O_RDONLY | O_CLOEXEC);

        if (fd < 0) {
                (void) snprintf(words, TLS_WORDS, "%s: %s", path, strerror(errno));
                return -ENOKEY;
        }
        (void) close(fd);
        return 0;
}

/* A private key that others can read is none. */
static int tls_key_is_private(const char *path, char *words) {
        struct stat s;

        if (stat(path, &s) < 0) {
                (void) snprintf(words, TLS_WORDS, "%s: %s", path, strerror(errno));
                return -ENOKEY;
        }
        if (s.st_mode & (S_IROTH | S_IWOTH | S_IWGRP)) {
                (void) snprintf(words, TLS_WORDS,
                                "%s: others can read or change this key (mode %04o); accepted: 0600 or 0640",
                                path, (unsigned) (s.st_mode & 07777));
                return -ENOKEY;
        }
        return 0;
}

static int tls_trust(RedisTls *tls, const RedisUrl *url, char *words) {
        const char *ca = url->tls.ca;
        int n = ca[0] ? tls_can_read(ca, words) : 0;

        if (n < 0)
                return n;
        n = ca[0] ? gnutls_certificate_set_x509_trust_file(tls->credentials, ca, GNUTLS_X509_FMT_PEM)
                  : gnutls_certificate_set_x509_system_trust(tls->credentials);
        if (n > 0)
                return 0;
        (void) snprintf(words, TLS_WORDS, "%s: %s", ca[0] ? ca : "the system's certificate authorities",
                        n < 0 ? gnutls_strerror(n) : "it contains no certificate");
        return -ENOKEY;
}

static int tls_identify(RedisTls *tls, const RedisUrl *url, char *words) {
        int k;

        if (!url->tls.cert[0])
                return 0;
        k = tls_key_is_private(url->tls.key, words);
        if (k == 0)
                k = tls_can_read(url->tls.key, words);
        if (k == 0)
                k = tls_can_read(url->tls.cert, words);
        if (k < 0)
                return k;
        k = gnutls_certificate_set_x509_key_file(tls->credentials, url->tls.cert, url->tls.key,
                                                 GNUTLS_X509_FMT_PEM);
        if (k >= 0)
                return 0;
        (void) snprintf(words, TLS_WORDS, "%s with %s: %s", url->tls.cert, url->tls.key, gnutls_strerror(k));
        return -ENOKEY;
}

static bool tls_is_address(const char *host) {
        unsigned char address[sizeof(struct in6_addr)];

        return inet_pton(AF_INET, host, address) == 1 || inet_pton(AF_INET6, host, address) == 1;
}

static int tls_prepare(RedisTls *tls, const RedisUrl *url, char *words) {
        const char *name = url->tls.name[0] ? url->tls.name : url->host;
        int k = gnutls_certificate_allocate_credentials(&tls->credentials);

        if (k < 0)
                return -ENOMEM;
        k = tls_trust(tls, url, words);
        if (k == 0)
                k = tls_identify(tls, url, words);
        if (k < 0)
                return k;
        if (gnutls_init(&tls->session, GNUTLS_CLIENT | GNUTLS_NONBLOCK | GNUTLS_NO_SIGNAL) < 0 ||
            gnutls_priority_set_direct(tls->session, PRIORITIES, NULL) < 0 ||
            gnutls_credentials_set(tls->session, GNUTLS_CRD_CERTIFICATE, tls->credentials) < 0)
                return -ENOMEM;
        if (!tls_is_address(name) &&
            gnutls_server_name_set(tls->session, GNUTLS_NAME_DNS, name, strlen(name)) < 0)
                return -ENOMEM;
        (void) snprintf(tls->name, sizeof(tls->name), "%s", name);
        tls->asked[0] = (gnutls_typed_vdata_st){ .type = GNUTLS_DT_DNS_HOSTNAME,
                                                 .data = (unsigned char *) tls->name };
        (void) snprintf(tls->purpose, sizeof(tls->purpose), "%s", GNUTLS_KP_TLS_WWW_SERVER);
        tls->asked[1] = (gnutls_typed_vdata_st){ .type = GNUTLS_DT_KEY_PURPOSE_OID,
                                                 .data = (unsigned char *) tls->purpose };
        gnutls_session_set_verify_cert2(tls->session, tls->asked, ARRAY_SIZE(tls->asked), 0);
        gnutls_transport_set_int(tls->session, tls->fd);
        return 0;
}

/* ---- what went wrong ---- */

/* The verifier's own words, on one line. */
static int tls_say_untrusted(RedisTls *tls, char *words) {
        const unsigned status = gnutls_session_get_verify_cert_status(tls->session);
        gnutls_datum_t why = { 0 };

        if (gnutls_certificate_verification_status_print(status, GNUTLS_CRT_X509, &why, 0) < 0) {
                (void) snprintf(words, TLS_WORDS, "the server's certificate is not valid for %s", tls->name);
        } else {
                size_t n = why.size > 0 ? strnlen((const char *) why.data, why.size) : 0;

                while (n > 0 && why.data[n - 1] == ' ')
                        n--;
                (void) snprintf(words, TLS_WORDS, "the server's certificate is not valid for %s: %.*s",
                                tls->name, (int) n, (const char *) why.data);
                gnutls_free(why.data);
        }
        return -EKEYREJECTED;
}

static int tls_say(RedisTls *tls, int error, char *words) {
        const bool alert = error == GNUTLS_E_FATAL_ALERT_RECEIVED || error == GNUTLS_E_WARNING_ALERT_RECEIVED;
        const gnutls_alert_description_t which =
                alert ? gnutls_alert_get(tls->session) : GNUTLS_A_CLOSE_NOTIFY;

        if (error == GNUTLS_E_PUSH_ERROR || error == GNUTLS_E_PULL_ERROR ||
            error == GNUTLS_E_PREMATURE_TERMINATION) {
                (void) snprintf(words, TLS_WORDS, "the server closed the connection");
                return -ECONNRESET;
        }
        if (error == GNUTLS_E_MEMORY_ERROR)
                return -ENOMEM;
        if (alert && (which == GNUTLS_A_CERTIFICATE_REQUIRED || which == GNUTLS_A_BAD_CERTIFICATE ||
                      which == GNUTLS_A_UNKNOWN_CA || which == GNUTLS_A_CERTIFICATE_EXPIRED ||
                      which == GNUTLS_A_CERTIFICATE_REVOKED || which == GNUTLS_A_CERTIFICATE_UNKNOWN ||
                      which == GNUTLS_A_ACCESS_DENIED)) {
                (void) snprintf(words, TLS_WORDS,
                                "the server rejects our certificate: %s (?cert=FILE&key=FILE in the URL)",
                                gnutls_alert_get_name(which));
                return -EACCES;
        }
        (void) snprintf(words, TLS_WORDS, "TLS: %s%s%s", gnutls_strerror(error), alert ? ": " : "",
                        alert ? gnutls_alert_get_name(which) : "");
        return -EPROTO;
}

/* ---- the connection ---- */

static int tls_handshake(RedisTls *tls, SocketPatience *patience, char *words) {
        for (;;) {
                const int error = gnutls_handshake(tls->session);
                struct pollfd p = { .fd = tls->fd, .events = redis_tls_events(tls) };
                int k;

                if (error == GNUTLS_E_SUCCESS)
                        return 0;
                if (error == GNUTLS_E_CERTIFICATE_VERIFICATION_ERROR)
                        return tls_say_untrusted(tls, words);
                if (error != GNUTLS_E_AGAIN && error != GNUTLS_E_INTERRUPTED)
                        return tls_say(tls, error,
                                       words); /* a warning, too: whoever sends them could go on for ever */
                k = error == GNUTLS_E_AGAIN ? socket_wait(&p, patience) : 0;
                if (k < 0)
                        return k;
        }
}

int redis_tls_open(const RedisUrl *url, int fd, SocketPatience *patience, RedisTls **ret,
                   char words[TLS_WORDS]) {
        RedisTls *tls = calloc(1, sizeof(*tls));
        int k;

        words[0] = '\0';
        if (!tls)
                return -ENOMEM;
        tls->fd = fd;
        k = tls_prepare(tls, url, words);
        if (k == 0)
                k = tls_handshake(tls, patience, words);
        if (k < 0) {
                redis_tls_close(tls);
                return k;
        }
        *ret = tls;
        return 0;
}

/* Nothing is said to the server: it may hang, and Redis wants no farewell. */
void redis_tls_close(RedisTls *tls) {
        if (!tls)
                return;
        if (tls->session)
                gnutls_deinit(tls->session);
        if (tls->credentials)
                gnutls_certificate_free_credentials(tls->credentials);
        free(tls);
}

static ssize_t tls_result(RedisTls *tls, ssize_t n) {
        if (n >= 0)
                return n;
        if (n == GNUTLS_E_AGAIN || n == GNUTLS_E_INTERRUPTED || !gnutls_error_is_fatal((int) n))
                return -EAGAIN;
        return tls_say(tls, (int) n, tls->words);
}

ssize_t redis_tls_write(RedisTls *tls, const void *bytes, size_t n) {
        return tls_result(tls, gnutls_record_send(tls->session, bytes, n));
}

ssize_t redis_tls_read(RedisTls *tls, void *buf, size_t size) {
        return tls_result(tls, gnutls_record_recv(tls->session, buf, size));
}

short redis_tls_events(const RedisTls *tls) {
        return gnutls_record_get_direction(tls->session) ? POLLOUT : POLLIN;
}

bool redis_tls_has_more(const RedisTls *tls) {
        return gnutls_record_check_pending(tls->session) > 0;
}

const char *redis_tls_words(const RedisTls *tls) {
        return tls->words;
}
