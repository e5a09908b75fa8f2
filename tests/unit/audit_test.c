/* SPDX-License-Identifier: Apache-2.0 */
/* The audit: entries read back, errors are computed by their definition, and wrong predictions are noticed.
 */
#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>

#include "scheduler/model/audit.h"
#include "scheduler/snapshot/files/audit_text.h"

static unsigned char memory[1 << 20];
static Arena arena;

static void setup(void) {
        arena = arena_over(memory, sizeof(memory));
}

TestSuite(audit, .init = setup);

static RecordMove move(const char *end, int64_t predicted_ms, int64_t ms) {
        MoveOrder *order = arena_new(&arena, MoveOrder, 1);

        cr_assert_not_null(order);
        *order = (MoveOrder){ .vm = "a",
                              .from = "h1",
                              .to = "h2",
                              .predicted = { .ms = predicted_ms, .bytes = 100, .downtime_ms = 10 } };
        return (RecordMove){ .order = order,
                             .end = end,
                             .why = "",
                             .took = { .ms = ms, .bytes = 200, .downtime_ms = UNKNOWN } };
}

static RecordMove move_for(ActionKind kind, const char *end) {
        RecordMove m = move(end, 1000, 1000);

        ((MoveOrder *) (uintptr_t) m.order)->kind = action_kind_names[kind];
        return m;
}

Test(audit, moves_are_counted_by_what_they_were_made_for) {
        const RecordMove moves[] = { move_for(ACTION_KIND_LOAD, "done"), move_for(ACTION_KIND_LOAD, "failed"),
                                     move_for(ACTION_KIND_MANUAL, "unclear"),
                                     move_for(ACTION_KIND_EVACUATION, "refused"), move("done", 1000, 1000) };
        const AuditEntry e = { .id = "l/0",
                               .leader = "l",
                               .mode = "auto",
                               .status = "improved",
                               .moves = moves,
                               .n_moves = ARRAY_SIZE(moves) };
        const char *text = NULL;
        AuditEntry read = { 0 };
        TextFault f = { 0 };
        AuditSum sum = { 0 };
        size_t n = 0;

        cr_assert_eq(0, audit_text_print(&arena, &e, &text, &n));
        cr_assert_eq(0, audit_text_parse(&arena, text, n, &read, &f), "%s", f.what);
        cr_assert_eq(0, audit_sum(&arena, &read, 1, &sum));
        cr_assert_eq(5, sum.all.moves);
        cr_assert_eq(2, sum.of[ACTION_KIND_LOAD].moves);
        cr_assert_eq(1, sum.of[ACTION_KIND_LOAD].done);
        cr_assert_eq(1, sum.of[ACTION_KIND_LOAD].missed);
        cr_assert_eq(1, sum.of[ACTION_KIND_MANUAL].missed);
        cr_assert_eq(1, sum.of[ACTION_KIND_EVACUATION].moves);
        cr_assert_eq(0, sum.of[ACTION_KIND_EVACUATION].missed);
        cr_assert_eq(0, sum.of[ACTION_KIND_BALANCE].moves, "nobody said what the last one was made for");
        cr_assert_null(read.moves[4].order->kind);
}

Test(audit, an_entry_reads_back_as_it_was_and_its_later_part_joins_it) {
        const RecordMove moves[] = { move("done", 10, 12) };
        const HostLoad before[] = { { "h1", 960, 250 }, { "h2", 0, UNKNOWN } },
                       after[] = { { "h1", 470, 100 } };
        AuditEntry e = { .id = "l/1",
                         .at = 5,
                         .leader = "l",
                         .mode = "auto",
                         .record = "1-0",
                         .status = "improved",
                         .ms = 12,
                         .bytes = 200,
                         .moves = moves,
                         .n_moves = 1,
                         .before = before,
                         .n_before = 2 },
                   later = { .id = "l/1", .after = after, .n_after = 1 }, both[3];
        const AuditEntry *joined = NULL;
        const char *text = NULL;
        TextFault f = { 0 };
        uint32_t n = 0;
        size_t size = 0;

        cr_assert_eq(0, audit_text_print(&arena, &later, &text, &size));
        cr_assert_eq(0, audit_text_parse(&arena, text, size, &both[0], &f), "%s", f.what);
        cr_assert_eq(0, audit_text_print(&arena, &e, &text, &size));
        cr_assert_eq(0, audit_text_parse(&arena, text, size, &both[1], &f), "%s", f.what);
        both[2] = both[1];
        both[2].id = "l/0";
        cr_assert_eq(0, audit_text_join(&arena, both, 3, &joined, &n));
        cr_assert_eq(2, n);
        cr_assert_str_eq("improved", joined[0].status);
        cr_assert_str_eq("1-0", joined[0].record);
        cr_assert_null(joined[0].paused);
        cr_assert_eq(12, joined[0].moves[0].took.ms);
        cr_assert_eq(UNKNOWN, joined[0].moves[0].took.downtime_ms);
        cr_assert_eq(960, audit_load(joined[0].before, joined[0].n_before, "h1")->cpu_permille);
        cr_assert_eq(470, audit_load(joined[0].after, joined[0].n_after, "h1")->cpu_permille);
        cr_assert_null(audit_load(joined[0].after, joined[0].n_after, "h2"));
        cr_assert_eq(0, joined[1].n_after, "another decision is not looked at by it");
}

