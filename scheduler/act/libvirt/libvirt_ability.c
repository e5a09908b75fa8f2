/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/act/libvirt/libvirt_ability.h"

#include <stdlib.h>
#include <string.h>

#define V(major, minor, release) (1000000UL * (major) + 1000UL * (minor) + (release))

Ability ability_of(unsigned long libvirt, unsigned long qemu) {
        return (Ability){ .auto_converge = libvirt >= V(1, 2, 3) && qemu >= V(1, 6, 0),
                          .post_copy = libvirt >= V(1, 3, 3) && qemu >= V(2, 6, 0),
                          .parallel = libvirt >= V(5, 2, 0) && qemu >= V(4, 0, 0),
                          .zstd = libvirt >= V(9, 4, 0) && qemu >= V(5, 0, 0),
                          .parallel_post_copy = libvirt >= V(5, 2, 0) && qemu >= V(10, 1, 0),
                          .tls = libvirt >= V(3, 2, 0) && qemu >= V(2, 7, 0) };
}

Ability ability_read(virConnectPtr conn) {
        const char *type = virConnectGetType(conn);
        unsigned long libvirt = 0, qemu = 0;

        if (!type || strcmp(type, "QEMU") != 0)
                return (Ability){ 0 };
        if (virConnectGetLibVersion(conn, &libvirt) < 0)
                libvirt = 0;
        if (virConnectGetVersion(conn, &qemu) < 0)
                qemu = 0;
        return ability_of(libvirt, qemu);
}

/* ---- what was found ---- */

struct AbilityNote {
        AbilityNote *next;
        usec_t at;
        Ability ability;
        char uri[];
};

static AbilityNote *libvirt_ability_note_of(const AbilityBook *b, const char *uri) {
        AbilityNote *n = b->first;

        while (n && strcmp(n->uri, uri) != 0)
                n = n->next;
        return n;
}

bool ability_known(const AbilityBook *b, const char *uri, usec_t now, Ability *ret) {
        const AbilityNote *n = libvirt_ability_note_of(b, uri);

        if (!n || now - n->at >= ABILITY_HOLDS)
                return false;
        *ret = n->ability;
        return true;
}

void ability_note(AbilityBook *b, const char *uri, usec_t now, Ability ability) {
        AbilityNote *n = libvirt_ability_note_of(b, uri);

        if (!ability.auto_converge) /* the oldest of all */
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
        n->ability = ability;
}

void ability_book_done(AbilityBook *b) {
        for (AbilityNote *n = b->first, *next; n; n = next) {
                next = n->next;
                free(n);
        }
        b->first = NULL;
}

Ability ability_both(Ability a, Ability b) {
        return (Ability){ .auto_converge = a.auto_converge && b.auto_converge,
                          .post_copy = a.post_copy && b.post_copy,
                          .parallel = a.parallel && b.parallel,
                          .zstd = a.zstd && b.zstd,
                          .parallel_post_copy = a.parallel_post_copy && b.parallel_post_copy,
                          .tls = a.tls && b.tls };
}
