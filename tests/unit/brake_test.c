/* SPDX-License-Identifier: Apache-2.0 */
/* The brake: how many hosts may come to be emptied at once, and what is remembered of it. */
#include <criterion/criterion.h>
#include <string.h>

#include "scheduler/app/facts/brake_store.h"
#include "tests/random_cluster.h"

enum { HOSTS = 10 };

#define MINUTE (60 * USEC_PER_SEC)
#define START  (INT64_C(1772366000) * USEC_PER_SEC)

static Arena arena;
static const Settings *settings;
static Host hosts[HOSTS];
static Fault faults[HOSTS];
static Snapshot cluster;

static const char *const names[HOSTS] = { "h0", "h1", "h2", "h3", "h4", "h5", "h6", "h7", "h8", "h9" };

static void setup(void) {
        cr_assert_eq(0, arena_open((size_t) 64 << 20, &arena));
        settings = default_settings(&arena);
        for (int h = 0; h < HOSTS; h++) {
                hosts[h] = host_unknown();
                hosts[h].name = names[h];
                hosts[h].cpus = 16;
                hosts[h].memory_mib = 65536;
        }
        cluster = (Snapshot){
                .cluster = "t", .taken_at = START, .n_hosts = HOSTS, .hosts = hosts, .braked = true
        };
}

static void teardown(void) {
        arena_close(&arena);
}

TestSuite(brake, .init = setup, .fini = teardown);

static void fails(int h, int64_t grade, const char *hazard) {
        faults[h] = (Fault){ .device = "sda", .hazard = hazard, .grade = grade, .since = cluster.taken_at };
        hosts[h].faults = &faults[h];
        hosts[h].n_faults = grade > 0;
        hosts[h].fault_grade = grade;
}

static void set(const char *setting, const char *value) {
        TextFault fault = { 0 };

        cr_assert_eq(0, settings_set((Settings *) (uintptr_t) settings, setting, value, &fault), "%s",
                     fault.what);
}

/* A round, which is remembered, and then time passes. */
static Brake round_and(usec_t later) {
        Brake brake;

        cr_assert_eq(0, brake_judge(&arena, &cluster, settings, &brake));
        for (uint32_t h = 0; h < cluster.n_hosts; h++) {
                hosts[h].brake = brake.hosts[h].state;
                hosts[h].brake_at = brake.hosts[h].at;
                hosts[h].brake_kind = brake.hosts[h].kind;
        }
        cluster.taken_at += later;
        return brake;
}

static int count(const Brake *brake, HostBrake state) {
        int n = 0;

        for (int h = 0; h < HOSTS; h++)
                n += brake->hosts[h].state == state;
        return n;
}

Test(brake, two_hosts_pass_and_the_third_is_held) {
        Brake b;

        fails(1, 3, "a");
        fails(2, 3, "b");
        fails(3, 3, "c");
        b = round_and(0);
        cr_assert_eq(2, b.limit);
        cr_assert_eq(2, count(&b, BRAKE_PASSED));
        cr_assert_eq(BRAKE_HELD, b.hosts[3].state);
        cr_assert(strstr(b.hosts[3].why, "more than 2 of 10 hosts"), "%s", b.hosts[3].why);
}

Test(brake, the_worst_pass_whatever_their_names) {
        Brake b;

        fails(0, 3, "a");
        hosts[1].state = HOST_MAINTENANCE;
        fails(8, 4, "b");
        fails(9, 4, "c");
        b = round_and(0);
        cr_assert_eq(BRAKE_PASSED, b.hosts[8].state);
        cr_assert_eq(BRAKE_PASSED, b.hosts[9].state);
        cr_assert_eq(BRAKE_HELD, b.hosts[0].state);
        cr_assert_eq(BRAKE_HELD, b.hosts[1].state);
}

Test(brake, one_after_the_other_within_the_time_are_counted_together) {
        Brake b;

        fails(1, 3, "a");
        (void) round_and(4 * MINUTE);
        fails(2, 3, "b");
        (void) round_and(4 * MINUTE);
        fails(3, 4, "c");
        b = round_and(3 * MINUTE);
        cr_assert_eq(BRAKE_HELD, b.hosts[3].state);
        fails(4, 3, "d"); /* the first is eleven minutes ago */
        b = round_and(0);
        cr_assert_eq(BRAKE_PASSED, b.hosts[4].state);
        cr_assert_eq(BRAKE_HELD, b.hosts[3].state, "what is held waits for a person, not for time");
        cr_assert_str_eq("more than 2 of 10 hosts would be evacuated within 10 min", b.hosts[3].why);
}

