/* SPDX-License-Identifier: Apache-2.0 */
/* The judge of starts: what it lets be, and each thing that it does not. */
#include <criterion/criterion.h>
#include <string.h>

#include "scheduler/app/settings/app_settings.h"
#include "scheduler/decide/judge/start_check.h"
#include "scheduler/snapshot/files/snapshot_file.h"
#include "scheduler/snapshot/rules/rules_apply.h"

static Arena arena;
static Settings *settings;

static void setup(void) {
        TextFault f;

        cr_assert_eq(0, arena_open((size_t) 256 << 20, &arena));
        cr_assert_eq(0, app_settings_new(&arena, &settings));
        (void) !settings_set(settings, "memory.keep_for_host", "0MiB", &f); /* sums to the MiB */
        (void) !settings_set(settings, "memory.per_vm", "0MiB", &f);
}

static void teardown(void) {
        arena_close(&arena);
}

TestSuite(start_check, .init = setup, .fini = teardown);

#define HOST(name, more) "{\"name\": \"" name "\", \"cpus\": 4, \"memory_mib\": 8192" more "}"
#define VM(name, host, mib, more)                                                                            \
        "{\"name\": \"" name "\", \"host\": \"" host "\", \"vcpus\": 1, \"memory_mib\": " mib                \
        ", \"cpu\": 1" more "}"
#define CLUSTER(h2, vms, rules)                                                                              \
        "{\"schema\": \"plimsoll.snapshot/1\", \"cluster\": \"c\", \"hosts\": [" HOST("h1", "") ", " HOST(   \
                "h2", h2) ", " HOST("h3", "") "], \"vms\": [" vms "], \"rules\": [" rules "]}"
#define A       VM("a", "h1", "4096", "")
#define B       VM("b", "h1", "4096", "")
#define C       VM("c", "h2", "2048", "")
#define C_TWICE VM("c", "h2", "2048", ", \"running_on\": [\"h2\", \"h3\"]")

/* "a>h2 b>h3", h1 is lost; the judge's word, "" for none. */
static const char *judged(const char *text, const char *words) {
        const Snapshot *s = NULL;
        StartCheck *judge = NULL;
        Start starts[8];
        TextFault f = { 0 };
        const char *why = "";
        uint32_t n = 0;
        int r;

        cr_assert_eq(0, snapshot_file_parse(&arena, text, strlen(text), &s, &f), "%s: %s", f.field, f.what);
        cr_assert_eq(0, rules_apply(&arena, s, settings_rules(settings), &s));
        cr_assert_eq(0, start_check_new(&arena, s, settings, &judge));
        for (char *copy = (char *) text_copy(&arena, words, strlen(words)), *word = strtok(copy, " "); word;
             word = strtok(NULL, " ")) {
                char *to = strchr(word, '>');

                *to++ = '\0';
                starts[n++] = (Start){ snapshot_vm(s, word), snapshot_host(s, to) };
        }
        r = start_check(judge, snapshot_host(s, "h1"), starts, n, &why);
        cr_assert_eq(r == 0, why[0] == '\0');
        cr_assert_eq(r, start_check(judge, snapshot_host(s, "h1"), starts, n, &why),
                     "asked again it says the same");
        return why;
}

#define LETS(text, words) cr_assert_str_eq("", judged(text, words))
#define DENIES(text, words, why)                                                                             \
        do {                                                                                                 \
                const char *said = judged(text, words);                                                      \
                cr_assert(strstr(said, why), "%s: \"%s\"", words, said);                                     \
        } while (0)

/* None of the group lives: two that start are in one place, or break the rule. */
Test(start_check, a_group_that_is_lost_wholly_starts_within_its_span) {
        const char *cluster =
                CLUSTER("", A ", " B ", " C,
                        "{\"name\": \"one\", \"kind\": \"span\", \"k\": 1, \"vms\": [\"a\", \"b\"]}");

        LETS(cluster, "a>h3 b>h3");
        DENIES(cluster, "a>h2 b>h3", "one");
}

Test(start_check, room_is_what_is_there_and_what_comes) {
        LETS(CLUSTER("", A ", " B ", " C, ""), "a>h2 b>h3");
        LETS(CLUSTER("", A ", " B ", " C, ""), "a>h3 b>h3");
        DENIES(CLUSTER("", A ", " B ", " C, ""), "a>h2 b>h2", "on h2: it does not have the room");
        DENIES(CLUSTER("", A ", " B ", " VM("c", "h2", "4097", ""), ""), "a>h2", "it does not have the room");
        LETS(CLUSTER("", A, ""), "");
}

Test(start_check, hosts_that_take_none) {
        DENIES(CLUSTER("", A, ""), "a>h1", "it is the lost host");
        DENIES(CLUSTER(", \"state\": \"cordoned\"", A, ""), "a>h2", "it takes no VMs");
        DENIES(CLUSTER(", \"state\": \"maintenance\"", A, ""), "a>h2", "it takes no VMs");
        DENIES(CLUSTER(", \"fence\": \"stale\"", A, ""), "a>h2", "is not known");
        DENIES(CLUSTER(", \"faults\": {\"grade\": 2}", A, ""), "a>h2", "hardware");
        LETS(CLUSTER(", \"faults\": {\"grade\": 1}", A, ""), "a>h2");
        DENIES(CLUSTER(", \"networks\": [\"red\"]", VM("a", "h1", "1024", ", \"networks\": [\"blue\"]"), ""),
               "a>h2", "network");
}

