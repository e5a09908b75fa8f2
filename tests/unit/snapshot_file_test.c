/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "scheduler/snapshot/files/snapshot_fields.h"
#include "scheduler/snapshot/files/snapshot_file.h"

static Arena arena;

static void open_arena(void) {
        cr_assert_eq(0, arena_open(64 << 20, &arena));
}

TestSuite(snapshot_file, .init = open_arena);

static const Snapshot *parse(const char *text) {
        const Snapshot *s = NULL;
        TextFault f = { 0 };
        int k = snapshot_file_parse(&arena, text, strlen(text), &s, &f);

        cr_assert_eq(k, 0, "%s: %s in %s", f.field, f.what, text);
        return s;
}

static const char *print(const Snapshot *s) {
        const char *text;
        size_t n;

        cr_assert_eq(0, snapshot_file_print(&arena, s, &text, &n));
        cr_assert_eq(n, strlen(text));
        return text;
}

#define SMALLEST                                                                                             \
        "{ \"schema\": \"plimsoll.snapshot/1\", \"cluster\": \"demo\",\n"                                    \
        "  \"hosts\": [ { \"name\": \"h1\", \"cpus\": 64, \"memory_mib\": 524288 } ],\n"                     \
        "  \"vms\":   [ { \"name\": \"vm1\", \"host\": \"h1\", \"vcpus\": 2, \"memory_mib\": 4096, "         \
        "\"cpu\": 0.7 } ] }"

Test(snapshot_file, the_smallest_file_works_and_the_rest_is_at_its_default) {
        const Snapshot *s = parse(SMALLEST);
        const Host *h = &s->hosts[0];
        const Vm *v = &s->vms[0];

        cr_assert_str_eq(s->cluster, "demo");
        cr_assert_eq(s->n_hosts, 1);
        cr_assert_eq(s->n_vms, 1);
        cr_assert_eq(s->taken_at, 0);
        cr_assert_eq(h->cpus, 64);
        cr_assert_eq(h->memory_mib, 524288);
        cr_assert_eq(h->cpu_mhz, UNKNOWN);
        cr_assert_eq(h->state, HOST_ACTIVE);
        cr_assert_eq(h->excluded, EXCLUDED_NONE);
        cr_assert_eq(h->cpu_busy_mcores, UNKNOWN);
        cr_assert_eq(h->memory_used_mib, UNKNOWN);
        cr_assert_eq(h->headroom_permille[RES_NET_TX], UNKNOWN);
        cr_assert_eq(h->reserved_mib, 0);
        cr_assert_null(h->zone);
        cr_assert_eq(h->networks.n, 0);
        cr_assert_eq(v->cpu_mcores, 700);
        cr_assert_eq(v->host, 0);
        cr_assert(v->movable);
        cr_assert_not(v->in_flight);
        cr_assert_eq(v->in_flight_to, IX_NONE);
        cr_assert_eq(v->priority, 100);
        cr_assert_eq(v->rx_kbit, UNKNOWN);
        cr_assert_eq(v->dirty_kib_s, UNKNOWN);
        cr_assert_eq(v->local_disk_mib, 0);
}

