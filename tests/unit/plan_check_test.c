/* SPDX-License-Identifier: Apache-2.0 */
/* The judge on small clusters that are written down: what it takes and what it objects to, at the edge. */
#include <criterion/criterion.h>
#include <string.h>

#include "scheduler/app/settings/app_settings.h"
#include "scheduler/base/common.h"
#include "scheduler/decide/judge/plan_check.h"
#include "scheduler/snapshot/files/snapshot_file.h"

static Arena arena;
static Settings *settings;

static void setup(void) {
        cr_assert_eq(0, arena_open((size_t) 64 << 20, &arena));
        cr_assert_eq(0, app_settings_new(&arena, &settings));
}

TestSuite(plan_check, .init = setup);

#define HOST(name, more) "{\"name\": \"" name "\", \"cpus\": 8, \"memory_mib\": 16384" more "}"
#define VM(name, host, more)                                                                                 \
        "{\"name\": \"" name "\", \"host\": \"" host                                                         \
        "\", \"vcpus\": 1, \"memory_mib\": 2048, \"cpu\": 0.5" more "}"
#define CLUSTER(hosts, vms)                                                                                  \
        "{\"schema\": \"plimsoll.snapshot/1\", \"cluster\": \"c\", \"hosts\": [" hosts "], \"vms\": [" vms   \
        "]}"

/* What it objects to first, or NULL. */
static const char *objection(const char *cluster, const char *vm, const char *from, const char *to) {
        const MoveOrder order = { .vm = vm, .from = from, .to = to };
        const Objection *objections = NULL;
        const Snapshot *s = NULL;
        TextFault f = { 0 };
        uint32_t n = 0;

        cr_assert_eq(0, snapshot_file_parse(&arena, cluster, strlen(cluster), &s, &f), "%s: %s", f.field,
                     f.what);
        cr_assert_geq(plan_check(&arena, s, settings, &order, 1, &objections, &n), 0);
        return n > 0 ? objections[0].text : NULL;
}

#define PAGES(total, free)                                                                                   \
        ", \"hugepages\": [{\"kib\": 2048, \"total_mib\": " #total ", \"free_mib\": " #free "}]"
#define HUGE ", \"hugepages_kib\": 2048"

/* Its figures were read at another moment than its VMs: that is no reason to keep them there. */
Test(plan_check, a_host_with_fewer_huge_pages_than_its_vms_hold_may_be_left) {
        const char *cluster = CLUSTER(HOST("h1", PAGES(2048, 0)) "," HOST("h2", PAGES(2048, 2048)),
                                      VM("a", "h1", HUGE) "," VM("b", "h1", HUGE));

        cr_assert_null(objection(cluster, "a", "h1", "h2"), "%s", objection(cluster, "a", "h1", "h2"));
}

Test(plan_check, huge_pages_that_are_just_enough_are_taken_and_one_less_is_not) {
        const char *enough =
                CLUSTER(HOST("h1", PAGES(2048, 0)) "," HOST("h2", PAGES(2048, 2048)), VM("a", "h1", HUGE));
        const char *less =
                CLUSTER(HOST("h1", PAGES(2048, 0)) "," HOST("h2", PAGES(2046, 2046)), VM("a", "h1", HUGE));

        cr_assert_null(objection(enough, "a", "h1", "h2"));
        cr_assert_not_null(objection(less, "a", "h1", "h2"));
}

Test(plan_check, memory_that_is_just_enough_is_taken_and_one_mib_less_is_not) {
        const char *enough = CLUSTER(HOST("h1", "") ",{\"name\": \"h2\", \"cpus\": 8, \"memory_mib\": 2048}",
                                     VM("a", "h1", ""));
        const char *less = CLUSTER(HOST("h1", "") ",{\"name\": \"h2\", \"cpus\": 8, \"memory_mib\": 2047}",
                                   VM("a", "h1", ""));

        cr_assert_null(objection(enough, "a", "h1", "h2"), "%s", objection(enough, "a", "h1", "h2"));
        cr_assert_not_null(objection(less, "a", "h1", "h2"));
}

