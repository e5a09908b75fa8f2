/* SPDX-License-Identifier: Apache-2.0 */
/* A past that is made here, and what must come of it: numbers that a person can work out. */
#include <criterion/criterion.h>
#include <string.h>

#include "scheduler/app/backtest/backtest.h"
#include "scheduler/app/settings/app_settings.h"
#include "scheduler/snapshot/files/snapshot_file.h"

enum { STEPS = 12 };

#define STEP    (300 * USEC_PER_SEC)
#define STEP_MS INT64_C(300000)

static Arena arena;
static Settings *settings;

static void begin(void) {
        cr_assert_eq(0, arena_open((size_t) 1 << 30, &arena));
        cr_assert_eq(0, app_settings_new(&arena, &settings));
}

static void end(void) {
        arena_close(&arena);
}

TestSuite(backtest, .init = begin, .fini = end);

/* h1 has four VMs, h2 none; all of 4 cores. One past at a time: the next takes its place. */
static Trace past(int32_t mcores_each) {
        static TraceReading readings[STEPS][4];
        static const TraceReading *rows[STEPS];
        static const uint32_t born[4], gone[4] = { STEPS, STEPS, STEPS, STEPS };
        static const char text[] =
                "{\"schema\": \"plimsoll.snapshot/1\", \"cluster\": \"demo\",\n"
                " \"hosts\": [{\"name\": \"h1\", \"cpus\": 4, \"memory_mib\": 16384}, {\"name\": \"h2\", \"cpus\": 4, \"memory_mib\": 16384}],\n"
                " \"vms\": [{\"name\": \"a\", \"host\": \"h1\", \"vcpus\": 2, \"memory_mib\": 1024}, {\"name\": \"b\", \"host\": \"h1\", \"vcpus\": 2, \"memory_mib\": 1024},\n"
                "  {\"name\": \"c\", \"host\": \"h1\", \"vcpus\": 2, \"memory_mib\": 1024}, {\"name\": \"d\", \"host\": \"h1\", \"vcpus\": 2, \"memory_mib\": 1024}]}\n";
        const Snapshot *s;
        TextFault fault;

        cr_assert_eq(0, snapshot_file_parse(&arena, text, strlen(text), &s, &fault), "%s", fault.what);
        for (uint32_t t = 0; t < STEPS; t++) {
                for (VmIx v = 0; v < 4; v++)
                        readings[t][v] = (TraceReading){ mcores_each, TRACE_NONE, IX_NONE };
                rows[t] = readings[t];
        }
        return (Trace){ .start = s,
                        .first = INT64_C(1788220800) * USEC_PER_SEC,
                        .step = STEP,
                        .n_steps = STEPS,
                        .steps = rows,
                        .born = born,
                        .gone = gone,
                        .n_readings = STEPS * 4 };
}

static BacktestRun run(const Trace *t, BacktestWay way) {
        BacktestRun it = { .way = way };

        cr_assert_eq(0, backtest_run(&arena, t, settings, &it));
        return it;
}

Test(backtest, what_a_full_host_lacks_is_waited_for) {
        const Trace t = past(1500); /* 6 cores are wanted of 4: a third is lacking */
        const BacktestRun it = run(&t, BACKTEST_NOTHING);

        cr_assert_eq(it.all.waited_ms, STEPS * 4 * STEP_MS / 3);
        cr_assert_eq(it.all.waiting_ms, STEPS * 4 * STEP_MS);
        cr_assert_eq(it.all.overloaded_ms, STEPS * STEP_MS);
        cr_assert_eq(it.all.above_line_ms, STEPS * STEP_MS);
        cr_assert_eq(it.all.empty_ms, STEPS * STEP_MS);
        cr_assert_eq(it.all.moves, 0);
        cr_assert_eq(it.rounds, 0);
}

Test(backtest, waiting_begins_above_five_percent) {
        Trace t = past(1052); /* 4.208 of 4 cores: 4.9 % is lacking */

        cr_assert_eq(run(&t, BACKTEST_NOTHING).all.waiting_ms, 0);
        cr_assert_gt(run(&t, BACKTEST_NOTHING).all.waited_ms, 0);
        t = past(1053); /* 5.03 % */
        cr_assert_eq(run(&t, BACKTEST_NOTHING).all.waiting_ms, STEPS * 4 * STEP_MS);
}

