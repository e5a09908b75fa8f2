/* SPDX-License-Identifier: Apache-2.0 */
/* Plans that nobody made waves of by the model: what their moves take, and how many run at once. */
#include <criterion/criterion.h>
#include <string.h>

#include "scheduler/app/round/moves_at_once.h"
#include "scheduler/decide/order/wave_links.h"
#include "scheduler/snapshot/files/snapshot_file.h"

#define MOVES 8

static Arena arena;
static Settings *settings;
static const char *const names[MOVES] = { "v0", "v1", "v2", "v3", "v4", "v5", "v6", "v7" };
static MoveOrder moves[MOVES];

static void setup(void) {
        cr_assert_eq(0, arena_open((size_t) 64 << 20, &arena));
        cr_assert_eq(0, app_settings_new(&arena, &settings));
        for (uint32_t i = 0; i < MOVES; i++)
                moves[i] = (MoveOrder){ .vm = names[i], .from = "h1", .to = i % 2 ? "h2" : "h3" };
}

static void teardown(void) {
        arena_close(&arena);
}

TestSuite(moves_at_once, .init = setup, .fini = teardown);

/* Eight of them on h1, whose links carry 10 Gbit/s. */
static const Snapshot *cluster(int memory_mib, int dirty_mib_s) {
        static const char nic[] = "\"cpus\":64,\"memory_mib\":1000000,\"nics\":[{\"name\":\"eth0\","
                                  "\"speed_mbit\":10000}]";
        const char *text = text_format(&arena,
                                       "{\"schema\":\"plimsoll.snapshot/1\",\"cluster\":\"t\",\"hosts\":["
                                       "{\"name\":\"h1\",%s},{\"name\":\"h2\",%s},{\"name\":\"h3\",%s}],"
                                       "\"vms\":[",
                                       nic, nic, nic);
        const Snapshot *s = NULL;
        TextFault f = { 0 };

        for (uint32_t i = 0; text && i < MOVES; i++)
                text = text_format(&arena,
                                   "%s%s{\"name\":\"%s\",\"host\":\"h1\",\"vcpus\":1,\"memory_mib\":%d,"
                                   "\"dirty_mib_s\":%d}",
                                   text, i > 0 ? "," : "", names[i], memory_mib, dirty_mib_s);
        text = text ? text_format(&arena, "%s]}", text) : NULL;
        cr_assert_not_null(text);
        cr_assert_eq(0, snapshot_file_parse(&arena, text, strlen(text), &s, &f), "%s", f.what);
        return s;
}

/* So many of them run, one after the other being asked for. */
static uint32_t run_together(const Snapshot *s) {
        bool runs[MOVES] = { false };
        MovesAtOnce *x = NULL;
        uint32_t n = 0;

        cr_assert_eq(0, moves_at_once_new(&arena, s, settings, moves, MOVES, &x));
        for (uint32_t i = 0; i < MOVES; i++) {
                runs[i] = moves_at_once_allow(x, i, runs);
                n += runs[i];
        }
        return n;
}

Test(moves_at_once, as_many_as_waves_that_are_planned_would_have) {
        cr_expect_eq(run_together(cluster(64, 0)), LINK_MOVES_MOST, "what is fixed of them is most of it");
        cr_expect_eq(run_together(cluster(32768, 5)), LINK_MOVES_LEAST, "two big ones fill the link");
        cr_expect_eq(run_together(cluster(32768, 512)), 1, "sharing makes each of them send more");
}

Test(moves_at_once, the_settings_are_a_cap) {
        TextFault f = { 0 };

        cr_assert_eq(0, settings_set(settings, "plan.moves_out", "3", &f), "%s", f.what);
        cr_expect_eq(run_together(cluster(64, 0)), 3);
}

Test(moves_at_once, when_some_have_ended_others_come) {
        bool runs[MOVES] = { false };
        MovesAtOnce *x = NULL;

        cr_assert_eq(0, moves_at_once_new(&arena, cluster(32768, 5), settings, moves, MOVES, &x));
        runs[0] = runs[1] = true;
        cr_expect_not(moves_at_once_allow(x, 2, runs));
        cr_expect_not(moves_at_once_allow(x, 2, runs), "asking changes nothing");
        runs[0] = false;
        cr_expect(moves_at_once_allow(x, 2, runs));
        runs[1] = false;
        cr_expect(moves_at_once_allow(x, 3, runs));
}

Test(moves_at_once, beside_none_even_one_that_never_ends_may_begin) {
        bool runs[MOVES] = { false };
        MovesAtOnce *x = NULL;

        cr_assert_eq(0, moves_at_once_new(&arena, cluster(65536, 400000), settings, moves, MOVES, &x));
        cr_expect(moves_at_once_allow(x, 0, runs));
        runs[0] = true;
        cr_expect_not(moves_at_once_allow(x, 1, runs));
}

Test(moves_at_once, of_what_the_facts_do_not_know_nothing_is_said) {
        bool runs[MOVES] = { true };
        MovesAtOnce *x = NULL;

        moves[1].vm = "elsewhere";
        cr_assert_eq(0, moves_at_once_new(&arena, cluster(32768, 512), settings, moves, MOVES, &x));
        cr_expect(moves_at_once_allow(x, 1, runs));
        runs[1] = true;
        cr_expect_not(moves_at_once_allow(x, 2, runs), "v0 is there still");
}

Test(moves_at_once, what_nobody_predicted_is_predicted_and_what_was_said_stays) {
        moves[1].predicted = (Prediction){ .ms = 7, .ms_high = 8 };
        cr_assert_eq(0, moves_predict(&arena, cluster(32768, 5), settings, moves, MOVES));
        /* 32 GiB over 10 Gbit/s */
        cr_expect_gt(moves[0].predicted.ms, 20000);
        cr_expect_lt(moves[0].predicted.ms, 60000);
        cr_expect_geq(moves[0].predicted.ms_high, moves[0].predicted.ms);
        cr_expect_eq(moves[1].predicted.ms, 7);
}

Test(moves_at_once, one_that_would_not_end_stays_without_a_prediction) {
        TextFault f = { 0 };

        cr_assert_eq(0, settings_set(settings, "migration.auto_converge", "no", &f), "%s", f.what);
        cr_assert_eq(0, moves_predict(&arena, cluster(65536, 4000), settings, moves, MOVES));
        cr_expect_eq(moves[0].predicted.ms, 0);
}
