/* SPDX-License-Identifier: Apache-2.0 */
/* How far a plan is, and what plimsoll apply and evacuate draw of it. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "scheduler/app/commands/progress.h"
#include "scheduler/app/commands/progress_total.h"

#define GIB (INT64_C(1) << 30)

static MoveOrder order(const char *vm, uint32_t wave, int64_t seconds, int64_t bytes) {
        return (MoveOrder){ .vm = vm,
                            .from = "h1",
                            .to = "h2",
                            .wave = wave,
                            .predicted = { .ms_low = seconds * 500,
                                           .ms = seconds * 1000,
                                           .ms_high = seconds * 2000,
                                           .bytes = bytes } };
}

static void totals(ProgressTotal t, int64_t share, int64_t low, int64_t ms, int64_t high) {
        cr_expect_eq(t.share, share, "share %lld", (long long) t.share);
        cr_expect_eq(t.ms_low, low, "low %lld", (long long) t.ms_low);
        cr_expect_eq(t.ms, ms, "%lld", (long long) t.ms);
        cr_expect_eq(t.ms_high, high, "high %lld", (long long) t.ms_high);
}

Test(progress, a_wave_takes_as_long_as_its_slowest_and_waves_follow_each_other) {
        const MoveOrder moves[] = { order("a", 0, 10, GIB), order("b", 0, 30, 2 * GIB),
                                    order("c", 1, 20, GIB) };
        ProgressMove seen[3] = { 0 };

        totals(progress_total(moves, seen, 3), 0, 25000, 50000, 100000);
        seen[0].ended = true; /* the slower one is as slow as it was */
        totals(progress_total(moves, seen, 3), 250, 25000, 50000, 100000);
        seen[1] = (ProgressMove){ .runs = true, .elapsed_ms = 20000, .share = 500, .left_ms = UNKNOWN };
        totals(progress_total(moves, seen, 3), 500, 10000, 30000, 80000);
        seen[1].ended = seen[2].ended = true;
        totals(progress_total(moves, seen, 3), 1000, 0, 0, 0);
}

Test(progress, what_a_running_move_still_has_to_send_counts_more_than_its_prediction) {
        const MoveOrder moves[] = { order("a", 0, 10, GIB) };
        ProgressMove seen[] = { { .runs = true, .elapsed_ms = 15000, .share = 100, .left_ms = 90000 } };

        totals(progress_total(moves, seen, 1), 100, 0, 90000, 90000);
        seen[0].left_ms = 1000;
        totals(progress_total(moves, seen, 1), 100, 0, 1000, 5000);
}

Test(progress, a_time_is_not_known_while_a_move_without_prediction_waits) {
        const MoveOrder moves[] = { order("a", 0, 10, GIB),
                                    { .vm = "b", .from = "h1", .to = "h2", .wave = 1, .memory_mib = 1024 } };
        ProgressMove seen[2] = { 0 };

        totals(progress_total(moves, seen, 2), 0, UNKNOWN, UNKNOWN, UNKNOWN);
        seen[0].ended = true; /* but its memory has a size */
        totals(progress_total(moves, seen, 2), 500, UNKNOWN, UNKNOWN, UNKNOWN);
        seen[1] = (ProgressMove){ .runs = true, .elapsed_ms = 100, .share = 0, .left_ms = 7000 };
        totals(progress_total(moves, seen, 2), 500, 0, 7000, 7000);
}

/* What a terminal of so many columns shows of two moves of three, one of which runs and is half done. */
static char *drawn(unsigned width, bool utf8) {
        static const char long_name[] =
                "a-machine-with-a-name-that-is-longer-than-any-column-of-any-terminal-is-wide";
        const MoveOrder moves[] = { order("a", 0, 10, GIB), order(long_name, 0, 40, 2 * GIB),
                                    order("c", 1, 20, GIB) };
        const MigrationStatus half = {
                .phase = MIGRATION_RUNNING, .bytes_total = 2 * GIB, .bytes_left = GIB, .bytes_per_s = 64 << 20
        };
        const MoveOutcome done = { .end = MOVE_DONE };
        char *text = NULL, *last;
        size_t n = 0;
        Screen screen = { .out = open_memstream(&text, &n), .live = true, .utf8 = utf8, .width = width };
        Progress *p;
        Arena a;

        cr_assert_eq(0, arena_open(1 << 20, &a));
        p = progress_begin(&a, &screen, moves, 3);
        cr_assert(p);
        progress_started(p, 0);
        progress_started(p, 1);
        progress_seen(p, 1, &half);
        progress_ended(p, 0, &done);
        (void) fclose(screen.out);
        arena_close(&a);
        last = strstr(text, "\n"); /* after the line of what has ended */
        last = strdup(last + 1);
        free(text);
        return last;
}

static void fits(const char *text, unsigned width) {
        for (const char *line = text; *line; line += strcspn(line, "\n") + 1)
                cr_expect_lt(text_columns(line, strcspn(line, "\n")), width, "%u: %s", width, line);
}

Test(progress, at_any_width_no_line_wraps_and_the_total_is_there) {
        static const unsigned widths[] = { 60, 80, 100, 200 };

        for (size_t i = 0; i < sizeof(widths) / sizeof(widths[0]); i++)
                for (int utf8 = 0; utf8 < 2; utf8++) {
                        char *text = drawn(widths[i], utf8);

                        fits(text, widths[i]);
                        cr_expect(strstr(text, " 50%  1 of 3 finished"), "%s", text);
                        cr_expect(strstr(text, "about 36.0 s left"), "%s", text);
                        cr_expect(utf8 == !strstr(text, "####...."), "%s", text);
                        cr_expect_eq(widths[i] >= 80, strstr(text, " s left (") != NULL, "%s", text);
                        cr_expect_eq(widths[i] >= 80, strstr(text, "64 MiB/s\n") != NULL, "%s", text);
                        free(text);
                }
}
