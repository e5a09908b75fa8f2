/* SPDX-License-Identifier: Apache-2.0 */
/* Records: what is printed reads back as it was, and is decided again as it was. */
#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>

#include "scheduler/app/round/round_record.h"
#include "scheduler/app/settings/app_settings.h"
#include "scheduler/app/text/plan_difference.h"
#include "scheduler/snapshot/files/plan_file.h"
#include "scheduler/snapshot/files/record_file.h"
#include "scheduler/snapshot/files/snapshot_file.h"

static Arena arena;

static void setup(void) {
        cr_assert_eq(0, arena_open((size_t) 256 << 20, &arena));
}

static void teardown(void) {
        arena_close(&arena);
}

TestSuite(record_file, .init = setup, .fini = teardown);

static const char crowded[] =
        "{\"schema\":\"plimsoll.snapshot/1\",\"cluster\":\"t\",\"taken_at\":1000000.25,\"hosts\":["
        "{\"name\":\"h1\",\"cpus\":4,\"memory_mib\":8000},{\"name\":\"h2\",\"cpus\":4,\"memory_mib\":8000}],"
        "\"vms\":[{\"name\":\"a\",\"host\":\"h1\",\"vcpus\":2,\"memory_mib\":500,\"cpu\":1.6},"
        "{\"name\":\"b\",\"host\":\"h1\",\"vcpus\":2,\"memory_mib\":500,\"cpu\":1.5},"
        "{\"name\":\"c\",\"host\":\"h1\",\"vcpus\":2,\"memory_mib\":500,\"cpu\":0.8}]}";

static const usec_t moved_at[] = { 5, 6 };
static const CoolDown cooling[] = {
        { .vm = "a", .until = 2000000000000000, .length = 7, .moved = moved_at, .n_moved = 2 }
};

typedef struct World {
        RoundInput input;
        const Snapshot *facts;
        Settings *settings;
        Round round;
} World;

static World decided(const char *paused) {
        World w = { 0 };
        TextFault f = { 0 };

        cr_assert_eq(0, snapshot_file_parse(&arena, crowded, strlen(crowded), &w.facts, &f), "%s", f.what);
        cr_assert_eq(0, app_settings_new(&arena, &w.settings));
        cr_assert_eq(0, settings_set(w.settings, "service.redis", "redis://me:secret@host:1", &f));
        cr_assert_eq(0, settings_set(w.settings, "load.headroom_cpu", "30%", &f));
        w.input = (RoundInput){ .snapshot = w.facts,
                                .settings = w.settings,
                                .request = PLAN_REQUEST_DEFAULT,
                                .cool_downs = cooling,
                                .n_cool_downs = 1,
                                .paused = paused,
                                .now = 1000000000000000 };
        w.input.request.max_moves = 2;
        cr_assert_eq(0, round_decide(&arena, &w.input, &w.round));
        return w;
}

static const Record *printed_and_read(const World *w, const RecordMove *moves, uint32_t n) {
        RoundRecord x = { .input = &w->input,
                          .facts = w->facts,
                          .round = &w->round,
                          .leader = "l/1",
                          .mode = "auto",
                          .moves = moves,
                          .n_moves = n };
        const Record *made = NULL, *read = NULL;
        const char *text = NULL;
        TextFault f = { 0 };
        size_t size = 0;

        cr_assert_eq(0, round_record_make(&arena, &x, &made));
        cr_assert_eq(0, record_file_print(&arena, made, &text, &size));
        cr_assert_null(strstr(text, "secret"), "%s", text);
        cr_assert_eq(0, record_file_parse(&arena, text, size, &read, &f), "%s: %s", f.field, f.what);
        return read;
}

static uint32_t differences_after_replay(const Record *r) {
        const PlanDifference *list = NULL;
        const Settings *settings = NULL;
        const char *plan = NULL;
        uint32_t n = 0, all = 0;
        TextFault f = { 0 };
        size_t size = 0;
        Round round;

        cr_assert_eq(0, round_record_settings(&arena, r, &settings, &f), "%s", f.what);
        cr_assert_eq(0, round_replay(&arena, r, settings, &workers_none, &round));
        cr_assert_eq(0, plan_file_print(&arena, round.snapshot, round.plan, &plan, &size));
        cr_assert_eq(0, plan_difference(&arena, r->plan, plan, 4, &list, &n, &all));
        return all;
}

