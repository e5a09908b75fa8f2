/* SPDX-License-Identifier: Apache-2.0 */
/* Where VMs were last seen: who was moved by somebody else, and who was not. */
#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>

#include "scheduler/app/round/vm_homes.h"

#define NOW (INT64_C(1700000000) * USEC_PER_SEC)

static Arena arena;

static void setup(void) {
        cr_assert_eq(0, arena_open((size_t) 16 << 20, &arena));
}

static void teardown(void) {
        arena_close(&arena);
}

TestSuite(vm_homes, .init = setup, .fini = teardown);

static const Host hosts[] = { { .name = "h1" },
                              { .name = "h2" },
                              { .name = "h3", .excluded = EXCLUDED_STALE } };

/* a and b where it is said; c on h3, whose facts are old. */
static VmHomes seen(const VmHomes *before, HostIx a, HostIx b, usec_t now) {
        Vm *vms = arena_new(&arena, Vm, 3);
        Snapshot *s = arena_new(&arena, Snapshot, 1);
        VmHomes homes;

        vms[0] = (Vm){ .name = "a", .host = a, .in_flight_to = IX_NONE };
        vms[1] = (Vm){ .name = "b", .host = b, .in_flight_to = IX_NONE };
        vms[2] = (Vm){ .name = "c", .host = 2, .in_flight_to = IX_NONE };
        *s = (Snapshot){ .hosts = hosts, .n_hosts = 3, .vms = vms, .n_vms = 3 };
        cr_assert_eq(0, vm_homes_now(&arena, before, s, now, &homes));
        return homes;
}

static uint32_t by_hand(const VmHomes *before, const VmHomes *now, const JournalEntry *journal, uint32_t n,
                        const VmMovedByHand **ret) {
        uint32_t n_moved = 0;

        cr_assert_eq(0, vm_homes_by_hand(&arena, before, now, journal, n, ret, &n_moved));
        return n_moved;
}

Test(vm_homes, a_vm_on_another_host_without_an_entry_of_ours_was_moved_by_hand) {
        const VmHomes none = { 0 }, before = seen(&none, 0, 0, NOW), now = seen(&before, 1, 0, NOW + 1);
        const VmMovedByHand *moved = NULL;

        cr_assert_eq(2, before.n, "c is not seen for sure");
        cr_assert(vm_homes_moved(&before, &now));
        cr_assert_eq(1, by_hand(&before, &now, NULL, 0, &moved));
        cr_assert_str_eq("a", moved[0].now->vm);
        cr_assert_str_eq("h1", moved[0].was->host);
        cr_assert_str_eq("h2", moved[0].now->host);
        cr_assert_eq(0, by_hand(&none, &now, NULL, 0, &moved),
                     "of what was never written down nothing is known");
}

/* However it ended: one that is open may have got there. One of long ago has not brought it there now. */
Test(vm_homes, what_our_journal_knows_is_ours) {
        const MoveOrder order = { .vm = "a", .from = "h1", .to = "h2" },
                        other = { .vm = "b", .from = "h1", .to = "h2" };
        const VmHomes none = { 0 }, before = seen(&none, 0, 0, NOW), now = seen(&before, 1, 0, NOW + 1);
        const JournalEntry ours[] = { { .event = JOURNAL_DONE, .order = &order, .at = NOW - USEC_PER_SEC } };
        const JournalEntry old[] = {
                { .event = JOURNAL_DONE, .order = &order, .at = NOW - VM_HOMES_LATE - 1 }
        };
        const JournalEntry others[] = { { .event = JOURNAL_DONE, .order = &other, .at = NOW } };
        const VmMovedByHand *moved = NULL;

        cr_expect_eq(0, by_hand(&before, &now, ours, 1, &moved));
        cr_expect_eq(1, by_hand(&before, &now, old, 1, &moved));
        cr_expect_eq(1, by_hand(&before, &now, others, 1, &moved));
}

