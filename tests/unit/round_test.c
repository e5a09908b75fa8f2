/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "scheduler/app/round/round.h"
#include "scheduler/app/settings/app_settings.h"
#include "scheduler/app/settings/settings_lists.h"
#include "scheduler/snapshot/files/snapshot_file.h"
#include "scheduler/snapshot/rules/rules_apply.h"

static Arena arena;
static Settings *settings;
static const Snapshot *snapshot;

/* h1 is above its load line; STATE is put into it. */
static void read_cluster(const char *state) {
        char text[1024];
        TextFault f;

        (void) snprintf(text, sizeof(text),
                        "{\"schema\":\"plimsoll.snapshot/1\",\"cluster\":\"t\",\"hosts\":["
                        "{\"name\":\"h1\",\"cpus\":4,\"memory_mib\":16384,\"state\":\"%s\"},"
                        "{\"name\":\"h2\",\"cpus\":4,\"memory_mib\":16384}],\"vms\":["
                        "{\"name\":\"a\",\"host\":\"h1\",\"vcpus\":2,\"memory_mib\":1024,\"cpu\":1.9},"
                        "{\"name\":\"b\",\"host\":\"h1\",\"vcpus\":2,\"memory_mib\":1024,\"cpu\":1.2}]}",
                        state);
        cr_assert_eq(0, snapshot_file_parse(&arena, text, strlen(text), &snapshot, &f), "%s %s", f.field,
                     f.what);
}

static void setup(void) {
        cr_assert_eq(0, arena_open((size_t) 256 << 20, &arena));
        cr_assert_eq(0, app_settings_new(&arena, &settings));
}

static void teardown(void) {
        arena_close(&arena);
}

TestSuite(round, .init = setup, .fini = teardown);

static Round decide(const CoolDown *cool_downs, uint32_t n) {
        RoundInput in = { .snapshot = snapshot,
                          .settings = settings,
                          .request = PLAN_REQUEST_DEFAULT,
                          .cool_downs = cool_downs,
                          .n_cool_downs = n,
                          .now = 1000,
                          .think = 0 };
        Round r = { 0 };

        cr_assert_eq(0, round_decide(&arena, &in, &r));
        return r;
}

Test(round, the_same_input_gives_the_same_moves) {
        Round a, b;

        read_cluster("active");
        a = decide(NULL, 0);
        b = decide(NULL, 0);
        cr_assert_eq(1, a.plan->n_moves);
        cr_assert_eq(a.plan->moves[0].move.vm, b.plan->moves[0].move.vm);
        cr_assert_eq(snapshot, a.snapshot, "without cool-downs nothing is changed");
}

Test(round, a_vm_in_its_cool_down_stays_and_the_reason_is_told) {
        static const CoolDown held[] = { { .vm = "a", .until = 2000 }, { .vm = "b", .until = 2000 } };
        static const CoolDown past[] = { { .vm = "a", .until = 1000 }, { .vm = "b", .until = 999 } };
        Round r;

        read_cluster("active");
        r = decide(held, 2);
        cr_assert_eq(0, r.plan->n_moves);
        cr_assert(strstr(r.snapshot->vms[0].calm_why, "moved recently"));
        cr_assert(!snapshot->vms[0].calm_why, "what was read is not changed");
        cr_assert_eq(1, decide(past, 2).plan->n_moves);
}

Test(round, a_broken_rule_is_mended_in_spite_of_cool_downs) {
        static const CoolDown held[] = { { .vm = "a", .until = 2000 }, { .vm = "b", .until = 2000 } };
        TextFault f = { 0 };
        Round r;

        cr_assert_eq(0, settings_list_add("rules", "{apart: [a, b]}", settings, &f), "%s", f.what);
        read_cluster("active");
        cr_assert_eq(0, rules_apply(&arena, snapshot, settings_rules(settings), &snapshot));
        r = decide(held, 2);
        cr_assert_eq(1, r.plan->n_moves);
        cr_assert_eq(PLAN_REPAIRED, r.plan->status, "%s", plan_status_names[r.plan->status]);
}

