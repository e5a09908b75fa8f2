/* SPDX-License-Identifier: Apache-2.0 */
/* Rules, groups, hosts and windows as people write them: what is wrong is said with line, column, what is
 * accepted, and the nearest right word. */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "scheduler/app/settings/settings_file.h"
#include "scheduler/app/settings/settings_lists.h"
#include "scheduler/snapshot/rules/rule_kinds.h"

static const SettingDef defs[] = { { "x", SETTING_COUNT, 1, 0, 9, NULL, NULL, "A number." }, { 0 } };
static const SettingSection sections[] = { { "a", "A section.", defs } };

static unsigned char memory[1 << 20];
static Arena arena;

static Settings *fresh(void) {
        Settings *s = NULL;

        arena = arena_over(memory, sizeof(memory));
        cr_assert_eq(0, settings_new(&arena, sections, 1, &s));
        return s;
}

static Settings *reads(const char *text) {
        Settings *s = fresh();
        TextFault f;

        cr_assert_eq(0, settings_file_apply(text, strlen(text), s, &f), "%u:%u %s: %s\n%s", f.line, f.column,
                     f.field, f.what, text);
        return s;
}

Test(settings_lists, a_rule_is_a_kind_with_its_vms_and_fields) {
        const RuleSet *set = settings_rules(reads("windows: [{name: night, from: 22:00, to: 06:00}]\n"
                                                  "rules:\n"
                                                  "  - apart: group:db\n"
                                                  "    level: rack\n"
                                                  "  - name: near the data\n"
                                                  "    near: [app1, \"app2\"]\n"
                                                  "    to: group:db\n"
                                                  "    should: 250\n"
                                                  "  - move-only: \"*\"\n"
                                                  "    during: [night]\n"
                                                  "    evacuate: yes\n"
                                                  "  - apart: group:db\n"
                                                  "    must: no\n"));

        cr_assert_eq(4, set->n_rules);
        cr_assert_str_eq("apart group:db", set->rules[0].name);
        cr_assert(set->rules[0].must);
        cr_assert_eq(LEVEL_RACK, set->rules[0].level);
        cr_assert_str_eq("near the data", set->rules[1].name);
        cr_assert_eq(2, set->rules[1].vms.n);
        cr_assert_not(set->rules[1].must);
        cr_assert_eq(250, set->rules[1].weight);
        cr_assert(set->rules[2].evacuate);
        cr_assert_str_eq("apart group:db (2)", set->rules[3].name);
        cr_assert_not(set->rules[3].must);
        cr_assert_eq(100, set->rules[3].weight);
}

