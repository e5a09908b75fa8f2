/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>

#include "scheduler/snapshot/files/snapshot_file.h"
#include "scheduler/snapshot/import/htools_file.h"

static Arena arena;

static void open_arena(void) {
        cr_assert_eq(0, arena_open(16 << 20, &arena));
}

TestSuite(htools_file, .init = open_arena);

static int try_parse(const char *data, const char *use, const Snapshot **ret, TextFault *f) {
        const ImportText in = { .cluster = "imported",
                                .data = data,
                                .n_data = strlen(data),
                                .use = use,
                                .n_use = use ? strlen(use) : 0 };

        return htools_file_parse(&arena, &in, ret, f);
}

static const Snapshot *parse(const char *data, const char *use) {
        const Snapshot *s = NULL;
        TextFault f = { 0 };

        cr_assert_eq(0, try_parse(data, use, &s, &f), "line %u %s: %s", f.line, f.field, f.what);
        return s;
}

#define GROUP    "g1|u1|preferred||\n"
#define NODE_A   "a|16384|512|8192|1000|900|16|M|u1|1\n"
#define NODE_B   "b|32768|512|30000|1000|900|32|N|u1|1\n"
#define INSTANCE "web1|4096|1024|2|running|Y|a||ext||1\n"
#define SMALL    GROUP "\n" NODE_A NODE_B "\n" INSTANCE "\n\n"

static const Rule *rule_of(const Snapshot *s, RuleKind kind) {
        for (uint32_t i = 0; i < s->n_rules; i++)
                if (s->rules[i].kind == kind)
                        return &s->rules[i];
        return NULL;
}

Test(htools_file, nodes_and_instances_become_hosts_and_vms) {
        const Snapshot *s = parse(SMALL "|128,1,1,1,1,1|128,1,1,1,1,1;9,9,9,9,9,9|ext|16.0|10000.0\n", NULL);

        cr_assert_str_eq(s->cluster, "imported");
        cr_assert_eq(s->n_hosts, 2);
        cr_assert_str_eq(s->hosts[0].name, "a");
        cr_assert_eq(s->hosts[0].memory_mib, 16384);
        cr_assert_eq(s->hosts[0].reserved_mib, 512);
        cr_assert_eq(s->hosts[0].memory_used_mib, 8192);
        cr_assert_eq(s->hosts[0].cpus, 16);
        cr_assert_eq(s->hosts[0].cpu_mhz, UNKNOWN);
        cr_assert_str_eq(s->hosts[0].zone, "g1");
        cr_assert_eq(s->n_vms, 1);
        cr_assert_eq(s->vms[0].memory_mib, 4096);
        cr_assert_eq(s->vms[0].vcpus, 2);
        cr_assert_eq(s->vms[0].host, 0);
        cr_assert_eq(s->vms[0].cpu_mcores, UNKNOWN, "without a file of use");
        cr_assert(s->vms[0].movable);
        cr_assert_eq(s->n_rules, 0);
}

Test(htools_file, use_is_in_units_of_a_mean_node) {
        const Snapshot *s = parse(SMALL, "web1 5.0e-2 1 1 1\n");

        cr_assert_eq(s->vms[0].cpu_mcores, 1200, "0.05 of (16 + 32) / 2 cores");
}

Test(htools_file, an_offline_or_unknown_node_is_offline) {
        const Snapshot *s =
                parse(GROUP "\nc|1|0|1|1|1|1|Y|u1|1\nb|?|?|?|?|?|?|N|u1|1\n" NODE_A "\n\n\n", NULL);

        cr_assert_eq(s->hosts[0].state, HOST_ACTIVE);
        cr_assert_eq(s->hosts[1].state, HOST_OFFLINE);
        cr_assert_eq(s->hosts[2].state, HOST_OFFLINE);
        cr_assert_eq(s->hosts[2].cpus, 0, "what it says is not believed");
}

Test(htools_file, instances_that_do_not_run_are_left_out) {
        const Snapshot *s = parse(GROUP "\n" NODE_A "\n" INSTANCE "x|1|1|1|ADMIN_down|Y|a||ext||1\n"
                                        "y|1|1|1|running|Y|a||ext||1|1|Y\n"
                                        "z|1|1|1|ERROR_up|N|a||ext||1|1|N\n\n",
                                  NULL);

        cr_assert_eq(s->n_vms, 2);
        cr_assert_str_eq(s->vms[0].name, "web1");
        cr_assert_str_eq(s->vms[1].name, "z");
}

