#include "scheduler/act/libvirt_ability.h"

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

Ability ability_both(Ability a, Ability b) {
        return (Ability){ .auto_converge = a.auto_converge && b.auto_converge,
                          .post_copy = a.post_copy && b.post_copy,
                          .parallel = a.parallel && b.parallel,
                          .zstd = a.zstd && b.zstd,
                          .parallel_post_copy = a.parallel_post_copy && b.parallel_post_copy,
                          .tls = a.tls && b.tls };
}
