/* SPDX-License-Identifier: Apache-2.0 */
/* The service, a round at a time, on a real private Redis: what it leads, says, keeps and refuses. */
#include <string.h>

#include "scheduler/app/facts/source.h"
#include "scheduler/app/round/audit_store.h"
#include "scheduler/app/round/cool_downs.h"
#include "scheduler/app/round/round_record.h"
#include "scheduler/app/round/round_store.h"
#include "scheduler/app/state/host_mark.h"
#include "scheduler/app/text/plan_difference.h"
#include "scheduler/snapshot/files/audit_text.h"
#include "scheduler/snapshot/files/plan_file.h"
#include "scheduler/snapshot/files/record_file.h"
#include "scheduler/snapshot/wire/history_text.h"
#include "tests/integration/service_fixture.h"

TestSuite(service, .init = service_setup, .fini = service_teardown, .timeout = 60);

Test(service, advice_is_kept_and_shown_and_nothing_is_moved) {
        JournalEntry entries[32];
        LiveState s;

        report("h1", 4);
        report("h2", 0);
        cr_assert_eq(EXIT_DONE, serve("advise"));
        s = live();
        cr_assert_str_eq("advise", s.mode);
        cr_assert_gt(s.n_moves, 0, "%s", s.summary);
        cr_assert_eq(MIGRATION_QUEUED, s.moves[0].status.phase);
        cr_assert_eq(1, records());
        cr_assert_eq(0, journal(entries));
}

Test(service, a_balanced_cluster_is_said_to_be_balanced) {
        report("h1", 0);
        report("h2", 0);
        cr_assert_eq(EXIT_DONE, serve("advise"));
        cr_assert_str_eq("balanced", live().plan_status);
        cr_assert_eq(1, records());
}

Test(service, a_move_that_cannot_start_is_written_down_from_intent_to_failure) {
        JournalEntry entries[32];
        const JournalEntry *open;
        uint32_t n, n_open;

        report("h1", 4);
        report("h2", 0);
        cr_assert_eq(EXIT_DONE, serve("auto"));
        n = journal(entries);
        cr_assert_geq(n, 2);
        cr_assert_eq(JOURNAL_INTENT, entries[n - 1].event, "the first thing written is the intent");
        cr_assert_str_eq("h1", entries[n - 1].order->from);
        cr_assert_eq(JOURNAL_FAILED, entries[0].event);
        cr_assert(strstr(entries[0].message, "not started"), "%s", entries[0].message);
        cr_assert_eq(0, journal_open_ones(&arena, entries, n, &open, &n_open));
        cr_assert_eq(0, n_open);
        cr_assert_eq(1, records());
}

Test(service, an_imbalance_seen_for_the_first_time_is_held) {
        JournalEntry entries[32];

        report("h1", 4);
        report("h2", 0);
        cr_assert_eq(EXIT_DONE, serve_with("auto", (const char *const[]){ "--set=service.hold=1m", NULL }));
        cr_assert_gt(live().n_moves, 0, "it is planned");
        cr_assert_eq(0, journal(entries), "and not begun");
}

/* As a leader that died in the middle leaves it. */
static void leave_open(const char *vm, const char *uuid) {
        const MoveOrder order = { .vm = vm,
                                  .uuid = uuid,
                                  .from = "h1",
                                  .to = "h2",
                                  .from_uri = "qemu+tcp://127.0.0.1:1/system",
                                  .to_uri = "qemu+tcp://127.0.0.1:2/system" };
        JournalEntry e = { .event = JOURNAL_STARTED,
                           .id = "dead/1/0",
                           .order = &order,
                           .at = clock_now(),
                           .took = MOVE_NOT_MEASURED };
        char holder[64];
        uint64_t token;
        const char *text;
        size_t n;

        cr_assert_eq(0, store_lease(store, "dead", USEC_PER_SEC, &token, holder, sizeof(holder)));
        cr_assert_eq(0, journal_print(&arena, &e, &text, &n));
        cr_assert_eq(0, store_journal(store, token, text, n));
        cr_assert_eq(0, store_release(store, "dead"));
}

