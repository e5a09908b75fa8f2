/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>

#include "scheduler/model/settings.h"

static const char *const goals[] = { "spread", "pack", NULL };
static const SettingDef load_defs[] = {
        { .name = "headroom",
          .type = SETTING_PERMILLE,
          .def = 200,
          .min = 0,
          .max = 900,
          .doc = "kept free" },
        { .name = "reserve",
          .type = SETTING_MIB,
          .def = 1024,
          .min = 0,
          .max = 1 << 20,
          .doc = "not for VMs" },
        { .name = "link", .type = SETTING_KBIT, .def = 1000000, .min = 1, .max = 100000000, .doc = "speed" },
        { .name = "hold",
          .type = SETTING_DURATION,
          .def = 30 * USEC_PER_SEC,
          .min = 0,
          .max = 86400 * USEC_PER_SEC,
          .doc = "how long" },
        { .name = NULL },
};
static const SettingDef plan_defs[] = {
        { .name = "moves", .type = SETTING_COUNT, .def = 10, .min = 1, .max = 1000, .doc = "at most" },
        { .name = "auto", .type = SETTING_BOOL, .def = 0, .doc = "whether" },
        { .name = "goal", .type = SETTING_CHOICE, .def = 0, .choices = goals, .doc = "which" },
        { .name = "title", .type = SETTING_TEXT, .def_text = "none", .doc = "a name" },
        { .name = NULL },
};
static const SettingSection sections[] = {
        { .name = "load", .summary = "load line", .defs = load_defs },
        { .name = "empty", .summary = "a policy without settings", .defs = NULL },
        { .name = "plan", .summary = "planning", .defs = plan_defs },
};

static unsigned char memory[1 << 16];
static Arena arena;

static Settings *fresh(void) {
        Settings *s;

        arena = arena_over(memory, sizeof(memory));
        cr_assert_eq(0, settings_new(&arena, sections, ARRAY_SIZE(sections), &s));
        return s;
}

static void becomes(const char *key, const char *text, int64_t expected) {
        char section[16], buf[64];
        const char *dot = strchr(key, '.');
        Settings *s = fresh();
        TextFault fault;
        SettingRow row;

        memcpy(section, key, (size_t) (dot - key));
        section[dot - key] = '\0';
        cr_assert_eq(0, settings_set(s, key, text, &fault), "%s: %s", key, text);
        cr_assert_eq(expected, settings_int(s, section, dot + 1), "%s = %s gives %lld", key, text,
                     (long long) settings_int(s, section, dot + 1));
        for (uint32_t i = 0; settings_row(s, i, &row); i++)
                if (strcmp(row.section->name, section) == 0 && strcmp(row.def->name, dot + 1) == 0) {
                        setting_print(row.def, row.value, row.text, buf, sizeof(buf));
                        cr_assert_eq(0, settings_set(s, key, buf, &fault), "%s is read back", buf);
                        cr_assert_eq(expected, settings_int(s, section, dot + 1), "%s is %lld again", buf,
                                     (long long) expected);
                }
}

static void is_refused(const char *key, const char *text, const char *says) {
        Settings *s = fresh();
        TextFault fault = { 0 };
        SettingRow row;

        cr_assert_eq(-EINVAL, settings_set(s, key, text, &fault), "%s = %s", key, text);
        cr_assert_str_eq(fault.field, key);
        cr_assert(strstr(fault.what, says), "'%s' does not say '%s'", fault.what, says);
        for (uint32_t i = 0; settings_row(s, i, &row); i++)
                cr_assert(row.is_default, "nothing changed");
}

Test(settings, defaults_come_from_the_tables) {
        Settings *s = fresh();

        cr_assert_eq(200, settings_int(s, "load", "headroom"));
        cr_assert_eq(10, settings_int(s, "plan", "moves"));
        cr_assert_str_eq("none", settings_text(s, "plan", "title"));
}

