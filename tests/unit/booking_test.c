/* SPDX-License-Identifier: Apache-2.0 */
/* Room that is booked: in files, in decisions, and when it is held no more. */
#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>

#include "scheduler/app/round/round.h"
#include "scheduler/app/settings/app_settings.h"
#include "scheduler/model/booking.h"
#include "scheduler/snapshot/build/bookings.h"
#include "scheduler/snapshot/build/what_if.h"
#include "scheduler/snapshot/files/snapshot_file.h"
#include "scheduler/snapshot/rules/rules_apply.h"

static Arena arena;
static Settings *settings;

static void setup(void) {
        cr_assert_eq(0, arena_open((size_t) 1 << 30, &arena));
        cr_assert_eq(0, app_settings_new(&arena, &settings));
}

static void teardown(void) {
        arena_close(&arena);
}

TestSuite(booking, .init = setup, .fini = teardown);

#define CLUSTER(bookings, h2, vms)                                                                           \
        "{\"schema\": \"plimsoll.snapshot/1\", \"cluster\": \"c\", \"hosts\": ["                             \
        "{\"name\": \"h1\", \"cpus\": 8, \"memory_mib\": 16384},"                                            \
        "{\"name\": \"h2\", \"cpus\": 8, \"memory_mib\": 16384" h2 "}],"                                     \
        "\"bookings\": [" bookings "], \"vms\": ["                                                           \
        "{\"name\": \"a\", \"host\": \"h1\", \"vcpus\": 2, \"memory_mib\": 2048, \"cpu\": 0.5, "             \
        "\"groups\": [\"web\"]}" vms "],"                                                                    \
        "\"rules\": [{\"name\": \"web-apart\", \"kind\": \"apart\", \"group\": \"web\"}]}"
#define WEB9                                                                                                 \
        "{\"name\": \"web9\", \"uuid\": \"u9\", \"host\": \"h2\", \"by\": \"ann@desk\", \"at\": 100, "       \
        "\"until\": 700.5, \"vcpus\": 4, \"memory_mib\": 12288, \"cpu\": 2.5, \"groups\": [\"web\"]}"

static const Snapshot *facts(const char *text) {
        const Snapshot *s = NULL;
        TextFault f = { 0 };

        cr_assert_eq(0, snapshot_file_parse(&arena, text, strlen(text), &s, &f), "%s: %s", f.field, f.what);
        return s;
}

static const Snapshot *decided(const char *text) {
        const Snapshot *s = facts(text);

        cr_assert_eq(0, rules_apply(&arena, s, settings_rules(settings), &s));
        return s;
}

static const Vm *vm_of(const Snapshot *s, const char *name) {
        const VmIx v = snapshot_vm(s, name);

        return v == IX_NONE ? NULL : &s->vms[v];
}

Test(booking, a_file_keeps_it_to_the_last_digit) {
        const Snapshot *s = facts(CLUSTER(WEB9, "", "")), *again;
        const char *text = NULL, *twice = NULL;
        size_t n = 0;

        cr_assert_eq(s->n_bookings, 1);
        cr_assert_str_eq(s->bookings[0].vm.name, "web9");
        cr_assert_str_eq(s->bookings[0].host, "h2");
        cr_assert_str_eq(s->bookings[0].by, "ann@desk");
        cr_assert_eq(s->bookings[0].until, INT64_C(700500000));
        cr_assert_eq(s->bookings[0].vm.cpu_mcores, 2500);
        cr_assert_eq(0, snapshot_file_print(&arena, s, &text, &n));
        again = facts(text);
        cr_assert_eq(0, snapshot_file_print(&arena, again, &twice, &n));
        cr_assert_str_eq(text, twice);
}

Test(booking, a_file_is_refused_with_what_is_wrong) {
        static const char *const wrong[][2] = {
                { CLUSTER(WEB9 ", " WEB9, "", ""), "booked twice" },
                { CLUSTER("{\"name\": \"x\", \"host\": \"h1\", \"by\": \"b\", \"at\": 1, \"until\": 604802, "
                          "\"vcpus\": 1, \"memory_mib\": 1}",
                          "", ""),
                  "a week" },
                { CLUSTER("{\"name\": \"x\", \"host\": \"h1\", \"by\": \"b\", \"vcpus\": 1}", "", ""),
                  "memory_mib" },
                { CLUSTER("{\"name\": \"x\", \"host\": \"h1\", \"vcpus\": 1, \"memory_mib\": 1}", "", ""),
                  "by" },
                { CLUSTER("", "",
                          ", {\"name\": \"b\", \"host\": \"h1\", \"state\": \"booked\", \"vcpus\": 1, "
                          "\"memory_mib\": 1}"),
                  "\"running\", \"paused\", \"off\"" },
        };

        for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
                const Snapshot *s = NULL;
                TextFault f = { 0 };

                cr_assert_eq(-EBADMSG, snapshot_file_parse(&arena, wrong[i][0], strlen(wrong[i][0]), &s, &f));
                cr_assert(strstr(f.what, wrong[i][1]) || strstr(f.field, wrong[i][1]), "%s: %s", f.field,
                          f.what);
        }
}