Test(round, a_host_above_its_load_line_is_relieved_in_spite_of_cool_downs_and_no_further) {
        static const CoolDown held[] = { { .vm = "a", .until = 2000 },
                                         { .vm = "b", .until = 2000 },
                                         { .vm = "c", .until = 2000 },
                                         { .vm = "d", .until = 2000 } };
        TextFault f = { 0 };
        static const char text[] =
                "{\"schema\":\"plimsoll.snapshot/1\",\"cluster\":\"t\",\"hosts\":["
                "{\"name\":\"h1\",\"cpus\":8,\"memory_mib\":65536},{\"name\":\"h2\",\"cpus\":8,\"memory_mib\":65536}],\"vms\":["
                "{\"name\":\"a\",\"host\":\"h1\",\"vcpus\":2,\"memory_mib\":1024,\"cpu\":1.8},"
                "{\"name\":\"b\",\"host\":\"h1\",\"vcpus\":2,\"memory_mib\":1024,\"cpu\":1.8},"
                "{\"name\":\"c\",\"host\":\"h1\",\"vcpus\":2,\"memory_mib\":1024,\"cpu\":1.8},"
                "{\"name\":\"d\",\"host\":\"h1\",\"vcpus\":2,\"memory_mib\":1024,\"cpu\":1.8}]}";

        cr_assert_eq(0, snapshot_file_parse(&arena, text, strlen(text), &snapshot, &f), "%s", f.what);
        cr_assert_eq(2, decide(NULL, 0).plan->n_moves, "to an even cluster");
        cr_assert_eq(1, decide(held, 4).plan->n_moves, "below the line");
        cr_assert_eq(0, settings_set(settings, "stay.price", "0", &f), "%s", f.what);
        cr_assert_eq(1, decide(held, 4).plan->n_moves, "whatever a move costs");
}

Test(round, a_host_in_maintenance_is_emptied_in_spite_of_cool_downs) {
        static const CoolDown held[] = { { .vm = "a", .until = 2000 }, { .vm = "b", .until = 2000 } };

        read_cluster("maintenance");
        cr_assert_eq(2, decide(held, 2).plan->n_moves);
}

Test(round, a_move_whose_end_is_unknown_holds_its_vm_everywhere) {
        static const CoolDown open[] = { { .vm = "a", .until = INT64_MAX, .why = "not settled" } };
        Round r;

        read_cluster("maintenance");
        r = decide(open, 1);
        for (uint32_t i = 0; i < r.plan->n_moves; i++)
                cr_assert_neq(0, r.plan->moves[i].move.vm, "a is not moved");
}

/* h1 is to be emptied, and h2 has room for one of its VMs: that is taken where the other may be there already. */
static void read_tight(const char *at) {
        char text[1024];
        TextFault f;

        (void) snprintf(text, sizeof(text),
                        "{\"schema\":\"plimsoll.snapshot/1\",\"cluster\":\"t\",\"hosts\":["
                        "{\"name\":\"h1\",\"cpus\":8,\"memory_mib\":65536,\"state\":\"maintenance\"},"
                        "{\"name\":\"h2\",\"cpus\":8,\"memory_mib\":12000}],\"vms\":["
                        "{\"name\":\"a\",\"host\":\"%s\",\"vcpus\":1,\"memory_mib\":8000,\"cpu\":0.1},"
                        "{\"name\":\"b\",\"host\":\"h1\",\"vcpus\":1,\"memory_mib\":8000,\"cpu\":0.1}]}",
                        at);
        cr_assert_eq(0, snapshot_file_parse(&arena, text, strlen(text), &snapshot, &f), "%s %s", f.field,
                     f.what);
}