Test(service, a_vm_whose_last_move_is_not_settled_is_not_moved) {
        JournalEntry entries[32];
        LiveState s;

        report("h1", 4);
        report("h2", 0);
        leave_open("web1", "11111111-1111-4111-8111-111111111111");
        cr_assert_eq(EXIT_DONE, serve("advise"));
        s = live();
        cr_assert_gt(s.n_moves, 0);
        for (uint32_t i = 0; i < s.n_moves; i++)
                cr_assert_str_neq("web1", s.moves[i].order->vm);
        cr_assert_eq(1, journal(entries), "both hosts are away: it stays open, and nothing is made up");
}

/* The first n of web1 … web4 were moved just now: by the service, or by `hand`. */
static void cool_down_first(int n_vms, const char *hand) {
        const CoolLength length = { 600 * USEC_PER_SEC, 600 * USEC_PER_SEC };
        static const char *const names[] = { "web1", "web2", "web3", "web4" };
        const CoolDown *list = NULL;
        const char *text;
        uint32_t n = 0;
        size_t size;

        for (int i = 0; i < n_vms; i++)
                cr_assert_eq(0, cool_downs_moved(&arena, list, n, (VmMoved){ names[i], clock_now(), hand },
                                                 length, &list, &n));
        cr_assert_eq(0, cool_downs_print(&arena, list, n, clock_now(), &text, &size));
        cr_assert_eq(0, store_put_state(store, COOL_DOWNS_NAME, text, size, 0));
}

/* A cool-down holds balance, and nothing else: with four VMs h1 is above its load line, with three it is only fuller than h2. */
Test(service, a_vm_that_was_moved_lately_is_not_moved_for_balance_again) {
        LiveState s;

        report("h2", 0);
        report("h1", 3);
        cr_assert_eq(EXIT_DONE, serve("advise"));
        cr_assert_gt(live().n_moves, 0, "balance would move one");
        cool_down_first(3, NULL);
        cr_assert_eq(EXIT_DONE, serve("advise"));
        s = live();
        cr_assert_eq(0, s.n_moves, "%s", s.summary);
        report("h1", 4);
        cool_down_first(4, NULL);
        cr_assert_eq(EXIT_DONE, serve("advise"));
        s = live();
        cr_assert_gt(s.n_moves, 0, "relief does not wait: %s", s.summary);
        cr_assert_str_neq(s.moves[0].order->kind, action_kind_names[ACTION_KIND_BALANCE]);
}

/* The cool-down of web4; `over`: its time is past from now on. */
static CoolDown cool_down_of_web4(bool over) {
        const CoolDown *list = NULL;
        CoolDown *copy, ret = { 0 };
        const char *text;
        uint32_t n = 0;
        size_t size;

        cr_assert_eq(0, store_get_state(store, &arena, COOL_DOWNS_NAME, &text, &size));
        cr_assert_eq(0, cool_downs_parse(&arena, text, size, &list, &n));
        copy = arena_new(&arena, CoolDown, n);
        memcpy(copy, list, sizeof(*copy) * n);
        for (uint32_t i = 0; i < n; i++)
                if (strcmp(copy[i].vm, "web4") == 0) {
                        copy[i].until = over ? clock_now() - 1 : copy[i].until;
                        ret = copy[i];
                }
        cr_assert_eq(0, cool_downs_print(&arena, copy, n, clock_now(), &text, &size));
        cr_assert_eq(0, store_put_state(store, COOL_DOWNS_NAME, text, size, 0));
        return ret;
}

/* With virsh, say: the host of web4 is another one, and no journal entry of ours says so. h1 is far above its load line
 * then, and only web4 may be moved: it stays for service.cool_down, and leaves at once where h1 is to be emptied. */
