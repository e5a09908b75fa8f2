/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/app/backtest/backtest_text.h"

#include <errno.h>
#include <string.h>

#include "scheduler/app/terminal/human.h"
#include "scheduler/app/terminal/table.h"
#include "scheduler/base/out.h"
#include "scheduler/snapshot/json/json_value.h"

const char *backtest_name(Arena *a, const BacktestRun *run) {
        const char *name = run->way == BACKTEST_AS_IT_WAS ? "as it was" : backtest_way_names[run->way];

        return run->settings ? text_format(a, "%s, %s", name, run->settings) : name;
}

static const char *backtest_hours(Arena *a, int64_t ms) {
        return text_format(a, "%lld.%lld", (long long) (ms / 3600000), (long long) (ms % 3600000 / 360000));
}

static int backtest_row(Arena *a, Table *t, const BacktestRun *run) {
        const BacktestSum *sum = &run->all;
        char moved[HUMAN_SIZE];
        const char *uncovered =
                sum->losses == 0 ? "-" : text_format(a, "%u of %u", sum->uncovered, sum->losses);
        const char *words[] = { backtest_name(a, run),
                                backtest_hours(a, sum->waited_ms),
                                backtest_hours(a, sum->waiting_ms),
                                backtest_hours(a, sum->overloaded_ms),
                                backtest_hours(a, sum->above_line_ms),
                                backtest_hours(a, sum->empty_ms),
                                text_format(a, "%u", sum->moves),
                                human_mib(sum->moved_mib, moved),
                                uncovered };
        Cell cells[ARRAY_SIZE(words)];

        for (unsigned i = 0; i < ARRAY_SIZE(words); i++) {
                if (!words[i])
                        return -ENOMEM;
                cells[i] = (Cell){ .text = words[i] };
        }
        return table_row(t, cells);
}

int backtest_print(Arena *a, const BacktestView *view, const Screen *screen) {
        static const Column columns[] = {
                { .title = "BALANCED BY", .most = 24 },    { .title = "WAITED", .right = true },
                { .title = "WAITING", .right = true },     { .title = "FULL", .right = true },
                { .title = "ABOVE", .right = true },       { .title = "EMPTY", .right = true },
                { .title = "MOVES", .right = true },       { .title = "MEMORY", .right = true },
                { .title = "NOT COVERED", .right = true },
        };
        const Trace *trace = view->trace;
        Table t = table_begin(a, columns, ARRAY_SIZE(columns));
        char from[HUMAN_SIZE], to[HUMAN_SIZE], step[HUMAN_SIZE];
        int r = 0;

        for (uint32_t i = 0; i < view->n_runs && r == 0; i++)
                r = backtest_row(a, &t, &view->runs[i]);
        if (r < 0)
                return r;
        (void) out_say(screen->out, "%s: %u %s, %u %s, %s to %s, every %s\n\n", trace->start->cluster,
                       trace->start->n_hosts, text_plural(trace->start->n_hosts, "host", "hosts"),
                       snapshot_n_vms(trace->start), text_plural(snapshot_n_vms(trace->start), "VM", "VMs"),
                       human_time(trace->first, from),
                       human_time(trace->first + (usec_t) trace->n_steps * trace->step, to),
                       human_ms(trace->step / USEC_PER_MSEC, step));
        table_print(&t, screen, "  ");
        (void) out_say(
                screen->out,
                "\nHours: WAITED for CPU by VMs, WAITING VMs (over 5 %%), hosts FULL, ABOVE their load\n"
                "line and EMPTY. NOT COVERED: losses of a host after which a VM has no place.\n");
        return 0;
}

/* ---- JSON ---- */

static json_t *backtest_sum_json(const BacktestSum *sum) {
        return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "waited_seconds",
                         json_seconds(sum->waited_ms), "waiting_seconds", json_seconds(sum->waiting_ms),
                         "full_seconds", json_seconds(sum->overloaded_ms), "above_line_seconds",
                         json_seconds(sum->above_line_ms), "empty_seconds", json_seconds(sum->empty_ms),
                         "move_count", json_number(sum->moves), "moved_mib", json_number(sum->moved_mib),
                         "loss_count", json_number(sum->losses), "not_covered_count",
                         json_number(sum->uncovered));
}

static json_t *backtest_run_json(const BacktestView *view, const BacktestRun *run) {
        json_t *days = json_array();

        for (uint32_t d = 0; d < run->n_days; d++) {
                json_t *day = backtest_sum_json(&run->days[d]);

                if (day)
                        (void) json_object_set_new(
                                day, "begins_at",
                                json_instant(view->trace->first + (usec_t) d * BACKTEST_DAY));
                (void) json_array_append_new(days, day);
        }
        return json_pack("{s:s, s:o, s:o, s:o, s:o}", "way", backtest_way_names[run->way], "settings",
                         json_text(run->settings), "round_count", json_number(run->rounds), "sums",
                         backtest_sum_json(&run->all), "days", days);
}

json_t *backtest_json(const BacktestView *view) {
        const Trace *trace = view->trace;
        json_t *runs = json_array(), *assumed = json_array();

        for (uint32_t i = 0; i < view->n_runs; i++)
                (void) json_array_append_new(runs, backtest_run_json(view, &view->runs[i]));
        for (unsigned i = 0; backtest_assumption(i); i++)
                (void) json_array_append_new(assumed, json_text(backtest_assumption(i)));
        return json_pack(
                "{s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "schema", "plimsoll.backtest/1",
                "cluster", json_text(trace->start->cluster), "begins_at", json_instant(trace->first),
                "ends_at", json_instant(trace->first + (usec_t) trace->n_steps * trace->step), "step_seconds",
                json_seconds(trace->step / USEC_PER_MSEC), "host_count", json_number(trace->start->n_hosts),
                "vm_count", json_number(snapshot_n_vms(trace->start)), "reading_count",
                json_number((int64_t) trace->n_readings), "left_out_count",
                json_number((int64_t) trace->n_left_out), "runs", runs, "assumptions", assumed);
}
