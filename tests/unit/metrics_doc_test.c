/* SPDX-License-Identifier: Apache-2.0 */
/* docs/metrics.md has exactly the metrics there are, with their units and words; and each is read by somebody. */
#include <criterion/criterion.h>
#include <ftw.h>
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
                cr_expect(strstr(text, row), "docs/metrics.md lacks:%s", row);
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
                cr_expect(strstr(text, row), "docs/metrics.md lacks the collector %s",
                          all.collectors[i]->name);
        }
}

/* ---- who reads them ---- */

/* Those that no decision and no screen reads. The export (`plimsoll-agent --metrics`, `--json`) reads all, whatever
 * they are: metrics_text_test. Each has a reason, or is read, or goes. */
static const struct {
        const char *id, *reason;
} exported_alone[] = {
        { "NIC_FLAPS", "counted by hour for graphs; faults go by nic.carrier.changes" },
        { "NIC_PORT", "where a cable ends: for whoever pulls it" },
        { "PEER_LOST", "tells a bad path from a far one; distance goes by the round trip" },
        { "VM_TITLE", "its words that begin with # are groups and labels, which are read" },
        { "DISK_TRANSPORT", "inventory" },
        { "DISK_SIZE", "inventory" },
        { "DISK_STANDBY", "says why the rest is old" },
        { "DISK_AGE", "says how old the rest is" },
        { "DISK_TIMEOUTS_5S", "a part of disk.timeouts' word, in no table of failure rates" },
        { "DISK_REALLOCATIONS", "attempts; the sectors remapped decide" },
        { "CONTROLLER_MODEL", "inventory" },
        { "CONTROLLER_SERIAL", "one that two tools see is counted once by it, by the collector" },
        { "BLOCK_NAME", "inventory: what an operator calls the device" },
        { "KERNEL_LOST", "says that other counts of the kernel's log are too low" },
        { "SENSOR_LABEL", "a name for graphs" },
};

static const char *const ids[METRIC_N] = {
#define METRIC(id, name, kind, unit, doc) #id,
#include "scheduler/model/metrics.def"
#undef METRIC
};

static bool is_read[METRIC_N];

static bool is_word(char c) {
        return c == '_' || (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

/* "METRIC_ID" in code, or the bare ID in a table of hazards, which puts METRIC_ before it. */
static void note_readers(const char *text, bool hazards) {
        for (const char *s = text; *s; s++) {
                size_t n = 0;

                if (s > text && is_word(s[-1]))
                        continue;
                if (!hazards && strncmp(s, "METRIC_", strlen("METRIC_")) != 0)
                        continue;
                s += hazards ? 0 : strlen("METRIC_");
                while (is_word(s[n]))
                        n++;
                for (int m = 0; n > 0 && m < METRIC_N; m++)
                        if (strlen(ids[m]) == n && memcmp(ids[m], s, n) == 0)
                                is_read[m] = true;
        }
}

static int look(const char *path, const struct stat *st, int type, struct FTW *at) {
        const char *end = strrchr(path, '.');
        const bool hazards = end && strcmp(end, ".def") == 0;
        Arena a;
        const char *text;
        size_t n;

        (void) st;
        (void) at;
        if (type != FTW_F || !end || strstr(path, "metrics.def") || strstr(path, "bounds.def") ||
            (!hazards && strcmp(end, ".c") != 0 && strcmp(end, ".h") != 0))
                return 0;
        cr_assert_eq(0, arena_open(UINT64_C(4) << 20, &a));
        cr_assert_eq(0, file_slurp(&a, "", path, &text, &n), "%s", path);
        note_readers(text, hazards);
        arena_close(&a);
        return 0;
}

Test(metrics, each_is_read_by_a_decision_or_a_screen_or_says_why_not) {
        unsigned unread = 0;

        cr_assert_eq(0, nftw(SOURCE_DIR "/scheduler", look, 16, FTW_PHYS));
        cr_assert_eq(0, nftw(SOURCE_DIR "/collectors/agent", look, 16, FTW_PHYS));
        for (int m = 0; m < METRIC_N; m++) {
                const char *reason = NULL;

                for (size_t i = 0; i < ARRAY_SIZE(exported_alone); i++)
                        if (strcmp(exported_alone[i].id, ids[m]) == 0)
                                reason = exported_alone[i].reason;
                if (is_read[m])
                        cr_expect_null(reason, "%s is read now: it needs no reason", metric_defs[m].name);
                else
                        cr_expect_not_null(
                                reason,
                                "nobody reads %s: its reader is missing, or its reason in exported_alone",
                                metric_defs[m].name);
                unread += !is_read[m];
        }
        cr_assert_eq(unread, ARRAY_SIZE(exported_alone));
}