Test(service, a_vm_that_an_operator_moved_stays_where_it_was_put) {
        const OperatorMark mark = { .state = HOST_MAINTENANCE, .by = "t", .at = clock_now() };
        const char *text;
        CoolDown c;
        LiveState s;

        report("h1", 3);
        report_vms("h2", 4, 1);
        cr_assert_eq(EXIT_DONE, serve("advise"));
        cool_down_first(3, "t");
        report("h1", 4);
        report("h2", 0);
        cr_assert_eq(EXIT_DONE, serve("advise"));
        s = live();
        cr_assert_eq(0, s.n_moves, "web4 is not moved back: %s", s.summary);
        c = cool_down_of_web4(false);
        cr_assert_str_eq("somebody outside Plimsoll", c.by);
        cr_assert_gt(c.until, clock_now());
        cr_assert_eq(EXIT_DONE, serve("advise"), "another life of the service");
        cr_assert_eq(0, live().n_moves);

        (void) cool_down_of_web4(true);
        cr_assert_eq(EXIT_DONE, serve("advise"));
        s = live();
        cr_assert_eq(1, s.n_moves, "its time is over: %s", s.summary);
        cr_assert_str_eq("web4", s.moves[0].order->vm);

        report("h1", 3);
        report_vms("h2", 4, 1);
        cr_assert_eq(EXIT_DONE, serve("advise"), "somebody moves it back");
        report("h1", 4);
        report("h2", 0);
        cr_assert_eq(EXIT_DONE, serve("advise"), "and there again");
        cr_assert_eq(0, live().n_moves, "%s", live().summary);
        cr_assert_eq(0, host_mark_print(&arena, &mark, &text));
        cr_assert_eq(0, store_set_mark(store, "h1", text));
        cr_assert_eq(EXIT_DONE, serve("advise"));
        cr_assert_eq(4, live().n_moves, "a host to be emptied is: %s", live().summary);
}

static const Snapshot *read_as_everyone(void) {
        const Snapshot *s = NULL;
        const char *file;
        Settings *settings;
        Source *source;
        TextFault f;

        cr_assert_eq(0, app_settings_load(&arena, NULL, &settings, &file, &f), "%s", f.what);
        cr_assert_eq(0, source_open_store(store, "t", &source));
        cr_assert_eq(0, source_read(source, &arena, settings, &s, &f), "%s", f.what);
        source_free(source);
        return s;
}

Test(service, what_vms_need_is_estimated_from_history_that_outlives_the_leader) {
        const VmHistory *list = NULL;
        const Snapshot *s;
        const char *text;
        usec_t step;
        uint32_t n = 0;
        TextFault f;
        size_t size;

        report("h1", 4);
        report("h2", 0);
        cr_assert_null(read_as_everyone()->demand_by, "no leader has been there");
        cr_assert_eq(EXIT_DONE, serve("advise"));
        s = read_as_everyone();
        cr_assert(s->demand_by && strstr(s->demand_by, "mean"), "%s", s->demand_by);
        cr_assert_eq(900, s->vms[0].cpu_mcores);
        cr_assert_eq(900, vm_measured(&s->vms[0]).cpu_mcores);
        report("h1", 4);
        cr_assert_eq(EXIT_DONE, serve("advise"), "another life of the service");
        cr_assert_eq(0, store_get_state(store, &arena, "history", &text, &size));
        cr_assert_eq(0, history_parse(&arena, text, size, &step, &list, &n, &f), "%s", f.what);
        cr_assert_eq(4, n);
        cr_assert_str_eq("web1", list[0].name);
        cr_assert_eq(2, list[0].series[HISTORY_CPU].readings, "it went on where the first had ended");
}

Test(service, a_history_that_cannot_be_read_begins_anew_and_the_round_is_made) {
        const char *text;
        size_t n;

        report("h1", 4);
        report("h2", 0);
        cr_assert_eq(0, store_put_state(store, "history", "rubbish", 7, 0));
        cr_assert_eq(0, store_put_state(store, "demand", "rubbish", 7, 0));
        cr_assert_eq(EXIT_DONE, serve("advise"));
        cr_assert_gt(live().n_moves, 0);
        cr_assert_eq(0, store_get_state(store, &arena, "history", &text, &n));
        cr_assert(strstr(text, "web4"));
}

