/* SPDX-License-Identifier: Apache-2.0 */
/* docs/settings.md is what the settings' tables say; and what settings are called. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "scheduler/app/settings/app_settings.h"
#include "scheduler/app/settings/settings_doc.h"
#include "scheduler/app/terminal/file.h"

/* The first line in which they differ, from 1; its text in *ret. 0: in none. */
static unsigned first_difference(const char *is, const char *should, const char **ret) {
        for (unsigned line = 1;; line++) {
                const size_t a = strcspn(is, "\n"), b = strcspn(should, "\n");

                *ret = should;
                if (a != b || memcmp(is, should, a) != 0)
                        return line;
                if (!is[a] || !should[b])
                        return is[a] == should[b] ? 0 : line;
                is += a + 1;
                should += b + 1;
        }
}

Test(settings_doc, is_what_the_tables_say) {
        const char *is, *line;
        char *should = NULL;
        size_t n = 0, n_is;
        TextFault fault;
        Settings *s;
        unsigned at;
        FILE *out = open_memstream(&should, &n);
        Arena a;

        cr_assert_eq(0, arena_open(UINT64_C(16) << 20, &a));
        cr_assert_eq(0, app_settings_new(&a, &s));
        settings_doc_markdown(s, out);
        (void) fclose(out);
        cr_assert_eq(0, file_read(&a, SOURCE_DIR "/docs/settings.md", &is, &n_is, &fault));
        at = first_difference(is, should, &line);
        cr_assert_eq(
                at, 0,
                "docs/settings.md:%u: write\n%.*s\nthere, or all of it: plimsoll settings doc --markdown > "
                "docs/settings.md",
                at, (int) strcspn(line, "\n"), line);
        free(should);
}

Test(settings_names, a_limit_is_max_or_min_and_what_it_was_called_is_read) {
        static const struct {
                const char *was, *section, *name;
        } renamed[] = {
                { "service.cool_down_most=1h", "service", "max_cool_down" },
                { "service.pause-least=1h", "service", "min_pause_difference" },
                { "migration.downtime_most=3600ms", "migration", "max_downtime_limit" },
                { "pack.least_used=3600", "pack", "min_used" },
                { "retry.most=1h", "retry", "max" },
        };
        TextFault fault;
        SettingRow row;
        Settings *s;
        Arena a;

        cr_assert_eq(0, arena_open(UINT64_C(16) << 20, &a));
        cr_assert_eq(0, app_settings_new(&a, &s));
        for (uint32_t i = 0; settings_row(s, i, &row); i++)
                cr_expect(!strstr(row.def->name, "most") && !strstr(row.def->name, "least"), "%s.%s",
                          row.section->name, row.def->name);
        for (size_t i = 0; i < ARRAY_SIZE(renamed); i++) {
                const char *value = strchr(renamed[i].was, '=');
                const char *key = text_copy(&a, renamed[i].was, (size_t) (value - renamed[i].was));

                cr_expect_eq(0, settings_set(s, key, value + 1, &fault), "%s: %s", key, fault.what);
                cr_expect_eq(0, settings_int(s, renamed[i].section, renamed[i].name) % 3600, "%s", key);
                cr_expect_neq(0, settings_int(s, renamed[i].section, renamed[i].name), "%s", key);
        }
}