Test(brake, a_time_that_is_no_whole_minute_is_told_as_the_next_one) {
        static const struct {
                const char *within, *told;
        } times[] = { { "61s", "within 2 min" }, { "120s", "within 2 min" }, { "121s", "within 3 min" } };

        for (size_t i = 0; i < ARRAY_SIZE(times); i++) {
                Brake b;

                for (int h = 1; h <= 3; h++) {
                        fails(h, 3, "a");
                        hosts[h].brake = BRAKE_NONE;
                }
                set("brake.within", times[i].within);
                b = round_and(0);
                cr_assert(strstr(b.hosts[3].why, times[i].told), "%s: %s", times[i].within, b.hosts[3].why);
        }
}

Test(brake, what_passed_goes_on_being_emptied) {
        Brake b;

        fails(1, 3, "a");
        (void) round_and(100 * MINUTE);
        for (int h = 2; h < 6; h++)
                fails(h, 4, "b");
        b = round_and(0);
        cr_assert_eq(BRAKE_PASSED, b.hosts[1].state);
        cr_assert_eq(START, b.hosts[1].at);
}

Test(brake, a_host_that_comes_and_goes_is_counted_once_and_makes_no_room_for_others) {
        Brake b;

        fails(1, 3, "a");
        fails(2, 3, "b");
        (void) round_and(MINUTE);
        fails(1, 0, NULL);
        b = round_and(MINUTE);
        cr_assert_eq(BRAKE_PAST, b.hosts[1].state);
        fails(3, 4, "c");
        b = round_and(MINUTE);
        cr_assert_eq(BRAKE_HELD, b.hosts[3].state);
        fails(1, 3, "a");
        b = round_and(MINUTE);
        cr_assert_eq(BRAKE_PASSED, b.hosts[1].state);
        cr_assert_eq(START + 3 * MINUTE, b.hosts[1].at, "it counts from now on");
}

Test(brake, what_shares_a_domain_and_a_kind_is_one_cause) {
        static const char *const ups[] = { "ups-a" }, *const room[] = { "room-1", "ups-a" };
        Brake b;

        for (int h = 0; h < 5; h++) {
                hosts[h].domains = h == 0 ? (Strings){ room, 2 } : (Strings){ ups, 1 };
                fails(h, 4, h == 4 ? "other" : "power");
        }
        fails(5, 4, "x");
        b = round_and(0);
        cr_assert_eq(5, count(&b, BRAKE_PASSED), "four of the UPS, and the first of another kind");
        cr_assert_eq(BRAKE_PASSED, b.hosts[4].state);
        cr_assert_eq(BRAKE_HELD, b.hosts[5].state);
        cr_assert_eq(2, b.counted);
}

Test(brake, a_share_of_a_large_cluster_counts_for_more) {
        Brake b;

        set("brake.percent", "50%");
        for (int h = 0; h < 7; h++)
                fails(h, 4, "x");
        b = round_and(0);
        cr_assert_eq(5, b.limit);
        cr_assert_eq(5, count(&b, BRAKE_PASSED));
}

Test(brake, what_is_not_seen_is_neither_counted_nor_judged) {
        Brake b;

        set("brake.percent", "50%");
        for (int h = 0; h < 6; h++)
                hosts[h].excluded = EXCLUDED_STALE;
        fails(0, 4, "x");
        b = round_and(0);
        cr_assert_eq(2, b.limit, "half of four");
        cr_assert_eq(BRAKE_NONE, b.hosts[0].state);
}

Test(brake, what_an_operator_means_is_not_held_and_counts) {
        Brake b;

        for (int h = 0; h < 4; h++) {
                hosts[h].state = HOST_MAINTENANCE;
                hosts[h].several = true;
                hosts[h].marked_at = START;
        }
        fails(9, 4, "x");
        b = round_and(0);
        cr_assert_eq(4, count(&b, BRAKE_RELEASED));
        cr_assert_eq(BRAKE_HELD, b.hosts[9].state);
}

Test(brake, what_was_there_before_it_does_not_count) {
        Brake b;

        cluster.brake_new = true;
        for (int h = 0; h < 5; h++)
                fails(h, 4, "x");
        cluster.taken_at += 20 * MINUTE;
        fails(8, 3, "y");
        b = round_and(0);
        cr_assert_eq(0, b.n_held);
        cr_assert_eq(1, b.counted);
}

Test(brake, a_host_that_was_silent_meanwhile_is_new_when_it_is_back) {
        Brake b;

        for (int h = 0; h < 5; h++) {
                fails(h, 4, "x");
                hosts[h].excluded = EXCLUDED_STALE;
        }
        (void) round_and(20 * MINUTE);
        for (int h = 0; h < 5; h++)
                hosts[h].excluded = EXCLUDED_NONE;
        b = round_and(0);
        cr_assert_eq(2, count(&b, BRAKE_PASSED));
        cr_assert_eq(3, b.n_held);
}