Test(record_file, all_of_it_reads_back_as_it_was) {
        static const MoveOrder order = { .vm = "b",
                                         .from = "h1",
                                         .to = "h2",
                                         .wave = 1,
                                         .predicted = { .ms = 2, .bytes = 4, .downtime_ms = 5 } };
        static const RecordMove moves[] = { { .order = &order,
                                              .end = "failed",
                                              .why = "libvirt: \"no\" \xff",
                                              .strategy = "plain",
                                              .took = { .ms = 6, .bytes = 7, .downtime_ms = UNKNOWN } } };
        World w = decided(NULL);
        const Record *r = printed_and_read(&w, moves, 1);

        cr_assert_str_eq(PLIMSOLL_VERSION, r->version);
        cr_assert_str_eq("l/1", r->leader);
        cr_assert_eq(1000000000000000, r->at);
        cr_assert_eq(2, r->max_moves);
        cr_assert_eq(INT64_MAX, r->max_mib);
        cr_assert_eq(1, r->n_cool_downs);
        cr_assert_eq(7, r->cool_downs[0].length);
        cr_assert_eq(2, r->cool_downs[0].n_moved);
        cr_assert_eq(6, r->cool_downs[0].moved[1]);
        cr_assert_eq(1, r->n_moves);
        cr_assert_str_eq("failed", r->moves[0].end);
        cr_assert_str_eq("libvirt: ?no? ?", r->moves[0].why, "what is no UTF-8 loses what is not ASCII");
        cr_assert_eq(5, r->moves[0].order->predicted.downtime_ms);
        cr_assert_eq(7, r->moves[0].took.bytes);
        cr_assert_eq(UNKNOWN, r->moves[0].took.downtime_ms);
}

Test(record_file, it_is_decided_again_as_it_was_with_its_settings_and_cool_downs) {
        World w = decided(NULL);
        const Record *r = printed_and_read(&w, NULL, 0);
        Record other = *r;

        cr_assert_gt(w.round.plan->n_moves, 0);
        cr_assert_eq(0, differences_after_replay(r));
        other.n_cool_downs = 0;
        cr_assert_gt(differences_after_replay(&other), 0, "the cool-down is part of the decision");
        other = *r;
        other.settings = "load:\n  headroom_cpu: 5%\n";
        cr_assert_gt(differences_after_replay(&other), 0, "so are the settings");
}

Test(record_file, a_paused_round_moves_nothing_for_balance_and_is_replayed_paused) {
        World w = decided("predictions were wrong");
        const Record *r = printed_and_read(&w, NULL, 0);

        cr_assert_eq(0, w.round.plan->n_moves);
        cr_assert_str_eq("balance is paused: predictions were wrong",
                         w.round.snapshot->notes.at[w.round.snapshot->notes.n - 1]);
        cr_assert_str_eq("predictions were wrong", r->paused);
        cr_assert_eq(0, differences_after_replay(r));
}

static void refused(const char *text, const char *field, const char *what) {
        const Record *r = NULL;
        TextFault f = { 0 };

        cr_assert_eq(-EBADMSG, record_file_parse(&arena, text, strlen(text), &r, &f), "%s", text);
        cr_assert_str_eq(field, f.field, "%s: %s", text, f.field);
        cr_assert_not_null(strstr(f.what, what), "%s: %s", text, f.what);
}

Test(record_file, what_is_wrong_is_said_with_its_field) {
        refused("{}", "schema", "is missing");
        refused("{\"schema\": \"plimsoll.record/9\"}", "schema", "plimsoll.record/1");
        refused("{\"schema\": \"plimsoll.record/1\", \"at\": -1}", "at", "a whole number from 0");
        refused("{\"schema\": \"plimsoll.record/1\", \"at\": 1}", "snapshot", "is missing");
        refused("{\"schema\": \"plimsoll.record/1\", \"at\": 1, \"snapshot\": {\"schema\": 4}}", "snapshot",
                "schema");
        refused("{\"schema\": \"plimsoll.record/1\", \"at\": 1, \"outcomes\": [{\"vm\": \"a\"}]}",
                "outcomes[0]", "from is missing in an outcome");
        refused("{\"schema\": \"plimsoll.record/1\", \"cool_downs\": 5}", "cool_downs", "an array");
}

static const PlanDifference *difference(const char *was, const char *is, uint32_t *ret_all) {
        const PlanDifference *list = NULL;
        uint32_t n = 0;

        cr_assert_eq(0, plan_difference(&arena, was, is, 8, &list, &n, ret_all));
        return list;
}

Test(record_file, the_first_difference_is_named_by_its_path) {
        uint32_t all;
        const PlanDifference *d = difference("{\"moves\": [{\"vm\": \"a\", \"to\": \"h2\"}], \"x\": 1}",
                                             "{\"moves\": [{\"vm\": \"a\", \"to\": \"h3\"}, 7]}", &all);

        cr_assert_eq(3, all);
        cr_assert_str_eq("moves[0].to", d[0].path);
        cr_assert_str_eq("\"h2\"", d[0].was);
        cr_assert_str_eq("\"h3\"", d[0].is);
        cr_assert_str_eq("moves[1]", d[1].path);
        cr_assert_str_eq("nothing", d[1].was);
        cr_assert_str_eq("x", d[2].path);
        cr_assert_str_eq("nothing", d[2].is);
        (void) difference("{\"a\": 1, \"b\": 2}", " { \"a\":1,\n\"b\":2}", &all);
        cr_assert_eq(0, all, "blanks do not count");
        (void) difference("{\"a\": 1, \"b\": 2}", "{\"b\": 2, \"a\": 1}", &all);
        cr_assert_eq(1, all, "the order does");
}
