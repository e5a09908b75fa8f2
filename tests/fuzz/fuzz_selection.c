/* SPDX-License-Identifier: Apache-2.0 */
/* Any text as a selection: refused with words, or it selects the same VM by VM and all at once. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "scheduler/model/selection.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
        static const char *const groups[] = { "db", "web" }, *const labels[] = { "a=b", "tier=front" };
        static const Host hosts[] = { { .name = "h1", .zone = "a", .labels = { labels, 2 } },
                                      { .name = "h2", .rack = "r1" } };
        static const Vm vms[] = {
                { .name = "db1", .host = 0, .groups = { groups, 1 } },
                { .name = "new", .host = IX_NONE },
                { .name = "web1", .host = 1, .groups = { groups, 2 }, .labels = { labels, 2 } },
        };
        static const Snapshot s = { .hosts = hosts, .n_hosts = 2, .vms = vms, .n_vms = 3 };
        TextFault fault = { 0 };
        char *text;
        Arena a;

        if (n > 4096 || arena_open(8 << 20, &a) < 0)
                return 0;
        text = text_copy(&a, (const char *) data, n);
        for (int from = SELECT_FROM_VMS; text && from <= SELECT_FROM_HOSTS; from++) {
                Selection sel = { 0 };
                const uint32_t *at;
                uint32_t found, one_by_one = 0, most = from == SELECT_FROM_VMS ? s.n_vms : s.n_hosts;
                int r = selection_add(&a, &sel, text, (SelectFrom) from, &fault);

                if (r < 0 && !fault.what[0])
                        abort();
                if (r < 0)
                        continue;
                if ((from == SELECT_FROM_VMS ? selection_vms(&a, &sel, &s, &at, &found)
                                             : selection_hosts(&a, &sel, &s, &at, &found)) < 0)
                        abort();
                for (uint32_t i = 0; i < most; i++)
                        one_by_one += from == SELECT_FROM_VMS ? selection_has_vm(&sel, &s, i)
                                                              : selection_has_host(&sel, &s, i);
                if (one_by_one != found)
                        abort();
        }
        arena_close(&a);
        return 0;
}