Test(service, who_does_not_lead_does_nothing) {
        char holder[64];
        uint64_t token;
        const char *text;
        size_t n;

        report("h1", 4);
        report("h2", 0);
        cr_assert_eq(0, store_lease(store, "other", 60 * USEC_PER_SEC, &token, holder, sizeof(holder)));
        cr_assert_eq(EXIT_BLOCKED, serve("auto"));
        cr_assert_eq(1, store_get_state(store, &arena, LIVE_STATE_NAME, &text, &n));
        cr_assert_eq(0, records());
}

Test(service, without_any_report_the_round_fails_and_says_so) {
        cr_assert_eq(EXIT_FAILED, serve("auto"));
        cr_assert(strstr(live().summary, "no host has reported"), "%s", live().summary);
}

Test(service, without_redis_it_fails_in_seconds) {
        server_kill();
        cr_assert_eq(EXIT_FAILED, serve("auto"));
}

static const Record *last_record(void) {
        const Record *r = NULL;
        StoredText text = { 0 };
        TextFault f = { 0 };

        cr_assert_eq(0, store_get_record(store, &arena, "last", &text), "%s", store_error(store));
        cr_assert_eq(0, record_file_parse(&arena, text.text, text.n, &r, &f), "%s: %s", f.field, f.what);
        return r;
}

Test(service, a_round_is_decided_again_from_its_record_byte_for_byte) {
        const PlanDifference *list = NULL;
        const Settings *settings = NULL;
        const char *plan = NULL;
        uint32_t n = 0, all = 1;
        TextFault f = { 0 };
        const Record *r;
        size_t size = 0;
        Round round;

        report("h1", 4);
        report("h2", 0);
        cr_assert_eq(EXIT_DONE, serve("advise"));
        report("h1", 4);
        cr_assert_eq(EXIT_DONE, serve("advise"));
        r = last_record();
        cr_assert_not_null(r->facts->demand_by, "what was estimated is in it");
        cr_assert_eq(0, round_record_settings(&arena, r, &settings, &f), "%s", f.what);
        cr_assert_eq(0, round_replay(&arena, r, settings, &workers_none, &round));
        cr_assert_gt(round.plan->n_moves, 0);
        cr_assert_eq(0, plan_file_print(&arena, round.snapshot, round.plan, &plan, &size));
        cr_assert_eq(0, plan_difference(&arena, r->plan, plan, 4, &list, &n, &all));
        cr_assert_eq(0, all, "%s: %s, %s", n ? list[0].path : "", n ? list[0].was : "", n ? list[0].is : "");
}

static const AuditEntry *audit(uint32_t *ret_n) {
        const AuditEntry *list = NULL;

        cr_assert_eq(0, audit_store_read(store, &arena, 0, &list, ret_n));
        return list;
}

Test(service, what_came_of_a_decision_is_in_the_audit_and_its_hosts_are_looked_at_later) {
        const AuditEntry *list;
        uint32_t n;

        report("h1", 4);
        report("h2", 0);
        cr_assert_eq(EXIT_DONE, serve("auto")); /* nobody answers there: nothing can be moved */
        list = audit(&n);
        cr_assert_eq(1, n);
        cr_assert_gt(list[0].n_moves, 0);
        cr_assert_str_neq("done", list[0].moves[0].end);
        cr_assert_neq('\0', list[0].moves[0].why[0]);
        cr_assert_gt(list[0].moves[0].order->predicted.ms, 0);
        cr_assert_not_null(list[0].record);
        cr_assert_eq(0, list[0].n_after);
        report("h1", 4);
        report("h2", 0);
        cr_assert_eq(EXIT_DONE, serve("advise"));
        list = audit(&n);
        cr_assert_geq(n, 1);
        if (list[n - 1].ms != UNKNOWN)
                cr_assert_gt(list[n - 1].n_after, 0, "it was carried out, so its hosts were looked at");
}

