/* What a host's libvirt and QEMU can do in a migration, by their versions: flags they do not know are not
 * asked of them. libvirt's capabilities XML names transports only, so versions are what there is to go by.
 *
 *   auto-converge          libvirt 1.2.3, QEMU 1.6           libvirt-domain.h "since", QEMU
 * qapi/migration.json post-copy              libvirt 1.3.3, QEMU 2.6 parallel (multifd)     libvirt 5.2.0,
 * QEMU 4.0 zstd within multifd    libvirt 9.4.0, QEMU 5.0 multifd and post-copy  QEMU 10.1 TLS libvirt 3.2.0,
 * QEMU 2.7
 *
 * Threads: any; no connection is kept. A driver that is not QEMU's can none of it.
 */
#pragma once

#include <libvirt/libvirt.h>

#include "scheduler/act/executor.h"

typedef struct Ability {
        bool auto_converge, post_copy, parallel, zstd, parallel_post_copy, tls;
} Ability;

/* From version numbers as libvirt gives them: major × 1,000,000 + minor × 1,000 + release. */
Ability ability_of(unsigned long libvirt, unsigned long qemu);

/* Asked of the connection. Versions that it does not tell count as 0: it can nothing. */
Ability ability_read(virConnectPtr conn);

/* What both can. */
Ability ability_both(Ability a, Ability b);