static const char everything[] =
        "{\n"
        "  \"schema\": \"plimsoll.snapshot/1\",\n"
        "  \"cluster\": \"gr\xc3\xbc\x6e\",\n"
        "  \"taken_at\": \"2026-01-01T00:00:00.250000Z\",\n"
        "  \"extra\": [\n"
        "    { \"name\": \"gpu_mib\", \"transient\": true },\n"
        "    { \"name\": \"licences\" }\n"
        "  ],\n"
        "  \"hosts\": [\n"
        "    { \"name\": \"h1\", \"uri\": \"qemu+tls://h1/system\", \"state\": \"cordoned\", \"fence\": "
        "\"stale\", "
        "\"fence_why\": \"last report 95 s ago\", \"seen_at\": \"2025-12-31T23:59:59.000001Z\", "
        "\"faults\": { \"grade\": 3, \"why\": \"disk sda: 12 pending sectors\" }, \"cpus\": 64, "
        "\"cpu_mhz\": 2600, \"memory_mib\": 524288, \"cpu_busy\": 17.25, \"memory_used_mib\": 1000, "
        "\"cpu_pressure\": 0.12, \"memory_pressure\": 0.001, \"headroom\": { \"cpu\": 0.2, \"net_tx\": 0 }, "
        "\"reserved_mib\": 4096, \"zone\": \"z1\", \"rack\": \"r1\", \"neighborhood\": \"n1\", "
        "\"labels\": [\"disk=ssd\", \"licence=oracle\"], "
        "\"arch\": \"x86_64\", \"cpu_model\": \"Cascadelake-Server\", \"networks\": [\"br0\", \"br1\"], "
        "\"pools\": [\"ceph-1\"], \"switches\": [\"leaf1\", \"leaf2\"], "
        "\"rtt_seconds\": { \"gone\": 0.000007, \"h2\": 0.04021 }, \"nics\": [ { \"name\": \"eth0\", \"speed_mbit\": "
        "10000, \"rx_mbit\": "
        "12.5, "
        "\"tx_mbit\": 0 }, { \"name\": \"eth1\", \"carrier\": false, \"mode\": \"802.3ad\", "
        "\"members\": [\"eth2\", \"eth3\"], \"active\": [\"eth2\"], \"peers\": 2 } ], \"extra\": { "
        "\"gpu_mib\": 81920 } "
        "},\n"
        "    { \"name\": \"h2\", \"state\": \"offline\", \"cpus\": 0, \"memory_mib\": 0, \"headroom\": 0.15 "
        "}\n"
        "  ],\n"
        "  \"vms\": [\n"
        "    { \"name\": \"a\", \"uuid\": \"2c1f\", \"host\": \"h1\", \"state\": \"paused\", "
        "\"in_flight\": \"h2\", \"movable\": false, \"unmovable_why\": \"host device 0000:3b:00.0\", "
        "\"vcpus\": 4, \"memory_mib\": 8192, \"cpu\": 1.234, \"memory_used_mib\": 5000, \"cpu_delay\": 0.05, "
        "\"net_mbit\": { \"rx\": 10, \"tx\": 0.001 }, \"disk_mib_s\": 0.0996, \"dirty_mib_s\": 12.001, "
        "\"dirty_burst_mib_s\": 20, "
        "\"local_disk_mib\": 20480, \"priority\": 900, \"arch\": \"x86_64\", \"cpu_model\": "
        "\"host-passthrough\", "
        "\"machine\": \"pc-q35-7.2\", \"networks\": [\"br0\"], \"pools\": [\"ceph-1\"], "
        "\"groups\": [\"db\", \"web\"], \"labels\": [\"owner=ann\"], \"extra\": { \"gpu_mib\": 40960 } },\n"
        "    { \"name\": \"b\", \"host\": \"h1\", \"in_flight\": true, \"vcpus\": 1, \"memory_mib\": 1, "
        "\"net_mbit\": 7, \"groups\": [\"web\"] },\n"
        "    { \"name\": \"c\", \"host\": \"h2\", \"vcpus\": 1, \"memory_mib\": 1, \"net_mbit\": { \"tx\": 3 "
        "} }\n"
        "  ],\n"
        "  \"rules\": [\n"
        "    { \"name\": \"webs\", \"kind\": \"apart\", \"level\": \"rack\", \"vms\": [\"a\", \"b\"] },\n"
        "    { \"name\": \"r2\", \"kind\": \"spread\", \"level\": \"zone\", \"must\": false, \"weight\": 7, "
        "\"k\": 2, \"vms\": [\"a\", \"b\", \"c\"] },\n"
        "    { \"name\": \"r3\", \"kind\": \"near\", \"level\": \"neighborhood\", \"vms\": [\"a\"], "
        "\"near_vms\": [\"c\"] },\n"
        "    { \"name\": \"r4\", \"kind\": \"not-on\", \"vms\": [\"c\"], \"hosts\": [\"h1\", \"h2\"] }\n"
        "  ],\n"
        "  \"traffic\": [\n"
        "    { \"vms\": [\"a\", \"b\"], \"mbit\": 12.5 },\n"
        "    { \"vms\": [\"a\", \"c\"], \"mbit\": 0.001 }\n"
        "  ]\n"
        "}\n";

Test(snapshot_file, every_field_is_read_and_printed_as_it_was) {
        const Snapshot *s = parse(everything);
        const Host *h = &s->hosts[0];
        const Vm *v = &s->vms[0];

        cr_assert_str_eq(print(s), everything);
        cr_assert_eq(s->taken_at, INT64_C(1767225600250000));
        cr_assert_eq(h->seen_at, INT64_C(1767225599000001));
        cr_assert_eq(h->fault_grade, 3);
        cr_assert_eq(h->cpu_busy_mcores, 17250);
        cr_assert_eq(h->cpu_pressure_permille, 120);
        cr_assert_eq(h->headroom_permille[RES_CPU], 200);
        cr_assert_eq(h->headroom_permille[RES_MEMORY], UNKNOWN);
        cr_assert_eq(h->headroom_permille[RES_NET_TX], 0);
        cr_assert_eq(h->nics[0].rx_kbit, 12500);
        cr_assert_eq(h->nics[0].tx_kbit, 0);
        cr_assert_eq(h->nics[1].rx_kbit, UNKNOWN);
        cr_assert(h->nics[0].carrier);
        cr_assert_not(h->nics[1].carrier);
        cr_assert_eq(h->extra[0], 81920);
        cr_assert_eq(h->extra[1], 0);
        cr_assert_eq(s->hosts[1].extra[0], 0);
        cr_assert_eq(s->hosts[1].headroom_permille[RES_NET_RX], 150);
        cr_assert_eq(v->in_flight_to, 1);
        cr_assert_eq(v->disk_kib_s, 102);
        cr_assert_eq(v->dirty_kib_s, 12289);
        cr_assert_eq(v->tx_kbit, 1);
        cr_assert_eq(s->vms[1].rx_kbit, 7000);
        cr_assert(s->vms[1].in_flight);
        cr_assert_eq(s->vms[2].rx_kbit, UNKNOWN);
        cr_assert_eq(s->vms[2].tx_kbit, 3000);
        cr_assert_eq(s->rules[1].k, 2);
        cr_assert_eq(s->rules[2].near_vms[0], 2);
        cr_assert_eq(s->rules[3].n_hosts, 2);
        cr_assert_eq(h->n_peers, 2);
        cr_assert_eq(h->peers[1].rtt_us, 40210);
        cr_assert_eq(h->nics[1].members.n, 2);
        cr_assert_eq(h->nics[0].peers, UNKNOWN);
        cr_assert_eq(v->dirty_burst_kib_s, 20480);
        cr_assert_eq(s->n_traffic, 2);
        cr_assert_eq(s->traffic[0].kbit, 12500);
}