Test(settings_lists, a_fault_is_said_where_it_is_with_what_would_be_right) {
        static const struct {
                const char *text, *field, *what;
                uint32_t line, column;
        } cases[] = {
                { "rules:\n  - appart: x\n", "rules[0].appart", "did you mean 'apart'?", 2, 5 },
                { "rules:\n  - apart: x\n    lvel: rack\n", "rules[0].lvel", "did you mean 'level'?", 3, 5 },
                { "rules:\n  - apart: x\n    level: rak\n", "rules[0].level", "did you mean rack?", 3, 12 },
                { "rules:\n  - apart: x\n  - level: rack\n", "rules[1]",
                  "needs a kind; accepted: anti-affinity, affinity", 3, 5 },
                { "rules:\n  - {apart: x, together: y}\n", "rules[0].together", "already", 2, 16 },
                { "rules:\n  - {apart: x, apart: y}\n", "rules[0].apart", "twice", 2, 16 },
                { "rules:\n  - {apart: x, anti-affinity: y}\n", "rules[0].anti-affinity",
                  "already has the kind \"apart\"", 2, 16 },
                { "rules:\n  - anti-afinity: x\n", "rules[0].anti-afinity", "did you mean 'anti-affinity'?",
                  2, 5 },
                { "rules:\n  - {move-most: x, a-day: 2, a_day: 3}\n", "rules[0].a_day", "twice", 2, 30 },
                { "rules:\n  - apart: x\n    to: y\n", "rules[0].to", "accepted with near", 3, 5 },
                { "rules:\n  - near: x\n", "rules[0]", "needs 'to'", 2, 5 },
                { "rules:\n  - spread: x\n    over: 0\n", "rules[0].over", "1 to 200000", 3, 11 },
                { "rules:\n  - spread: x\n    over: two\n", "rules[0].over", "a whole number", 3, 11 },
                { "rules:\n  - apart: x\n    must: yes\n    should: 5\n", "rules[0].should", "contradicts", 4,
                  5 },
                { "rules:\n  - apart: gruop:x\n", "rules[0].apart", "did you mean group:?", 2, 12 },
                { "rules:\n  - apart: [a, gruop:x]\n", "rules[0].apart", "did you mean group:?", 2, 16 },
                { "rules:\n  - apart: []\n", "rules[0].apart", "is empty; accepted: a selection", 2, 5 },
                { "rules:\n  - apart:\n", "rules[0].apart", "empty", 2, 11 },
                { "rules:\n  - on: x\n    hosts: group:y\n", "rules[0].hosts", "selects no hosts", 3, 12 },
                { "rules:\n  - apart: !web\n", "rules[0]", "in quotes", 2, 12 },
                { "rules:\n  - apart: *\n", "rules", "need quotes", 2, 13 },
                { "rules:\n  - apart: {a: b}\n", "rules[0]", "not a plain word", 2, 12 },
                { "rules:\n  - just words\n", "rules[0]", "is not an entry", 2, 5 },
                { "rules: apart\n", "rules", "is not a list", 1, 8 },
                { "rules: []\nrules: []\n", "rules", "twice", 2, 1 },
                { "rules:\n  - {name: a, apart: x}\n  - {name: a, apart: y}\n", "rules",
                  "already used; accepted: unique names", 3, 12 },
                { "rules:\n  - {move-only: x, during: nihgt}\nwindows:\n  - name: night\n", "rules.during",
                  "did you mean \"night\"?", 2, 28 },
                { "groups:\n  - name: web\n", "groups[0]", "needs \"vms\"", 2, 5 },
                { "groups:\n  - {name: web, vm: x}\n", "groups[0].vm", "did you mean 'vms'?", 2, 17 },
                { "groups: [{name: a, vms: x}, {name: a, vms: y}]\n", "groups",
                  "already used; accepted: unique names", 1, 36 },
                { "hosts:\n  - hosts: h1\n", "hosts[0]", "no field besides hosts", 2, 5 },
                { "hosts:\n  - hosts: h1\n    headroom: 95%\n", "hosts[0].headroom", "0% to 90%", 3, 15 },
                { "hosts:\n  - hosts: h1\n    headroom: 20 GB\n", "hosts[0].headroom", "80%", 3, 15 },
                { "hosts:\n  - hosts: h1\n    headrom: 20%\n", "hosts[0].headrom", "did you mean 'headroom'?",
                  3, 5 },
                { "hosts:\n  - hosts: h1\n    zone: [a, b]\n", "hosts[0].zone", "is a list", 3, 5 },
                { "hosts:\n  - hosts: h1\n    labels: [a=1, b c=2]\n", "hosts[0].labels",
                  "'b c=2' is not valid; accepted: key=value, or !key", 3, 19 },
                { "hosts:\n  - hosts: h1\n    labels: rule:on=h1\n", "hosts[0].labels", "letters, digits", 3,
                  13 },
                { "hosts:\n  - hosts: h1\n    labels: [\"!\"]\n", "hosts[0].labels", "!key", 3, 14 },
                { "hosts:\n  - hosts: group:web\n    rack: r1\n", "hosts[0].hosts", "selects no hosts", 2,
                  12 },
                { "windows:\n  - {name: n, from: 25:00}\n", "windows[0].from", "00:00 to 24:00", 2, 21 },
                { "windows:\n  - {name: n, to: 24:01}\n", "windows[0].to", "00:00 to 24:00", 2, 19 },
                { "windows:\n  - {name: n, days: monday}\n", "windows[0].days", "mon-fri", 2, 21 },
                { "windows:\n  - {name: n, zone: Mars/Base}\n", "windows[0].zone", "Europe/Berlin", 2, 21 },
                { "windows:\n  - {name: n, zone: ../../etc/passwd}\n", "windows[0].zone", "unknown time zone",
                  2, 21 },
                { "windows:\n  - {name: n, for: balanse}\n", "windows[0].for", "did you mean balance?", 2,
                  20 },
                { "windows: [{name: n}, {name: n}]\n", "windows", "already used; accepted: unique names", 1,
                  29 },
        };

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                TextFault f;

                cr_expect_eq(-EINVAL, settings_file_apply(cases[i].text, strlen(cases[i].text), fresh(), &f),
                             "%s", cases[i].text);
                cr_expect_str_eq(cases[i].field, f.field, "%s: %s", cases[i].text, f.field);
                cr_expect(strstr(f.what, cases[i].what), "%s: %s", cases[i].text, f.what);
                cr_expect_eq(cases[i].line, f.line, "%s: line %u", cases[i].text, f.line);
                cr_expect_eq(cases[i].column, f.column, "%s: column %u", cases[i].text, f.column);
        }
}