Test(start_check, vms_that_cannot) {
        DENIES(CLUSTER("", A ", " C, ""), "c>h3", "it is not on the lost host");
        DENIES(CLUSTER("", A, ""), "a>h2 a>h3", "it is started twice");
        DENIES(CLUSTER("", VM("a", "h1", "1024", ", \"local_disk_mib\": 1"), ""), "a>h2", "disks");
        DENIES(CLUSTER("", VM("a", "h1", "1024", ", \"in_flight\": \"h2\""), ""), "a>h3", "another host");
        DENIES(CLUSTER("", VM("a", "h1", "1024", ", \"movable\": false, \"ties\": {\"tie\": \"device\"}"),
                       ""),
               "a>h2", "device");
        LETS(CLUSTER("", VM("a", "h1", "1024", ", \"movable\": false, \"hold\": \"never\""), ""), "a>h2");
        LETS(CLUSTER(", \"cpu_model\": \"Skylake\"",
                     VM("a", "h1", "1024", ", \"cpu_model\": \"host-passthrough\""), ""),
             "a>h2");
}

#define RULE(kind, more) "{\"name\": \"r\", \"kind\": \"" kind "\", \"vms\": [\"a\", \"b\", \"c\"]" more "}"

Test(start_check, rules_that_must_hold) {
        const char *apart = CLUSTER("", A ", " B ", " C, RULE("apart", "")),
                   *together = CLUSTER("", A ", " B ", " C, RULE("together", ""));

        LETS(apart, "a>h3");
        DENIES(apart, "a>h2", "breaks rule r");
        DENIES(apart, "a>h3 b>h3", "breaks rule r");
        LETS(CLUSTER("", A ", " B ", " C, RULE("apart", ", \"must\": false, \"weight\": 5")), "a>h2");
        LETS(together, "a>h2");
        DENIES(together, "a>h3", "breaks rule r");
        DENIES(together, "a>h3 b>h3", "breaks rule r");
        DENIES(CLUSTER("", A ", " VM("b", "h3", "1024", ", \"in_flight\": \"h2\"") ", " C, RULE("apart", "")),
               "a>h3", "breaks rule r");
        DENIES(CLUSTER("",
                       A ", " VM("b", "h3", "1024", ", \"in_flight\": \"h2\"") ", " VM("c", "h3", "1024", ""),
                       RULE("apart", "")),
               "a>h2", "breaks rule r");
        LETS(CLUSTER("", A ", " B, "{\"name\": \"r\", \"kind\": \"together\", \"vms\": [\"a\", \"b\"]}"),
             "a>h3 b>h3");
        DENIES(CLUSTER("", A ", " B, "{\"name\": \"r\", \"kind\": \"together\", \"vms\": [\"a\", \"b\"]}"),
               "a>h2 b>h3", "breaks rule r");
        DENIES(CLUSTER("", A,
                       "{\"name\": \"r\", \"kind\": \"not-on\", \"vms\": [\"a\"], \"hosts\": [\"h2\"]}"),
               "a>h2", "a rule forbids");
        DENIES(CLUSTER("", A, "{\"name\": \"r\", \"kind\": \"on\", \"vms\": [\"a\"], \"hosts\": [\"h3\"]}"),
               "a>h2", "a rule forbids");
}

Test(start_check, rules_over_two_groups) {
        const char *near = CLUSTER("", A ", " B ", " C,
                                   "{\"name\": \"r\", \"kind\": \"near\", \"vms\": [\"a\"], \"near_vms\": "
                                   "[\"b\", \"c\"]}"),
                   *avoid = CLUSTER("", A ", " B ", " C,
                                    "{\"name\": \"r\", \"kind\": \"avoid\", \"vms\": [\"a\"], \"near_vms\": "
                                    "[\"b\", \"c\"]}");

        LETS(near, "a>h2");
        LETS(near, "a>h3 b>h3");
        LETS(near, "b>h3");
        DENIES(near, "a>h3", "breaks rule r");
        DENIES(near, "a>h3 b>h2", "breaks rule r");
        LETS(avoid, "a>h3");
        DENIES(avoid, "a>h2", "breaks rule r");
        DENIES(avoid, "a>h3 b>h3", "breaks rule r");
        LETS(avoid, "b>h2");
}

/* c is said to run on h2 and on h3, and on one of them it may not: whom it must not meet keeps off both, who must be near it can
 * count on neither. */
Test(start_check, a_vm_that_two_hosts_claim_is_met_on_both_and_counts_on_none) {
        const char *avoid = CLUSTER("", A ", " B ", " C_TWICE,
                                    "{\"name\": \"r\", \"kind\": \"avoid\", \"vms\": [\"a\"], \"near_vms\": "
                                    "[\"c\"]}"),
                   *near = CLUSTER("", A ", " B ", " C_TWICE,
                                   "{\"name\": \"r\", \"kind\": \"near\", \"vms\": [\"a\"], \"near_vms\": "
                                   "[\"c\"]}"),
                   *apart = CLUSTER("", A ", " B ", " C_TWICE,
                                    "{\"name\": \"r\", \"kind\": \"apart\", \"vms\": [\"a\", \"c\"]}");

        DENIES(avoid, "a>h2", "breaks rule r");
        DENIES(avoid, "a>h3", "breaks rule r");
        DENIES(near, "a>h2", "breaks rule r");
        DENIES(near, "a>h3", "breaks rule r");
        DENIES(apart, "a>h3", "breaks rule r");
        LETS(avoid, "b>h3");
}
