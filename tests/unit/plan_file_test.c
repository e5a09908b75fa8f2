/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>

#include "scheduler/snapshot/files/plan_file.h"
#include "tests/random_cluster.h"

static Arena arena;

static void arena_for_test(void) {
        cr_assert_eq(0, arena_open((size_t) 64 << 20, &arena));
}

TestSuite(plan_file, .init = arena_for_test);

static const PlanFile *parsed(const char *text) {
        const PlanFile *p = NULL;
        TextFault fault = { 0 };

        cr_assert_eq(0, plan_file_parse(&arena, text, strlen(text), &p, &fault), "line %u: %s %s", fault.line,
                     fault.field, fault.what);
        return p;
}

#define HEAD "{\"schema\": \"plimsoll.plan/1\", \"cluster\": \"c\", \"status\": \"improved\", "

static void is_refused(const char *text, const char *field, const char *says) {
        const PlanFile *p = NULL;
        TextFault fault = { 0 };

        cr_assert_eq(-EBADMSG, plan_file_parse(&arena, text, strlen(text), &p, &fault), "%s", text);
        cr_assert(strstr(fault.field, field), "%s: field %s, not %s", text, fault.field, field);
        cr_assert(strstr(fault.what, says), "%s: '%s' does not say '%s'", text, fault.what, says);
        cr_assert_null(p);
}

Test(plan_file, what_is_printed_reads_back_the_same) {
        for (uint64_t seed = 1; seed <= 200; seed++) {
                ArenaMark mark = arena_mark(&arena);
                const Snapshot *s = random_cluster(&arena, seed, false);
                const Plan *plan = NULL;
                const PlanFile *file;
                const char *text;
                size_t n;

                cr_assert_eq(0, planner_plan(&arena, s, default_settings(&arena), policies_all(),
                                             PLAN_REQUEST_DEFAULT, &plan));
                cr_assert_eq(0, plan_file_print(&arena, s, plan, &text, &n));
                cr_assert_eq(n, strlen(text));
                file = parsed(text);
                cr_assert_str_eq(file->cluster, s->cluster);
                cr_assert_eq(file->status, plan->status);
                cr_assert_eq(file->n_moves, plan->n_moves);
                cr_assert_eq(file->n_waves, plan->n_waves);
                for (uint32_t i = 0; i < plan->n_moves; i++) {
                        cr_assert_str_eq(file->moves[i].vm, s->vms[plan->moves[i].move.vm].name);
                        cr_assert_str_eq(file->moves[i].from, s->hosts[plan->moves[i].move.from].name);
                        cr_assert_str_eq(file->moves[i].to, s->hosts[plan->moves[i].move.to].name);
                        cr_assert_eq(file->moves[i].wave, plan->moves[i].wave);
                        cr_assert_str_eq(file->moves[i].kind, action_kind_names[plan->moves[i].kind]);
                        cr_assert_str_eq(file->moves[i].why, plan->moves[i].why);
                        cr_assert_eq(0, memcmp(&file->moves[i].predicted, &plan->moves[i].predicted,
                                               sizeof(Prediction)));
                }
                arena_rewind(&arena, mark);
        }
}

Test(plan_file, how_a_move_is_made_is_printed_and_reads_back_the_same) {
        const Snapshot *s = random_cluster(&arena, 7, false);
        const Plan *planned = NULL;
        PlanMove move = { .move.from = 0,
                          .move.to = 1,
                          .why = "since",
                          .manner = { .strategy = STRATEGY_MULTIFD,
                                      .reason = "the link is fast",
                                      .bandwidth_kbit = 9400123,
                                      .channels = 4,
                                      .compress = true,
                                      .slow_down = SLOW_DOWN_NEVER,
                                      .deadline_ms = 61500,
                                      .at_deadline = DEADLINE_POST_COPY,
                                      .downtime_limit_ms = 150,
                                      .downtime_limit_ms_most = 1000 } };
        const MoveManner *read;
        const char *text;
        Plan plan;
        size_t n;

        cr_assert_eq(0, planner_plan(&arena, s, default_settings(&arena), policies_all(),
                                     PLAN_REQUEST_DEFAULT, &planned));
        plan = *planned;
        plan.moves = &move;
        plan.n_moves = plan.n_waves = 1;
        cr_assert_eq(0, plan_file_print(&arena, s, &plan, &text, &n));
        read = &parsed(text)->moves[0].manner;
        cr_assert_eq(read->strategy, STRATEGY_MULTIFD);
        cr_assert_str_eq(read->reason, "the link is fast");
        cr_assert_eq(read->bandwidth_kbit, 9400123);
        cr_assert_eq(read->channels, 4);
        cr_assert(read->compress);
        cr_assert_eq(read->slow_down, SLOW_DOWN_NEVER);
        cr_assert_eq(read->deadline_ms, 61500);
        cr_assert_eq(read->at_deadline, DEADLINE_POST_COPY);
        cr_assert_eq(read->downtime_limit_ms, 150);
        cr_assert_eq(read->downtime_limit_ms_most, 1000);
}

