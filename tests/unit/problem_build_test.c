/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <errno.h>

#include "scheduler/snapshot/files/snapshot_file.h"
#include "tests/random_cluster.h"

static Arena arena;
static Settings *settings;

static void begin(void) {
        cr_assert_eq(0, arena_open((size_t) 64 << 20, &arena));
        settings = (Settings *) default_settings(&arena);
}

TestSuite(problem_build, .init = begin);

static void set(const char *key, const char *value) {
        TextFault fault;

        cr_assert_eq(0, settings_set(settings, key, value, &fault));
}

#define CLUSTER(hosts, vms, rest)                                                                            \
        "{\"schema\": \"plimsoll.snapshot/1\", \"cluster\": \"c\", \"hosts\": [" hosts "], \"vms\": [" vms   \
        "]" rest "}"

static const Problem *built(const char *text) {
        const Snapshot *s;
        const Problem *p;
        TextFault fault = { 0 };

        cr_assert_eq(0, snapshot_file_parse(&arena, text, strlen(text), &s, &fault), "%s %s", fault.field,
                     fault.what);
        cr_assert_eq(0, problem_build(&arena, s, settings, &p));
        return p;
}

#define ROW(array, i, r) (p->array[(size_t) (i) *p->n_res + (r)])

Test(problem_build, cpu_is_cores_times_mhz_and_a_host_that_does_not_say_is_as_fast_as_the_median) {
        const Problem *p = built(
                CLUSTER("{\"name\": \"a\", \"cpus\": 10, \"cpu_mhz\": 2000, \"memory_mib\": 1000},"
                        "{\"name\": \"b\", \"cpus\": 10, \"memory_mib\": 1000},"
                        "{\"name\": \"c\", \"cpus\": 10, \"cpu_mhz\": 3000, \"memory_mib\": 1000},"
                        "{\"name\": \"d\", \"cpus\": 10, \"cpu_mhz\": 5000, \"memory_mib\": 1000}",
                        "{\"name\": \"v\", \"host\": \"a\", \"vcpus\": 4, \"memory_mib\": 100, \"cpu\": 1.5},"
                        "{\"name\": \"w\", \"host\": \"d\", \"vcpus\": 4, \"memory_mib\": 100, \"cpu\": 1.5}",
                        ""));

        cr_assert_eq(p->n_res, 2, "no NIC says its speed");
        cr_assert_eq(ROW(capacity, 0, RES_CPU), 20000);
        cr_assert_eq(ROW(capacity, 1, RES_CPU), 30000);
        cr_assert_eq(ROW(need, 0, RES_CPU), 3000);
        cr_assert_eq(ROW(need, 1, RES_CPU), 7500, "the same share of a faster core is more");
        cr_assert_eq(ROW(need, 1, RES_MEMORY), 100);
        cr_assert(p->transient[RES_MEMORY]);
        cr_assert_not(p->transient[RES_CPU]);
}

Test(problem_build, nobody_says_a_speed_all_are_alike) {
        const Problem *p = built(CLUSTER("{\"name\": \"a\", \"cpus\": 8, \"memory_mib\": 1000}", "", ""));

        cr_assert_eq(ROW(capacity, 0, RES_CPU), 8000);
}

Test(problem_build, the_load_line_is_the_hosts_own_headroom_or_the_settings) {
        const char *text =
                CLUSTER("{\"name\": \"a\", \"cpus\": 10, \"memory_mib\": 1000},"
                        "{\"name\": \"b\", \"cpus\": 10, \"memory_mib\": 1000, \"headroom\": {\"cpu\": 0.5}}",
                        "", "");
        const Problem *p = built(text);

        cr_assert_eq(ROW(limit, 0, RES_CPU), 8000);
        cr_assert_eq(ROW(limit, 0, RES_MEMORY), 900);
        cr_assert_eq(ROW(limit, 1, RES_CPU), 5000);
        cr_assert_eq(ROW(limit, 1, RES_MEMORY), 900);
        set("load.headroom_cpu", "40%");
        set("cluster.overcommit_memory", "150%");
        p = built(text);
        cr_assert_eq(ROW(limit, 0, RES_CPU), 6000);
        cr_assert_eq(ROW(limit, 1, RES_CPU), 5000);
        cr_assert_eq(ROW(capacity, 0, RES_MEMORY), 1500);
        cr_assert_eq(ROW(limit, 0, RES_MEMORY), 1350);
}