Test(round, the_room_of_a_move_whose_end_is_unknown_is_taken_on_both_hosts) {
        static const MoveOrder there = { .vm = "a", .from = "h1", .to = "h2" },
                               back = { .vm = "a", .from = "h2", .to = "h1" },
                               away = { .vm = "a", .from = "gone", .to = "h2" };
        const CoolDown open[] = {
                { .vm = "a", .until = INT64_MAX, .open = &there, .why = "not settled" },
                { .vm = "a", .until = INT64_MAX, .open = &back, .why = "not settled" },
                { .vm = "a", .until = INT64_MAX, .open = &away, .why = "not settled" },
        };
        Round r;

        for (size_t i = 0; i < ARRAY_SIZE(open); i++) {
                read_tight("h1");
                r = decide(&open[i], 1);
                cr_assert_eq(0, r.plan->n_moves, "%zu: %s > %s", i, open[i].open->from, open[i].open->to);
                cr_assert_eq(PLAN_BLOCKED, r.plan->status);
                cr_assert_eq(2, r.plan->n_refused_all, "both are named: they must leave h1");
                read_tight("h1");
                r = decide(&(CoolDown){ .vm = "a", .until = INT64_MAX, .why = "not settled" }, 1);
                cr_assert_eq(1, r.plan->n_moves, "without it there is room");
        }
        read_tight("h2");
        r = decide(open, 1);
        cr_assert_eq(0, r.plan->n_moves);
        cr_assert(r.snapshot->vms[0].in_flight && r.snapshot->vms[0].in_flight_to == 0, "and on h1");
}

/* ---- a VM that runs on two hosts ---- */

/* It is on h1 and h2, and large; b is on h1. */
static void read_doubled(const char *h1, const char *h2) {
        char text[2048];
        TextFault f;

        (void) snprintf(
                text, sizeof(text),
                "{\"schema\":\"plimsoll.snapshot/1\",\"cluster\":\"t\",\"hosts\":["
                "{\"name\":\"h1\",\"cpus\":8,\"memory_mib\":65536,\"state\":\"%s\"},"
                "{\"name\":\"h2\",\"cpus\":8,\"memory_mib\":12000,\"state\":\"%s\"},"
                "{\"name\":\"h3\",\"cpus\":8,\"memory_mib\":4000}],\"vms\":["
                "{\"name\":\"a\",\"host\":\"h1\",\"in_flight\":\"h2\",\"running_on\":[\"h1\",\"h2\"],\"vcpus\":1,\"memory_mib\":8000,"
                "\"cpu\":0.1},"
                "{\"name\":\"b\",\"host\":\"h1\",\"vcpus\":1,\"memory_mib\":6000,\"cpu\":0.1}]}",
                h1, h2);
        cr_assert_eq(0, snapshot_file_parse(&arena, text, strlen(text), &snapshot, &f), "%s %s", f.field,
                     f.what);
}

Test(round, a_vm_that_runs_on_two_hosts_is_blocked_and_moved_by_nobody) {
        static const char *const states[][2] = { { "active", "active" },
                                                 { "maintenance", "active" },
                                                 { "active", "maintenance" },
                                                 { "maintenance", "maintenance" } };

        for (size_t i = 0; i < ARRAY_SIZE(states); i++) {
                const bool leaves = strcmp(states[i][0], "maintenance") == 0;
                bool named = false;
                Round r;

                read_doubled(states[i][0], states[i][1]);
                r = decide(NULL, 0);
                cr_assert_eq(PLAN_BLOCKED, r.plan->status, "%zu: exit 3", i);
                cr_assert_eq(0, r.plan->n_moves, "%zu: neither it, nor b where it takes the room", i);
                for (uint32_t k = 0; k < r.plan->n_refused; k++)
                        named |= r.plan->refused[k].vm == 0 && r.plan->refused[k].reason == REASON_VM_DOUBLED;
                cr_assert_eq(i > 0, named, "%zu: it must leave whichever host must be left", i);
                cr_assert_eq(leaves ? 0U : i == 2 ? 1U : 0U, r.snapshot->vms[0].host);
        }
}

