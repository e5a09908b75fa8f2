/* SPDX-License-Identifier: Apache-2.0 */
/* Plans that wait for a person: asked once, answered by whom, carried out only while they hold. On a real
 * private Redis; the hosts' libvirt is where nobody listens, so that what is carried out fails and is seen.
 */
#include "scheduler/app/round/audit_store.h"
#include "scheduler/app/round/confirm_store.h"
#include "scheduler/app/state/host_mark.h"
#include "scheduler/snapshot/files/waiting_text.h"
#include "tests/integration/service_fixture.h"

TestSuite(confirm, .init = service_setup, .fini = service_teardown, .timeout = 60);

static Waiting only_one(void) {
        Waiting *list = NULL;
        uint32_t n = 0;

        cr_assert_eq(0, confirm_store_read(store, &arena, &list, &n));
        cr_assert_eq(1, n, "%u plans are there", n);
        cr_assert_not_null(list[0].file);
        return list[0];
}

static uint32_t asked(void) {
        Waiting *list = NULL;
        uint32_t n = 0;

        cr_assert_eq(0, confirm_store_read(store, &arena, &list, &n));
        return n;
}

static int answer(const char *id, bool yes, const char *by) {
        WaitingAnswer x = { .yes = yes, .by = by, .at = clock_now() };
        const char *text = NULL;
        size_t n = 0;

        cr_assert_eq(0, answer_text_print(&arena, &x, &text, &n));
        return store_put_answer(store, id, text, n);
}

/* The newest entry of the audit with this answer. */
static AuditEntry told(const char *word) {
        const AuditEntry *list = NULL;
        uint32_t n = 0;

        cr_assert_eq(0, audit_store_read(store, &arena, 0, &list, &n));
        for (uint32_t i = 0; i < n; i++)
                if (list[i].answer && strcmp(list[i].answer, word) == 0)
                        return list[i];
        cr_assert_fail("the audit has no answer %s among %u entries", word, n);
        return (AuditEntry){ 0 };
}

static void busy_h1(void) {
        report("h1", 4);
        report("h2", 0);
}

Test(confirm, a_plan_waits_and_nothing_is_moved) {
        JournalEntry entries[32];
        LiveState s;
        Waiting w;

        busy_h1();
        cr_assert_eq(EXIT_DONE, serve("confirm"));
        w = only_one();
        cr_assert_eq(WAITING_ASKED, w.plan.state);
        cr_assert_gt(w.file->n_moves, 0);
        cr_assert(w.plan.kinds & (SNAPSHOT_NO_LOAD | SNAPSHOT_NO_BALANCE));
        cr_assert_eq(0, journal(entries));
        s = live();
        cr_assert_str_eq("confirm", s.mode);
        cr_assert_eq(1, s.n_waiting);
        cr_assert_str_eq(w.plan.id, s.waiting[0].id);
        cr_assert_eq(w.plan.until, s.waiting[0].until);
        cr_assert_eq(1, records(), "the decision can be replayed");
        cr_assert_str_eq(w.plan.id, told("asked").waiting);
}

Test(confirm, the_same_is_not_asked_twice) {
        Waiting w;

        busy_h1();
        cr_assert_eq(EXIT_DONE, serve("confirm"));
        w = only_one();
        busy_h1();
        cr_assert_eq(EXIT_DONE, serve("confirm"));
        cr_assert_str_eq(w.plan.id, only_one().plan.id);
        cr_assert_eq(1, records());
}

Test(confirm, what_was_accepted_is_carried_out_at_once_and_once) {
        JournalEntry entries[32];
        int64_t before = 0, after = 0;
        AuditEntry e;
        Waiting w;
        uint32_t n;

        busy_h1();
        cr_assert_eq(EXIT_DONE, serve("confirm"));
        w = only_one();
        cr_assert_eq(0, store_get_calls(store, &before));
        cr_assert_eq(0, answer(w.plan.id, true, "root@ops1"));
        cr_assert_eq(0, store_get_calls(store, &after));
        cr_assert_gt(after, before, "the leader is called");
        cr_assert_eq(1, answer(w.plan.id, false, "root@ops2"), "the first answer counts");
        cr_assert_eq(EXIT_DONE, serve("confirm"));
        n = journal(entries);
        cr_assert_gt(n, 0);
        cr_assert_eq(JOURNAL_INTENT, entries[n - 1].event);
        cr_assert_str_eq(w.file->moves[0].from, entries[n - 1].order->from);
        e = told("yes");
        cr_assert_str_eq("root@ops1", e.by);
        cr_assert_str_eq(w.plan.id, e.waiting);
        cr_assert_gt(e.answered_at, 0);
        cr_assert_eq(w.file->n_moves, e.n_moves);
        cr_assert_str_eq(w.plan.record, e.record);
        cr_assert_eq(1, answer(w.plan.id, true, "root@ops1"), "it is gone");
}