Test(problem_build, base_is_what_the_host_uses_beyond_its_vms) {
        const Problem *p = built(
                CLUSTER("{\"name\": \"a\", \"cpus\": 10, \"memory_mib\": 10000, \"cpu_busy\": 5, "
                        "\"memory_used_mib\": 3000, "
                        "\"reserved_mib\": 500, \"nics\": [{\"name\": \"e\", \"speed_mbit\": 1000, "
                        "\"rx_mbit\": 90, \"tx_mbit\": 5}]},"
                        "{\"name\": \"b\", \"cpus\": 10, \"memory_mib\": 10000, \"cpu_busy\": 1, "
                        "\"memory_used_mib\": 9000, "
                        "\"reserved_mib\": 500}",
                        "{\"name\": \"v\", \"host\": \"a\", \"vcpus\": 4, \"memory_mib\": 4000, \"cpu\": 3, "
                        "\"net_mbit\": {\"rx\": 50, \"tx\": 20}},"
                        "{\"name\": \"w\", \"host\": \"b\", \"vcpus\": 4, \"memory_mib\": 4000, \"cpu\": 2}",
                        ""));

        cr_assert_eq(p->n_res, 4);
        cr_assert_eq(ROW(base, 0, RES_CPU), 2000);
        cr_assert_eq(ROW(base, 0, RES_MEMORY), 500, "what is reserved, though less was measured");
        cr_assert_eq(ROW(base, 0, RES_NET_RX), 40000);
        cr_assert_eq(ROW(base, 0, RES_NET_TX), 0, "never below zero");
        cr_assert_eq(ROW(base, 1, RES_CPU), 0);
        cr_assert_eq(ROW(base, 1, RES_MEMORY), 5000, "measured, beyond what VMs were allocated");
        cr_assert_eq(ROW(capacity, 0, RES_NET_RX), 1000000);
        cr_assert_eq(ROW(capacity, 1, RES_NET_RX), QUANTITY_MAX, "no limit is known");
        cr_assert_eq(p->balance_weight[RES_NET_RX], 0, "not all hosts say what they have");
}

Test(problem_build, an_unmeasured_vm_counts_with_what_its_host_uses_beyond_the_others) {
        const Problem *p = built(
                CLUSTER("{\"name\": \"a\", \"cpus\": 10, \"memory_mib\": 9000, \"cpu_busy\": 5},"
                        "{\"name\": \"b\", \"cpus\": 10, \"memory_mib\": 9000},"
                        "{\"name\": \"c\", \"cpus\": 10, \"memory_mib\": 9000, \"state\": \"maintenance\"}",
                        "{\"name\": \"v\", \"host\": \"a\", \"vcpus\": 4, \"memory_mib\": 100, \"cpu\": 2},"
                        "{\"name\": \"w\", \"host\": \"a\", \"vcpus\": 1, \"memory_mib\": 100},"
                        "{\"name\": \"x\", \"host\": \"a\", \"vcpus\": 3, \"memory_mib\": 100},"
                        "{\"name\": \"y\", \"host\": \"b\", \"vcpus\": 3, \"memory_mib\": 100},"
                        "{\"name\": \"z\", \"host\": \"b\", \"vcpus\": 3, \"memory_mib\": 100, \"state\": "
                        "\"paused\"},"
                        "{\"name\": \"zz\", \"host\": \"c\", \"vcpus\": 2, \"memory_mib\": 100}",
                        ""));

        cr_assert_eq(ROW(need, 1, RES_CPU), 750);
        cr_assert_eq(ROW(need, 2, RES_CPU), 2250);
        cr_assert_eq(ROW(base, 0, RES_CPU), 0, "and is not counted twice");
        cr_assert_eq(ROW(need, 3, RES_CPU), 3000, "nothing was measured: all its vCPUs");
        cr_assert_eq(ROW(need, 4, RES_CPU), 0, "paused");
        cr_assert_eq(p->pinned[0], REASON_NONE);
        cr_assert_eq(p->pinned[1], REASON_NONE, "to repair, to relieve, to evacuate");
        cr_assert_eq(p->stay_wish[1], STAY_WEIGHT_MAX, "and not for balance");
        cr_assert_eq(p->stay_wish[4], 0, "a paused one needs nothing: that is known");
        cr_assert_eq(p->pinned[4], REASON_NONE);
        cr_assert_eq(p->pinned[5], REASON_NONE, "a host to be emptied cannot wait");
}