Test(audit, what_is_no_entry_is_refused_in_words) {
        static const char *const texts[] = {
                "", "{}", "{\"schema\": \"plimsoll.audit-entry/1\"}",
                "{\"schema\": \"plimsoll.audit-entry/1\", \"id\": \"x\"}",
                "{\"schema\": \"plimsoll.audit-entry/1\", \"id\": \"x\", \"after\": [{}]}"
        };

        for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
                AuditEntry e;
                TextFault f = { 0 };

                cr_assert_eq(-EBADMSG, audit_text_parse(&arena, texts[i], strlen(texts[i]), &e, &f), "%s",
                             texts[i]);
                cr_assert_neq('\0', f.what[0]);
        }
}

Test(audit, errors_are_the_median_and_what_nine_of_ten_stay_within) {
        RecordMove moves[12];
        AuditEntry e = { .status = "improved", .moves = moves, .n_moves = 12 };
        AuditSum sum = { 0 };

        for (int i = 0; i < 10; i++) /* off by 1, 2, … 10 percent, all too short */
                moves[i] = move("done", 1000 - 10 * (i + 1), 1000);
        moves[10] = move("failed", 1, 1000);
        moves[11] = move("refused", 1, UNKNOWN);
        cr_assert_eq(0, audit_sum(&arena, &e, 1, &sum));
        cr_assert_eq(12, sum.all.moves);
        cr_assert_eq(10, sum.all.done);
        cr_assert_eq(1, sum.all.missed);
        for (int k = 0; k < ACTION_KINDS_NAMED; k++)
                cr_assert_eq(0, sum.of[k].moves, "nobody said what they were made for");
        cr_assert_eq(10, sum.error[AUDIT_MS].n);
        cr_assert_eq(50, sum.error[AUDIT_MS].median);
        cr_assert_eq(90, sum.error[AUDIT_MS].p90);
        cr_assert_lt(sum.error[AUDIT_MS].bias, 0);
        cr_assert_eq(500, sum.error[AUDIT_BYTES].median, "half of what was sent was predicted");
        cr_assert_eq(0, sum.error[AUDIT_DOWNTIME].n);
        cr_assert_eq(UNKNOWN, sum.error[AUDIT_DOWNTIME].median);
}

static const char *wrong(const RecordMove *moves, uint32_t n, AuditBound b) {
        AuditEntry e = { .status = "improved", .at = 100, .moves = moves, .n_moves = n };
        AuditPause pause = { .why = "not asked" };

        cr_assert_eq(0, audit_wrong(&arena, &e, 1, b, &pause));
        cr_assert_eq(pause.since, pause.why ? 100 : 0);
        return pause.why;
}