Test(confirm, what_was_rejected_is_not_asked_again_for_a_while) {
        JournalEntry entries[32];

        busy_h1();
        cr_assert_eq(EXIT_DONE, serve("confirm"));
        cr_assert_eq(0, answer(only_one().plan.id, false, "root@ops1"));
        cr_assert_eq(EXIT_DONE, serve("confirm"));
        cr_assert_eq(WAITING_REJECTED, only_one().plan.state);
        cr_assert_str_eq("root@ops1", told("no").by);
        busy_h1();
        cr_assert_eq(EXIT_DONE, serve("confirm"));
        cr_assert_eq(WAITING_REJECTED, only_one().plan.state);
        cr_assert_eq(0, live().n_waiting);
        cr_assert_eq(0, journal(entries));
        cr_assert_eq(EXIT_DONE,
                     serve_with("confirm", (const char *const[]){ "--set=service.hold=0s",
                                                                  "--set=service.confirm_again=0s", NULL }),
                     "what was said before stands for as long as was said then");
        cr_assert_eq(WAITING_REJECTED, only_one().plan.state);
}

Test(confirm, what_nobody_answers_expires_and_is_asked_anew) {
        static const char *const soon[] = { "--set=service.hold=0s", "--set=service.confirm_for=1s", NULL };
        Waiting w;

        busy_h1();
        cr_assert_eq(EXIT_DONE, serve_with("confirm", soon));
        w = only_one();
        while (clock_now() < w.plan.until)
                clock_sleep(50 * USEC_PER_MSEC);
        busy_h1();
        cr_assert_eq(EXIT_DONE, serve_with("confirm", soon));
        cr_assert_str_eq(w.plan.id, told("expired").waiting);
        cr_assert_str_neq(w.plan.id, only_one().plan.id);
}

Test(confirm, what_holds_no_longer_is_dropped_even_if_it_was_accepted) {
        JournalEntry entries[32];
        AuditEntry e;

        busy_h1();
        cr_assert_eq(EXIT_DONE, serve("confirm"));
        cr_assert_eq(0, answer(only_one().plan.id, true, "root@ops1"));
        cr_assert_eq(0, store_set_mark(store, "h2", "maintenance"));
        cr_assert_eq(EXIT_DONE, serve("confirm"));
        e = told("dropped");
        cr_assert(strstr(e.by, "no longer safe"), "%s", e.by);
        cr_assert_eq(0, asked());
        cr_assert_eq(0, journal(entries));
}

Test(confirm, what_gains_nothing_any_more_is_dropped) {
        busy_h1();
        cr_assert_eq(EXIT_DONE, serve("confirm"));
        cr_assert_eq(0, answer(only_one().plan.id, true, "root@ops1"));
        report("h1", 4);
        report("h2", 0);
        cr_assert_eq(EXIT_DONE,
                     serve_with("confirm",
                                (const char *const[]){ "--set=service.hold=0s", "--set=load.headroom_cpu=0%",
                                                       "--set=load.headroom_memory=0%", "--set=balance.cpu=0",
                                                       "--set=balance.memory=0", NULL }));
        cr_assert(strstr(told("dropped").by, "no longer gains anything"), "%s", told("dropped").by);
}

Test(confirm, kinds_have_modes_of_their_own) {
        static const char *const some[] = { "--set=service.hold=0s", "--set=modes.maintenance=auto", NULL };
        JournalEntry entries[32];
        LiveState s;
        uint32_t n;

        report("h1", 2);
        report("h2", 0);
        cr_assert_eq(0, store_set_mark(store, "h1", "maintenance"));
        cr_assert_eq(EXIT_DONE, serve_with("confirm", some));
        n = journal(entries);
        cr_assert_gt(n, 0, "a host in maintenance is emptied without asking");
        cr_assert_eq(0, asked());
        s = live();
        cr_assert_eq(MODE_AUTO, s.modes.of[ACTION_KIND_MAINTENANCE]);
        cr_assert_eq(MODE_CONFIRM, s.modes.of[ACTION_KIND_LOAD]);
}

Test(confirm, advised_kinds_are_only_recorded) {
        static const char *const some[] = { "--set=service.hold=0s", "--set=modes.load=advise",
                                            "--set=modes.balance=advise", NULL };
        JournalEntry entries[32];

        busy_h1();
        cr_assert_eq(EXIT_DONE, serve_with("auto", some));
        cr_assert_gt(live().n_moves, 0, "%s", live().summary);
        cr_assert_eq(0, journal(entries));
        cr_assert_eq(0, asked());
        cr_assert_eq(1, records());
}