Test(booking, it_is_a_vm_of_the_decision_with_its_place_in_the_rules) {
        const Snapshot *s = decided(CLUSTER(WEB9, "",
                                            ", {\"name\": \"z\", \"host\": \"h1\", \"vcpus\": 1, "
                                            "\"memory_mib\": 1024, \"cpu\": 0.1}"));
        const Vm *web9 = vm_of(s, "web9");

        cr_assert_eq(s->n_vms, 3);
        cr_assert_eq(snapshot_n_vms(s), 2);
        cr_assert(web9 && web9->state == VM_BOOKED && !web9->movable);
        cr_assert_str_eq(s->hosts[web9->host].name, "h2");
        cr_assert_eq(s->rules[0].n_vms, 2, "it is apart from the others of its group");
        cr_assert_str_eq(s->vms[s->rules[0].vms[0]].name, "a");
        cr_assert_str_eq(s->vms[s->rules[0].vms[1]].name, "web9");
        cr_assert_eq(0, rules_apply(&arena, s, settings_rules(settings), &s));
        cr_assert_eq(s->n_vms, 3, "once, however often");
}

static BookingState state_of(const char *text, const char *want_host) {
        const Snapshot *s = facts(text);
        HostIx h = IX_NONE;
        const BookingState state = booking_state(s, &s->bookings[0], &h);

        if (want_host)
                cr_assert_str_eq(s->hosts[h].name, want_host);
        cr_assert_eq(0, rules_apply(&arena, s, settings_rules(settings), &s));
        if (state != BOOKING_HELD)
                for (VmIx v = 0; v < s->n_vms; v++)
                        cr_assert_neq(s->vms[v].state, VM_BOOKED, "nothing is counted twice, or for nobody");
        return state;
}

#define RUNS(name, host, more)                                                                               \
        ", {\"name\": \"" name "\", \"host\": \"" host                                                       \
        "\", \"vcpus\": 4, \"memory_mib\": 12288, \"cpu\": 1" more "}"

Test(booking, it_ends_where_its_vm_appears_and_rests_where_its_host_takes_none) {
        cr_assert_eq(BOOKING_HELD, state_of(CLUSTER(WEB9, "", ""), "h2"));
        cr_assert_eq(BOOKING_TAKEN, state_of(CLUSTER(WEB9, "", RUNS("web9", "h2", "")), "h2"));
        cr_assert_eq(BOOKING_TAKEN,
                     state_of(CLUSTER(WEB9, "", RUNS("other", "h2", ", \"uuid\": \"u9\"")), "h2"));
        cr_assert_eq(BOOKING_ELSEWHERE, state_of(CLUSTER(WEB9, "", RUNS("web9", "h1", "")), "h1"));
        cr_assert_eq(BOOKING_HELD,
                     state_of(CLUSTER(WEB9, "", RUNS("other", "h1", ", \"uuid\": \"u8\"")), "h2"));
        cr_assert_eq(BOOKING_IDLE, state_of(CLUSTER(WEB9, ", \"state\": \"maintenance\"", ""), "h2"));
        cr_assert_eq(BOOKING_IDLE, state_of(CLUSTER(WEB9, ", \"fence\": \"stale\"", ""), "h2"));
        cr_assert_eq(BOOKING_IDLE,
                     state_of(CLUSTER(WEB9, ", \"no_entry_why\": \"a report is cut\"", ""), "h2"));
        cr_assert_eq(BOOKING_LOST,
                     state_of(CLUSTER("{\"name\": \"x\", \"host\": \"h7\", \"by\": \"b\", \"vcpus\": 1, "
                                      "\"memory_mib\": 1}",
                                      "", ""),
                              NULL));
}

static Round plan(const Snapshot *s) {
        RoundInput in = { .snapshot = s, .settings = settings, .request = PLAN_REQUEST_DEFAULT };
        Round round = { 0 };

        cr_assert_eq(0, round_decide(&arena, &in, &round));
        return round;
}

/* h1 is above its load line, and h2 could relieve it, were its room not booked. */
#define FULL                                                                                                 \
        ", {\"name\": \"b\", \"host\": \"h1\", \"vcpus\": 4, \"memory_mib\": 6000, \"cpu\": 4},"             \
        "{\"name\": \"c\", \"host\": \"h1\", \"vcpus\": 4, \"memory_mib\": 6000, \"cpu\": 3}"

Test(booking, no_move_takes_the_room) {
        Round free = plan(decided(CLUSTER("", "", FULL))), held = plan(decided(CLUSTER(WEB9, "", FULL)));

        cr_assert_gt(free.plan->n_moves, 0);
        for (uint32_t i = 0; i < held.plan->n_moves; i++)
                cr_assert_eq(0, strcmp(held.snapshot->vms[held.plan->moves[i].move.vm].name, "a"),
                             "%s is moved into room that is booked",
                             held.snapshot->vms[held.plan->moves[i].move.vm].name);
}

Test(booking, a_host_that_is_emptied_or_lost_holds_it_for_nobody) {
        const char *hosts[] = { "h2" };
        TextFault f = { 0 };

        for (int lost = 0; lost < 2; lost++) {
                const Snapshot *s = decided(CLUSTER(WEB9, "", ""));
                const WhatIf w = {
                        .emptied = hosts, .n_emptied = !lost, .lost = hosts, .n_lost = (uint32_t) lost
                };

                cr_assert_eq(0, what_if_apply(&arena, s, &w, &s, &f), "%s", f.what);
                cr_assert_null(vm_of(s, "web9"));
                cr_assert_eq(plan(s).plan->n_refused_all, 0, "nothing has to leave that cannot");
        }
}