Test(htools_file, disks_say_where_an_instance_may_go) {
        const Snapshot *s = parse(GROUP "\n" NODE_B NODE_A "\np|1|1|1|running|Y|a||plain||1\n"
                                        "d|1|1|1|running|Y|b|a|drbd||1\nr|1|1|1|running|Y|b||rbd||1\n\n",
                                  NULL);
        const Rule *pair = rule_of(s, RULE_ON);

        cr_assert_not(s->vms[1].movable);
        cr_assert(strstr(s->vms[1].unmovable_why, "plain"));
        cr_assert(s->vms[2].movable);
        cr_assert_eq(s->n_rules, 1);
        cr_assert_str_eq(pair->name, "drbd-d-1");
        cr_assert(pair->must);
        cr_assert_eq(pair->vms[0], 0);
        cr_assert_eq(pair->n_hosts, 2);
        cr_assert_eq(pair->hosts[0], 0);
}

Test(htools_file, exclusion_tags_become_apart_rules) {
        const Snapshot *s = parse(GROUP "\n" NODE_A NODE_B "\ndns1|1|1|1|running|Y|a||ext|service:dns,foo|1\n"
                                        "dns2|1|1|1|running|Y|a||ext|service:dns,foo|1\n"
                                        "ftp1|1|1|1|running|Y|a||ext|service:ftp|1\n"
                                        "x|1|1|1|running|Y|a||ext|other:y|1\n"
                                        "y|1|1|1|running|Y|a||ext|other:y|1\n"
                                        "\nhtools:iextags:service\nunrelated\n",
                                  NULL);

        cr_assert_eq(s->n_rules, 1, "of two or more, and of the prefix named only");
        cr_assert_eq(s->rules[0].kind, RULE_APART);
        cr_assert_eq(s->rules[0].level, LEVEL_HOST);
        cr_assert_eq(s->rules[0].n_vms, 2);
        cr_assert_str_eq(s->vms[s->rules[0].vms[1]].name, "dns2");
        cr_assert_eq(s->vms[0].groups.n, 2);
}

Test(htools_file, instances_stay_in_their_group) {
        const Snapshot *s =
                parse("one|u1|preferred||\ntwo|u2|last_resort\n\n" NODE_A "c|9|0|9|1|1|9|N|u2\n" NODE_B
                      "\n" INSTANCE "v|1|1|1|running|Y|c||ext||1\n\n",
                      NULL);

        cr_assert_eq(s->n_rules, 2);
        cr_assert_eq(s->rules[0].n_hosts, 2);
        cr_assert_eq(s->rules[0].hosts[1], 1);
        cr_assert_eq(s->rules[1].n_hosts, 1);
        cr_assert_eq(s->rules[1].hosts[0], 2);
        cr_assert_str_eq(s->vms[s->rules[1].vms[0]].name, "v");
}

Test(htools_file, speeds_are_told_where_they_differ) {
        const Snapshot *s = parse(
                GROUP "\na|9|0|9|1|1|9|N|u1|1||N|0|1|1.0\nb|9|0|9|1|1|9|N|u1|1||N|0|1|1.25\n\n\n", NULL);

        cr_assert_eq(s->hosts[0].cpu_mhz, 1000);
        cr_assert_eq(s->hosts[1].cpu_mhz, 1250);
}

Test(htools_file, an_imported_snapshot_is_the_same_after_a_file) {
        const Snapshot *s = parse("one|u1|preferred||\ntwo|u2|last_resort\n\n" NODE_B NODE_A
                                  "c|9|0|9|1|1|9|Y|u2\n\n" INSTANCE
                                  "d|1|1|1|running|Y|b|a|drbd|s:x|1\ne|1|1|1|running|Y|b|a|drbd|s:x|1\n"
                                  "\nhtools:iextags:s\n",
                                  "web1 1 1 1 1\n");
        const char *one, *two;
        TextFault f;
        size_t n, m;

        cr_assert_eq(0, snapshot_file_print(&arena, s, &one, &n));
        cr_assert_eq(0, snapshot_file_parse(&arena, one, n, &s, &f), "%s: %s", f.field, f.what);
        cr_assert_eq(0, snapshot_file_print(&arena, s, &two, &m));
        cr_assert_str_eq(one, two);
}