#define BUSY(name, busy) HOST(name, ", \"cpu_busy\": " busy)
#define GUEST(name, host, cpu, more)                                                                         \
        "{\"name\": \"" name "\", \"host\": \"" host                                                         \
        "\", \"vcpus\": 8, \"memory_mib\": 1024, \"cpu\": " cpu more "}"

/* What a host is busy with beside its VMs stays there: what its VMs were seen to use is taken off, not what they are
 * expected to need. */
Test(plan_check, what_a_host_does_for_itself_is_what_its_vms_were_not_seen_to_use) {
        /* 6 of 8 cores are busy, 4 of them with b, which needs 1 as a rule: 2 are the host's own. */
        const char *room =
                CLUSTER(BUSY("h1", "4") "," BUSY("h2", "6"),
                        GUEST("a", "h1", "4", "") "," GUEST("b", "h2", "1", ", \"measured\": {\"cpu\": 4}"));
        const char *none =
                CLUSTER(BUSY("h1", "4") "," BUSY("h2", "6"),
                        GUEST("a", "h1", "4", "") "," GUEST("b", "h2", "1", ", \"measured\": {\"cpu\": 1}"));

        cr_assert_null(objection(room, "a", "h1", "h2"), "%s", objection(room, "a", "h1", "h2"));
        cr_assert_not_null(objection(none, "a", "h1", "h2"), "5 cores are the host's own");
}

#define WIRED(name, mbit)                                                                                    \
        HOST(name, ", \"nics\": [{\"name\": \"bond0\", \"speed_mbit\": " #mbit                               \
                   ", \"rx_mbit\": 0, \"tx_mbit\": 0}]")
#define RECEIVER(name, host, mbit)                                                                           \
        "{\"name\": \"" name "\", \"host\": \"" host                                                         \
        "\", \"vcpus\": 1, \"memory_mib\": 1024, \"cpu\": 0.1, \"net_mbit\": {\"rx\": " #mbit                \
        ", \"tx\": 0}}"

/* A megabit is a thousand kilobits, as NICs count. */
Test(plan_check, a_nic_that_is_just_fast_enough_is_taken_and_a_kilobit_less_is_not) {
        const char *enough = CLUSTER(WIRED("h1", 10000) "," WIRED("h2", 1000),
                                     RECEIVER("a", "h1", 600) "," RECEIVER("b", "h2", 400));
        const char *less = CLUSTER(WIRED("h1", 10000) "," WIRED("h2", 1000),
                                   RECEIVER("a", "h1", 600.001) "," RECEIVER("b", "h2", 400));

        cr_assert_null(objection(enough, "a", "h1", "h2"), "%s", objection(enough, "a", "h1", "h2"));
        cr_assert_not_null(objection(less, "a", "h1", "h2"));
}

/* ---- rules ---- */

#define THREE                                                                                                \
        HOST("h1", ", \"rack\": \"r1\"")                                                                     \
        "," HOST("h2", ", \"rack\": \"r1\"") "," HOST("h3", ", \"rack\": \"r2\"")
#define RULED(vms, rule)                                                                                     \
        "{\"schema\": \"plimsoll.snapshot/1\", \"cluster\": \"c\", \"hosts\": [" THREE "], \"vms\": [" vms   \
        "], \"rules\": [{\"name\": \"r\", " rule "}]}"
#define TWO_ON_H1 VM("a", "h1", "") "," VM("b", "h1", "")
#define ONE_EACH  VM("a", "h1", "") "," VM("b", "h2", "") "," VM("d", "h3", "")

/* Of each kind: a move that breaks it is objected to, and the same move under a rule that it keeps, or that is a wish, is
 * not. */
