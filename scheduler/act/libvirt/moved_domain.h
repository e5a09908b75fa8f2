/* SPDX-License-Identifier: Apache-2.0 */
/* What of a VM's XML decides whether a host can take it, and must be the same once it has: read by libxml2.
 *
 * Owner: the caller, by moved_domain_done(). Threads: any. Errors: -EBADMSG no domain XML; -ENOMEM.
 *
 * Units: none.
 */
#pragma once

#include "scheduler/base/common.h"

#define MOVED_LIST_MAX 64 /* interfaces, disks; a VM with more is not looked into beyond that */

typedef struct MovedPort {
        char *mac;
        char *network; /* of libvirt; NULL: it is none */
        char *policy; /* what rules its traffic, in words: source, portgroup, VLAN, filter, bandwidth, link …
                       */
} MovedPort;

typedef struct MovedDisk {
        char *target, *path; /* "vda"; of a file or block device. Read-only, shared and network disks are not
                                in it */
        bool in_pool;        /* it names a volume of a pool: `pool` */
        char *pool;
} MovedDisk;

typedef struct MovedDomain {
        char *type, *arch, *machine, *emulator; /* type "kvm", "qemu"; NULL: not said */
        char *cpu;                              /* its <cpu> element as XML; NULL: none */
        bool cpu_of_host;                       /* mode host-passthrough or maximum: no model to compare */
        bool huge_pages;
        bool agent; /* the guest agent is connected */
        MovedPort ports[MOVED_LIST_MAX];
        MovedDisk disks[MOVED_LIST_MAX];
        size_t n_ports, n_disks;
} MovedDomain;

int moved_domain_parse(const char *xml, MovedDomain *ret) must_check;
void moved_domain_done(MovedDomain *d);

/* The first port of `before` whose policy is another in `after`, or that is gone: in words[size], and true.
 */
bool moved_domain_differs(const MovedDomain *before, const MovedDomain *after, char *words, size_t size);