Test(htools_file, bad_files_are_refused_with_their_line) {
        static const struct {
                const char *data, *use;
                uint32_t line;
                const char *field, *words;
        } bads[] = {
                { "", NULL, 0, "", "1 sections; accepted: groups, nodes" },
                { GROUP "\n" NODE_A "\n" INSTANCE, NULL, 5, "", "3 sections" },
                { SMALL "\n\n", NULL, 9, "", "more than 5 sections" },
                { "g1|u1\n\n\n\n", NULL, 1, "group", "number of fields is 2; accepted: name|uuid" },
                { "g1|u1|never\n\n\n\n", NULL, 1, "group", "accepted: preferred" },
                { GROUP GROUP "\n\n\n", NULL, 2, "group", "\"u1\" already exists" },
                { GROUP "\na|1\n\n\n", NULL, 3, "node", "number of fields is 2; accepted: 9 to 15" },
                { GROUP "\na|x|0|1|1|1|1|N|u1\n\n\n", NULL, 3, "node",
                  "field 2: found \"x\"; accepted: a number from 0" },
                { GROUP "\na|-1|0|1|1|1|1|N|u1\n\n\n", NULL, 3, "node", "found \"-1\"" },
                { GROUP "\na|9223372036854775808|0|1|1|1|1|N|u1\n\n\n", NULL, 3, "node",
                  "found \"9223372036854775808\"" },
                { GROUP "\na|0|0|0|1|1|1|N|u1\n\n\n", NULL, 3, "node", "no memory or no CPUs" },
                { GROUP "\na|9|0|10|1|1|1|N|u1\n\n\n", NULL, 3, "node", "exceeds total memory (9 MiB)" },
                { GROUP "\na|9|0|9|1|1|1|X|u1\n\n\n", NULL, 3, "node", "field 8: accepted: N, Y" },
                { GROUP "\na|9|0|9|1|1|1|N|u2\n\n\n", NULL, 3, "node",
                  "field 9: \"u2\" not found in the sections above" },
                { GROUP "\n" NODE_A NODE_A "\n\n", NULL, 4, "node", "\"a\" already exists" },
                { GROUP "\n" NODE_A "\nv|1\n\n", NULL, 5, "instance", "number of fields is 2" },
                { GROUP "\n" NODE_A "\nv|1|1|1|asleep|Y|a||ext||1\n\n", NULL, 5, "instance",
                  "accepted: running" },
                { GROUP "\n" NODE_A "\nv|1|1|1|running|Q|a||ext||1\n\n", NULL, 5, "instance",
                  "field 6: accepted: Y or N" },
                { GROUP "\n" NODE_A "\nv|1|1|1|running|Y|aa||ext||1\n\n", NULL, 5, "instance",
                  "field 7: \"aa\" not found in the sections above; did you mean \"a\"?" },
                { GROUP "\n" NODE_A "\nv|1|1|1|running|Y|a||floppy||1\n\n", NULL, 5, "instance",
                  "field 9: accepted: ext" },
                { GROUP "\n" NODE_A "\nv|1|1|1|running|Y|a|a|drbd||1\n\n", NULL, 5, "instance",
                  "same as its primary node" },
                { GROUP "\n" NODE_A "\nv|1|1|1|running|Y|a||drbd||1\n\n", NULL, 5, "instance",
                  "needs a secondary node" },
                { GROUP "\n" NODE_A "\n" INSTANCE INSTANCE "\n", NULL, 6, "instance", "already exists" },
                { GROUP "\n" NODE_A "\n" INSTANCE "web1|1|1|1|ADMIN_down|Y|a||ext||1\n\n", NULL, 6,
                  "instance", "already exists" },
                { GROUP "\n" NODE_A "\n|1|1|1|running|Y|a||ext||1\n\n", NULL, 5, "instance",
                  "a name of 1 to 255 bytes" },
                { SMALL "x|y\n", NULL, 9, "policy", "number of fields is 2" },
                { SMALL, "web2 1 1 1 1\n", 1, "use", "instance \"web2\" not found" },
                { SMALL, "\nweb1 1 1 1\n", 2, "use", "accepted: \"instance cpu memory disk net\"" },
                { SMALL, "web1 1 1 1 1 1\n", 1, "use", "accepted: \"instance cpu" },
                { SMALL, "web1 -1 1 1 1\n", 1, "use", "found \"-1\"; accepted: a number from 0 to 1000" },
                { SMALL, "web1 NaN 1 1 1\n", 1, "use", "found \"NaN\"" },
        };

        for (size_t i = 0; i < ARRAY_SIZE(bads); i++) {
                const Snapshot *s = NULL;
                TextFault f = { 0 };

                cr_expect_eq(-EBADMSG, try_parse(bads[i].data, bads[i].use, &s, &f), "case %zu", i);
                cr_expect_null(s);
                cr_expect_eq(f.line, bads[i].line, "case %zu: line %u: %s", i, f.line, f.what);
                cr_expect_str_eq(f.field, bads[i].field, "case %zu: %s: %s", i, f.field, f.what);
                cr_expect(strstr(f.what, bads[i].words), "case %zu: %s", i, f.what);
        }
}

Test(htools_file, a_full_arena_is_no_crash) {
        static unsigned char memory[16384];

        for (size_t limit = 0; limit < sizeof(memory); limit += 13) {
                const ImportText in = { .cluster = "c", .data = SMALL, .n_data = strlen(SMALL) };
                Arena small = arena_over(memory, limit);
                const Snapshot *s = NULL;
                TextFault f;
                int k = htools_file_parse(&small, &in, &s, &f);

                cr_assert(k == -ENOMEM || (k == 0 && s->n_vms == 1));
                cr_assert(limit + 13 < sizeof(memory) || k == 0);
        }
}