Test(brake, nothing_is_held_where_nothing_is_remembered) {
        Brake b;

        cluster.braked = false;
        for (int h = 0; h < HOSTS; h++)
                fails(h, 4, "x");
        b = round_and(0);
        cr_assert_eq(0, b.n_held);
        cr_assert_eq(0, count(&b, BRAKE_PASSED));
}

Test(brake, one_host_is_emptied_as_far_as_there_is_room_and_no_second) {
        static Vm vms[4];
        Brake b;

        cluster.n_hosts = 4;
        for (int v = 0; v < 4; v++) {
                vms[v] = vm_unknown();
                vms[v].name = names[v];
                vms[v].host = (HostIx) v;
                vms[v].vcpus = 1;
                vms[v].cpu_mcores = 100;
                vms[v].memory_mib = 40000;
        }
        cluster.vms = vms;
        cluster.n_vms = 4;
        fails(0, 3, "a");
        fails(1, 4, "b");
        b = round_and(0);
        cr_assert_eq(BRAKE_PASSED, b.hosts[1].state, "nobody has room for its VM, and what can be saved is");
        cr_assert_eq(BRAKE_HELD, b.hosts[0].state);
        cr_assert_str_eq("the other hosts have no room for its VMs", b.hosts[0].why);
}

Test(brake, what_the_store_remembers_is_read_back_and_what_cannot_be_read_is_held) {
        static const char *const texts[] = { "",         "passed",      "passed x y", "passed 5 ",
                                             "free 5 a", "passed -5 a", "none 5 a",   "passed 5 a\nb" };
        const BrakeMemory m = brake_memory_parse(&arena, "passed 1772366000000000 smart failing", 37);

        cr_assert_eq(BRAKE_PASSED, m.state);
        cr_assert_eq(START, m.at);
        cr_assert_str_eq("smart failing", m.kind);
        for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
                cr_assert_eq(BRAKE_HELD, brake_memory_parse(&arena, texts[i], strlen(texts[i])).state, "%s",
                             texts[i]);
}

/* Hosts are marked and a note is added; all else of the cluster is what it was. */
Test(brake, what_is_held_is_marked_and_nothing_else_is_changed) {
        static Vm vms[2];
        static const char *before[] = { "a note" };
        const Snapshot *held = NULL;
        Snapshot same;
        Brake b;

        for (int h = 0; h < 4; h++)
                fails(h, 3, "a");
        cluster.vms = vms;
        cluster.n_vms = 2;
        cluster.notes = (Strings){ .at = before, .n = 1 };
        cr_assert_eq(0, brake_judge(&arena, &cluster, settings, &b));
        cr_assert_gt(b.n_held, 0);
        cr_assert_eq(0, brake_apply(&arena, &cluster, &b, &held));
        cr_assert_eq(2, held->notes.n);
        cr_assert_str_eq("a note", held->notes.at[0]);
        same = *held;
        same.hosts = hosts;
        same.notes = cluster.notes;
        cr_assert_eq(0, memcmp(&same, &cluster, sizeof(same)));
        for (HostIx h = 0; h < HOSTS; h++) {
                Host host = held->hosts[h];

                cr_assert_eq(host.held != NULL, b.hosts[h].why != NULL);
                host.held = hosts[h].held;
                cr_assert_eq(0, memcmp(&host, &hosts[h], sizeof(host)));
        }
}

/* Names and places of what is held take memory by their number, not by its square. */
Test(brake, a_fleet_of_ten_thousand_that_fails_at_once_is_judged_in_little_memory) {
        enum { MANY = 10000 };
        static Host many[MANY];
        const Snapshot *held = NULL;
        Brake b;

        for (int h = 0; h < MANY; h++) {
                many[h] = host_unknown();
                many[h].name = text_format(&arena, "host-with-a-long-name-%05d", h);
                many[h].cpus = 16;
                many[h].memory_mib = 65536;
                many[h].fault_grade = 4;
                many[h].fault_why = "x";
        }
        cluster.hosts = many;
        cluster.n_hosts = MANY;
        cr_assert_eq(0, brake_judge(&arena, &cluster, settings, &b));
        cr_assert_eq(2000, b.limit);
        cr_assert_eq(MANY - 2000, b.n_held);
        cr_assert_eq(0, brake_apply(&arena, &cluster, &b, &held));
        cr_assert_eq(1, held->notes.n, "one sentence for all of one reason");
        cr_assert(strstr(held->notes.at[0], "host-with-a-long-name-09999"), "and it names each");
}