#define WRAP(extra, hosts, vms, rest)                                                                        \
        "{\"schema\":\"plimsoll.snapshot/1\",\"cluster\":\"c\"," extra "\"hosts\":[" hosts "],\"vms\":[" vms \
        "]" rest "}"
#define HOST(name, more) "{\"name\":\"" name "\",\"cpus\":8,\"memory_mib\":1024" more "}"
#define VM(name, host, more)                                                                                 \
        "{\"name\":\"" name "\",\"host\":\"" host "\",\"vcpus\":1,\"memory_mib\":64" more "}"

Test(snapshot_file, hosts_and_vms_are_sorted_by_name_whatever_their_order) {
        const Snapshot *s =
                parse(WRAP("", HOST("c", "") "," HOST("a", ",\"rack\":\"ra\"") "," HOST("b", ""),
                           VM("z", "a", "") "," VM("y", "c", "") "," VM(
                                   "x", "b", ",\"in_flight\":\"c\"") "," VM("w", "c", ",\"priority\":7"),
                           ""));

        cr_assert_str_eq(s->hosts[0].name, "a");
        cr_assert_str_eq(s->hosts[0].rack, "ra");
        cr_assert_str_eq(s->hosts[2].name, "c");
        cr_assert_str_eq(s->vms[0].name, "w");
        cr_assert_eq(s->vms[0].priority, 7);
        cr_assert_eq(s->vms[0].host, 2);
        cr_assert_eq(s->vms[1].host, 1);
        cr_assert_eq(s->vms[1].in_flight_to, 2);
        cr_assert_eq(s->vms[3].host, 0);
}

Test(snapshot_file, the_order_of_top_level_fields_does_not_matter) {
        const Snapshot *s = parse("{\"vms\":[" VM(
                "v", "h",
                ",\"extra\":{\"x\":3},\"groups\":[\"g\"]") "],\"rules\":["
                                                           "{\"kind\":\"on\",\"group\":\"g\",\"hosts\":["
                                                           "\"h\"]},"
                                                           "{\"kind\":\"apart\",\"vms\":[\"v\"],\"must\":"
                                                           "false}],\"hosts\":[" HOST(
                                                                   "h", "") "],"
                                                                            "\"extra\":[{\"name\":\"x\"}],"
                                                                            "\"cluster\":\"c\",\"schema\":"
                                                                            "\"plimsoll.snapshot/1\"}");

        cr_assert_eq(s->vms[0].extra[0], 3);
        cr_assert_eq(s->n_rules, 2);
        cr_assert_str_eq(s->rules[0].name, "on-1", "a rule without a name gets one");
        cr_assert_eq(s->rules[0].n_vms, 1, "the group's VMs");
        cr_assert_eq(s->rules[1].weight, 100, "the default of a rule that need not hold");
}

Test(snapshot_file, a_rule_takes_its_group_and_the_vms_it_names) {
        const Snapshot *s =
                parse(WRAP("", HOST("h", ""),
                           VM("c", "h", ",\"groups\":[\"g\",\"x\"]") "," VM("a", "h", "") "," VM(
                                   "b", "h", ",\"groups\":[\"x\",\"g\"]") "," VM("d", "h", ""),
                           ",\"rules\":[{\"kind\":\"together\",\"group\":\"g\",\"vms\":[\"d\",\"b\"]},"
                           "{\"kind\":\"near\",\"vms\":[\"a\"],\"near_group\":\"x\"}]"));
        static const VmIx wanted[] = { 1, 2, 3 };

        cr_assert_eq(s->rules[0].n_vms, 3);
        cr_assert_arr_eq(s->rules[0].vms, wanted, sizeof(wanted));
        cr_assert_eq(s->rules[1].n_near_vms, 2);
        cr_assert_arr_eq(s->rules[1].near_vms, wanted, 2 * sizeof(VmIx));
}

Test(snapshot_file, numbers_are_read_exactly) {
        static const struct {
                const char *written;
                int64_t mcores;
        } cases[] = {
                { "0", 0 },
                { "-0", 0 },
                { "-0.0e9", 0 },
                { "0.7", 700 },
                { "0.0004", 0 },
                { "0.0005", 1 },
                { "0.000499999999", 0 },
                { "1.0015", 1002 },
                { "2.675", 2675 },
                { "7e-1", 700 },
                { "12.5E+1", 125000 },
                { "0.00001e5", 1000 },
                { "1e-400", 0 },
                { "0e999999999999", 0 },
                { "1.0000000000000000000000001", 1000 },
                { "1048576", INT64_C(1048576000) },
        };

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                char text[512];

                (void) snprintf(text, sizeof(text), WRAP("", HOST("h", ""), VM("v", "h", ",\"cpu\":%s"), ""),
                                cases[i].written);
                cr_assert_eq(parse(text)->vms[0].cpu_mcores, cases[i].mcores, "%s", cases[i].written);
        }
}