Test(plan_file, names_with_quotes_and_other_scripts_survive) {
        const PlanFile *p = parsed(
                HEAD "\"moves\": [{\"vm\": \"a\\\"\\u00e9\\\\\", \"from\": \"h 1\", \"to\": \"\xc3\xbc\", "
                     "\"wave\": 2}]}");

        cr_assert_str_eq(p->moves[0].vm, "a\"\xc3\xa9\\");
        cr_assert_str_eq(p->moves[0].to, "\xc3\xbc");
        cr_assert_str_eq(p->moves[0].why, "");
        cr_assert_eq(p->n_waves, 1);
}

static const char *plan_in_waves(const char *first, const char *second, const char *third) {
        return text_format(&arena,
                           HEAD "\"moves\": [{\"vm\": \"a\", \"from\": \"h1\", \"to\": \"h2\", \"wave\": %s},"
                                "{\"vm\": \"b\", \"from\": \"h1\", \"to\": \"h2\", \"wave\": %s},"
                                "{\"vm\": \"c\", \"from\": \"h1\", \"to\": \"h2\", \"wave\": %s}]}",
                           first, second, third);
}

Test(plan_file, waves_are_an_order_whatever_the_first_ones_number) {
        static const char *const numbers[][3] = {
                { "0", "1", "1" }, { "1", "2", "2" }, { "7", "900", "900" }, { "0", "2", "2" }
        };

        for (size_t i = 0; i < ARRAY_SIZE(numbers); i++) {
                const PlanFile *p = parsed(plan_in_waves(numbers[i][0], numbers[i][1], numbers[i][2]));

                cr_assert_eq(p->n_waves, 2);
                cr_assert(p->moves[0].wave == 0 && p->moves[1].wave == 1 && p->moves[2].wave == 1);
        }
        cr_assert_eq(parsed(plan_in_waves("3", "1", "2"))->moves[0].wave, 2);
}

Test(plan_file, names_and_units_of_before_are_read) {
#define MOVE(predicted, how, held)                                                                                   \
        HEAD "\"moves\": [{\"vm\": \"a\", \"from\": \"h1\", \"to\": \"h2\", \"wave\": 0, \"predicted\": {" predicted \
             "}, \"how\": {" how "}, " held "}]}"
        const MoveOrder *before =
                &parsed(MOVE("\"seconds\": 2, \"downtime_ms\": 40, \"downtime_ms_low\": 20, \"downtime_ms_high\": "
                             "1500, \"of\": {\"memory_mib\": 512, \"bandwidth_mbit\": 10}",
                             "\"downtime_limit_ms\": 150, \"downtime_limit_ms_most\": 500",
                             "\"held\": \"x\""))
                         ->moves[0];
        const MoveOrder *now =
                &parsed(MOVE("\"seconds\": 2, \"downtime_seconds\": 0.04, \"downtime_seconds_low\": "
                             "0.02, \"downtime_seconds_high\": 1.5, \"basis\": {\"memory_mib\": 512, "
                             "\"dirty_mib_s\": null, \"bandwidth_mbit\": 10}",
                             "\"downtime_limit_seconds\": 0.15, "
                             "\"max_downtime_limit_seconds\": 0.5",
                             "\"held_why\": \"x\""))
                         ->moves[0];

        cr_assert_eq(0, memcmp(&before->predicted, &now->predicted, sizeof(Prediction)));
        cr_assert_eq(now->predicted.downtime_ms_high, 1500);
        cr_assert_eq(now->predicted.basis.dirty_kib_s, UNKNOWN);
        cr_assert_eq(before->manner.downtime_limit_ms, 150);
        cr_assert_eq(now->manner.downtime_limit_ms, 150);
        cr_assert_eq(before->manner.downtime_limit_ms_most, 500);
        cr_assert_eq(now->manner.downtime_limit_ms_most, 500);
        cr_assert_str_eq(before->held, "x");
        cr_assert_str_eq(now->held, "x");
}

