/* SPDX-License-Identifier: Apache-2.0 */
/* The judge on small clusters that are written down: what it takes and what it objects to, at the edge. */
#include <criterion/criterion.h>
#include <string.h>

#include "scheduler/app/settings/app_settings.h"
#include "scheduler/base/common.h"
#include "scheduler/base/text.h"
#include "scheduler/decide/judge/plan_check.h"
#include "scheduler/snapshot/files/snapshot_file.h"

static Arena arena;
static Settings *settings;

static void setup(void) {
        TextFault fault;
        cr_assert_eq(0, arena_open((size_t) 64 << 20, &arena));
        cr_assert_eq(0, app_settings_new(&arena, &settings));
        cr_assert_eq(0, settings_set(settings, "memory.keep_for_host", "0MiB", &fault));
        cr_assert_eq(0, settings_set(settings, "memory.per_vm", "0MiB", &fault)); /* round figures */
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

#define TWO_SIZES                                                                                            \
        ", \"hugepages\": [{\"kib\": 2048, \"total_mib\": 2048, \"free_mib\": 2048}, {\"kib\": 1048576, "    \
        "\"total_mib\": 2048, \"free_mib\": 2048}]"
#define ONE_SIZE                                                                                             \
        ", \"hugepages\": [{\"kib\": 1048576, \"total_mib\": 2048, \"free_mib\": 2048}, {\"kib\": 2048, "    \
        "\"total_mib\": 2046, \"free_mib\": 2046}]"
#define GIGANTIC ", \"hugepages_kib\": 1048576"

Test(plan_check, huge_pages_of_each_size_are_counted_by_themselves) {
        const char *two = CLUSTER(HOST("h1", TWO_SIZES) "," HOST("h2", TWO_SIZES) "," HOST("h3", ONE_SIZE),
                                  VM("a", "h1", HUGE) "," VM("b", "h1", GIGANTIC));

        cr_assert_null(objection(two, "a", "h1", "h2"), "%s", objection(two, "a", "h1", "h2"));
        cr_assert_null(objection(two, "b", "h1", "h2"), "%s", objection(two, "b", "h1", "h2"));
        cr_assert_null(objection(two, "b", "h1", "h3"), "%s", objection(two, "b", "h1", "h3"));
        cr_assert_not_null(objection(two, "a", "h1", "h3"), "two MiB are missing");
}

/* Of them, what the guest holds is no use of the host's own, estimated from history or not. */
Test(plan_check, huge_pages_of_a_measured_guest_are_not_counted_twice) {
        const char *enough =
                CLUSTER(HOST("h1", PAGES(2048, 0)) "," HOST("h2", PAGES(4096, 2048)),
                        VM("a", "h1", HUGE) "," VM("b", "h2", HUGE ", \"measured\": {\"cpu\": 0.5}"));
        const char *less =
                CLUSTER(HOST("h1", PAGES(2048, 0)) "," HOST("h2", PAGES(4096, 2046)),
                        VM("a", "h1", HUGE) "," VM("b", "h2", HUGE ", \"measured\": {\"cpu\": 0.5}"));

        cr_assert_null(objection(enough, "a", "h1", "h2"), "%s", objection(enough, "a", "h1", "h2"));
        cr_assert_not_null(objection(less, "a", "h1", "h2"), "someone else has one of them");
}

/* Each host's node has its own room: h2's is small, whatever h1's of the same number has. */
Test(plan_check, a_node_of_the_second_host_has_its_own_limit) {
#define NODES(mib)                                                                                                                               \
        ", \"platform\": {\"numa\": [{\"id\": 0, \"cpus\": \"0-3\", \"memory_mib\": 8192}, {\"id\": 1, \"cpus\": \"4-7\", \"memory_mib\": " #mib \
        "}]}"
#define BOUND ", \"ties\": {\"numa_nodes\": \"1\", \"numa_bound\": \"0 2048 1\"}"
#define FIRST ", \"ties\": {\"numa_nodes\": \"0\", \"numa_bound\": \"0 2048 0\"}"
#define BOTH  VM("a", "h1", BOUND) "," VM("b", "h2", BOUND) "," VM("d", "h1", FIRST)
        /* two nodes are kept account of */
        const char *enough = CLUSTER(HOST("h1", NODES(8192)) "," HOST("h2", NODES(4096)), BOTH);
        const char *less = CLUSTER(HOST("h1", NODES(8192)) "," HOST("h2", NODES(4095)), BOTH);

        cr_assert_null(objection(enough, "a", "h1", "h2"), "%s", objection(enough, "a", "h1", "h2"));
        cr_assert_not_null(objection(less, "a", "h1", "h2"));
}

/* Two that change places may both be on either host: they are sure of one place, and d of the other. */
Test(plan_check, two_in_flight_between_the_same_hosts_are_sure_of_one_place) {
        const char *cluster =
                "{\"schema\": \"plimsoll.snapshot/1\", \"cluster\": \"c\", \"hosts\": [" HOST("h1", "") "," HOST("h2", "") "," HOST(
                        "h3",
                        "") "], \"vms\": [" VM("a", "h1",
                                               ", \"in_flight\": \"h2\"") "," VM("b", "h2",
                                                                                 ", \"in_flight\": \"h1\"") "," VM("d",
                                                                                                                   "h3",
                                                                                                                   "") "],\n"
                                                                                                                       "\"rules\": [{\"name\": \"two\", \"kind\": \"spread\", \"k\": 2, \"vms\": [\"a\", \"b\", \"d\"]}]}";

        cr_assert_not_null(objection(cluster, "d", "h3", "h1"));
}

Test(plan_check, a_host_of_two_tib_is_full_at_two_tib) {
#define BIG_VM           "{\"name\": \"b\", \"host\": \"h2\", \"vcpus\": 1, \"memory_mib\": 2097152, \"cpu\": 0.5}"
#define LARGE(name, mib) "{\"name\": \"" name "\", \"cpus\": 8, \"memory_mib\": " #mib "}"
        const char *enough = CLUSTER(HOST("h1", "") "," LARGE("h2", 2099200), VM("a", "h1", "") "," BIG_VM);
        const char *less = CLUSTER(HOST("h1", "") "," LARGE("h2", 2099199), VM("a", "h1", "") "," BIG_VM);

        cr_assert_null(objection(enough, "a", "h1", "h2"), "%s", objection(enough, "a", "h1", "h2"));
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

/* What it objects to where a VM with these cells goes to a host with these nodes, or NULL (docs/numa.md). */
static const char *of_cells(const char *cells, const char *nodes) {
        const char *cluster =
                text_format(&arena,
                            CLUSTER(HOST("h1", "") "," HOST("h2", ", \"platform\": {\"numa\": [%s]}"),
                                    VM("a", "h1", ", \"ties\": {\"numa_bound\": \"%s\"}")),
                            nodes, cells);

        return objection(cluster, "a", "h1", "h2");
}

#define NODE(id, cpus) "{\"id\": " #id ", \"cpus\": \"" cpus "\", \"memory_mib\": 8192}"

Test(plan_check, a_cell_goes_where_its_nodes_have_as_many_cpus_as_it) {
        static const char two[] = NODE(0, "0-3") "," NODE(1, "4-6");

        cr_expect_null(of_cells("0-3 2048 0 -", two), "node 0 has four");
        cr_expect_not_null(of_cells("0-4 2048 0 -", two), "and no fifth");
        cr_expect_null(of_cells("0-2 2048 1 -", two), "node 1 has three");
        cr_expect_not_null(of_cells("0-3 2048 1 -", two), "and no fourth");
        cr_expect_null(of_cells("0-6 2048 0-1 -", two), "together they have seven");
        cr_expect_not_null(of_cells("0-7 2048 0-1 -", two), "and no eighth");
        cr_expect_null(of_cells("0-2 2048 0 -", NODE(0, "0,2,5-5")), "however they are numbered");
        cr_expect_null(of_cells("0-99 2048 - -", two), "bound to no node it may run on any");
        cr_expect_not_null(of_cells("0 1024 0 -; 1-4 1024 1 -", two), "the second cell is asked for, too");
}

Test(plan_check, a_cell_that_is_pinned_goes_where_its_nodes_have_these_cpus) {
        static const char two[] = NODE(0, "0-3") "," NODE(1, "4-7");

        cr_expect_null(of_cells("0 2048 0 0", two), "the first CPU of node 0");
        cr_expect_null(of_cells("0 2048 0 3", two), "its last");
        cr_expect_not_null(of_cells("0 2048 0 4", two), "the first of node 1");
        cr_expect_null(of_cells("0 2048 1 4", two));
        cr_expect_not_null(of_cells("0 2048 1 3", two), "the last of node 0");
        cr_expect_not_null(of_cells("0 2048 1 8", two), "a CPU that no node has");
        cr_expect_null(of_cells("0-3 2048 0 0-3", two));
        cr_expect_not_null(of_cells("0-3 2048 0 0,2-4", two), "one of several is elsewhere");
        cr_expect_null(of_cells("0-3 2048 0-1 2-5", two), "on either of its nodes");
}

Test(plan_check, a_cell_goes_where_its_nodes_are) {
        cr_expect_null(of_cells("0 2048 1 -", NODE(1, "0-3") "," NODE(2, "4-7")));
        cr_expect_not_null(of_cells("0 2048 0 -", NODE(1, "0-3") "," NODE(2, "4-7")), "there is no node 0");
        cr_expect_not_null(of_cells("0 2048 0-1 -", NODE(1, "0-3") "," NODE(2, "4-7")), "nor beside node 1");
        cr_expect_not_null(of_cells("0 2048 1-3 -", NODE(1, "0-3") "," NODE(2, "4-7")), "and no node 3");
        cr_expect_null(of_cells("0 2048 63 -", NODE(63, "0-3")), "the highest number");
        cr_expect_not_null(of_cells("0 2048 63 -", NODE(62, "0-3")));
        cr_expect_null(of_cells("0-7 2048 0 9", "{\"id\": 0, \"memory_mib\": 8192}"),
                       "a node that does not tell its CPUs refuses nothing");
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

Test(plan_check, of_a_nic_that_nothing_uses_all_is_free) {
        const char *all = CLUSTER(WIRED("h1", 10000) "," WIRED("h2", 1000), RECEIVER("a", "h1", 1000));
        const char *more = CLUSTER(WIRED("h1", 10000) "," WIRED("h2", 1000), RECEIVER("a", "h1", 1000.001));

        cr_assert_null(objection(all, "a", "h1", "h2"), "%s", objection(all, "a", "h1", "h2"));
        cr_assert_not_null(objection(more, "a", "h1", "h2"));
}

Test(plan_check, one_nic_that_nothing_uses_makes_no_room_on_another) {
        const char *hosts = WIRED("h1", 10000) "," HOST(
                "h2",
                ", \"nics\": [{\"name\": \"a\", \"speed_mbit\": 1000, \"rx_mbit\": 400, \"tx_mbit\": 0},"
                "{\"name\": \"b\", \"speed_mbit\": 1000, \"rx_mbit\": 0, \"tx_mbit\": 0}]");
        const char *all = text_format(&arena, CLUSTER("%s", RECEIVER("a", "h1", 1600)), hosts);
        const char *more = text_format(&arena, CLUSTER("%s", RECEIVER("a", "h1", 1600.001)), hosts);

        cr_assert_null(objection(all, "a", "h1", "h2"), "%s", objection(all, "a", "h1", "h2"));
        cr_assert_not_null(objection(more, "a", "h1", "h2"));
}

/* What goes over a host's NICs is no use of anything else: of an extra resource all is there, to the last bit. */
Test(plan_check, what_nics_carry_is_no_use_of_an_extra_resource) {
#define CARRIES                                                                                              \
        ", \"nics\": [{\"name\": \"a\", \"speed_mbit\": 10000, \"rx_mbit\": 900, \"tx_mbit\": 700}], \"extra\": "
#define TRAINS(gpu)                                                                                                          \
        "{\"schema\": \"plimsoll.snapshot/1\", \"cluster\": \"c\", \"extra\": [{\"name\": \"gpu_mib\"}], \"hosts\": [" HOST( \
                "h1", CARRIES                                                                                                \
                "{\"gpu_mib\": 8192}") "," HOST("h2", CARRIES                                                                \
                                                "{\"gpu_mib\": 4096}") "], \"vms\": [" VM("a", "h1",                         \
                                                                                          ", \"extra\": {\"gpu_mib\": " gpu  \
                                                                                          "}") "]}"
        cr_assert_null(objection(TRAINS("4096"), "a", "h1", "h2"), "%s",
                       objection(TRAINS("4096"), "a", "h1", "h2"));
        cr_assert_not_null(objection(TRAINS("4097"), "a", "h1", "h2"));
}

/* h2 says nothing of 2 MiB pages: b's are in its memory all the same; the host after it has other pools. */
#define UNTOLD(mib)                                                                                          \
        CLUSTER(HOST("h1", "") ",{\"name\": \"h2\", \"cpus\": 8, \"memory_mib\": " #mib                      \
                               "}," HOST("h3", PAGES(4096, 0)),                                              \
                VM("a", "h1", "") "," VM("b", "h2", HUGE) "," VM("c", "h3", HUGE))

Test(plan_check, huge_pages_that_a_host_does_not_tell_of_are_in_its_memory) {
        cr_assert_null(objection(UNTOLD(4096), "a", "h1", "h2"), "%s",
                       objection(UNTOLD(4096), "a", "h1", "h2"));
        cr_assert_not_null(objection(UNTOLD(4095), "a", "h1", "h2"));
}

/* Nobody knows how large it is: what the host does is shared out among the others. */
Test(plan_check, a_guest_of_no_known_size_has_no_part_in_what_its_host_does) {
        const char *unsized = "{\"name\": \"b\", \"host\": \"h2\", \"vcpus\": 0, \"memory_mib\": 1024}";
        const char *cluster = text_format(&arena, CLUSTER("%s", GUEST("a", "h1", "4", "") ",%s"),
                                          BUSY("h1", "4") "," BUSY("h2", "4"), unsized);

        cr_assert_null(objection(cluster, "a", "h1", "h2"), "%s", objection(cluster, "a", "h1", "h2"));
}

/* ---- what failed and is not to be tried again yet ---- */

/* Of a and b, who leave h1 and h2 for h3: those that each hold is about, and only while it lasts. */
Test(plan_check, what_is_held_back_is_refused_and_nothing_else) {
        static const struct {
                MoveHold hold;
                unsigned refused; /* bits: a, b */
        } all[] = {
                { { .from = "h1", .until = 1000 }, 1 },
                { { .from = "h3", .until = 1000 }, 0 },
                { { .vm = "a", .until = 1000 }, 1 },
                { { .vm = "b", .until = 1000 }, 2 },
                { { .vm = "b", .to = "h3", .until = 1000 }, 2 },
                { { .vm = "b", .to = "h1", .until = 1000 }, 0 },
                { { .vm = "x", .to = "h3", .until = 1000 }, 0 },
                { { .to = "h3", .until = 1000 }, 3 },
                { { .to = "h2", .until = 1000 }, 0 },
                { { .to = "h3", .until = 501 }, 3 },
                { { .to = "h3", .until = 500 }, 0 }, /* now */
                { { .vm = "a", .uuid = "11111111-1111-4111-8111-111111111111", .until = 1000 }, 1 },
                { { .vm = "a", .uuid = "11111111-1111-4111-8111-111111111112", .until = 1000 }, 0 },
                { { .vm = "a", .uuid = "11111111-1111-4111-8111-111111111110", .until = 1000 }, 0 },
                { { .vm = "b", .uuid = "11111111-1111-4111-8111-111111111111", .until = 1000 },
                  2 }, /* it has none */
        };
        const char *cluster = CLUSTER(
                HOST("h1", "") "," HOST("h2", "") "," HOST("h3", ""),
                VM("a", "h1", ", \"uuid\": \"11111111-1111-4111-8111-111111111111\"") "," VM("b", "h2", ""));
        const MoveOrder orders[] = { { .vm = "a", .from = "h1", .to = "h3" },
                                     { .vm = "b", .from = "h2", .to = "h3" } };

        for (size_t i = 0; i < ARRAY_SIZE(all); i++) {
                const Objection *objections = NULL;
                const Snapshot *s = NULL;
                TextFault f = { 0 };
                uint32_t n = 0;
                unsigned refused = 0;
                Snapshot held;

                cr_assert_eq(0, snapshot_file_parse(&arena, cluster, strlen(cluster), &s, &f), "%s", f.what);
                held = *s;
                held.taken_at = 500;
                held.holds = (MoveHolds){ .at = &all[i].hold, .n = 1 };
                cr_assert_geq(plan_check(&arena, &held, settings, orders, 2, &objections, &n), 0);
                for (uint32_t k = 0; k < n; k++)
                        refused |= 1U << objections[k].move;
                cr_assert_eq(refused, all[i].refused, "row %zu: %u", i, refused);
        }
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

#define WATCHED                                                                                              \
        HOST("h1", "")                                                                                       \
        "," HOST("h2", "") "," HOST(                                                                         \
                "h3", ", \"faults\": [{\"device\": \"md0\", \"grade\": 1, \"why\": \"a disk is missing\"}]")
#define HELD(rule)                                                                                           \
        "{\"schema\": \"plimsoll.snapshot/1\", \"cluster\": \"c\", \"hosts\": [" WATCHED                     \
        "], \"vms\": [" VM("a", "h1", "") "," VM("b", "h1", "") "," VM(                                      \
                "d", "h2", "") "], \"rules\": [{\"name\": \"r\", " rule "}]}"

/* Of each kind: VMs of a rule that is broken may go to a host that is watched (and may spend the reserve), VMs of one that
 * holds may not. a and b are on h1, d is on h2; a goes to h3. */
Test(plan_check, only_a_rule_that_is_broken_is_worth_a_worse_host) {
        static const struct {
                const char *tells, *cluster;
                bool taken;
        } all[] = {
                { "apart, broken", HELD("\"kind\": \"apart\", \"vms\": [\"a\", \"b\"]"), true },
                { "apart, holds", HELD("\"kind\": \"apart\", \"vms\": [\"a\", \"d\"]"), false },
                { "avoid, broken", HELD("\"kind\": \"avoid\", \"vms\": [\"a\"], \"near_vms\": [\"b\"]"),
                  true },
                { "avoid, broken the other way",
                  HELD("\"kind\": \"avoid\", \"vms\": [\"b\", \"d\"], \"near_vms\": [\"a\"]"), true },
                { "avoid, holds", HELD("\"kind\": \"avoid\", \"vms\": [\"a\", \"b\"], \"near_vms\": [\"d\"]"),
                  false },
                { "avoid nobody", HELD("\"kind\": \"avoid\", \"vms\": [\"a\", \"b\"], \"near_vms\": []"),
                  false },
                { "near, broken", HELD("\"kind\": \"near\", \"vms\": [\"a\"], \"near_vms\": [\"d\"]"), true },
                { "spread, broken", HELD("\"kind\": \"spread\", \"k\": 2, \"vms\": [\"a\", \"b\"]"), true },
                { "spread, holds", HELD("\"kind\": \"spread\", \"k\": 2, \"vms\": [\"a\", \"b\", \"d\"]"),
                  false },
        };

        for (size_t i = 0; i < ARRAY_SIZE(all); i++) {
                const char *said = objection(all[i].cluster, "a", "h1", "h3");

                cr_expect_eq(all[i].taken, !said, "%s: %s", all[i].tells, said ? said : "taken");
        }
}

#define TO(host) ", \"in_flight\": \"" host "\""
#define BESIDE(goes, rule)                                                                                   \
        RULED(VM("a", "h1", TO(goes)) "," VM("b", "h2", "") "," VM("d", "h3", "") "," VM("e", "h1", ""), rule)
#define PAIR(kind)             "\"kind\": \"" kind "\", \"vms\": [\"a\", \"b\"]"
#define LISTS(kind, vms, near) "\"kind\": \"" kind "\", \"vms\": [\"" vms "\"], \"near_vms\": [\"" near "\"]"
#define SPREAD                 "\"kind\": \"spread\", \"k\": 2, \"vms\": "

/* a is on its way from h1. It may arrive or come back: no rule may be broken further in either case. */
Test(plan_check, a_vm_in_flight_is_met_on_both_its_hosts) {
        static const struct {
                const char *tells, *cluster, *vm, *from, *to;
                bool taken;
        } all[] = {
                { "apart, where it goes", BESIDE("h3", PAIR("apart")), "b", "h2", "h3", false },
                { "apart, where it is", BESIDE("h3", PAIR("apart")), "b", "h2", "h1", false },
                { "apart, elsewhere", BESIDE("h2", PAIR("apart")), "b", "h2", "h3", true },
                { "apart, in the rack it goes to",
                  BESIDE("h3", "\"kind\": \"apart\", \"level\": \"rack\", \"vms\": [\"a\", \"b\"]"), "b",
                  "h2", "h3", false },
                { "apart, from beside it to another: it leaves, and the two stay",
                  BESIDE("h2", "\"kind\": \"apart\", \"vms\": [\"a\", \"d\", \"e\"]"), "e", "h1", "h3",
                  false },
                { "avoid, where it goes", BESIDE("h3", LISTS("avoid", "a", "b")), "b", "h2", "h3", false },
                { "avoid, the other way", BESIDE("h3", LISTS("avoid", "b", "a")), "b", "h2", "h3", false },
                { "avoid, elsewhere", BESIDE("h2", LISTS("avoid", "a", "b")), "b", "h2", "h3", true },
                { "spread, where it goes: there would be one place", BESIDE("h3", SPREAD "[\"a\", \"b\"]"),
                  "b", "h2", "h3", false },
                { "spread, to a place of its own", BESIDE("h2", SPREAD "[\"a\", \"b\"]"), "b", "h2", "h3",
                  true },
                { "spread, with enough places whatever it does",
                  BESIDE("h2", SPREAD "[\"a\", \"b\", \"d\", \"e\"]"), "d", "h3", "h2", true },
                { "together, away from where it goes", BESIDE("h2", PAIR("together")), "b", "h2", "h1",
                  false },
                { "together, to where it goes", BESIDE("h3", PAIR("together")), "b", "h2", "h3", true },
                { "together, after it before it has arrived",
                  BESIDE("h3", "\"kind\": \"together\", \"vms\": [\"a\", \"e\"]"), "e", "h1", "h3", false },
                { "near, away from where its neighbour goes", BESIDE("h2", LISTS("near", "b", "a")), "b",
                  "h2", "h3", false },
        };

        for (size_t i = 0; i < ARRAY_SIZE(all); i++) {
                const char *said = objection(all[i].cluster, all[i].vm, all[i].from, all[i].to);

                cr_expect_eq(all[i].taken, !said, "%s: %s", all[i].tells, said ? said : "taken");
        }
}

/* Half of h2 is a's. A move of a to h2 is refused as it is, and takes nothing more of it: beside it or after it, b has room. */
Test(plan_check, a_vm_in_flight_that_is_sent_where_it_goes_is_held_there_once) {
        const char *cluster = CLUSTER(
                HOST("h1", "") "," HOST("h2", "") "," HOST("h3", ""),
                "{\"name\": \"a\", \"host\": \"h1\", \"vcpus\": 1, \"memory_mib\": 8192, \"cpu\": 0.5" TO(
                        "h2") "},"
                              "{\"name\": \"b\", \"host\": \"h3\", \"vcpus\": 1, \"memory_mib\": 8192, \"cpu\": 0.5}");
        const Snapshot *s = NULL;
        TextFault f = { 0 };

        cr_assert_eq(0, snapshot_file_parse(&arena, cluster, strlen(cluster), &s, &f), "%s: %s", f.field,
                     f.what);
        for (uint32_t wave = 0; wave < 2; wave++) {
                const MoveOrder orders[] = { { .vm = "a", .from = "h1", .to = "h2" },
                                             { .vm = "b", .from = "h3", .to = "h2", .wave = wave } };
                const Objection *objections = NULL;
                uint32_t n = 0;

                cr_assert_geq(plan_check(&arena, s, settings, orders, 2, &objections, &n), 0);
                cr_assert_eq(1, n, "b in wave %u: %s", wave, objections[n - 1].text);
                cr_expect_eq(REASON_VM_IN_FLIGHT, objections[0].reason);
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

/* A host that takes no VM is no shelter: what runs on h3 is not known, and only h4 could take a, if h1 were lost. */
Test(plan_check, a_host_of_which_not_all_is_known_is_no_shelter_for_the_reserve) {
        const char *unsure = CLUSTER(
                HOST("h1", "") "," HOST("h2", "") "," HOST(
                        "h3", ", \"no_entry_why\": \"a report is cut\"") "," HOST("h4", ""),
                "{\"name\": \"a\", \"host\": \"h1\", \"vcpus\": 1, \"memory_mib\": 9500, \"cpu\": 0.5},"
                "{\"name\": \"b\", \"host\": \"h2\", \"vcpus\": 1, \"memory_mib\": 8500, \"cpu\": 0.5},"
                "{\"name\": \"d\", \"host\": \"h2\", \"vcpus\": 1, \"memory_mib\": 7000, \"cpu\": 0.5}");
        const char *known = CLUSTER(
                HOST("h1", "") "," HOST("h2", "") "," HOST("h3", "") "," HOST("h4", ""),
                "{\"name\": \"a\", \"host\": \"h1\", \"vcpus\": 1, \"memory_mib\": 9500, \"cpu\": 0.5},"
                "{\"name\": \"b\", \"host\": \"h2\", \"vcpus\": 1, \"memory_mib\": 8500, \"cpu\": 0.5},"
                "{\"name\": \"d\", \"host\": \"h2\", \"vcpus\": 1, \"memory_mib\": 7000, \"cpu\": 0.5}");
        TextFault fault;

        cr_assert_eq(0, settings_set(settings, "reserve.losses", "1", &fault), "%s", fault.what);
        cr_assert_null(objection(known, "b", "h2", "h4"), "%s", objection(known, "b", "h2", "h4"));
        cr_assert_not_null(objection(unsure, "b", "h2", "h4"));
}
