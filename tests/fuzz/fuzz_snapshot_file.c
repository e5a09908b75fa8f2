/* SPDX-License-Identifier: Apache-2.0 */
/* Bytes → snapshot file → printed → read → printed: the same bytes; and what a Snapshot promises holds. */
#include <errno.h>
#include <stdint.h>
#include <string.h>

#include "scheduler/snapshot/files/snapshot_file.h"

static unsigned char memory[8 << 20];

#define CHECK(condition)                                                                                     \
        do {                                                                                                 \
                if (!(condition))                                                                            \
                        __builtin_trap();                                                                    \
        } while (0)

static void check_order(const Snapshot *s) {
        for (HostIx h = 1; h < s->n_hosts; h++)
                CHECK(strcmp(s->hosts[h - 1].name, s->hosts[h].name) < 0);
        for (VmIx v = 0; v < s->n_vms; v++) {
                CHECK(v == 0 || strcmp(s->vms[v - 1].name, s->vms[v].name) < 0);
                CHECK(s->vms[v].host < s->n_hosts);
                CHECK(s->vms[v].in_flight_to == IX_NONE || s->vms[v].in_flight_to < s->n_hosts);
                CHECK(s->vms[v].memory_mib >= 0 && s->vms[v].memory_mib <= QUANTITY_MAX);
                CHECK((s->vms[v].extra != NULL) == (s->n_extra > 0));
        }
        for (uint32_t i = 0; i < s->n_rules; i++)
                for (uint32_t k = 0; k < s->rules[i].n_vms; k++)
                        CHECK(s->rules[i].vms[k] < s->n_vms);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
        Arena a = arena_over(memory, sizeof(memory));
        const Snapshot *s, *again;
        const char *one, *two;
        size_t n_one, n_two;
        TextFault f;
        int k = snapshot_file_parse(&a, (const char *) data, n, &s, &f);

        if (k < 0) {
                CHECK(k != -EBADMSG || f.what[0] != '\0');
                return 0;
        }
        check_order(s);
        if (snapshot_file_print(&a, s, &one, &n_one) < 0)
                return 0; /* the arena is full */
        k = snapshot_file_parse(&a, one, n_one, &again, &f);
        if (k == -ENOMEM)
                return 0;
        CHECK(k == 0);
        if (snapshot_file_print(&a, again, &two, &n_two) < 0)
                return 0;
        CHECK(n_one == n_two && memcmp(one, two, n_one) == 0);
        return 0;
}