Test(plan_check, a_rule_that_must_hold_is_broken_by_no_move) {
        static const struct {
                const char *tells, *cluster, *vm, *from, *to;
                bool taken;
        } all[] = {
                { "apart", RULED(ONE_EACH, "\"kind\": \"apart\", \"vms\": [\"a\", \"b\"]"), "a", "h1", "h2",
                  false },
                { "apart still", RULED(ONE_EACH, "\"kind\": \"apart\", \"vms\": [\"a\", \"b\"]"), "a", "h1",
                  "h3", true },
                { "together", RULED(TWO_ON_H1, "\"kind\": \"together\", \"vms\": [\"a\", \"b\"]"), "a", "h1",
                  "h2", false },
                { "together in a rack",
                  RULED(TWO_ON_H1, "\"kind\": \"together\", \"level\": \"rack\", \"vms\": [\"a\", \"b\"]"),
                  "a", "h1", "h2", true },
                { "a rack left",
                  RULED(TWO_ON_H1, "\"kind\": \"together\", \"level\": \"rack\", \"vms\": [\"a\", \"b\"]"),
                  "a", "h1", "h3", false },
                { "near", RULED(TWO_ON_H1, "\"kind\": \"near\", \"vms\": [\"a\"], \"near_vms\": [\"b\"]"),
                  "a", "h1", "h2", false },
                { "near in a rack",
                  RULED(TWO_ON_H1,
                        "\"kind\": \"near\", \"level\": \"rack\", \"vms\": [\"a\"], \"near_vms\": [\"b\"]"),
                  "a", "h1", "h2", true },
                { "avoid", RULED(ONE_EACH, "\"kind\": \"avoid\", \"vms\": [\"a\"], \"near_vms\": [\"b\"]"),
                  "a", "h1", "h2", false },
                { "spread", RULED(ONE_EACH, "\"kind\": \"spread\", \"k\": 3, \"vms\": [\"a\", \"b\", \"d\"]"),
                  "a", "h1", "h2", false },
                { "spread over two",
                  RULED(ONE_EACH, "\"kind\": \"spread\", \"k\": 2, \"vms\": [\"a\", \"b\", \"d\"]"), "a",
                  "h1", "h2", true },
                { "on", RULED(TWO_ON_H1, "\"kind\": \"on\", \"vms\": [\"a\"], \"hosts\": [\"h1\", \"h3\"]"),
                  "a", "h1", "h2", false },
                { "on the other",
                  RULED(TWO_ON_H1, "\"kind\": \"on\", \"vms\": [\"a\"], \"hosts\": [\"h1\", \"h3\"]"), "a",
                  "h1", "h3", true },
                { "not on", RULED(TWO_ON_H1, "\"kind\": \"not-on\", \"vms\": [\"a\"], \"hosts\": [\"h2\"]"),
                  "a", "h1", "h2", false },
                { "a wish",
                  RULED(TWO_ON_H1,
                        "\"kind\": \"together\", \"must\": false, \"weight\": 10, \"vms\": [\"a\", \"b\"]"),
                  "a", "h1", "h2", true },
        };

        for (size_t i = 0; i < ARRAY_SIZE(all); i++) {
                const char *said = objection(all[i].cluster, all[i].vm, all[i].from, all[i].to);

                cr_expect_eq(all[i].taken, !said, "%s: %s", all[i].tells, said ? said : "taken");
        }
}

/* What lacks already keeps no other VM where it is. */
Test(plan_check, a_reserve_that_lacks_before_is_objected_to_only_where_it_lacks_more) {
        /* When h1 is lost nobody can take a: it is so before, and it is so after. */
        const char *cluster = CLUSTER(
                HOST("h1", "") "," HOST("h2", "") ",{\"name\": \"h3\", \"cpus\": 8, \"memory_mib\": 4096}",
                "{\"name\": \"a\", \"host\": \"h1\", \"vcpus\": 1, \"memory_mib\": 15000, \"cpu\": 0.5},"
                "{\"name\": \"b\", \"host\": \"h2\", \"vcpus\": 1, \"memory_mib\": 3000, \"cpu\": 0.5},"
                "{\"name\": \"d\", \"host\": \"h3\", \"vcpus\": 1, \"memory_mib\": 1024, \"cpu\": 0.5}");
        TextFault fault;

        cr_assert_eq(0, settings_set(settings, "reserve.losses", "1", &fault), "%s", fault.what);
        cr_assert_null(objection(cluster, "d", "h3", "h2"), "%s", objection(cluster, "d", "h3", "h2"));
}