Test(problem_build, a_vm_in_flight_counts_on_both_hosts_and_stays) {
        const Problem *p = built(CLUSTER("{\"name\": \"a\", \"cpus\": 10, \"memory_mib\": 9000}, {\"name\": "
                                         "\"b\", \"cpus\": 10, \"memory_mib\": 9000}",
                                         "{\"name\": \"v\", \"host\": \"a\", \"vcpus\": 4, \"memory_mib\": "
                                         "100, \"cpu\": 2, \"in_flight\": \"b\"}",
                                         ""));

        cr_assert_eq(p->pinned[0], REASON_VM_IN_FLIGHT);
        cr_assert_eq(ROW(base, 1, RES_MEMORY), 100);
        cr_assert_eq(ROW(base, 1, RES_CPU), 2000);
}

Test(problem_build, roles_say_who_takes_and_who_gives) {
        const Problem *p =
                built(CLUSTER("{\"name\": \"a\", \"cpus\": 1, \"memory_mib\": 1, \"state\": \"cordoned\"},"
                              "{\"name\": \"b\", \"cpus\": 1, \"memory_mib\": 1, \"state\": \"maintenance\"},"
                              "{\"name\": \"c\", \"cpus\": 1, \"memory_mib\": 1, \"state\": \"offline\"},"
                              "{\"name\": \"d\", \"cpus\": 1, \"memory_mib\": 1, \"fence\": \"stale\"},"
                              "{\"name\": \"e\", \"cpus\": 1, \"memory_mib\": 1, \"faults\": {\"grade\": 1}},"
                              "{\"name\": \"f\", \"cpus\": 1, \"memory_mib\": 1, \"faults\": {\"grade\": 2}},"
                              "{\"name\": \"g\", \"cpus\": 1, \"memory_mib\": 1, \"faults\": {\"grade\": 3}},"
                              "{\"name\": \"h\", \"cpus\": 1, \"memory_mib\": 1, \"faults\": {\"grade\": 4}}",
                              "", ""));
        static const Reason entry[] = { REASON_HOST_CORDONED, REASON_HOST_MAINTENANCE,
                                        REASON_HOST_OFFLINE,  REASON_HOST_FENCED,
                                        REASON_NONE,          REASON_HOST_FAULTY,
                                        REASON_HOST_FAULTY,   REASON_HOST_FAULTY };

        for (HostIx h = 0; h < p->n_hosts; h++) {
                cr_assert_eq(p->roles[h].no_entry, entry[h], "host %u", h);
                cr_assert_eq(p->roles[h].no_exit, h == 2 || h == 3, "host %u", h);
                cr_assert_eq(p->roles[h].evacuate > 0, h == 1 || h >= 6, "host %u", h);
        }
        cr_assert(p->roles[7].evacuate > p->roles[6].evacuate && p->roles[6].evacuate > p->roles[1].evacuate);
}

Test(problem_build, classes_say_which_hosts_have_what_a_vm_needs) {
        const Problem *p = built(
                CLUSTER("{\"name\": \"a\", \"cpus\": 1, \"memory_mib\": 1, \"networks\": [\"n1\", \"n2\"], "
                        "\"cpu_model\": \"X\"},"
                        "{\"name\": \"b\", \"cpus\": 1, \"memory_mib\": 1, \"networks\": [\"n1\"], "
                        "\"pools\": [\"p1\"], \"cpu_model\": \"Y\"},"
                        "{\"name\": \"c\", \"cpus\": 1, \"memory_mib\": 1, \"pools\": [\"p2\"], \"arch\": "
                        "\"aarch64\"}",
                        "{\"name\": \"net\", \"host\": \"a\", \"vcpus\": 1, \"memory_mib\": 1, \"cpu\": 0, "
                        "\"networks\": [\"n2\"]},"
                        "{\"name\": \"own\", \"host\": \"a\", \"vcpus\": 1, \"memory_mib\": 1, \"cpu\": 0, "
                        "\"cpu_model\": \"host-passthrough\"},"
                        "{\"name\": \"plain\", \"host\": \"a\", \"vcpus\": 1, \"memory_mib\": 1, \"cpu\": 0},"
                        "{\"name\": \"pool\", \"host\": \"a\", \"vcpus\": 1, \"memory_mib\": 1, \"cpu\": 0, "
                        "\"pools\": [\"p1\"]},"
                        "{\"name\": \"ruled\", \"host\": \"a\", \"vcpus\": 1, \"memory_mib\": 1, \"cpu\": 0},"
                        "{\"name\": \"x86\", \"host\": \"a\", \"vcpus\": 1, \"memory_mib\": 1, \"cpu\": 0, "
                        "\"arch\": \"x86_64\"}",
                        ", \"rules\": [{\"name\": \"r\", \"kind\": \"not-on\", \"vms\": [\"ruled\"], "
                        "\"hosts\": [\"b\"]}]"));
        static const Reason denied[6][3] = {
                { REASON_NONE, REASON_NETWORK, REASON_NONE }, /* what is not known is no restriction */
                { REASON_NONE, REASON_CPU_MODEL, REASON_NONE },
                { REASON_NONE, REASON_NONE, REASON_NONE },
                { REASON_NONE, REASON_NONE, REASON_STORAGE },
                { REASON_NONE, REASON_RULE_HOSTS, REASON_NONE },
                { REASON_NONE, REASON_NONE, REASON_ARCH },
        };

        for (VmIx v = 0; v < 6; v++)
                for (HostIx h = 0; h < 3; h++)
                        cr_assert_eq(problem_denied(p, v, h), denied[v][h], "VM %u, host %u", v, h);
}