Test(plan_file, fields_of_newer_versions_are_passed_over) {
        const PlanFile *p = parsed(HEAD "\"later\": {\"a\": [1, null, {\"b\": true}]}, \"moves\": []}");

        cr_assert_eq(p->n_moves, 0);
}

Test(plan_file, a_faulty_file_says_where_and_what_is_accepted) {
        is_refused("", "", "");
        is_refused("[]", "", "");
        is_refused("{}", "schema", "missing");
        is_refused(HEAD "\"seed\": 1}", "moves", "missing");
        is_refused("{\"schema\": \"plimsoll.plan/2\"}", "schema", "plimsoll.plan/1");
        is_refused("{\"schema\": \"plimsoll.plan/1\", \"status\": \"fine\"}", "status", "balanced, improved");
        is_refused(HEAD "\"moves\": {}}", "moves", "");
        is_refused(HEAD "\"moves\": [{}]}", "moves", "vm is missing in a move");
        is_refused(HEAD "\"moves\": [{\"vm\": \"a\", \"from\": \"b\", \"to\": \"c\"}]}", "moves",
                   "wave is missing in a move");
        is_refused(HEAD "\"moves\": [{\"vm\": \"a\", \"from\": \"b\", \"to\": \"c\", \"wave\": -1}]}",
                   "moves[0].wave", "0 to");
        is_refused(HEAD "\"moves\": [{\"vm\": \"a\", \"from\": \"b\", \"to\": \"c\", \"wave\": 1.5}]}",
                   "moves[0].wave", "whole");
        is_refused(HEAD "\"moves\": [{\"vm\": \"a\", \"from\": \"b\", \"to\": \"c\", \"wave\": 0, "
                        "\"kind\": \"whim\"}]}",
                   "moves[0].kind", "evacuation, repair, maintenance, load, balance or manual");
        is_refused(HEAD "\"moves\": [{\"vm\": \"\"}]}", "moves[0].vm", "1 to 255 bytes");
        is_refused(HEAD "\"moves\": [{\"how\": {\"strategy\": \"fast\"}}]}", "moves[0].how.strategy",
                   "plain, multifd");
        is_refused(HEAD "\"moves\": [{\"how\": {\"channels\": 256}}]}", "moves[0].how.channels", "0 to 255");
        is_refused(HEAD "\"moves\": [{\"how\": {\"compression\": \"lz\"}}]}", "moves[0].how.compression",
                   "zstd");
        is_refused(HEAD "\"moves\": [{\"vm\": 7}]}", "moves[0].vm", "");
        is_refused(HEAD "\"moves\": [], \"moves\": []}", "", "twice");
        is_refused(HEAD "\"moves\": []} x", "", "");
        is_refused(HEAD "\"x\": {]}, \"moves\": []}", "", "");
        is_refused(HEAD "\"moves\": [", "", "");
}

Test(plan_file, the_examples_of_its_manual_are_plans) {
        FILE *f = fopen(SOURCE_DIR "/docs/plan-file.md", "rb");
        static char text[1 << 16];
        uint32_t examples = 0;

        cr_assert_not_null(f);
        text[fread(text, 1, sizeof(text) - 1, f)] = '\0';
        (void) fclose(f);
        for (char *at = strstr(text, "```json\n"); at; at = strstr(at, "```json\n")) {
                char *end;

                at += strlen("```json\n");
                end = strstr(at, "```");
                cr_assert_not_null(end);
                *end = '\0';
                cr_assert_gt(parsed(at)->n_moves, 0);
                at = end + 1;
                examples++;
        }
        cr_assert_eq(examples, 2);
}
