/* SPDX-License-Identifier: Apache-2.0 */
/* The certificate of the TCP address. It is read again where the service is asked to reload (SIGHUP), at the next connection; a file
 * that is none, or a key that is another's, changes nothing and is logged. Connections that are open go on with the one they
 * were begun with.
 *
 * Units: none. Owner: the process: one address has TLS. Errors: -EINVAL with *reterr_fault. Threads: open and close from one; the
 * callback from the library's.
 */
#pragma once

#include <gnutls/abstract.h>

#include "scheduler/base/text.h"

/* Paths of PEM files; kept. */
int api_tls_open(const char *certificate, const char *key, TextFault *reterr_fault) must_check;
void api_tls_close(void);

/* For MHD_OPTION_HTTPS_CERT_CALLBACK; its type is the library's. */
int api_tls_retrieve(gnutls_session_t session, const gnutls_datum_t *rdn, int n_rdn,
                     const gnutls_pk_algorithm_t *algorithms, int n_algorithms, gnutls_pcert_st **ret,
                     unsigned *ret_n, gnutls_privkey_t *ret_key);