Test(settings, every_type_reads_what_a_person_writes_and_prints_it_readable_again) {
        becomes("load.headroom", "80%", 800);
        becomes("load.headroom", "0.8", 800);
        becomes("load.headroom", "12.5%", 125);
        becomes("load.headroom", "0", 0);
        becomes("load.reserve", "16GiB", 16384);
        becomes("load.reserve", "16 GiB", 16384);
        becomes("load.reserve", "1.5GiB", 1536);
        becomes("load.reserve", "512MiB", 512);
        becomes("load.reserve", "1TiB", 1 << 20);
        becomes("load.reserve", "0", 0);
        becomes("load.link", "10Gbit/s", 10000000);
        becomes("load.link", "2.5Gbit", 2500000);
        becomes("load.link", "100Mbit/s", 100000);
        becomes("load.link", "64kbit/s", 64);
        becomes("load.hold", "500ms", 500000);
        becomes("load.hold", "5m", 300 * USEC_PER_SEC);
        becomes("load.hold", "2h", 7200 * USEC_PER_SEC);
        becomes("load.hold", "1d", 86400 * USEC_PER_SEC);
        becomes("load.hold", "7us", 7);
        becomes("plan.moves", "1000", 1000);
        becomes("plan.auto", "on", 1);
        becomes("plan.auto", "false", 0);
        becomes("plan.auto", "yes", 1);
        becomes("plan.goal", "pack", 1);
}

Test(settings, text_is_copied) {
        Settings *s = fresh();
        char word[] = "hello world";
        TextFault fault;

        cr_assert_eq(0, settings_set(s, "plan.title", word, &fault));
        word[0] = 'x';
        cr_assert_str_eq("hello world", settings_text(s, "plan", "title"));
}

Test(settings, a_wrong_unit_says_what_is_accepted) {
        is_refused("load.headroom", "80 percent", "80% or 0.8");
        is_refused("load.headroom", "", "80% or 0.8");
        is_refused("load.reserve", "16GB", "16GiB");
        is_refused("load.reserve", "16", "16GiB");
        is_refused("load.reserve", "GiB", "16GiB");
        is_refused("load.link", "10GiB", "10Gbit/s");
        is_refused("load.link", "10/s", "10Gbit/s");
        is_refused("load.hold", "30", "30s");
        is_refused("load.hold", "30s5", "30s");
        is_refused("plan.moves", "4.5", "whole number");
        is_refused("plan.moves", "many", "whole number");
        is_refused("plan.auto", "maybe", "on, off");
        is_refused("plan.goal", "pakc", "did you mean pack?");
        is_refused("plan.goal", "zzzzzzzzzzz", "spread, pack");
        is_refused("plan.title", "a\nb", "control");
}

Test(settings, a_value_out_of_range_says_the_range) {
        is_refused("load.headroom", "95%", "0% to 90%");
        is_refused("load.headroom", "-1%", "0% to 90%");
        is_refused("load.reserve", "2TiB", "0MiB to 1TiB");
        is_refused("load.reserve", "99999999999999999999GiB", "0MiB to 1TiB");
        is_refused("load.hold", "25h", "0us to 1d");
        is_refused("load.link", "0", "1kbit/s to 100Gbit/s");
        is_refused("plan.moves", "0", "1 to 1000");
}

Test(settings, an_unknown_key_names_the_nearest_right_one) {
        is_refused("load.hedroom", "80%", "did you mean load.headroom?");
        is_refused("headroom", "80%", "did you mean load.headroom?");
        is_refused("plan.move", "3", "did you mean plan.moves?");
        is_refused("qqqqqqqqqqqqqqq", "3", "unknown setting");
}

Test(settings, a_full_arena_changes_nothing) {
        Settings *s = fresh();
        TextFault fault;

        arena.used = arena.limit;
        cr_assert_eq(-ENOMEM, settings_set(s, "plan.title", "new", &fault));
        cr_assert_str_eq("none", settings_text(s, "plan", "title"));
        arena = arena_over(memory, 64);
        cr_assert_eq(-ENOMEM, settings_new(&arena, sections, ARRAY_SIZE(sections), &s));
}

Test(settings, printing_never_passes_the_buffer) {
        const SettingDef *title = &plan_defs[3];
        char buf[4] = "zzz";

        cr_assert_str_eq("lon", setting_print(title, 0, "long text", buf, sizeof(buf)));
        cr_assert_str_eq("", setting_print(&load_defs[0], 123456, NULL, buf, sizeof(buf)));
}
