/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as what BMCs said, one report after the other: those that are reports, sorted by host, and merged into a host's own. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "scheduler/app/facts/bmc_watch.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
        static unsigned char memory[16 << 20];
        static const Sample dropped = { .metric = METRIC_N, .subject = "", .text = "x" };
        const Report own = { .host = "h1", .dropped = &dropped, .n_dropped = 1 };
        Arena a = arena_over(memory, sizeof(memory));
        const Report *const *list = NULL, *both;
        uint32_t n_list = 0;

        if (bmc_reports_parse(&a, (const char *) data, n, &list, &n_list) != 0)
                return 0;
        for (uint32_t i = 1; i < n_list; i++)
                if (strcmp(list[i - 1]->host, list[i]->host) > 0)
                        abort();
        both = bmc_merge(&a, &own, list, n_list);
        if (both && (strcmp(both->host, "h1") != 0 || both->n_dropped < 1))
                abort();
        return 0;
}
