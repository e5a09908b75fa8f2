/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/app/api/api_tls.h"

#include <errno.h>
#include <gnutls/x509.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "scheduler/app/state/stop_signal.h"
#include "scheduler/base/log.h"

#define TLS_CHAIN_MOST 16U
#define TLS_QUOTE      512

/* One that was read. Those of before stay until the end: a handshake may be in the middle of one. */
typedef struct TlsPair {
        struct TlsPair *before;
        gnutls_pcert_st chain[TLS_CHAIN_MOST];
        unsigned n;
        gnutls_privkey_t key;
} TlsPair;

static struct {
        pthread_mutex_t lock;
        char *certificate, *key; /* paths */
        unsigned reloads;        /* that were heeded */
        TlsPair *now;
} api_tls = { .lock = PTHREAD_MUTEX_INITIALIZER };

static TlsPair *tls_pair_free(TlsPair *pair) {
        if (!pair)
                return NULL;
        for (unsigned i = 0; i < pair->n; i++)
                gnutls_pcert_deinit(&pair->chain[i]);
        if (pair->key)
                gnutls_privkey_deinit(pair->key);
        free(pair);
        return NULL;
}

/* Whether the key is that of the certificate: GnuTLS asks where both are made credentials of. */
static int tls_pair_belongs(const gnutls_datum_t *certificate, const gnutls_datum_t *key) {
        gnutls_certificate_credentials_t both = NULL;
        int r = gnutls_certificate_allocate_credentials(&both);

        if (r < 0)
                return r;
        r = gnutls_certificate_set_x509_key_mem(both, certificate, key, GNUTLS_X509_FMT_PEM);
        gnutls_certificate_free_credentials(both);
        return r < 0 ? r : 0;
}

static int tls_pair_import(const gnutls_datum_t *certificate, const gnutls_datum_t *key, TlsPair *pair) {
        unsigned n = TLS_CHAIN_MOST;
        int r = tls_pair_belongs(certificate, key);

        if (r == 0)
                r = gnutls_pcert_list_import_x509_raw(pair->chain, &n, certificate, GNUTLS_X509_FMT_PEM, 0);
        pair->n = r < 0 ? 0 : n;
        if (r >= 0)
                r = gnutls_privkey_init(&pair->key);
        if (r >= 0)
                r = gnutls_privkey_import_x509_raw(pair->key, key, GNUTLS_X509_FMT_PEM, NULL, 0);
        return r < 0 ? r : 0;
}

/* In words what is wrong; NULL: *ret is one. */
static const char *tls_pair_read(TlsPair **ret) {
        gnutls_datum_t certificate = { 0 }, key = { 0 };
        TlsPair *pair = calloc(1, sizeof(*pair));
        int r = pair ? gnutls_load_file(api_tls.certificate, &certificate) : GNUTLS_E_MEMORY_ERROR;

        if (r >= 0)
                r = gnutls_load_file(api_tls.key, &key);
        if (r >= 0)
                r = tls_pair_import(&certificate, &key, pair);
        if (key.data)
                explicit_bzero(key.data, key.size);
        gnutls_free(certificate.data);
        gnutls_free(key.data);
        if (r < 0) {
                (void) tls_pair_free(pair);
                return gnutls_strerror(r);
        }
        *ret = pair;
        return NULL;
}

int api_tls_open(const char *certificate, const char *key, TextFault *reterr_fault) {
        const char *wrong;

        api_tls.certificate = strdup(certificate);
        api_tls.key = strdup(key);
        api_tls.reloads = stop_signal_reloads();
        if (!api_tls.certificate || !api_tls.key)
                return -ENOMEM;
        wrong = tls_pair_read(&api_tls.now);
        if (!wrong)
                return 0;
        text_fault(reterr_fault, "api.certificate", "the certificate or its key is none: %.200s", wrong);
        return -EINVAL;
}

void api_tls_close(void) {
        while (api_tls.now) {
                TlsPair *before = api_tls.now->before;

                (void) tls_pair_free(api_tls.now);
                api_tls.now = before;
        }
        free(api_tls.certificate);
        free(api_tls.key);
        api_tls.certificate = api_tls.key = NULL;
}

static void api_tls_reload(void) {
        char quoted[TLS_QUOTE];
        TlsPair *pair = NULL;
        const char *wrong = tls_pair_read(&pair);

        if (wrong || !pair) {
                log_event(LOG_ERROR, "api.certificate", "file=%s error=%s", api_tls.certificate,
                          log_quote(wrong ? wrong : "out of memory", quoted, sizeof(quoted)));
                return;
        }
        pair->before = api_tls.now;
        api_tls.now = pair;
        log_event(LOG_INFO, "api.certificate", "file=%s state=renewed", api_tls.certificate);
}

/* NOLINTNEXTLINE(readability-function-size): so many parameters are the library's wish */
int api_tls_retrieve(gnutls_session_t session, const gnutls_datum_t *rdn, int n_rdn,
                     const gnutls_pk_algorithm_t *algorithms, int n_algorithms, gnutls_pcert_st **ret,
                     unsigned *ret_n, gnutls_privkey_t *ret_key) {
        unsigned asked;

        (void) session;
        (void) rdn;
        (void) n_rdn;
        (void) algorithms;
        (void) n_algorithms;
        (void) pthread_mutex_lock(&api_tls.lock);
        asked = stop_signal_reloads();
        if (asked != api_tls.reloads) {
                api_tls.reloads = asked;
                api_tls_reload();
        }
        *ret = api_tls.now->chain;
        *ret_n = api_tls.now->n;
        *ret_key = api_tls.now->key;
        (void) pthread_mutex_unlock(&api_tls.lock);
        return 0;
}