/* "line:column field" of each, in order; what came of it in *ret. */
static const char *all_faults(const char *text, int *ret) {
        static char said[4096];
        TextFault at[8] = { 0 };
        TextFaults faults = { .at = at, .most = ARRAY_SIZE(at) };
        size_t used = 0;

        *ret = settings_file_read(text, strlen(text), fresh(), &faults);
        said[0] = '\0';
        for (uint32_t i = 0; i < faults.n; i++)
                used += (size_t) snprintf(said + used, sizeof(said) - used, "%u:%u %s\n", at[i].line,
                                          at[i].column, at[i].field);
        return said;
}

Test(settings_lists, every_mistake_of_a_file_is_said_in_order) {
        static const struct {
                const char *text, *said;
        } cases[] = {
                /* in several sections and lists; what follows a mistake is read */
                { "a:\n  y: 1\n  x: 2\n  x: [1, {b: 2}]\n  z: {b: c}\n"
                  "rules:\n  - appart: q\n  - apart: q\n    level: rak\n  - {together: q}\n"
                  "hosts:\n  - {hosts: h, headroom: 95%}\n",
                  "2:3 a.y\n4:6 a.x\n5:7 a.z.b\n7:5 rules[0].appart\n9:12 rules[1].level\n12:26 "
                  "hosts[0].headroom\n" },
                /* several in one entry; what only follows from another is not said */
                { "rules:\n  - {appart: q, lvel: rack}\n  - {near: gruop:x, to: [a, gruop:y, gruop:z], "
                  "should: x}\n",
                  "2:6 rules[0].appart\n2:17 rules[0].lvel\n3:12 rules[1].near\n3:29 rules[1].to\n3:38 "
                  "rules[1].to\n3:56 rules[1].should\n" },
                /* what all entries together say; a window that could not be read is no unknown one */
                { "rules:\n  - {name: a, apart: x}\n  - {name: a, move-only: y, during: night}\n"
                  "windows:\n  - {name: night, from: 25:00}\n",
                  "3:12 rules\n5:25 windows[0].from\n" },
                { "rules:\n  - {move-only: y, during: nihgt}\n  - {move-only: x, during: [night, dya]}\n"
                  "windows: [{name: night}]\n",
                  "2:28 rules.during\n3:36 rules.during\n" },
                /* a list that is none, said twice, a complex key; no YAML at the end */
                { "rules: {a: [b]}\nrules: []\n? [a, b]\n: c\na.x: 12\na: b: c\n",
                  "1:8 rules\n2:1 rules\n3:3 \n5:6 a.x\n6:1 a\n6:5 \n" },
                { "a.x: 1\n", "" },
        };

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                int r = 0;
                const char *said = all_faults(cases[i].text, &r);

                cr_expect_str_eq(said, cases[i].said, "%s\n%s", cases[i].text, said);
                cr_expect_eq(r, cases[i].said[0] ? -EINVAL : 0);
        }
}

Test(settings_lists, of_very_many_mistakes_the_first_are_said) {
        char text[400] = "";
        int r = 0;

        for (int i = 0; i < 20; i++)
                strcat(text, "b.c: 1\n");
        cr_assert_str_eq(all_faults(text, &r),
                         "1:1 b.c\n2:1 b.c\n3:1 b.c\n4:1 b.c\n5:1 b.c\n6:1 b.c\n7:1 b.c\n8:1 b.c\n");
        cr_assert_eq(r, -EINVAL);
}

Test(settings_lists, days_times_and_zones) {
        const RuleSet *set = settings_rules(reads("windows:\n"
                                                  "  - {name: a, days: [mon, fri-sun]}\n"
                                                  "  - {name: b, days: sat-mon, from: 08:30, to: 24:00}\n"
                                                  "  - {name: c, days: 'mon, wed', zone: 'CET-1'}\n"
                                                  "  - {name: d, for: [balance, load]}\n"));

        cr_assert_eq(0x71, set->windows[0].window.days);
        cr_assert_eq(0, set->windows[0].window.from);
        cr_assert_eq(1440, set->windows[0].window.to);
        cr_assert_eq(0x61, set->windows[1].window.days);
        cr_assert_eq(510, set->windows[1].window.from);
        cr_assert_eq(0x05, set->windows[2].window.days);
        cr_assert_eq(3600, time_zone_offset(&set->windows[2].window.zone, 1000000000));
        cr_assert_eq(DAYS_ALL, set->windows[3].window.days);
        cr_assert_eq(ACTIONS_ALL, set->windows[3].window.actions);
}

