/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <string.h>

#include "scheduler/app/backtest/backtest_text.h"
#include "scheduler/app/terminal/human.h"
#include "scheduler/app/text/html_say.h"
#include "scheduler/app/text/report_style.h"

/* Lines are told apart by their dashes as well: prints may have no colours. */
#define BACKTEST_STYLE                                                                                                 \
        ".lines{display:block;width:100%%;overflow:visible}.line{fill:none;stroke-width:2}.key{font-size:12px}"        \
        ".w0{stroke:var(--soft)}.w1{stroke:var(--above);stroke-dasharray:7 4}.w2{stroke:#3d8b4f;stroke-dasharray:2 3}" \
        ".w3{stroke:var(--within)}.w4{stroke:#8a5bb5;stroke-dasharray:9 3 2 3}text.key{stroke:none;fill:var(--text)}"  \
        ".all thead th{white-space:normal;vertical-align:bottom}"

enum {
        CHART_WIDE = 900,
        CHART_HIGH = 200,
        CHART_LEFT = 60,
        CHART_RIGHT = 14,
        CHART_TOP = 26,
        CHART_BOTTOM = 24
};

typedef struct BacktestChart {
        const char *title;
        int64_t (*value)(const BacktestSum *sum);
        bool hours; /* of ms; else a number */
} BacktestChart;

static int64_t chart_waited(const BacktestSum *sum) {
        return sum->waited_ms;
}

static int64_t chart_above(const BacktestSum *sum) {
        return sum->above_line_ms;
}

static int64_t chart_moves(const BacktestSum *sum) {
        return sum->moves;
}

static const BacktestChart backtest_charts[] = {
        { "Hours that VMs waited for CPU, each day", chart_waited, true },
        { "Hours that hosts were above their load line, each day", chart_above, true },
        { "Moves, each day", chart_moves, false },
};

static double backtest_html_y(int64_t value, int64_t most) {
        return CHART_HIGH - CHART_BOTTOM -
               (double) value / (double) most * (CHART_HIGH - CHART_TOP - CHART_BOTTOM);
}

static double backtest_html_x(uint32_t day, uint32_t n) {
        return CHART_LEFT + (n < 2 ? 0.5 : (double) day / (n - 1)) * (CHART_WIDE - CHART_LEFT - CHART_RIGHT);
}

static void backtest_html_tick(FILE *out, const BacktestChart *chart, int64_t value, int64_t most) {
        const double y = backtest_html_y(value, most);

        html_say(out, "<line class=\"grid\" x1=\"%d\" x2=\"%d\" y1=\"%.1f\" y2=\"%.1f\"/>", CHART_LEFT,
                 CHART_WIDE - CHART_RIGHT, y, y);
        if (chart->hours)
                html_say(out, "<text class=\"tick\" x=\"%d\" y=\"%.1f\" text-anchor=\"end\">%.1f h</text>",
                         CHART_LEFT - 6, y + 4, (double) value / 3600000);
        else
                html_say(out, "<text class=\"tick\" x=\"%d\" y=\"%.1f\" text-anchor=\"end\">%lld</text>",
                         CHART_LEFT - 6, y + 4, (long long) value);
}

/* One line a run; one day is a mark, not a line. */
static void backtest_html_line(FILE *out, const BacktestChart *chart, const BacktestRun *run, uint32_t i,
                               int64_t most) {
        html_say(out, "<polyline class=\"line w%u\" points=\"", i % 5);
        for (uint32_t d = 0; d < run->n_days; d++)
                html_say(out, "%.1f,%.1f ", backtest_html_x(d, run->n_days),
                         backtest_html_y(chart->value(&run->days[d]), most));
        if (run->n_days == 1)
                html_say(out, "%.1f,%.1f", backtest_html_x(0, 1) + 40,
                         backtest_html_y(chart->value(&run->days[0]), most));
        html_say(out, "\"/>");
}

static int backtest_html_chart(Arena *a, const BacktestView *view, const BacktestChart *chart, FILE *out) {
        int64_t most = 1;
        double x = CHART_LEFT;

        for (uint32_t i = 0; i < view->n_runs; i++)
                for (uint32_t d = 0; d < view->runs[i].n_days; d++)
                        if (chart->value(&view->runs[i].days[d]) > most)
                                most = chart->value(&view->runs[i].days[d]);
        html_say(
                out,
                "<h2>%s</h2>\n<figure><svg class=\"lines\" viewBox=\"0 0 %d %d\" role=\"img\" aria-label=\"%s\">",
                chart->title, CHART_WIDE, CHART_HIGH, chart->title);
        backtest_html_tick(out, chart, 0, most);
        backtest_html_tick(out, chart, most, most);
        for (uint32_t i = 0; i < view->n_runs; i++) {
                const char *name = backtest_name(a, &view->runs[i]);

                if (!name)
                        return -ENOMEM;
                backtest_html_line(out, chart, &view->runs[i], i, most);
                html_say(
                        out,
                        "<line class=\"line w%u\" x1=\"%.0f\" x2=\"%.0f\" y1=\"9\" y2=\"9\"/><text class=\"key\" "
                        "x=\"%.0f\" y=\"13\">%s</text>",
                        i % 5, x, x + 28, x + 34, name);
                x += 50 + 7.2 * (double) strlen(name);
        }
        html_say(out,
                 "<text class=\"tick\" x=\"%d\" y=\"%d\">day 1</text><text class=\"tick\" x=\"%d\" y=\"%d\" "
                 "text-anchor=\"end\">day %u</text></svg></figure>\n",
                 CHART_LEFT, CHART_HIGH - 4, CHART_WIDE - CHART_RIGHT, CHART_HIGH - 4, view->runs[0].n_days);
        return 0;
}