/* All VMs on the first half of the hosts. */
static void read_many(uint32_t hosts, uint32_t vms_each) {
        char *text = NULL;
        size_t n = 0;
        FILE *f = open_memstream(&text, &n);
        TextFault fault;

        cr_assert_not_null(f);
        (void) fputs("{\"schema\":\"plimsoll.snapshot/1\",\"cluster\":\"t\",\"hosts\":[", f);
        for (uint32_t h = 0; h < hosts; h++)
                (void) fprintf(f, "%s{\"name\":\"h%u\",\"cpus\":8,\"memory_mib\":65536}", h > 0 ? "," : "",
                               h);
        (void) fputs("],\"vms\":[", f);
        for (uint32_t v = 0; v < hosts / 2 * vms_each; v++)
                (void) fprintf(
                        f,
                        "%s{\"name\":\"v%u\",\"host\":\"h%u\",\"vcpus\":1,\"memory_mib\":1024,\"cpu\":0.%u}",
                        v > 0 ? "," : "", v, v / vms_each, v % 5 + 3);
        (void) fputs("]}", f);
        (void) fclose(f);
        cr_assert_eq(0, snapshot_file_parse(&arena, text, n, &snapshot, &fault), "%s", fault.what);
        free(text);
}

static uint32_t asked;

static bool at_once(const void *arg) {
        cr_assert_eq(arg, &asked);
        return ++asked > 0;
}

Test(round, nobody_waits_for_a_plan_once_told_to_stop) {
        RoundInput in = { .settings = settings,
                          .request = PLAN_REQUEST_DEFAULT,
                          .now = 1000,
                          .stops = at_once,
                          .stops_arg = &asked };
        Round r = { 0 };

        read_many(60, 20);
        in.snapshot = snapshot;
        cr_assert_eq(0, round_decide(&arena, &in, &r));
        cr_assert_gt(asked, 0);
        cr_assert(r.plan->guard_fired, "and the plan says that it was cut short");
}

Test(round, a_vm_moved_as_often_as_a_rule_allows_stays_for_the_day) {
        const usec_t hour = 3600 * USEC_PER_SEC;
        const usec_t twice[] = { -3 * hour, -2 * hour }, long_ago[] = { -30 * hour, -2 * hour };
        const CoolDown spent[] = { { .vm = "a", .moved = twice, .n_moved = 2 },
                                   { .vm = "b", .moved = twice, .n_moved = 2 } };
        const CoolDown one_left[] = { { .vm = "a", .moved = long_ago, .n_moved = 2 },
                                      { .vm = "b", .moved = long_ago, .n_moved = 2 } };
        Vm vms[2];
        Snapshot limited;
        Round r;

        read_cluster("active");
        limited = *snapshot;
        memcpy(vms, snapshot->vms, sizeof(vms));
        vms[0].moves_a_day = vms[1].moves_a_day = 2;
        limited.vms = vms;
        snapshot = &limited;
        r = decide(spent, 2);
        cr_assert_eq(0, r.plan->n_moves);
        cr_assert_eq(HOLD_MOVES, r.snapshot->vms[0].hold);
        cr_assert(strstr(r.snapshot->vms[0].unmovable_why, "moved 2 times within a day"));
        cr_assert_eq(1, decide(one_left, 2).plan->n_moves);
}

/* A person put it there: balance leaves it, and says whom it is by; a rule that must hold does not. */
Test(round, a_vm_that_was_moved_by_hand_is_left_by_balance_and_not_by_rules) {
        static const CoolDown hand[] = { { .vm = "a", .until = 2000, .by = "root@h9", .by_at = 400 },
                                         { .vm = "b", .until = 2000, .by = "root@h9", .by_at = 400 } };
        TextFault f = { 0 };
        Round r;

        read_cluster("active");
        r = decide(hand, 2);
        cr_assert_eq(0, r.plan->n_moves);
        cr_assert(strstr(r.snapshot->vms[0].unmovable_why,
                         "moved by hand 0 ms ago by root@h9, and stays until"),
                  "%s", r.snapshot->vms[0].unmovable_why);
        cr_assert_eq(0, settings_list_add("rules", "{apart: [a, b]}", settings, &f), "%s", f.what);
        cr_assert_eq(0, rules_apply(&arena, snapshot, settings_rules(settings), &snapshot));
        cr_assert_eq(1, decide(hand, 2).plan->n_moves);
        read_cluster("maintenance");
        cr_assert_eq(2, decide(hand, 2).plan->n_moves);
}
