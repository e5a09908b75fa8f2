/* SPDX-License-Identifier: Apache-2.0 */
/* What operators and VMs say, put onto a snapshot. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "scheduler/app/settings/settings_file.h"
#include "scheduler/snapshot/files/snapshot_file.h"
#include "scheduler/snapshot/rules/rules_apply.h"

static const SettingDef defs[] = { { "x", SETTING_COUNT, 1, 0, 9, NULL, NULL, "A number." }, { 0 } };
static const SettingSection sections[] = { { "a", "A section.", defs } };

static unsigned char memory[1 << 20];
static Arena arena;
static const RuleSet *rules;

static const char cluster[] =
        "{\"schema\":\"plimsoll.snapshot/1\",\"cluster\":\"t\",\"taken_at\":1780660800,\"hosts\":["
        "{\"name\":\"h1\",\"cpus\":4,\"memory_mib\":16384,\"labels\":[\"disk=hdd\",\"gen=9\"]},{\"name\":"
        "\"h2\",\"cpus\":4,\"memory_mib\":16384}]"
        ","
        "\"vms\":[{\"name\":\"a\",\"host\":\"h1\",\"vcpus\":2,\"memory_mib\":1024,\"groups\":[\"db\"]},"
        "{\"name\":\"b\",\"host\":\"h1\",\"vcpus\":2,\"memory_mib\":1024,\"labels\":[\"apart:db=rack\"]},"
        "{\"name\":\"c\",\"host\":\"h2\",\"vcpus\":2,\"memory_mib\":1024,\"groups\":[\"db\"],"
        "\"movable\":false,\"unmovable_why\":\"a device\"}],"
        "\"rules\":[{\"name\":\"old\",\"kind\":\"together\",\"vms\":[\"a\",\"b\"]}]}";

static const Snapshot *applied(const char *yaml) {
        const Snapshot *s = NULL, *ret = NULL;
        Settings *settings = NULL;
        TextFault f = { 0 };

        arena = arena_over(memory, sizeof(memory));
        cr_assert_eq(0, settings_new(&arena, sections, 1, &settings));
        cr_assert_eq(0, settings_file_apply(yaml, strlen(yaml), settings, &f), "%s: %s", f.field, f.what);
        cr_assert_eq(0, snapshot_file_parse(&arena, cluster, strlen(cluster), &s, &f), "%s", f.what);
        rules = settings_rules(settings);
        cr_assert_eq(0, rules_apply(&arena, s, rules, &ret));
        return ret;
}

static const Rule *rule_of(const Snapshot *s, const char *name) {
        for (uint32_t i = 0; i < s->n_rules; i++)
                if (strcmp(s->rules[i].name, name) == 0)
                        return &s->rules[i];
        cr_assert_fail("no rule is named %s", name);
        return NULL;
}

Test(rules_apply, labels_of_one_vm_speak_for_its_group) {
        const Snapshot *s = applied("");
        const Rule *r = rule_of(s, "apart:db=rack (label)");

        cr_assert_eq(2, s->n_rules, "and the file's own is still there");
        cr_assert_eq(RULE_APART, r->kind);
        cr_assert_eq(LEVEL_RACK, r->level);
        cr_assert_eq(2, r->n_vms);
}

Test(rules_apply, affinity_and_anti_affinity_are_together_and_apart) {
        const Snapshot *s = applied("rules: [{anti-affinity: [a, b], name: x}, {affinity: [a, b], name: y},\n"
                                    "        {anti-affinity: a, from: b, name: z}]\n");
        const Snapshot *labelled = NULL;
        TextFault f = { 0 };
        static const char text[] =
                "{\"schema\":\"plimsoll.snapshot/1\",\"cluster\":\"t\",\"hosts\":["
                "{\"name\":\"h1\",\"cpus\":4,\"memory_mib\":16384}],\"vms\":["
                "{\"name\":\"a\",\"host\":\"h1\",\"vcpus\":2,\"memory_mib\":1024,\"groups\":[\"db\"],"
                "\"labels\":[\"affinity:db=rack\",\"anti-affinity:db=host should 50\"]},"
                "{\"name\":\"b\",\"host\":\"h1\",\"vcpus\":2,\"memory_mib\":1024,\"groups\":[\"db\"]}],"
                "\"rules\":[{\"name\":\"file\",\"kind\":\"anti-affinity\",\"vms\":[\"a\",\"b\"]}]}";

        cr_assert_eq(RULE_APART, rule_of(s, "x")->kind);
        cr_assert_eq(RULE_TOGETHER, rule_of(s, "y")->kind);
        cr_assert_eq(RULE_AVOID, rule_of(s, "z")->kind);
        cr_assert_eq(0, snapshot_file_parse(&arena, text, strlen(text), &s, &f), "%s: %s", f.field, f.what);
        cr_assert_eq(0, rules_apply(&arena, s, rules, &labelled));
        cr_assert_eq(RULE_APART, rule_of(labelled, "file")->kind);
        cr_assert_eq(RULE_TOGETHER, rule_of(labelled, "affinity:db=rack (label)")->kind);
        cr_assert_eq(RULE_APART, rule_of(labelled, "anti-affinity:db=host should 50 (label)")->kind);
        cr_assert_eq(50, rule_of(labelled, "anti-affinity:db=host should 50 (label)")->weight);
}

Test(rules_apply, applying_twice_is_applying_once) {
        static const char yaml[] = "windows: [{name: n, days: sat, for: balance}]\n"
                                   "groups: [{name: all, vms: '*'}]\n"
                                   "hosts: [{hosts: h1, rack: r9, headroom: 50%}]\n"
                                   "rules: [{apart: group:all, from: nobody}, {spread: group:all, over: 2},\n"
                                   "        {never-move: a}, {priority: b, is: 7}, {on: x, hosts: h1}]\n";
        const Snapshot *once = applied(yaml), *twice = NULL;
        const char *x, *y;
        size_t n, m;

        cr_assert_eq(0, rules_apply(&arena, once, rules, &twice));
        cr_assert_eq(0, snapshot_file_print(&arena, once, &x, &n));
        cr_assert_eq(0, snapshot_file_print(&arena, twice, &y, &m));
        cr_assert_str_eq(x, y);
        cr_assert_eq(once->notes.n, twice->notes.n);
        cr_assert_eq(SNAPSHOT_NO_BALANCE, twice->not_now);
        cr_assert_eq(500, twice->hosts[0].headroom_permille[RES_MEMORY]);
        cr_assert_str_eq("r9", twice->hosts[0].rack);
        cr_assert_eq(7, twice->vms[1].priority);
}

Test(rules_apply, what_cannot_move_anyway_keeps_its_own_reason) {
        const Snapshot *s = applied("rules: [{never-move: '*', name: calm}]\n");

        cr_assert_eq(HOLD_NEVER, s->vms[0].hold);
        cr_assert(strstr(s->vms[0].unmovable_why, "calm"));
        cr_assert_eq(HOLD_NONE, s->vms[2].hold);
        cr_assert_str_eq("a device", s->vms[2].unmovable_why);
}

Test(rules_apply, others_that_are_of_the_first_do_not_count_as_others) {
        const Rule *r = rule_of(applied("rules: [{name: alone, apart: group:db, from: '*'}]\n"), "alone");

        cr_assert_eq(RULE_AVOID, r->kind);
        cr_assert_eq(1, r->n_near_vms);
        cr_assert_eq(1, r->near_vms[0]);
}

Test(rules_apply, wishes_make_a_move_dearer_and_limits_take_the_least) {
        const Snapshot *s =
                applied("rules: [{never-move: a, should: 30}, {never-move: group:db, should: 12},\n"
                        "        {move-most: '*', a-day: 5}, {move-most: a, a-day: 2}]\n");

        cr_assert(s->vms[0].movable);
        cr_assert_eq(42, s->vms[0].stay_weight);
        cr_assert_eq(2, s->vms[0].moves_a_day);
        cr_assert_eq(5, s->vms[1].moves_a_day);
}

Test(rules_apply, post_copy_is_allowed_by_selection_and_forbidding_it_counts_more) {
        const Snapshot *s = applied("rules: [{no-post-copy: a}, {post-copy: '*'}]\n");

        cr_assert_eq(POST_COPY_NEVER, s->vms[0].post_copy);
        cr_assert_eq(POST_COPY_IF_NEEDED, s->vms[1].post_copy);
        cr_assert_eq(POST_COPY_UNSAID, applied("")->vms[1].post_copy);
}

Test(rules_apply, the_settings_words_about_labels_win_and_later_entries_select_by_them) {
        const Snapshot *s = applied("hosts: [{hosts: h*, labels: [disk=ssd, '!gen']},\n"
                                    "        {hosts: 'label:disk=ssd', headroom: 30%},\n"
                                    "        {hosts: 'label:gen', headroom: 50%},\n"
                                    "        {hosts: h2, labels: disk=nvme}]\n"
                                    "rules: [{on: a, hosts: 'label:disk=nvme'}]\n");

        cr_assert_eq(1, s->hosts[0].labels.n);
        cr_assert_str_eq("disk=ssd", s->hosts[0].labels.at[0]);
        cr_assert_eq(300, s->hosts[0].headroom_permille[RES_CPU]);
        cr_assert_eq(300, s->hosts[1].headroom_permille[RES_CPU]);
        cr_assert_str_eq("disk=nvme", s->hosts[1].labels.at[0]);
        cr_assert_eq(1, rule_of(s, "on a")->n_hosts);
        cr_assert_eq(1, rule_of(s, "on a")->hosts[0]);
        cr_assert_eq(2, applied("")->hosts[0].labels.n, "nothing said: as they are");
}

Test(rules_apply, vms_are_selected_by_the_labels_of_their_host) {
        const Rule *r = rule_of(applied("rules: [{apart: 'host-label:gen=9', name: x}]\n"), "x");

        cr_assert_eq(2, r->n_vms);
        cr_assert_eq(0, r->vms[0]);
}

static bool noted(const Snapshot *s, const char *note) {
        for (uint32_t i = 0; i < s->notes.n; i++)
                if (strcmp(s->notes.at[i], note) == 0)
                        return true;
        return false;
}

Test(rules_apply, each_word_that_selects_nothing_is_named_with_the_nearest_right_one) {
        static const char yaml[] =
                "groups: [{name: pair, vms: [a, aa]}]\n"
                "hosts: [{hosts: [h1, h22, 'rack:r*'], labels: room=1}]\n"
                "rules:\n"
                " - {name: r1, apart: ['group:pear', a, 'label:appart', 'web-*', 'h?', '!x', '!b*', '!y*']}\n"
                " - {name: r2, on: a, hosts: [h1, h3, 'label:dist=hdd', 'label:gen=1*']}\n"
                " - {name: r3, near: a, to: ['host:h2', 'host:h9', 'zone:a', 'vm:B']}\n";
        static const char *const notes[] = {
                "group pair (settings, line 1): aa: VM not found; did you mean a?",
                "an entry of hosts (settings, line 2): h22: host not found; did you mean h2?",
                "an entry of hosts (settings, line 2): rack:r*: no rack matches",
                "rule r1 (settings, line 4): group:pear: group not found; did you mean group:pair?",
                "rule r1 (settings, line 4): label:appart: label of a VM not found",
                "rule r1 (settings, line 4): web-*: no VM matches",
                "rule r1 (settings, line 4): h?: no VM matches",
                "rule r1 (settings, line 4): !x: VM not found",
                "rule r2 (settings, line 5): h3: host not found; did you mean h1?",
                "rule r2 (settings, line 5): label:dist=hdd: label of a host not found; did you mean label:disk=hdd?",
                "rule r2 (settings, line 5): label:gen=1*: no label of a host matches",
                "rule r3 (settings, line 6): host:h9: host not found; did you mean host:h1?",
                "rule r3 (settings, line 6): zone:a: zone not found",
                "rule r3 (settings, line 6): B: VM not found",
        };
        const Snapshot *s = applied(yaml);

        for (size_t i = 0; i < ARRAY_SIZE(notes); i++)
                cr_expect(noted(s, notes[i]), "missing: %s", notes[i]);
        for (uint32_t i = 0; i < s->notes.n; i++)
                cr_expect(i < ARRAY_SIZE(notes), "more: %s", s->notes.at[i]);
}

Test(rules_apply, of_many_words_that_select_nothing_some_are_named_and_the_rest_is_counted) {
        char yaml[2048] = "rules: [{name: r, apart: [a, b";
        const Snapshot *s;

        for (int i = 0; i < 50; i++)
                (void) snprintf(yaml + strlen(yaml), sizeof(yaml) - strlen(yaml), ", gone%d", i);
        (void) snprintf(yaml + strlen(yaml), sizeof(yaml) - strlen(yaml), "]}]\n");
        s = applied(yaml);
        cr_assert_eq(s->notes.n, 21);
        cr_assert_str_eq(s->notes.at[20], "rule r (settings, line 1): 30 more terms match nothing");
}
