/* SPDX-License-Identifier: Apache-2.0 */
/* What a host's libvirt and QEMU can do in a migration, by their versions: flags they do not know are not
 * asked of them. libvirt's capabilities XML names transports only, so versions are what there is to go by.
 *
 *   - auto-converge: libvirt 1.2.3, QEMU 1.6
 *   - post-copy: libvirt 1.3.3, QEMU 2.6
 *   - parallel (multifd): libvirt 5.2.0, QEMU 4.0
 *   - parallel with zstd: libvirt 9.4.0, QEMU 5.0; with post-copy: QEMU 10.1
 *   - TLS: libvirt 3.2.0, QEMU 2.7
 *
 * (libvirt-domain.h "since"; QEMU qapi/migration.json.)
 *
 * Threads: any; no connection is kept. A driver that is not QEMU's can none of it.
 *
 * Units: usec_t, in microseconds, monotonic. Owner: the cache is the caller's. Errors: none: without memory
 * nothing is noted.
 */
#pragma once

#include <libvirt/libvirt.h>

#include "scheduler/act/executor.h"

typedef struct MigrationCapabilities {
        bool auto_converge, post_copy, parallel, zstd, parallel_post_copy, tls;
} MigrationCapabilities;

/* From version numbers as libvirt gives them: major × 1,000,000 + minor × 1,000 + release. */
MigrationCapabilities migration_capabilities_of(unsigned long libvirt, unsigned long qemu);

/* Asked of the connection. Versions that it does not tell count as 0: it can nothing. */
MigrationCapabilities migration_capabilities_read(virConnectPtr conn);

/* What hosts were found to be able to, by URI: asked once in a while, not for each migration. Not guarded:
 * the owner's lock is. Begins zeroed; ended by capability_cache_done(). */
typedef struct CapabilityEntry CapabilityEntry;
typedef struct CapabilityCache {
        CapabilityEntry *first;
} CapabilityCache;

#define CAPABILITY_HOLDS (300 * USEC_PER_SEC) /* a host's QEMU may be another after an upgrade */

/* `now` monotonic. False: not known, or not lately. */
bool capability_cache_find(const CapabilityCache *b, const char *uri, usec_t now, MigrationCapabilities *ret);
/* One that can nothing is asked again each time: perhaps it did not answer. Without memory it is not noted.
 */
void capability_cache_put(CapabilityCache *b, const char *uri, usec_t now,
                          MigrationCapabilities capabilities);
void capability_cache_done(CapabilityCache *b);

/* What both can. */
MigrationCapabilities migration_capabilities_both(MigrationCapabilities left, MigrationCapabilities right);