Test(backtest, what_fits_waits_for_nothing) {
        const Trace t = past(1000);
        const BacktestRun it = run(&t, BACKTEST_NOTHING);

        cr_assert_eq(it.all.waited_ms, 0);
        cr_assert_eq(it.all.overloaded_ms, 0);
        cr_assert_eq(it.all.above_line_ms, STEPS * STEP_MS, "4 of 4 cores are above the load line");
}

Test(backtest, both_balancers_end_the_waiting_after_what_they_could_not_know) {
        const Trace t = past(1500);
        const BacktestRun greedy = run(&t, BACKTEST_GREEDY), ours = run(&t, BACKTEST_PLIMSOLL);

        cr_assert_eq(greedy.all.moves, 2);
        cr_assert_eq(greedy.all.moved_mib, 2 * 1024);
        cr_assert_eq(greedy.all.overloaded_ms, STEP_MS, "the first step is seen when it is over");
        cr_assert_eq(ours.all.moves, 2);
        cr_assert_eq(ours.all.overloaded_ms, STEP_MS);
        cr_assert_eq(ours.all.waited_ms, 4 * STEP_MS / 3);
        cr_assert_gt(ours.rounds, 0);
}

Test(backtest, moves_that_only_balance_wait_for_the_hold_time) {
        const Trace t = past(900); /* 3.6 of 4: nothing waits, and h1 is above its load line */
        TextFault fault;

        cr_assert_eq(0, settings_set(settings, "service.hold", "20m", &fault));
        /* wanted from the first step on, they begin with the fifth, and count as made with the sixth */
        cr_assert_eq(run(&t, BACKTEST_PLIMSOLL).all.above_line_ms, 5 * STEP_MS);
        cr_assert_eq(0, settings_set(settings, "service.hold", "1m", &fault));
        cr_assert_eq(run(&t, BACKTEST_PLIMSOLL).all.above_line_ms, STEP_MS);
}

Test(backtest, as_it_was_follows_the_record) {
        Trace t = past(1500);
        TraceReading moved[4];
        const TraceReading *rows[STEPS];

        memcpy(moved, t.steps[0], sizeof(moved));
        for (VmIx v = 0; v < 4; v++)
                moved[v].host = v < 2 ? 1 : 0;
        for (uint32_t i = 0; i < STEPS; i++)
                rows[i] = i < 6 ? t.steps[i] : moved;
        t.steps = rows;
        t.has_hosts = true;
        cr_assert_eq(run(&t, BACKTEST_AS_IT_WAS).all.moves, 2);
        cr_assert_eq(run(&t, BACKTEST_AS_IT_WAS).all.overloaded_ms, 6 * STEP_MS);
}

Test(backtest, a_vm_that_has_ended_uses_nothing_and_is_not_moved) {
        static const uint32_t gone[4] = { STEPS, STEPS, 3, 3 };
        Trace t = past(1500);

        t.gone = gone; /* from the fourth step on, 3 of 4 cores are wanted */
        cr_assert_eq(run(&t, BACKTEST_NOTHING).all.overloaded_ms, 3 * STEP_MS);
}

Test(backtest, days_are_parts_of_the_whole_and_the_same_again) {
        const Trace t = past(1500);
        const BacktestRun once = run(&t, BACKTEST_PLIMSOLL), again = run(&t, BACKTEST_PLIMSOLL);

        cr_assert_eq(once.n_days, 1);
        cr_assert_eq(0, memcmp(&once.all, &again.all, sizeof(once.all)));
        cr_assert_eq(0, memcmp(&once.days[0], &once.all, sizeof(once.all)));
}

Test(backtest, memory_that_does_not_fit_keeps_the_greedy_one_from_moving) {
        Trace t = past(1500);
        Snapshot s = *t.start;
        Host hosts[2] = { t.start->hosts[0], t.start->hosts[1] };

        hosts[1].memory_mib = 512;
        s.hosts = hosts;
        t.start = &s;
        cr_assert_eq(run(&t, BACKTEST_GREEDY).all.moves, 0);
        cr_assert_eq(run(&t, BACKTEST_PLIMSOLL).all.moves, 0);
}