Test(confirm, a_more_pressing_plan_takes_the_place_of_one_that_waits) {
        Waiting first, second;

        busy_h1();
        cr_assert_eq(EXIT_DONE, serve("confirm"));
        first = only_one();
        cr_assert_eq(0, store_set_mark(store, "h1", "maintenance"));
        report("h1", 3);
        report("h2", 0);
        cr_assert_eq(EXIT_DONE, serve("confirm"));
        second = only_one();
        cr_assert_str_neq(first.plan.id, second.plan.id);
        cr_assert(second.plan.kinds & SNAPSHOT_NO_MAINTENANCE);
        cr_assert_str_eq(first.plan.id, told("dropped").waiting);
}

/* h1's one VM must leave it, by itself, and never gets away; h2 is above its load line. */
Test(confirm, an_auto_move_that_fails_each_round_keeps_nothing_from_being_asked) {
        static const char *const some[] = { "--set=service.hold=0s", "--set=modes.maintenance=auto", NULL };
        JournalEntry entries[32];
        Waiting w;

        report_vms("h1", 1, 1);
        report_vms("h2", 2, 4);
        report_vms("h3", 6, 0);
        cr_assert_eq(0, store_set_mark(store, "h1", "maintenance"));
        cr_assert_eq(EXIT_DONE, serve_with("confirm", some));
        cr_assert_gt(journal(entries), 0, "it was tried");
        cr_assert_str_eq("web1", entries[0].order->vm);
        w = only_one();
        cr_assert_gt(w.file->n_moves, 0);
        for (uint32_t i = 0; i < w.file->n_moves; i++)
                cr_assert_str_neq("web1", w.file->moves[i].vm, "nobody need be asked about that");
        cr_assert_not(w.plan.kinds & SNAPSHOT_NO_MAINTENANCE);
        cr_assert_eq(2, records(), "one of what failed, one of what is asked");
        cr_assert_eq(EXIT_DONE, serve_with("confirm", some));
        cr_assert_str_eq(w.plan.id, only_one().plan.id);
}

static void was_asked_long_ago(WaitingPlan plan) {
        char holder[64];
        uint64_t token = 0;
        const char *text = NULL;
        size_t n = 0;

        plan.made_at -= 3600 * USEC_PER_SEC;
        cr_assert_eq(0, waiting_text_print(&arena, &plan, &text, &n));
        cr_assert_eq(0, store_lease(store, "one", USEC_PER_SEC, &token, holder, sizeof(holder)));
        cr_assert_eq(0, store_put_waiting(store, token, plan.id, text, n));
        cr_assert_eq(0, store_release(store, "one"));
}

Test(confirm, a_plan_that_mends_more_takes_the_place_of_an_old_one_that_waits) {
        Waiting first;

        report_vms("h1", 1, 4);
        report_vms("h2", 5, 3);
        report_vms("h3", 9, 0);
        cr_assert_eq(EXIT_DONE, serve("confirm"));
        first = only_one();
        report_vms("h2", 5, 4); /* above its line by now, too */
        cr_assert_eq(EXIT_DONE, serve("confirm"));
        cr_assert_str_eq(first.plan.id, only_one().plan.id, "somebody may be reading it");
        was_asked_long_ago(first.plan);
        cr_assert_eq(EXIT_DONE, serve("confirm"));
        cr_assert_str_neq(first.plan.id, only_one().plan.id);
        cr_assert_str_eq(first.plan.id, told("dropped").waiting);
        cr_assert(strstr(told("dropped").by, "a plan that repairs more"), "%s", told("dropped").by);
        first = only_one();
        was_asked_long_ago(first.plan);
        cr_assert_eq(EXIT_DONE, serve("confirm"));
        cr_assert_str_eq(first.plan.id, only_one().plan.id, "what mends all stays");
}

Test(confirm, a_leader_that_was_replaced_asks_nobody) {
        char holder[64];
        uint64_t old = 0, token = 0;

        cr_assert_eq(0, store_lease(store, "one", USEC_PER_SEC, &old, holder, sizeof(holder)));
        cr_assert_eq(0, store_release(store, "one"));
        cr_assert_eq(0, store_lease(store, "two", USEC_PER_SEC, &token, holder, sizeof(holder)));
        cr_assert_eq(1, store_put_waiting(store, old, "abc", "{}", 2));
        cr_assert_eq(0, asked());
        cr_assert_eq(1, answer("abc", true, "root"), "nothing waits under that name");
}

Test(confirm, an_entry_that_cannot_be_read_is_removed) {
        char holder[64];
        uint64_t token = 0;

        cr_assert_eq(0, store_lease(store, "one", USEC_PER_SEC, &token, holder, sizeof(holder)));
        cr_assert_eq(0, store_put_waiting(store, token, "abc", "rubbish", 7));
        cr_assert_eq(0, store_release(store, "one"));
        report("h1", 0);
        report("h2", 0);
        cr_assert_eq(EXIT_DONE, serve("confirm"));
        cr_assert_eq(0, asked());
}