Test(settings_lists, what_is_printed_reads_back_the_same) {
        static const char text[] = "a: {x: 3}\n"
                                   "rules: [{apart: ['*', '!a b', 'c\\,d'], level: zone, name: 'x: #1'},\n"
                                   "        {priority: group:db, is: 7}]\n"
                                   "windows: [{name: night, days: [sun], from: '1:05'}]\n"
                                   "groups: [{name: g, vms: \"q\\\"\"}]\n"
                                   "hosts: [{hosts: h*, headroom-cpu: 12.5%, reserved: 4GiB},\n"
                                   "        {hosts: 'label:disk=ssd', labels: ['!old', 'tier=1,x=']}]\n";
        Settings *s = reads(text), *again = NULL;
        const char *printed, *twice;
        TextFault f;

        cr_assert_eq(0, settings_file_print(&arena, s, true, &printed));
        cr_assert_eq(0, settings_new(&arena, sections, 1, &again));
        cr_assert_eq(0, settings_file_apply(printed, strlen(printed), again, &f), "%s: %s", printed, f.what);
        cr_assert_eq(0, settings_file_print(&arena, again, true, &twice));
        cr_assert_str_eq(printed, twice);
        cr_assert_eq(2, settings_rules(again)->n_rules);
        cr_assert_eq(3, settings_rules(again)->hosts[1].labels.n);
}

/* The field's own words beside ours, and '-' for '_' in all names. */
Test(settings_lists, a_kind_and_a_field_have_each_spelling) {
        static const char *const texts[] = {
                "rules: [{anti-affinity: x, name: a, at-most: 2}]",
                "rules: [{apart: x, name: a}]",
                "rules: [{anti_affinity: x, name: a}]",
        };
        const uint32_t ours = settings_rules(reads(texts[1]))->rules[0].kind;
        const RuleSet *set;
        TextFault f;

        cr_assert_eq(-EINVAL, settings_file_apply(texts[0], strlen(texts[0]), fresh(), &f));
        cr_assert(strstr(f.what, "not accepted in a rule 'anti-affinity'"), "%s", f.what);
        set = settings_rules(reads(texts[2]));
        cr_assert_eq(ours, set->rules[0].kind);
        set = settings_rules(reads("rules: [{affinity: x}, {together: x}, {anti-affinity: group:db}]"));
        cr_assert_eq(set->rules[0].kind, set->rules[1].kind);
        cr_assert_str_eq(set->rules[0].name, "affinity x", "as it was written");
        cr_assert_str_eq(set->rules[2].name, "anti-affinity group:db");
        set = settings_rules(reads("hosts: [{hosts: h, headroom_cpu: 30%}, {hosts: h, headroom-cpu: 30%}]\n"
                                   "rules: [{not_on: x, hosts: h}, {move_most: x, a_day: 2}]\n"));
        cr_assert_eq(set->hosts[0].headroom_cpu, 300);
        cr_assert_eq(set->hosts[1].headroom_cpu, 300);
        cr_assert_eq(set->rules[1].count, 2);
}

Test(settings_lists, one_more_from_the_command_line) {
        Settings *s = reads("rules: [{apart: x}]\n");
        TextFault f;

        cr_assert_eq(0, settings_list_add("rules", "together: [a, b], level: rack, should: 5", s, &f), "%s",
                     f.what);
        cr_assert_eq(0, settings_list_add("rules", "{never-move: group:x}", s, &f), "%s", f.what);
        cr_assert_eq(3, settings_rules(s)->n_rules);
        cr_assert_eq(-EINVAL, settings_list_add("rules", "togetter: a", s, &f));
        cr_assert(strstr(f.what, "together"), "%s", f.what);
        cr_assert_eq(-EINVAL, settings_list_add("rules", "move-only: a, during: night", s, &f));
        cr_assert_eq(-EINVAL, settings_list_add("rules", "[a]", s, &f));
        cr_assert_eq(-EINVAL, settings_list_add("rules", "", s, &f));
        cr_assert_eq(3, settings_rules(s)->n_rules);
}

Test(settings_lists, the_example_of_every_kind_and_list_is_right) {
        static const ListDef *const lists[] = { &rule_list, &group_list, &host_list, &window_list };

        for (size_t i = 0; i < ARRAY_SIZE(lists); i++)
                (void) reads(lists[i]->example);
        for (uint32_t k = 0; k < n_rule_kinds; k++) {
                const Settings *s = reads(text_format(&arena, "windows: [{name: night}]\nrules:\n%s",
                                                      rule_kind_defs[k].example));

                cr_assert_eq(1, settings_rules(s)->n_rules);
                cr_assert_eq(k, settings_rules(s)->rules[0].kind, "%s", rule_kind_defs[k].word);
        }
}