Test(snapshot_file, text_is_unescaped_and_escaped_again) {
        const Snapshot *s = parse(
                WRAP("", HOST("h\\u00fc\\ud83d\\ude00\\/\\\"\\\\", ",\"uri\":\"a\\n\\u001f\\tb\""), "", ""));
        const char *text = print(s);

        cr_assert_str_eq(s->hosts[0].name, "h\xc3\xbc\xf0\x9f\x98\x80/\"\\");
        cr_assert_str_eq(s->hosts[0].uri, "a\n\x1f\tb");
        cr_assert(strstr(text, "\"h\xc3\xbc\xf0\x9f\x98\x80/\\\"\\\\\""), "%s", text);
        cr_assert(strstr(text, "\"a\\n\\u001f\\tb\""), "%s", text);
        cr_assert_str_eq(print(parse(text)), text);
}

/* ---- what is refused, and in which words ---- */

typedef struct Bad {
        const char *text, *field;
        const char *words; /* in the fault's text */
} Bad;

#define H              HOST("h1", "")
#define BAD_VM(more)   WRAP("", H, VM("v", "h1", more), "")
#define BAD_HOST(more) WRAP("", HOST("h1", more), "", "")
#define BAD_RULE(rule) WRAP("", H, VM("v", "h1", ",\"groups\":[\"web\"]"), ",\"rules\":[" rule "]")

