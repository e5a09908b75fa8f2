/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>

#include "scheduler/app/settings/app_settings.h"
#include "scheduler/app/settings/settings_file.h"

static const SettingDef load_defs[] = {
        { "headroom", SETTING_PERMILLE, 200, 0, 900, NULL, NULL, "Kept free below capacity." },
        { "name", SETTING_TEXT, 0, 0, 0, "a: b", NULL, "Any words." },
        { 0 },
};
static const SettingDef plan_defs[] = {
        { "max-moves", SETTING_COUNT, 100, 0, 1000, NULL, NULL, "Moves at most." },
        { "every", SETTING_DURATION, 60 * USEC_PER_SEC, 0, 3600 * USEC_PER_SEC, NULL, NULL, "How often." },
        { 0 },
};
static const SettingSection sections[] = {
        { "load", "The load line.", load_defs },
        { "plan", "The planner.", plan_defs },
};

static unsigned char memory[1 << 16];
static Arena arena;

static Settings *fresh(void) {
        Settings *s = NULL;

        arena = arena_over(memory, sizeof(memory));
        cr_assert_eq(0, settings_new(&arena, sections, 2, &s));
        return s;
}

Test(settings_file, sections_nest_or_are_dotted) {
        static const char text[] = "# a comment\n"
                                   "load:\n"
                                   "  headroom: 25%   # of each host\n"
                                   "plan.max-moves: 7\n"
                                   "plan:\n"
                                   "  every: 5m\n";
        Settings *s = fresh();
        TextFault f;

        cr_assert_eq(0, settings_file_apply(text, strlen(text), s, &f), "%s %s", f.field, f.what);
        cr_assert_eq(250, settings_int(s, "load", "headroom"));
        cr_assert_eq(7, settings_int(s, "plan", "max-moves"));
        cr_assert_eq(300 * USEC_PER_SEC, settings_int(s, "plan", "every"));
}

Test(settings_file, an_empty_file_or_section_changes_nothing) {
        static const char *const texts[] = { "", "# nothing\n", "load:\n", "---\n...\n", "load: {}\n" };

        for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
                TextFault f;

                cr_assert_eq(0, settings_file_apply(texts[i], strlen(texts[i]), fresh(), &f), "%s: %s",
                             texts[i], f.what);
        }
}

Test(settings_file, a_fault_has_line_column_key_and_what_is_accepted) {
        static const struct {
                const char *text, *field, *what;
                uint32_t line, column;
        } cases[] = {
                { "load:\n  hedroom: 20%\n", "load.hedroom", "load.headroom", 2, 3 },
                { "load:\n  headroom: lots\n", "load.headroom", "80%", 2, 13 },
                { "load:\n  headroom: 95%\n", "load.headroom", "90%", 2, 13 },
                { "laod:\n  headroom: 20%\n", "laod.headroom", "load.headroom", 2, 3 },
                { "plan:\n  max-moves: [1, 2]\n", "plan.max-moves", "list", 2, 14 },
                { "plan:\n  max-moves: 1\n  max-moves: 2\n", "plan.max-moves", "twice", 3, 3 },
                { "plan:\n  max-moves: &x 1\n  every: *x\n", "plan.every", "alias", 3, 10 },
                { "- a\n", "", "mapping", 1, 1 },
                { "load: 20%\n", "load", "unknown setting", 1, 1 },
                { "plan:\n\tmax-moves: 1\n", "", "not valid YAML", 2, 1 },
                { "a: 1\n---\nb: 2\n", "a", "unknown setting", 1, 1 },
                { "load: {headroom: 20%", "", "not valid YAML", 0, 0 },
        };

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                TextFault f;

                cr_assert_eq(-EINVAL, settings_file_apply(cases[i].text, strlen(cases[i].text), fresh(), &f));
                cr_assert_str_eq(cases[i].field, f.field, "%s", cases[i].text);
                cr_assert(strstr(f.what, cases[i].what), "%s: %s", cases[i].text, f.what);
                if (cases[i].line) {
                        cr_assert_eq(cases[i].line, f.line, "%s: line %u", cases[i].text, f.line);
                        cr_assert_eq(cases[i].column, f.column, "%s: column %u", cases[i].text, f.column);
                }
        }
}

Test(settings_file, what_is_printed_reads_back_the_same) {
        static const char text[] = "load: {headroom: 33.3%, name: 'x: \"y\" # z'}\nplan: {every: 90s}\n";
        Settings *s = fresh(), *again = NULL;
        const char *printed, *twice;
        TextFault f;

        cr_assert_eq(0, settings_file_apply(text, strlen(text), s, &f), "%s", f.what);
        cr_assert_eq(0, settings_file_print(&arena, s, true, &printed));
        cr_assert_eq(0, settings_new(&arena, sections, 2, &again));
        cr_assert_eq(0, settings_file_apply(printed, strlen(printed), again, &f), "%s: %s", printed, f.what);
        cr_assert_str_eq("x: \"y\" # z", settings_text(again, "load", "name"));
        cr_assert_eq(0, settings_file_print(&arena, again, true, &twice));
        cr_assert_str_eq(printed, twice);
        cr_assert_null(strstr(printed, "max-moves"), "defaults are left out: %s", printed);
}

Test(settings_file, all_of_it_with_docs_is_a_valid_file_that_changes_nothing) {
        Settings *s = fresh(), *again = NULL;
        const char *printed;
        TextFault f;

        cr_assert_eq(0, settings_file_print(&arena, s, false, &printed));
        cr_assert(strstr(printed, "# Kept free below capacity."));
        cr_assert_eq(0, settings_new(&arena, sections, 2, &again));
        cr_assert_eq(0, settings_file_apply(printed, strlen(printed), again, &f), "%s: %s", printed, f.what);
        cr_assert_eq(200, settings_int(again, "load", "headroom"));
}

Test(settings_file, a_text_of_words_may_be_a_list) {
        static const char *const bad[] = { "service: {clusters: [[a], b]}", "service: {clusters: ['a,b']}",
                                           "service: {redis: [a]}", "service: {clusters: [a], clusters: b}" };
        static const char text[] = "service:\n  clusters:\n    - a\n    - b c\n";
        Settings *s = NULL;
        TextFault f;
        Arena big;

        cr_assert_eq(0, arena_open((size_t) 64 << 20, &big));
        cr_assert_eq(0, app_settings_new(&big, &s));
        cr_assert_eq(0, settings_file_apply(text, strlen(text), s, &f), "%s", f.what);
        cr_assert_str_eq("a, b c", settings_text(s, "service", "clusters"));
        for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
                cr_assert_eq(0, app_settings_new(&big, &s));
                cr_assert_eq(-EINVAL, settings_file_apply(bad[i], strlen(bad[i]), s, &f), "%s", bad[i]);
        }
        arena_close(&big);
}
