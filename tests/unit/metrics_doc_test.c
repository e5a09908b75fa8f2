/* SPDX-License-Identifier: Apache-2.0 */
/* docs/metrics.md has exactly the metrics there are, with their units and words. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "collectors/read/collector.h"
#include "collectors/read/slurp.h"

static const char *page(Arena *a) {
        const char *text;
        size_t n;

        cr_assert_eq(0, arena_open(UINT64_C(4) << 20, a));
        cr_assert_eq(0, file_slurp(a, SOURCE_DIR, "/docs/metrics.md", &text, &n));
        return text;
}

Test(metrics_doc, has_every_metric_as_it_is) {
        Arena a;
        const char *text = page(&a);

        for (int m = 0; m < METRIC_N; m++) {
                const MetricDef *d = &metric_defs[m];
                char row[512];

                (void) snprintf(row, sizeof(row), "\n| `%s` | %s | %s |\n", d->name,
                                d->kind == METRIC_TEXT ? "text"
                                : *d->unit             ? d->unit
                                                       : "number",
                                d->doc);
                cr_assert(strstr(text, row), "docs/metrics.md lacks:%s", row);
        }
}

Test(metrics_doc, has_no_other) {
        Arena a;
        unsigned rows = 0;

        for (const char *s = page(&a); (s = strstr(s, "\n| `")); s++)
                rows += memchr(s, '.', strcspn(s + 4, "`") + 4) !=
                        NULL; /* metrics have a dot, collectors none */
        cr_assert_eq(rows, METRIC_N);
}

Test(metrics_doc, has_every_collector) {
        Arena a;
        const char *text = page(&a);
        CollectorSet all = collectors_all();

        for (uint32_t i = 0; i < all.n; i++) {
                char row[128];

                (void) snprintf(row, sizeof(row), "\n| `%s` | ", all.collectors[i]->name);
                cr_assert(strstr(text, row), "docs/metrics.md lacks the collector %s",
                          all.collectors[i]->name);
        }
}