Test(problem_build, moving_costs_more_for_the_big_the_busy_and_those_with_disks) {
        const Problem *p = built(CLUSTER("{\"name\": \"a\", \"cpus\": 1, \"memory_mib\": 1}",
                                         "{\"name\": \"v1\", \"host\": \"a\", \"vcpus\": 1, \"memory_mib\": "
                                         "8192, \"cpu\": 0, \"dirty_mib_s\": 0},"
                                         "{\"name\": \"v2\", \"host\": \"a\", \"vcpus\": 1, \"memory_mib\": "
                                         "16384, \"cpu\": 0, \"dirty_mib_s\": 0},"
                                         "{\"name\": \"v3\", \"host\": \"a\", \"vcpus\": 1, \"memory_mib\": "
                                         "8192, \"cpu\": 0, \"dirty_mib_s\": 60},"
                                         "{\"name\": \"v4\", \"host\": \"a\", \"vcpus\": 1, \"memory_mib\": "
                                         "8192, \"cpu\": 0, \"dirty_mib_s\": 0, \"local_disk_mib\": 100000}",
                                         ""));

        cr_assert_eq(p->move_price[0], 100, "a usual VM");
        for (VmIx v = 1; v < 4; v++)
                cr_assert_gt(p->move_price[v], 120);
}

Test(problem_build, even_use_of_extra_resources_is_sought_when_asked_for) {
        const int64_t capacity[] = { 100 };
        Host host = { .name = "h", .cpus = 4, .memory_mib = 4096, .extra = capacity };
        ExtraResource extra = { "vcpus", false };
        Snapshot s = { .cluster = "c", .n_hosts = 1, .hosts = &host, .n_extra = 1, .extra = &extra };
        const Problem *p;

        cr_assert_eq(0, problem_build(&arena, &s, settings, &p));
        cr_expect_eq(0, p->balance_weight[p->n_res - 1]);
        set("balance.extra", "300");
        cr_assert_eq(0, problem_build(&arena, &s, settings, &p));
        cr_expect_eq(300, p->balance_weight[p->n_res - 1]);
}

Test(problem_build, more_extra_resources_than_there_is_room_for_are_refused) {
        ExtraResource extra[PROBLEM_RES_MAX];
        Snapshot s = { .cluster = "c", .n_extra = PROBLEM_RES_MAX - NUMA_SETS_MAX - 5, .extra = extra };
        const Problem *p;

        for (int i = 0; i < PROBLEM_RES_MAX; i++)
                extra[i] = (ExtraResource){ "x", false };
        cr_assert_eq(-ERANGE, problem_build(&arena, &s, settings, &p));
        s.n_extra--;
        cr_assert_eq(0, problem_build(&arena, &s, settings, &p));
}

Test(problem_build, an_arena_that_is_too_small_is_reported_at_every_size) {
        const Snapshot *s = random_cluster(&arena, 5, false);
        static unsigned char memory[1 << 16];
        const Problem *p;
        const Plan *plan;

        for (size_t limit = 64; limit < sizeof(memory); limit += 177) {
                Arena small = arena_over(memory, limit);
                int r = problem_build(&small, s, settings, &p);

                cr_assert(r == 0 || r == -ENOMEM);
                small = arena_over(memory, limit);
                r = planner_plan(&small, s, settings, policies_all(), PLAN_REQUEST_DEFAULT, &plan);
                cr_assert(r == 0 || r == -ENOMEM, "%zu bytes: %d", limit, r);
        }
}
