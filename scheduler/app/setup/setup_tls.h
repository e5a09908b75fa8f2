/* SPDX-License-Identifier: Apache-2.0 */
/* Certificates of qemu+tls: which libvirt's client takes here, whether they are there and how long they are good, and what a
 * host shows and accepts in a handshake at libvirt's port.
 *
 * Where libvirt looks (src/rpc/virnettlscontext.c): the URI's pkipath alone; else, for a user that is not root, each of
 * ~/.pki/libvirt that is there; else /etc/pki. Certificate and key are taken from one place.
 *
 * Units: usec_t, in microseconds; instants since the epoch. Owner: the arena. Errors: -ENOMEM; what is wrong is a finding.
 * Threads: the main one; handshakes run in threads of their own.
 */
#pragma once

#include "scheduler/app/setup/setup_host.h"
#include "scheduler/app/setup/setup_result.h"
#include "scheduler/app/setup/setup_user.h"
#include "scheduler/base/clock.h"

#define SETUP_TLS_SOON                                                                                       \
        (INT64_C(14) * 24 * 3600 * USEC_PER_SEC) /* a certificate that is good for less is to be renewed */

typedef struct SetupTlsFiles {
        const char *ca, *certificate, *key;
} SetupTlsFiles;

/* Where libvirt's client looks for them, whether they are there or not. */
int setup_tls_files(Arena *a, const SetupUser *user, const char *pkipath, SetupTlsFiles *ret) must_check;

typedef struct SetupTls {
        const SetupUser *user;
        const SetupHost *hosts;
        uint32_t n;
        usec_t limit, now;
        SetupResult *result;
        bool *is_in; /* [n] set to false where the handshake shows that libvirt's would fail */
} SetupTls;

/* Of all hosts of SETUP_TLS. */
int setup_tls_test(Arena *a, const SetupTls *tls) must_check;
