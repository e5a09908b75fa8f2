/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/app/text/report_chart.h"

#include <math.h>

#include "scheduler/app/text/html_say.h"
#include "scheduler/base/text.h"

/* In the drawing's own units. */
enum {
        CHART_WIDE = 640,
        CHART_HIGH = 190,
        CHART_LEFT = 52,
        CHART_RIGHT = 16,
        CHART_TOP = 12,
        CHART_BOTTOM = 30
};

/* The first moves gain most: a root spreads them. */
static double chart_x(const FrontierView *view, const FrontierPoint *point) {
        const double most = view->n > 0 ? (double) view->points[view->n - 1].price[FRONTIER_MOVES] : 0,
                     share = most > 0 ? (double) point->price[FRONTIER_MOVES] / most : 0;

        return CHART_LEFT + sqrt(share < 1 ? share : 1) * (CHART_WIDE - CHART_LEFT - CHART_RIGHT);
}

static double chart_y(int64_t gained) {
        return CHART_HIGH - CHART_BOTTOM -
               (double) gained / FRONTIER_ALL * (CHART_HIGH - CHART_BOTTOM - CHART_TOP);
}

static void report_chart_grid(FILE *out) {
        for (int share = 0; share <= 100; share += 50) {
                const double y = chart_y((int64_t) FRONTIER_ALL * share / 100);

                html_say(out, "<line class=\"grid\" x1=\"%d\" x2=\"%d\" y1=\"%.1f\" y2=\"%.1f\"/>",
                         CHART_LEFT, CHART_WIDE - CHART_RIGHT, y, y);
                html_say(out, "<text class=\"tick\" x=\"%d\" y=\"%.1f\" text-anchor=\"end\">%d%%</text>",
                         CHART_LEFT - 6, y + 4, share);
        }
}

void report_chart_frontier(const FrontierView *view, FILE *out) {
        html_say(
                out,
                "<svg class=\"frontier\" viewBox=\"0 0 %d %d\" role=\"img\" aria-label=\"What fewer moves gain; the "
                "same as the table beside it\">",
                CHART_WIDE, CHART_HIGH);
        report_chart_grid(out);
        html_say(out, "<polyline class=\"curve\" points=\"");
        for (uint32_t i = 0; i < view->n; i++)
                html_say(out, "%.1f,%.1f ", chart_x(view, &view->points[i]), chart_y(view->points[i].gained));
        html_say(out, "\"/>");
        for (uint32_t i = 0; i < view->n; i++) {
                const FrontierPoint *point = &view->points[i];
                const double x = chart_x(view, point);

                html_say(out, "<circle class=\"point%s\" cx=\"%.1f\" cy=\"%.1f\" r=\"%d\"/>",
                         i == view->knee ? " knee" : "", x, chart_y(point->gained), i == view->knee ? 6 : 4);
                if (i == 0 || i == view->knee || i + 1 == view->n)
                        html_say(out,
                                 "<text class=\"tick\" x=\"%.1f\" y=\"%d\" text-anchor=\"%s\">%u %s</text>",
                                 x, CHART_HIGH - 8, x > CHART_WIDE - 70 ? "end" : "middle", point->moves,
                                 text_plural(point->moves, "move", "moves"));
        }
        html_say(out, "</svg>");
}

/* Above its line it has another colour, and a stroke at its end: prints may have no colours. */
void report_chart_bar(Bar b, FILE *out) {
        const int64_t used = b.used < 0 ? 0 : b.used > 1000 ? 1000 : b.used;
        const bool has_line = b.limit > 0 && b.limit < 1000;

        if (b.used == UNKNOWN)
                return;
        html_say(
                out,
                "<svg class=\"bar\" viewBox=\"0 0 100 10\" preserveAspectRatio=\"none\" aria-hidden=\"true\"><rect "
                "class=\"back\" width=\"100\" height=\"10\"/><rect class=\"%s\" width=\"%.1f\" height=\"10\"/>",
                b.used > (has_line ? b.limit : 1000) ? "above" : "within", (double) used / 10);
        if (has_line)
                html_say(out, "<line x1=\"%.1f\" x2=\"%.1f\" y1=\"0\" y2=\"10\"/>", (double) b.limit / 10,
                         (double) b.limit / 10);
        html_say(out, "</svg>");
}