/* `n` ≤ 40 moves that took ten times as long as predicted, or failed, as a leader would have kept them. `same`: all of one
 * VM. */
static void bad_moves(uint32_t n, const char *end, bool same) {
        static MoveOrder orders[40];
        RecordMove moves[40];
        AuditEntry e = { .id = "x",
                         .at = clock_now(),
                         .leader = "x",
                         .mode = "auto",
                         .status = "improved",
                         .moves = moves,
                         .n_moves = n };
        const char *text = NULL;
        uint64_t token = 0;
        char holder[64];
        size_t size = 0;

        for (uint32_t i = 0; i < n; i++) {
                orders[i] = (MoveOrder){ .vm = same ? "web1" : text_format(&arena, "vm%u", i),
                                         .from = "h1",
                                         .to = text_format(&arena, "host%u", i),
                                         .predicted = { .ms = 10000 } };
                moves[i] =
                        (RecordMove){ .order = &orders[i], .end = end, .why = "", .took = { .ms = 100000 } };
        }
        cr_assert_eq(0, audit_text_print(&arena, &e, &text, &size));
        cr_assert_eq(0, store_lease(store, "x", 60 * USEC_PER_SEC, &token, holder, sizeof(holder)));
        cr_assert_eq(0, store_put_audit(store, token, text, size, 86400 * USEC_PER_SEC));
        cr_assert_eq(1, store_put_audit(store, token - 1, text, size, USEC_PER_SEC), "a stale leader");
        cr_assert_eq(0, store_release(store, "x"));
}

Test(service, balance_pauses_when_predictions_were_too_wrong_until_somebody_acknowledges_it) {
        LiveState s;

        report("h1", 4);
        report("h2", 0);
        bad_moves(20, "done", true);
        cr_assert_eq(EXIT_DONE, serve("advise"));
        s = live();
        cr_assert_eq(0, s.n_moves);
        cr_assert(s.paused && strstr(s.paused, "the last 20 moves took"), "%s", s.paused);
        cr_assert_str_eq(s.paused, last_record()->paused);
        cr_assert_eq(0, audit_store_acknowledge(store, "ann@ops"));
        cr_assert_eq(EXIT_DONE, serve("advise"));
        s = live();
        cr_assert_null(s.paused);
        cr_assert_gt(s.n_moves, 0);
}

static void put_in_maintenance(const char *host) {
        const OperatorMark mark = { .state = HOST_MAINTENANCE, .by = "t", .at = clock_now() };
        const char *text = NULL;

        cr_assert_eq(0, host_mark_print(&arena, &mark, &text));
        cr_assert_eq(0, store_change_mark(store, host, "", text));
}

Test(service, failed_moves_pause_balance_and_never_an_evacuation) {
        const usec_t before = clock_now();
        LiveState s;

        report("h1", 4);
        report("h2", 0);
        bad_moves(20, "failed", false);
        cr_assert_eq(EXIT_DONE, serve("advise"));
        s = live();
        cr_assert(s.paused && strstr(s.paused, "20 of the last 20 moves failed"), "%s", s.paused);
        cr_assert_geq(s.paused_since, before);
        cr_assert_leq(s.paused_since, clock_now());
        cr_assert_eq(0, s.n_moves);
        put_in_maintenance("h1");
        cr_assert_eq(EXIT_DONE, serve("advise"));
        s = live();
        cr_assert(s.paused);
        cr_assert_eq(4, s.n_moves, "all of h1 leave: %s", s.summary);
}

Test(service, one_vm_that_fails_twenty_times_pauses_nothing) {
        report("h1", 4);
        report("h2", 0);
        bad_moves(40, "failed", true);
        cr_assert_eq(EXIT_DONE, serve("advise"));
        cr_assert_null(live().paused);
        cr_assert_gt(live().n_moves, 0);
}
