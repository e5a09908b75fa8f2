/* SPDX-License-Identifier: Apache-2.0 */
/* The range in a setting's row is what is taken of it: at its end it is taken, one past it refused with the range, and no end
 * lets a sum overflow. So for the numbers of lists, and the row is the only place. */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "scheduler/app/settings/app_settings.h"
#include "scheduler/model/bounds.h"
#include "scheduler/snapshot/rules/list_fields.h"
#include "scheduler/snapshot/rules/rule_kinds.h"

#define TEN_YEARS (INT64_C(3653) * 86400 * USEC_PER_SEC)

static Arena arena;

static void open_arena(void) {
        cr_assert_eq(0, arena_open(16 << 20, &arena));
}

TestSuite(settings_bounds, .init = open_arena);

static bool is_number(const SettingDef *d) {
        return d->type != SETTING_BOOL && d->type != SETTING_CHOICE && d->type != SETTING_TEXT;
}

/* As a person would write it, in the row's own unit. */
static const char *written(const SettingDef *d, int64_t value) {
        const int64_t whole = value / 1000, rest = value % 1000;

        switch (d->type) {
        case SETTING_PERMILLE:
                return text_format(&arena, "%s%lld.%03lld", value < 0 ? "-" : "",
                                   (long long) (whole < 0 ? -whole : whole),
                                   (long long) (rest < 0 ? -rest : rest));
        case SETTING_MIB:
                return text_format(&arena, "%lldMiB", (long long) value);
        case SETTING_KBIT:
                return text_format(&arena, "%lldkbit/s", (long long) value);
        case SETTING_DURATION:
                return text_format(&arena, "%lldus", (long long) value);
        default:
                return text_format(&arena, "%lld", (long long) value);
        }
}

static void assert_bounded(const char *key, const SettingDef *d) {
        const int64_t most = d->type == SETTING_DURATION ? TEN_YEARS : bound_of(BOUND_QUANTITY);
        const int64_t past[] = { d->max + 1, d->min - 1 };
        const char *at_end = written(d, d->max);
        TextFault f = { 0 };
        int64_t value = -7;

        cr_assert_lt(d->min, d->max, "%s: its row has no range", key);
        cr_expect_leq(d->max, most, "%s: its row lets sums overflow", key);
        cr_expect_geq(d->min, -most, "%s", key);
        cr_assert_eq(0, setting_parse(d, key, at_end, &value, &f), "%s = %s: %s", key, at_end, f.what);
        cr_expect_eq(value, d->max, "%s = %s is %lld", key, at_end, (long long) value);
        for (size_t i = 0; i < ARRAY_SIZE(past); i++) {
                const char *over = written(d, past[i]);

                value = -7;
                cr_assert_eq(-EINVAL, setting_parse(d, key, over, &value, &f), "%s = %s", key, over);
                cr_expect(strstr(f.what, past[i] < 0 && d->min == 0 ? "accepted" : "out of range"),
                          "%s = %s: %s", key, over, f.what);
                cr_expect_eq(value, -7, "%s", key);
        }
}

Test(settings_bounds, each_number_of_the_settings_has_a_range_and_it_is_what_is_taken) {
        Settings *s;
        SettingRow row;
        uint32_t n = 0;

        cr_assert_eq(0, app_settings_new(&arena, &s));
        for (uint32_t i = 0; settings_row(s, i, &row); i++) {
                if (!is_number(row.def))
                        continue;
                assert_bounded(text_format(&arena, "%s.%s", row.section->name, row.def->name), row.def);
                cr_expect(row.value >= row.def->min && row.value <= row.def->max, "%s.%s: its default",
                          row.section->name, row.def->name);
                n++;
        }
        cr_assert_gt(n, 60U);
}

Test(settings_bounds, so_has_each_number_of_its_lists) {
        const ListFieldDef *const lists[] = { group_list.fields, host_list.fields, window_list.fields,
                                              rule_list_fields };
        uint32_t n = 0;

        for (size_t l = 0; l < ARRAY_SIZE(lists); l++)
                for (const ListFieldDef *d = lists[l]; d->value.name; d++)
                        if (d->as == LIST_NUMBER) {
                                assert_bounded(d->value.name, &d->value);
                                n++;
                        }
        cr_assert_gt(n, 6U);
}

/* What is read is compared without regard to it; documents and output have one. */
Test(settings_bounds, each_name_may_be_spelled_with_hyphens_or_with_underscores) {
        Settings *s;
        SettingRow row;
        uint32_t n = 0;

        cr_assert_eq(0, app_settings_new(&arena, &s));
        for (uint32_t i = 0; settings_row(s, i, &row); i++) {
                char *key = text_format(&arena, "%s.%s", row.section->name, row.def->name);
                char value[512];
                TextFault f = { 0 };

                if (!strchr(key, '_'))
                        continue;
                for (char *c = key; *c; c++)
                        *c = *c == '_' ? '-' : *c;
                (void) setting_print(row.def, row.value, row.text, value, sizeof(value));
                cr_expect_eq(0, settings_set(s, key, value, &f), "%s: %s", key, f.what);
                n++;
        }
        cr_assert_gt(n, 40U);
}