/* We brought it to h1 from there, and somebody moved it back. */
Test(vm_homes, what_undoes_our_own_move_is_by_hand) {
        const MoveOrder there = { .vm = "a", .from = "h1", .to = "h2" },
                        back = { .vm = "a", .from = "h2", .to = "h1" },
                        elsewhere = { .vm = "a", .from = "h2", .to = "h3" };
        const VmHomes none = { 0 }, before = seen(&none, 0, 0, NOW), now = seen(&before, 1, 0, NOW + 1);
        const JournalEntry undone[] = {
                { .event = JOURNAL_DONE, .id = "2", .order = &back, .at = NOW - 1 },
                { .event = JOURNAL_INTENT, .id = "2", .order = &back, .at = NOW - 2 },
                { .event = JOURNAL_DONE, .id = "1", .order = &there, .at = NOW - 3 }
        };
        const JournalEntry stayed[] = {
                { .event = JOURNAL_FAILED, .id = "3", .order = &elsewhere, .at = NOW - 1 },
                { .event = JOURNAL_INTENT, .id = "3", .order = &elsewhere, .at = NOW - 2 },
                { .event = JOURNAL_DONE, .id = "1", .order = &there, .at = NOW - 3 }
        };
        const JournalEntry open[] = {
                { .event = JOURNAL_INTENT, .id = "3", .order = &elsewhere, .at = NOW - 1 },
                { .event = JOURNAL_DONE, .id = "1", .order = &there, .at = NOW - 3 }
        };
        const VmMovedByHand *moved = NULL;

        cr_expect_eq(1, by_hand(&before, &now, undone, 3, &moved));
        cr_expect_eq(0, by_hand(&before, &now, stayed, 3, &moved), "its next move left it where we put it");
        cr_expect_eq(0, by_hand(&before, &now, open, 2, &moved), "or has not begun");
}

/* Between two hosts' reports it is on none; and a host that falls silent has moved nothing. */
Test(vm_homes, one_that_is_seen_nowhere_keeps_its_host_for_a_while) {
        const Snapshot nobody = { .hosts = hosts, .n_hosts = 3 };
        const VmHomes none = { 0 }, before = seen(&none, 0, 0, NOW);
        VmHomes gone, back;
        const VmMovedByHand *moved = NULL;

        cr_assert_eq(0, vm_homes_now(&arena, &before, &nobody, NOW + 1, &gone));
        cr_assert_eq(2, gone.n);
        cr_assert_not(vm_homes_moved(&before, &gone));
        back = seen(&gone, 1, 0, NOW + 2);
        cr_assert_eq(1, by_hand(&gone, &back, NULL, 0, &moved));
        cr_assert_eq(0, vm_homes_now(&arena, &gone, &nobody, NOW + 1 + VM_HOMES_GONE, &back));
        cr_assert_eq(0, back.n, "it is gone for good");
        back = seen(&before, 2, 0, NOW + 2);
        cr_assert_not(vm_homes_moved(&before, &back), "old facts say nothing");
        cr_assert_str_eq("h1", back.at[0].host);
}

Test(vm_homes, are_kept_as_text) {
        const Snapshot nobody = { .hosts = hosts, .n_hosts = 3 };
        const VmHomes none = { 0 }, before = seen(&none, 0, 1, NOW);
        const char *text = NULL;
        VmHomes gone, read;
        size_t n = 0;

        cr_assert_eq(0, vm_homes_now(&arena, &before, &nobody, NOW + 1, &gone));
        cr_assert_eq(0, vm_homes_print(&arena, &gone, &text, &n));
        cr_assert_eq(0, vm_homes_parse(&arena, text, n, &read));
        cr_assert(vm_homes_same(&gone, &read));
        cr_assert_not(vm_homes_same(&before, &read));
        cr_assert_eq(NOW + 1, read.written_at);
        for (const char *const *bad =
                     (const char *const[]){
                             "", "{}", "[]",
                             "{\"schema\":\"plimsoll.homes/2\",\"at\":1,\"vms\":{},\"gone\":{}}",
                             "{\"schema\":\"plimsoll.homes/1\",\"at\":-1,\"vms\":{},\"gone\":{}}",
                             "{\"schema\":\"plimsoll.homes/1\",\"at\":1,\"vms\":{\"a\":1},\"gone\":{}}",
                             NULL };
             *bad; bad++)
                cr_expect_eq(-EBADMSG, vm_homes_parse(&arena, *bad, strlen(*bad), &read), "%s", *bad);
}
