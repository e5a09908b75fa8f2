/* SPDX-License-Identifier: Apache-2.0 */
/* What a target is asked of its NUMA nodes and huge pages right before a move; its libvirt stands here. */
#include <criterion/criterion.h>
#include <libvirt/libvirt.h>
#include <string.h>

#include "scheduler/act/libvirt/libvirt_fit.h"

/* Free of two nodes: MiB, and pages of 2 MiB; mute: it cannot be asked. */
static unsigned long long mib[2], pages[2];
static bool mute;

int virNodeGetCellsFreeMemory(virConnectPtr conn, unsigned long long *bytes, int first, int n) {
        (void) conn;
        cr_assert(first >= 0 && first < 2 && n == 1);
        bytes[0] = (mib[first] << 20) + 4095;
        return mute ? -1 : 1;
}
int virNodeGetFreePages(virConnectPtr conn, unsigned n_pages, unsigned *sizes, int first, unsigned n_cells,
                        unsigned long long *counts, unsigned flags) {
        (void) conn;
        cr_assert(n_pages == 1 && sizes[0] == 2048 && n_cells == 1 && first >= -1 && first < 2 && flags == 0);
        counts[0] = first < 0 ? pages[0] + pages[1] : pages[first];
        return mute ? -1 : 1;
}

static char words[LIBVIRT_WORDS];

/* NULL: it fits. */
static const char *refused(const NodeNeed *needs, uint32_t n) {
        const MovedDomain domain = { .huge_pages = true };
        MigrationRequest request = { .n_nodes = n };

        memcpy(request.nodes, needs, sizeof(*needs) * n);
        return libvirt_fits(NULL, &domain, &request, NULL, words) ? NULL : words;
}

/* Bound to node 1, which calls 3000 MiB free and gives 96 back. */
Test(libvirt_nodes, what_is_bound_to_a_node_has_to_be_free_there) {
        NodeNeed need = { .nodes = 2, .need_mib = 3097, .lent_mib = 96 };

        mib[0] = 65536;
        mib[1] = 3000;
        cr_assert_str_eq("it needs 3097 MiB of memory on NUMA node 1 there, and 3096 MiB are free",
                         refused(&need, 1));
        need.need_mib = 3096;
        cr_assert_null(refused(&need, 1), "%s", words);
        need = (NodeNeed){ .nodes = 3, .need_mib = 68537 };
        cr_assert_str_eq("it needs 68537 MiB of memory on NUMA node 0,1 there, and 68536 MiB are free",
                         refused(&need, 1));
}

Test(libvirt_nodes, pages_have_to_be_free_on_the_host_and_on_the_node_that_they_are_bound_to) {
        NodeNeed needs[] = { { .kib = 2048, .need_mib = 4096 },
                             { .nodes = 1, .kib = 2048, .need_mib = 2050 } };

        pages[0] = 1024;
        pages[1] = 1023;
        cr_assert_str_eq("it needs 4096 MiB of huge pages there, and 4094 MiB are free", refused(needs, 2));
        pages[1] = 1024;
        cr_assert_str_eq("it needs 2050 MiB of huge pages on NUMA node 0 there, and 2048 MiB are free",
                         refused(needs, 2));
        needs[1].nodes = 3;
        cr_assert_null(refused(needs, 2), "%s", words);
}

Test(libvirt_nodes, a_driver_that_does_not_tell_refuses_nothing) {
        const NodeNeed needs[] = { { .nodes = 2, .need_mib = 3097 }, { .kib = 2048, .need_mib = 4096 } };

        mute = true;
        cr_assert_null(refused(needs, 2), "%s", words);
}