static const Bad bads[] = {
        { "[]", "", "found an array; accepted: an object" },
        { "7", "", "found 7; accepted: an object" },
        { "null", "", "found null; accepted: an object" },
        /* the whole */
        { "{}", "", "\"schema\" is missing" },
        { "{\"hosts\":[]}", "", "\"schema\" is missing" },
        { "{\"moves\":[],\n\"schema\":\"plimsoll.plan/1\"}", "schema",
          "found \"plimsoll.plan/1\"; accepted: \"plimsoll.snapshot/1\"" },
        { "{\"schema\":7}", "schema", "found 7; accepted: a string" },
        { "{\"schema\":\"plimsoll.snapshot/1\"}", "", "\"cluster\" is missing in a snapshot" },
        { WRAP("", "", "", ",\"rules\":{}"), "rules", "found an object; accepted: an array" },
        /* fields */
        { WRAP("", H, "{\"name\":\"v\",\"host\":\"h\",\"vcpus\":1,\"memory\":1}", ""), "vms[0]",
          "\"memory_mib\" is missing in a VM; unknown field \"memory\"" },
        { WRAP("", "{\"name\":\"h\",\"cpus\":1}", "", ""), "hosts[0]",
          "\"memory_mib\" is missing in a host" },
        { WRAP("", H, "{\"name\":\"v\",\"vcpus\":1,\"memory_mib\":1}", ""), "vms[0]", "\"host\" is missing" },
        { BAD_VM(",\"cpu\":\"1\""), "vms[0].cpu",
          "found \"1\"; accepted: a number (cores) from 0 to 1048576" },

        { BAD_VM(",\"cpu\":-0.5"), "vms[0].cpu", "found -0.5" },
        { BAD_VM(",\"priority\":0"), "vms[0].priority",
          "found 0; accepted: a whole number (points) from 1 to 1000" },
        { BAD_VM(",\"priority\":1.5"), "vms[0].priority", "found 1.5; accepted: a whole number" },
        { BAD_VM(",\"local_disk_mib\":9223372036854775807"), "vms[0].local_disk_mib",
          "found 9223372036854775807; accepted: a whole number (MiB) from 0 to 1099511627776" },
        { BAD_HOST(",\"seen_at\":4294967296"), "hosts[0].seen_at", "a time in RFC 3339 format" },
        { BAD_HOST(",\"seen_at\":\"yesterday\""), "hosts[0].seen_at", "a time in RFC 3339 format" },
        { BAD_HOST(",\"seen_at\":\"2106-02-08T00:00:00Z\""), "hosts[0].seen_at",
          "a time in RFC 3339 format" },
        { BAD_VM(",\"local_disk_mib\":1e30"), "vms[0].local_disk_mib", "found 1e30" },
        { BAD_VM(",\"dirty_mib_s\":9007199254740992"), "vms[0].dirty_mib_s", "(MiB/s)" },
        { WRAP("", "{\"name\":\"h\",\"cpus\":1,\"memory_mib\":-1}", "", ""), "hosts[0].memory_mib",
          "found -1; accepted: a whole number (MiB)" },
        { WRAP("", "{\"name\":\"h\",\"cpus\":0,\"memory_mib\":1}", "", ""), "hosts[0].cpus", "found 0" },
        { BAD_HOST(",\"reserved_mib\":1025"), "hosts[0].reserved_mib",
          "at most the host's memory_mib, 1024" },
        { BAD_HOST(",\"state\":\"down\""), "hosts[0].state",
          "found \"down\"; accepted: \"active\", \"cordoned\", \"maintenance\", \"offline\"" },
        { BAD_HOST(",\"state\":3"), "hosts[0].state", "found 3; accepted: \"active\"" },
        { BAD_HOST(",\"headroom\":20"), "hosts[0].headroom",
          "found 20; accepted: a number (share) from 0 to 1" },
        { BAD_HOST(",\"networks\":\"br0\""), "hosts[0].networks", "found \"br0\"; accepted: an array" },
        { BAD_HOST(",\"networks\":[\"a\",7]"), "hosts[0].networks[1]", "found 7; accepted: a string" },
        { BAD_HOST(",\"networks\":[\"a\",\"b\",\"a\"]"), "hosts[0].networks", "\"a\" is listed twice" },
        { BAD_HOST(",\"nics\":[{\"name\":\"e\"},{\"name\":\"e\"}]"), "hosts[0].nics",
          "two NICs are named \"e\"" },
        { BAD_HOST(",\"faults\":{\"grade\":5}"), "hosts[0].faults.grade",
          "found 5; accepted: a whole number (grade) from 0 to 4" },
        { BAD_HOST(",\"faults\":[{\"device\":\"a\",\"grade\":1},{\"device\":\"a\",\"grade\":2}]"),
          "hosts[0].faults", "a device is listed twice; accepted: each once" },
        { BAD_HOST(",\"faults\":[{\"grade\":1}]"), "hosts[0].faults[0]", "\"device\" is missing" },
        { BAD_HOST(",\"extra\":{\"gpu\":5}"), "hosts[0].extra.gpu", "resource not found" },
        { BAD_VM(",\"labels\":[\"x\"]"), "vms[0].labels", "accepted: \"key=value\"" },
        { BAD_VM(",\"in_flight\":3"), "vms[0].in_flight", "found 3; accepted: true, false, or the name" },
        { BAD_VM(",\"in_flight\":\"h1\""), "vms[0].in_flight", "the VM's own host" },
        { BAD_VM(",\"in_flight\":\"h9\""), "vms[0].in_flight", "host \"h9\" not found" },
        { BAD_VM(",\"networks\":[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]"), "vms[0].networks[0]",
          "found an array; accepted: a string" },
        /* names */
        { WRAP("", HOST("", ""), "", ""), "hosts[0].name", "found \"\"; accepted: a name of 1 to 255 bytes" },
        { WRAP("", HOST("a\\nb", ""), "", ""), "hosts[0].name", "without control characters" },
        { WRAP("", H ",\n" HOST("a", "") ",\n" H, "", ""), "hosts[2].name",
          "the name \"h1\" is already used by hosts[0]" },
        { WRAP("", H, VM("v", "h1", "") ",\n" VM("v", "h1", ""), ""), "vms[1].name",
          "the name \"v\" is already used by vms[0]" },
        { WRAP("", HOST("host1", ""), VM("u", "host1", "") ",\n" VM("v", "hsot1", ""), ""), "vms[1].host",
          "host \"hsot1\" not found; accepted: a name from \"hosts\"; did you mean \"host1\"?" },
        { WRAP("\"extra\":[{\"name\":\"x\"},{\"name\":\"x\"}],", H, "", ""), "extra[1].name",
          "the name \"x\" is already used by extra[0]; accepted: unique names" },
        /* rules */
        { BAD_RULE("{\"kind\":\"appart\",\"vms\":[\"v\"]}"), "rules[0].kind",
          "found \"appart\"; accepted: \"apart\", \"together\"" },
        { BAD_RULE("{\"kind\":\"apart\"}"), "rules[0].vms", "a rule needs \"vms\" (names) or \"group\"" },
        { BAD_RULE("{\"kind\":\"apart\",\"vms\":[\"w\"]}"), "rules[0].vms", "VM \"w\" not found" },
        { BAD_RULE("{\"kind\":\"apart\",\"vms\":[\"v\",\"v\"]}"), "rules[0].vms", "\"v\" is listed twice" },
        { BAD_RULE("{\"kind\":\"apart\",\"group\":\"webb\"}"), "rules[0].group",
          "VM's group \"webb\" not found; did you mean \"web\"?" },
        { BAD_RULE("{\"kind\":\"on\",\"vms\":[\"v\"]}"), "rules[0].hosts",
          "a rule \"on\" needs the names of hosts" },
        { BAD_RULE("{\"kind\":\"on\",\"vms\":[\"v\"],\"hosts\":[\"h2\"]}"), "rules[0].hosts",
          "host \"h2\" not found; did you mean \"h1\"?" },
        { BAD_RULE("{\"kind\":\"apart\",\"vms\":[\"v\"],\"hosts\":[\"h1\"]}"), "rules[0].hosts",
          "not accepted in a rule \"apart\"; accepted in \"on\"" },
        { BAD_RULE("{\"kind\":\"on\",\"level\":\"rack\",\"vms\":[\"v\"],\"hosts\":[\"h1\"]}"),
          "rules[0].level", "concerns hosts" },
        { BAD_RULE("{\"kind\":\"near\",\"vms\":[\"v\"]}"), "rules[0].near_vms",
          "a rule \"near\" needs \"near_vms\"" },
        { BAD_RULE("{\"kind\":\"apart\",\"vms\":[\"v\"],\"near_vms\":[\"v\"]}"), "rules[0].near_vms",
          "not accepted in a rule \"apart\"; accepted in \"near\"" },
        { BAD_RULE("{\"kind\":\"spread\",\"vms\":[\"v\"]}"), "rules[0].k", "a rule \"spread\" needs k" },
        { BAD_RULE("{\"kind\":\"apart\",\"k\":2,\"vms\":[\"v\"]}"), "rules[0].k",
          "not accepted in a rule \"apart\"; accepted in \"spread\"" },
        { BAD_RULE("{\"kind\":\"apart\",\"weight\":2,\"vms\":[\"v\"]}"), "rules[0].weight",
          "accepted with \"must\": false" },
        { BAD_RULE("{\"name\":\"r\",\"kind\":\"apart\",\"vms\":[]},\n{\"name\":\"r\",\"kind\":\"apart\","
                   "\"vms\":[]}"),
          "rules[1].name", "the name \"r\" is already used by rules[0]" },
};