Test(audit, predictions_that_were_too_wrong_are_noticed_and_said) {
        const AuditBound bound = {
                .moves = 4, .factor_permille = 3000, .missed_permille = 300, .least_ms = 1000
        };
        RecordMove moves[6];
        AuditBound other = bound;
        const char *why;

        for (int i = 0; i < 6; i++)
                moves[i] = move("done", 10000, 41000);
        why = wrong(moves, 6, bound);
        cr_assert_not_null(why);
        cr_assert_not_null(strstr(why, "the last 4 moves took, in the median, 4.1 times"), "%s", why);
        cr_assert_null(wrong(moves, 3, bound), "three moves are no ground");
        other.since = 100;
        cr_assert_null(wrong(moves, 6, other), "it was acknowledged");
        other = bound;
        other.factor_permille = 5000;
        cr_assert_null(wrong(moves, 6, other));
        other = bound;
        other.moves = 0;
        cr_assert_null(wrong(moves, 6, other), "it is off");
        for (int i = 0; i < 6; i++)
                moves[i] = move("done", 100, 900);
        cr_assert_null(wrong(moves, 6, bound), "less than a second is noise");
        for (int i = 0; i < 6; i++)
                moves[i] = move("done", 40000, 8000);
        cr_assert_not_null(wrong(moves, 6, bound), "too long is wrong, too");
        for (int i = 3; i < 6; i++) /* the newest are the last */
                moves[i] = move("done", 8000, 8000);
        cr_assert_null(wrong(moves, 6, bound), "they are right again");
}

Test(audit, moves_that_fail_are_noticed_and_those_that_were_told_to_stop_are_none) {
        const AuditBound bound = { .moves = 4, .factor_permille = 3000, .missed_permille = 300 };
        RecordMove moves[] = { move("done", 10, 10),         move("failed", 10, 5), move("aborted", 10, 5),
                               move("refused", 10, UNKNOWN), move("done", 10, 10),  move("unclear", 10, 5) };
        MoveOrder other = { .vm = "b", .from = "h1", .to = "h3" };
        const char *why;

        moves[5].order = &other;
        why = wrong(moves, 6, bound);
        cr_assert_not_null(why);
        cr_assert_str_eq("2 of the last 4 moves failed, of different VMs and targets", why);
        moves[1].end = "done";
        cr_assert_null(wrong(moves, 6, bound));
}

/* "a2 …": of VM a to host h2, that failed; "+b3": that was done. Oldest first, a decision each: the first at 1. */
static AuditPause pause_of(const char *text, uint32_t moves) {
        const AuditBound bound = { .moves = moves, .factor_permille = 3000, .missed_permille = 300 };
        AuditEntry *entries = arena_new(&arena, AuditEntry, strlen(text));
        RecordMove *list = arena_new(&arena, RecordMove, strlen(text));
        AuditPause pause = { 0 };
        uint32_t n = 0;

        for (const char *at = text; *at; at++)
                n += *at >= '0' && *at <= '9';
        for (uint32_t i = 0; i < n; i++) {
                const bool done = *text == '+';
                MoveOrder *order = arena_new(&arena, MoveOrder, 1);

                text += done;
                *order = (MoveOrder){ .vm = text_copy(&arena, text, 1),
                                      .from = "h1",
                                      .to = text_copy(&arena, text + 1, 1) };
                list[i] =
                        (RecordMove){ .order = order, .end = done ? "done" : "failed", .took = { .ms = 10 } };
                entries[n - 1 - i] = (AuditEntry){ .at = i + 1, .moves = &list[i], .n_moves = 1 };
                text += 2 + (text[2] == ' ');
        }
        cr_assert_eq(0, audit_wrong(&arena, entries, n, bound, &pause));
        return pause;
}

Test(audit, a_vm_that_fails_again_and_again_is_one_fact) {
        cr_assert_null(pause_of("+b2 +c3 +d2 a2 a3 a4 a2 a3 a4 a2 a3 a4", 4).why, "one of four");
        cr_assert_not_null(pause_of("+b2 +c3 +d2 a2 e3", 4).why, "two of four");
        cr_assert_null(pause_of("a2 a3 a4 a2 a3 a4 a2 a3 a4", 4).why, "of one move nothing is known");
}

Test(audit, a_target_that_refuses_one_after_the_other_is_one_fact) {
        cr_assert_null(pause_of("+b2 +c3 +d2 +e3 a4 f4 g4 i4 j4 k4", 4).why);
        cr_assert_not_null(pause_of("+b2 +c3 a4 +d4 f4", 4).why, "it took one between: it is not the target");
}

Test(audit, a_pause_says_since_which_decision) {
        AuditPause pause = pause_of("+a2 +b2 +c2 +d2 e2 f3 +g2", 4);

        cr_assert_str_eq(pause.why, "2 of the last 4 moves failed, of different VMs and targets");
        cr_assert_eq(pause.since, 6, "with f3");
        cr_assert_null(pause_of("+a2 +b2 +c2 +d2 e2 f3 +g2 +i2 +j2", 4).why, "it went well again");
}
