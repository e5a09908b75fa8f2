/* SPDX-License-Identifier: Apache-2.0 */
/* Certificates of this machine that end soon: the service's own for Redis, and those that libvirt's client shows for it.
 *
 * Units: usec_t, in microseconds; instants since the epoch. Owner: the arena. Errors: -ENOMEM. What is not there or cannot be
 * read is left out: whoever uses it says so. Threads: any.
 */
#pragma once

#include "scheduler/app/setup/setup_tls.h"

typedef struct CertificateEnd {
        const char *file;
        usec_t until; /* when the first of its certificates to end ends */
} CertificateEnd;

typedef struct CertificateEnds {
        Arena *arena;
        usec_t now;
        CertificateEnd *at; /* by file */
        uint32_t n;
} CertificateEnds;

/* Of a file, if it ends within SETUP_TLS_SOON, or has ended. "" and NULL: of none. */
int certificate_ends_add(CertificateEnds *ends, const char *file) must_check;

/* Of what libvirt's client of this process shows to the host of the URI, where that is by TLS. NULL: of none. */
int certificate_ends_add_uri(CertificateEnds *ends, const char *uri) must_check;