Test(snapshot_file, bad_input_is_refused_with_its_path_and_what_is_accepted) {
        for (size_t i = 0; i < ARRAY_SIZE(bads); i++) {
                const Bad *b = &bads[i];
                const Snapshot *s = NULL;
                TextFault f = { 0 };
                int k = snapshot_file_parse(&arena, b->text, strlen(b->text), &s, &f);

                cr_expect_eq(k, -EBADMSG, "case %zu was accepted: %s", i, b->text);
                cr_expect_null(s);
                cr_expect_str_eq(f.field, b->field, "case %zu: %s: %s in %s", i, f.field, f.what, b->text);
                cr_expect(strstr(f.what, b->words), "case %zu: %s: %s in %s", i, f.field, f.what, b->text);
                cr_expect_eq(f.line, 0, "case %zu: line %u is made up", i, f.line);
        }
}

Test(snapshot_file, what_is_no_json_is_refused_with_its_line) {
        static const struct {
                const char *text;
                uint32_t line;
                const char *words;
        } texts[] = {
                { "", 1, "not JSON: " },
                { "hello", 1, "near 'hello'" },
                { "{\n \"schema\": \"plimsoll.snapshot/1\",\n oops", 3, "near 'oops'" },
                { "{\"schema\":\"plimsoll.snapshot/1\",\n\"cluster\":\"c\"", 2,
                  "'}' expected near end of file" },
                { "{\"schema\":\"plimsoll.snapshot/1\",\n\"cluster\" \"c\"}", 2, "':' expected" },
                { "{\"schema\":\"plimsoll.snapshot/1\",\"cluster\":\"abc", 1, "premature end of input" },
                { BAD_VM("") " x", 1, "end of file expected near 'x'" },
                { BAD_VM(",\"cpu\":01"), 1, "not JSON: " },
                { BAD_VM(",\"cpu\":1.}"), 1, "near '1.'" },
                { BAD_VM(",\"cpu\":NaN"), 1, "near 'NaN'" },
                { BAD_VM(",\"cpu\":-Infinity"), 1, "not JSON: " },
                { BAD_VM(",\"movable\":yes"), 1, "near 'yes'" },
                { WRAP("", H, VM("v", "h1", "") ",", ""), 1, "near ']'" },
                { WRAP("", HOST("a\\u0000b", ""), "", ""), 1, "a string with U+0000; accepted: " },
                { WRAP("", HOST("a\\ud800b", ""), "", ""), 1, "\\uD800" },
                { WRAP("", HOST("a\\xb", ""), "", ""), 1, "invalid escape" },
                { WRAP("", HOST("a\tb", ""), "", ""), 1, "control character 0x9" },
                { WRAP("", HOST("a\xff", ""), "", ""), 1, "unable to decode byte 0xff" },
                { "{\"schema\":\"plimsoll.snapshot/1\",\n\"schema\":\"plimsoll.snapshot/1\"}", 2,
                  "\"schema\"': the field is given twice; accepted: once" },
                { BAD_VM(",\n\"cpu\":1,\n\"cpu\":1"), 3, "given twice" },
                { BAD_VM(",\n\"cpu\":1e999"), 2, "others below 1.8e308" },
        };

        for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
                const Snapshot *s = NULL;
                TextFault f = { 0 };

                cr_expect_eq(-EBADMSG,
                             snapshot_file_parse(&arena, texts[i].text, strlen(texts[i].text), &s, &f),
                             "case %zu was accepted", i);
                cr_expect_null(s);
                cr_expect_str_eq(f.field, "");
                cr_expect(strstr(f.what, texts[i].words), "case %zu: %s", i, f.what);
                cr_expect_eq(f.line, texts[i].line, "case %zu: line %u: %s", i, f.line, f.what);
                cr_expect_geq(f.column, 1);
        }
}

Test(snapshot_file, a_number_beyond_64_bits_is_refused_by_its_field) {
        static const char *const texts[] = { BAD_VM(",\n\"local_disk_mib\":9223372036854775808"),
                                             BAD_VM(",\n\"local_disk_mib\":-18446744073709551617") };

        for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
                const Snapshot *s = NULL;
                TextFault f = { 0 };

                cr_expect_eq(-EBADMSG, snapshot_file_parse(&arena, texts[i], strlen(texts[i]), &s, &f));
                cr_expect(strstr(f.field, ".local_disk_mib"), "%s", f.field);
                cr_expect(strstr(f.what, "accepted: a whole number (MiB) from 0"), "%s", f.what);
        }
}

Test(snapshot_file, a_text_that_is_nested_too_deeply_is_refused) {
        char text[4096] = "{\"schema\":\"plimsoll.snapshot/1\",\"hosts\":";
        const Snapshot *s;
        TextFault f;

        memset(text + strlen(text), '[', 3000);
        cr_assert_eq(-EBADMSG, snapshot_file_parse(&arena, text, strlen(text), &s, &f));
        cr_assert(strstr(f.what, "depth"), "%s", f.what);
}