static void backtest_html_hours(FILE *out, int64_t ms) {
        html_say(out, "<td class=\"n\">%.1f h</td>", (double) ms / 3600000);
}

static int backtest_html_table(Arena *a, const BacktestView *view, FILE *out) {
        html_say(
                out,
                "<h2>In all</h2>\n<div class=\"wide\"><table class=\"all\"><thead><tr><th>Balanced by</th><th class=\"n\">VMs waited for "
                "CPU</th><th class=\"n\">VMs waiting (over 5 %%)</th><th class=\"n\">Hosts full</th><th class=\"n\">Hosts above "
                "their load line</th><th class=\"n\">Hosts empty</th><th class=\"n\">Moves</th><th class=\"n\">Memory "
                "moved</th><th class=\"n\">Losses not covered</th></tr></thead><tbody>\n");
        for (uint32_t i = 0; i < view->n_runs; i++) {
                const BacktestRun *run = &view->runs[i];
                const char *name = backtest_name(a, run);
                char moved[HUMAN_SIZE];

                if (!name)
                        return -ENOMEM;
                html_say(out, "<tr><th class=\"name\">%s</th>", name);
                backtest_html_hours(out, run->all.waited_ms);
                backtest_html_hours(out, run->all.waiting_ms);
                backtest_html_hours(out, run->all.overloaded_ms);
                backtest_html_hours(out, run->all.above_line_ms);
                backtest_html_hours(out, run->all.empty_ms);
                html_say(out,
                         "<td class=\"n\">%u</td><td class=\"n\">%s</td><td class=\"n\">%u of %u</td></tr>\n",
                         run->all.moves, human_mib(run->all.moved_mib, moved), run->all.uncovered,
                         run->all.losses);
        }
        html_say(
                out,
                "</tbody></table></div>\n<p class=\"soft\">Losses: every six hours each host in turn is supposed to be lost; "
                "not covered: some VM of it has no place elsewhere.</p>\n");
        return 0;
}

static int backtest_html_head(Arena *a, const BacktestView *view, FILE *out) {
        const Trace *trace = view->trace;
        char from[HUMAN_SIZE], to[HUMAN_SIZE], made[HUMAN_SIZE], step[HUMAN_SIZE];
        const char *title = text_format(a, "Backtest of %s", trace->start->cluster);

        if (!title)
                return -ENOMEM;
        report_style_begin(out, view->version, title);
        html_say(out, BACKTEST_STYLE "</style>\n</head>\n<body>\n");
        html_say(
                out,
                "<header>\n<h1>Backtest of cluster %s</h1>\n<p class=\"sum\">%u %s and %u %s, from %s to %s</p>\n<dl>\n",
                trace->start->cluster, trace->start->n_hosts,
                text_plural(trace->start->n_hosts, "host", "hosts"), snapshot_n_vms(trace->start),
                text_plural(snapshot_n_vms(trace->start), "VM", "VMs"), human_time(trace->first, from),
                human_time(trace->first + (usec_t) trace->n_steps * trace->step, to));
        html_say(
                out,
                "<dt>Record</dt><dd>%s: %llu readings, %llu left out; decided every %s</dd>\n<dt>Made at</dt><dd>%s</dd>\n"
                "<dt>Program</dt><dd>plimsoll %s</dd>\n</dl>\n</header>\n",
                view->source, (unsigned long long) trace->n_readings, (unsigned long long) trace->n_left_out,
                human_ms(trace->step / USEC_PER_MSEC, step), human_time(view->made_at, made), view->version);
        return 0;
}

int backtest_html(Arena *a, const BacktestView *view, FILE *out) {
        int r = backtest_html_head(a, view, out);

        if (r == 0)
                r = backtest_html_table(a, view, out);
        for (unsigned i = 0; i < ARRAY_SIZE(backtest_charts) && r == 0; i++)
                r = backtest_html_chart(a, view, &backtest_charts[i], out);
        html_say(out, "<h2>What the figures rest on</h2>\n<ul>\n");
        for (unsigned i = 0; backtest_assumption(i); i++)
                html_say(out, "<li>%s</li>\n", backtest_assumption(i));
        html_say(out, "</ul>\n</body>\n</html>\n");
        return r;
}
