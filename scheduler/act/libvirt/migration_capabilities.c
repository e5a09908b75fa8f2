/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/act/libvirt/migration_capabilities.h"

#include <stdlib.h>
#include <string.h>

#define V(major, minor, release) (1000000UL * (major) + 1000UL * (minor) + (release))

MigrationCapabilities migration_capabilities_of(unsigned long libvirt, unsigned long qemu) {
        return (MigrationCapabilities){ .auto_converge = libvirt >= V(1, 2, 3) && qemu >= V(1, 6, 0),
                                        .post_copy = libvirt >= V(1, 3, 3) && qemu >= V(2, 6, 0),
                                        .parallel = libvirt >= V(5, 2, 0) && qemu >= V(4, 0, 0),
                                        .zstd = libvirt >= V(9, 4, 0) && qemu >= V(5, 0, 0),
                                        .parallel_post_copy = libvirt >= V(5, 2, 0) && qemu >= V(10, 1, 0),
                                        .tls = libvirt >= V(3, 2, 0) && qemu >= V(2, 7, 0) };
}

MigrationCapabilities migration_capabilities_read(virConnectPtr conn) {
        const char *type = virConnectGetType(conn);
        unsigned long libvirt, qemu;

        if (!type || strcmp(type, "QEMU") != 0)
                return (MigrationCapabilities){ 0 };
        if (virConnectGetLibVersion(conn, &libvirt) < 0)
                libvirt = 0;
        if (virConnectGetVersion(conn, &qemu) < 0)
                qemu = 0;
        return migration_capabilities_of(libvirt, qemu);
}

/* ---- what was found ---- */

struct CapabilityEntry {
        CapabilityEntry *next;
        usec_t at;
        MigrationCapabilities capabilities;
        char uri[];
};

static CapabilityEntry *migration_capabilities_entry(const CapabilityCache *b, const char *uri) {
        CapabilityEntry *n = b->first;

        while (n && strcmp(n->uri, uri) != 0)
                n = n->next;
        return n;
}

bool capability_cache_find(const CapabilityCache *b, const char *uri, usec_t now,
                           MigrationCapabilities *ret) {
        const CapabilityEntry *n = migration_capabilities_entry(b, uri);

        if (!n || now - n->at >= CAPABILITY_HOLDS)
                return false;
        *ret = n->capabilities;
        return true;
}

void capability_cache_put(CapabilityCache *b, const char *uri, usec_t now,
                          MigrationCapabilities capabilities) {
        CapabilityEntry *n = migration_capabilities_entry(b, uri);

        if (!capabilities.auto_converge) /* the oldest of all */
                return;
        if (!n) {
                n = malloc(sizeof(*n) + strlen(uri) + 1);
                if (!n)
                        return;
                memcpy(n->uri, uri, strlen(uri) + 1);
                n->next = b->first;
                b->first = n;
        }
        n->at = now;
        n->capabilities = capabilities;
}

void capability_cache_done(CapabilityCache *b) {
        for (CapabilityEntry *n = b->first, *next; n; n = next) {
                next = n->next;
                free(n);
        }
        b->first = NULL;
}

MigrationCapabilities migration_capabilities_both(MigrationCapabilities left, MigrationCapabilities right) {
        return (MigrationCapabilities){ .auto_converge = left.auto_converge && right.auto_converge,
                                        .post_copy = left.post_copy && right.post_copy,
                                        .parallel = left.parallel && right.parallel,
                                        .zstd = left.zstd && right.zstd,
                                        .parallel_post_copy =
                                                left.parallel_post_copy && right.parallel_post_copy,
                                        .tls = left.tls && right.tls };
}