Test(snapshot_file, a_full_arena_is_no_crash) {
        static unsigned char memory[65536];

        for (size_t limit = 0; limit < sizeof(memory); limit += 97) {
                Arena small = arena_over(memory, limit);
                const Snapshot *s = NULL;
                const char *text = NULL;
                TextFault f;
                size_t n;
                int k = snapshot_file_parse(&small, everything, strlen(everything), &s, &f);

                cr_assert(k == 0 || k == -ENOMEM);
                cr_assert_eq(k == 0, s != NULL);
                if (k < 0)
                        continue;
                k = snapshot_file_print(&small, s, &text, &n);
                cr_assert(k == -ENOMEM || (k == 0 && strcmp(text, everything) == 0));
        }
}

Test(snapshot_file, printing_and_reading_gives_the_same_snapshot) {
        const Snapshot *s = parse(everything);
        const char *text = print(s);

        for (int i = 0; i < 3; i++)
                cr_assert_str_eq(print(parse(text)), text);
}

/* ---- what a host is, what ties a VM, what both wait for ---- */

#define PLATFORM_FILE                                                                                                               \
        "{\n  \"schema\": \"plimsoll.snapshot/1\",\n  \"cluster\": \"c\",\n  \"hosts\": [\n    "                                    \
        "{ \"name\": \"h1\", \"cpus\": 4, \"memory_mib\": 8192, \"memory_reclaimable_mib\": 0, \"contention\": { \"steal\": 0.25, " \
        "\"cpu_stalled\": "                                                                                                         \
        "0.5, \"swap_in_mib_s\": 1.5 }, \"platform\": { \"hypervisor\": \"QEMU 7.2.9\", \"libvirt\": "                              \
        "\"9.0.0\", "                                                                                                               \
        "\"cpu_list\": \"0-3\", \"hugepages_default_kib\": 2048, \"portgroups\": [], \"images\": "                                  \
        "[\"/iso/a.iso\"], \"numa\": [ { \"id\": 0, \"cpus\": \"0-1\", \"memory_mib\": 4096 }, { \"id\": 1, "                       \
        "\"hugepages\": [ { \"total_mib\": 4096, \"free_mib\": 1024 } ] } ] } }"                                                    \
        "\n  ],\n  \"vms\": [\n    { \"name\": \"v1\", \"host\": \"h1\", \"movable\": false, \"vcpus\": 1, "                        \
        "\"memory_mib\": 1024, \"contention\": { \"cpu_throttled\": 0.3, \"memory_swapped_mib\": 12 }, "                            \
        "\"ties\": { "                                                                                                              \
        "\"tie\": \"device\", \"snapshots\": 0, \"images\": [\"/iso/a.iso\"], \"cpu_pins\": \"2\", "                                \
        "\"numa_nodes\": "                                                                                                          \
        "\"1\", \"devices\": [ { \"kind\": \"mdev\", \"name\": \"c217\" } ] } }\n  ]\n}\n"

Test(snapshot_file, platform_ties_and_contention_come_back_as_written) {
        const Snapshot *s = parse(PLATFORM_FILE);

        cr_assert_str_eq(print(s), PLATFORM_FILE);
        cr_assert(s->hosts[0].platform->portgroups_known);
        cr_assert_eq(s->hosts[0].platform->n_numa, 2);
        cr_assert_eq(s->hosts[0].platform->numa[1].hugepages[0].free_mib, 1024);
        cr_assert_eq(s->hosts[0].memory_reclaimable_mib, 0, "none, and that is known");
        cr_assert_eq(s->hosts[0].contention->memory_stalled, UNKNOWN);
        cr_assert_eq(s->hosts[0].contention->swap_in_kib_s, 1536);
        cr_assert_eq(s->vms[0].ties->block_jobs, UNKNOWN);
        cr_assert_eq(s->vms[0].ties->devices[0].kind, HOST_DEVICE_MDEV);
        cr_assert_eq(s->vms[0].contention->cpu_stalled, UNKNOWN);
}

Test(snapshot_file, fields_that_it_does_not_know_are_passed_over_and_named) {
        static const struct {
                const char *text, *note; /* NULL: none */
        } cases[] = {
                { BAD_HOST(",\"zone\":null"), NULL },
                { BAD_HOST(",\"zzzzzzzzzzz\":1"), "1 unknown field is ignored: hosts[0].zzzzzzzzzzz" },
                { BAD_HOST(",\"zome\":\"z1\""),
                  "1 unknown field is ignored: hosts[0].zome (did you mean \"zone\"?)" },
                { BAD_HOST(",\"zz\\u0007z\":{\"a\":[1]},\"headroom\":{\"disk\":0.5}"),
                  "2 unknown fields are ignored: hosts[0].zz?z, hosts[0].headroom.disk" },
        };

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                const char *note = NULL;
                const Snapshot *s = NULL;
                TextFault f = { 0 };

                cr_assert_eq(0,
                             snapshot_file_parse_noting(&arena, cases[i].text, strlen(cases[i].text), &s,
                                                        &note, &f),
                             "%s %s", f.field, f.what);
                cr_assert_eq(!note, !cases[i].note, "%s", note ? note : cases[i].note);
                if (note)
                        cr_assert_str_eq(note, cases[i].note);
        }
}

Test(snapshot_file, instants_and_round_trips_are_read_as_they_were_written_before) {
        static const char *const forms[] = {
                BAD_HOST(",\"seen_at\":1767225599.000001,\"rtt_us\":{\"h2\":40210}"),
                BAD_HOST(",\"seen_at\":\"2025-12-31T23:59:59.000001Z\",\"rtt_seconds\":{\"h2\":0.04021}"),
                BAD_HOST(
                        ",\"seen_at\":\"2026-01-01T01:59:59.000001+02:00\",\"rtt_seconds\":{\"h2\":4.021e-2}"),
        };

        for (size_t i = 0; i < ARRAY_SIZE(forms); i++) {
                const Snapshot *s = parse(forms[i]);

                cr_assert_eq(s->hosts[0].seen_at, INT64_C(1767225599000001), "%s", forms[i]);
                cr_assert_eq(s->hosts[0].n_peers, 1);
                cr_assert_eq(s->hosts[0].peers[0].rtt_us, 40210, "%s", forms[i]);
        }
}

/* ---- docs/snapshot-file.md ---- */

static char *slurp(const char *path) {
        FILE *f = fopen(path, "rb");
        char *text = arena_new(&arena, char, 65536);

        cr_assert_not_null(f, "%s", path);
        cr_assert_lt(fread(text, 1, 65535, f), 65535);
        (void) fclose(f);
        return text;
}

Test(snapshot_file, the_examples_of_the_manual_are_accepted_and_printed_as_they_stand) {
        char *text = slurp(SOURCE_DIR "/docs/snapshot-file.md");
        unsigned examples = 0;

        for (char *s = text, *end; (s = strstr(s, "```json\n")); s = end + 4, examples++) {
                s += strlen("```json\n");
                end = strstr(s, "```\n");
                *end = '\0';
                if (examples == 1)
                        cr_assert_str_eq(print(parse(s)), s);
                else
                        (void) parse(s);
        }
        cr_assert_eq(examples, 2);
}

Test(snapshot_file, the_manual_has_a_row_for_every_field) {
        static const FieldTable *const tables[] = {
                &snapshot_fields,      &host_fields,         &vm_fields,
                &rule_fields,          &fault_device_fields, &host_contention_fields,
                &vm_contention_fields, &platform_fields,     &ties_fields
        };
        static const char *const headings[] = { "## The snapshot\n", "## A host\n",   "## A VM\n",
                                                "## A rule\n",       "## A fault\n",  "## Contention\n",
                                                "## Contention\n",   "## Platform\n", "## Ties\n" };
        const char *text = slurp(SOURCE_DIR "/docs/snapshot-file.md");

        for (size_t t = 0; t < ARRAY_SIZE(tables); t++) {
                const char *section = strstr(text, headings[t]);
                const char *end = section ? strstr(section + 3, "\n## ") : NULL;

                cr_assert_not_null(section, "%s", headings[t]);
                for (uint32_t i = 0; i < tables[t]->n; i++) {
                        char row[64];
                        const char *found;

                        (void) snprintf(row, sizeof(row), "\n| `%s` |", tables[t]->defs[i].name);
                        found = strstr(section, row);
                        cr_expect(found && (!end || found < end), "%s lacks %s", headings[t], row);
                }
        }
}

/* ---- faults ---- */

#define FAULTY(list)                                                                                         \
        "{\"schema\":\"plimsoll.snapshot/1\",\"cluster\":\"c\",\"hosts\":[{\"name\":\"h\",\"cpus\":1,"       \
        "\"memory_mib\":1,\"faults\":" list                                                                  \
        "}],\"vms\":[{\"name\":\"a\",\"host\":\"h\",\"vcpus\":1,\"memory_mib\":1},"                          \
        "{\"name\":\"b\",\"host\":\"h\",\"vcpus\":1,\"memory_mib\":1}]}"

Test(snapshot_file, the_worst_fault_is_the_hosts_and_concerns_the_vms_it_names) {
        const Snapshot *s =
                parse(FAULTY("[{\"device\":\"sdb\",\"grade\":4,\"why\":\"dying\",\"vms\":[\"b\",\"gone\"]},"
                             "{\"device\":\"fan\",\"grade\":1}]"));
        const Fault *fault = NULL;

        cr_assert_eq(s->hosts[0].n_faults, 2);
        cr_assert_str_eq(s->hosts[0].faults[0].device, "fan");
        cr_assert_eq(s->hosts[0].fault_grade, 4);
        cr_assert_str_eq(s->hosts[0].fault_why, "sdb: dying");
        cr_assert_eq(snapshot_vm_fault(s, 0, &fault), 1);
        cr_assert_str_eq(fault->device, "fan");
        cr_assert_eq(snapshot_vm_fault(s, 1, &fault), 4);
        cr_assert_str_eq(fault->device, "sdb");
}

Test(snapshot_file, a_grade_of_the_whole_host_concerns_all_its_vms) {
        const Snapshot *s = parse(FAULTY("{\"grade\":3,\"why\":\"smoke\"}"));

        cr_assert_eq(s->hosts[0].n_faults, 0);
        cr_assert_eq(snapshot_vm_fault(s, 0, NULL), 3);
        cr_assert_eq(snapshot_vm_fault(s, 1, NULL), 3);
}
