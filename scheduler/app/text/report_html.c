/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/app/text/report_html.h"

#include <errno.h>
#include <string.h>

#include "scheduler/app/terminal/human.h"
#include "scheduler/app/text/fleet_text.h"
#include "scheduler/app/text/html_say.h"
#include "scheduler/app/text/plan_text.h"
#include "scheduler/app/text/report_chart.h"
#include "scheduler/app/text/report_style.h"
#include "scheduler/base/text.h"
#include "scheduler/base/url_secret.h"

#define REPORT_HOSTS 200U /* rows; the plan's own hosts first */

/* ---- what it is ---- */

static int report_html_head(Arena *a, const ReportView *view, FILE *out) {
        char at[HUMAN_SIZE];
        const char *title =
                text_format(a, "Plan for %s, %s", view->snapshot->cluster, human_time(view->made_at, at));

        if (!title)
                return -ENOMEM;
        report_style_begin(out, view->version, title);
        html_say(out, "</style>\n</head>\n<body>\n");
        return 0;
}

static void report_html_fact(FILE *out, const char *name, const char *value) {
        html_say(out, "<dt>%s</dt><dd>%s</dd>\n", name, value);
}

static int report_html_top(Arena *a, const ReportView *view, FILE *out) {
        const Snapshot *s = view->snapshot;
        const char *summary = plan_text_summary(a, s, view->plan);
        char at[HUMAN_SIZE], taken[HUMAN_SIZE] = "at an unknown time";

        if (!summary)
                return -ENOMEM;
        if (s->taken_at > 0)
                (void) human_time(s->taken_at, taken);
        html_say(out, "<header>\n<h1>Plan for cluster %s</h1>\n<p class=\"sum\">%s</p>\n", s->cluster,
                 summary);
        html_say(out,
                 "<p class=\"soft\">Nothing was moved by making this report. A plan is judged once more, on "
                 "fresh data, before any of it is carried out.</p>\n");
        if (view->stopped)
                html_say(out, "<p class=\"warn\">%s</p>\n", view->stopped);
        for (uint32_t i = 0; i < view->n_supposed; i++)
                html_say(out, "<p class=\"warn\">What if: %s</p>\n", view->supposed[i]);
        html_say(out, "<dl>\n");
        report_html_fact(out, "Made by", view->by);
        report_html_fact(out, "Made at", human_time(view->made_at, at));
        html_say(out, "<dt>Facts</dt><dd>%s, taken %s: %u %s, %u %s</dd>\n", view->source, taken, s->n_hosts,
                 text_plural(s->n_hosts, "host", "hosts"), snapshot_n_vms(s),
                 text_plural(snapshot_n_vms(s), "VM", "VMs"));
        html_say(out, "<dt>Digest</dt><dd><code>%s</code> (SHA-256 of the plan's file)</dd>\n", view->digest);
        html_say(out, "<dt>Program</dt><dd>plimsoll %s, seed %llu</dd>\n</dl>\n</header>\n", view->version,
                 (unsigned long long) view->plan->seed);
        return 0;
}

/* ---- why, and what it changes ---- */

static void report_html_kinds(const Plan *plan, FILE *out) {
        html_say(out, "<h2>Why</h2>\n<table class=\"few\"><thead><tr><th>Kind</th><th "
                      "class=\"n\">Moves</th><th class=\"n\">To send</th></tr></thead><tbody>\n");
        for (int k = 0; k < ACTION_KINDS_NAMED; k++) {
                char sent[HUMAN_SIZE];
                int64_t bytes = 0;
                uint32_t n = 0;

                for (uint32_t i = 0; i < plan->n_moves; i++)
                        if ((int) plan->moves[i].kind == k) {
                                n++;
                                bytes += plan->moves[i].predicted.bytes;
                        }
                if (n > 0)
                        html_say(out, "<tr><th>%s</th><td class=\"n\">%u</td><td class=\"n\">%s</td></tr>\n",
                                 action_kind_names[k], n, human_bytes(bytes, sent));
        }
        html_say(out, "</tbody></table>\n");
}

/* A decimal where rounding hides a change. */
static const char *report_html_share(int64_t permille, int64_t other, char buf[HUMAN_SIZE]) {
        char theirs[HUMAN_SIZE];

        if (strcmp(human_permille(permille, buf), human_permille(other, theirs)) == 0 && permille != other)
                (void) snprintf(buf, HUMAN_SIZE, "%.1f%%", (double) permille / 10);
        return buf;
}

static void report_html_pair(FILE *out, const char *name, const char *what, int64_t before, int64_t after) {
        char was[HUMAN_SIZE], is[HUMAN_SIZE];

        html_say(out, "<tr><th>%s, %s</th><td class=\"n\">%s</td><td class=\"n\">%s</td></tr>\n", name, what,
                 report_html_share(before, after, was), report_html_share(after, before, is));
}

static void report_html_pairs(const Plan *plan, FILE *out) {
        html_say(
                out,
                "<h2>Now and after</h2>\n<table class=\"few\"><thead><tr><th></th><th class=\"n\">Now</th><th "
                "class=\"n\">After</th></tr></thead><tbody>\n");
        html_say(
                out,
                "<tr><th>Hosts above their load line</th><td class=\"n\">%u</td><td class=\"n\">%u</td></tr>\n",
                plan->before.over_limit, plan->after.over_limit);
        for (uint32_t r = 0; r < plan->n_res; r++) {
                const Spread *before = &plan->before.spread[r], *after = &plan->after.spread[r];

                if (before->max == 0 && after->max == 0)
                        continue;
                report_html_pair(out, plan->res_names[r], "highest", before->max, after->max);
                report_html_pair(out, plan->res_names[r], "spread (sd)", before->sd, after->sd);
        }
        html_say(out, "</tbody></table>\n");
}

static void report_html_frontier(const FrontierView *view, FILE *out) {
        if (!view || view->n < 2)
                return;
        html_say(out, "<h2>What fewer moves gain</h2>\n<div class=\"two\">\n<figure>");
        report_chart_frontier(view, out);
        html_say(out, "</figure>\n<table><thead><tr><th class=\"n\">Moves</th><th class=\"n\">Memory</th><th "
                      "class=\"n\">Time</th><th class=\"n\">Above line</th><th "
                      "class=\"n\">Gained</th></tr></thead><tbody>\n");
        for (uint32_t i = 0; i < view->n; i++) {
                const FrontierPoint *point = &view->points[i];
                char memory[HUMAN_SIZE], time[HUMAN_SIZE], gained[HUMAN_SIZE];

                if (i > 0 && point->moves == point[-1].moves && i != view->knee)
                        continue; /* more is not of use */
                html_say(out,
                         "<tr><td class=\"n\">%u</td><td class=\"n\">%s</td><td class=\"n\">%s</td><td "
                         "class=\"n\">%u</td><td class=\"n\">%s%s</td></tr>\n",
                         point->moves, human_mib(point->price[FRONTIER_MIB], memory),
                         human_ms(point->price[FRONTIER_MS], time), point->over_limit,
                         human_permille(point->gained * 1000 / FRONTIER_ALL, gained),
                         i == view->knee ? " (knee)" : "");
        }
        html_say(out, "</tbody></table>\n</div>\n");
}

/* ---- the moves ---- */

static void report_html_bounded(FILE *out, int64_t low, int64_t ms, int64_t high) {
        char at_least[HUMAN_SIZE], expected[HUMAN_SIZE], at_most[HUMAN_SIZE];

        html_say(out, "<td class=\"n\">%s", human_ms(ms, expected));
        if (low != high)
                html_say(out, "<br><span class=\"soft\">%s – %s</span>", human_ms(low, at_least),
                         human_ms(high, at_most));
        html_say(out, "</td>");
}

static void report_html_moves(const ReportView *view, FILE *out) {
        const Snapshot *s = view->snapshot;

        if (view->plan->n_moves == 0)
                return;
        html_say(out,
                 "<h2>Moves</h2>\n<p class=\"soft\">A wave begins when all moves of the wave before it have "
                 "ended. Times: expected, and from the shortest to the longest.</p>\n<div "
                 "class=\"wide\"><table><thead><tr><th class=\"n\">Wave</th><th>VM</th><th>From → to</th><th "
                 "class=\"n\">Memory</th><th class=\"n\">Time</th><th "
                 "class=\"n\">Downtime</th><th>Kind and why</th></tr></thead><tbody>\n");
        for (uint32_t i = 0; i < view->plan->n_moves; i++) {
                const PlanMove *m = &view->plan->moves[i];
                char memory[HUMAN_SIZE];

                html_say(
                        out,
                        "<tr class=\"over\"><td class=\"n\">%u</td><th class=\"name\">%s</th><td class=\"way\">%s → %s</td><td class=\"n\">%s</td>",
                        m->wave + 1, s->vms[m->move.vm].name, s->hosts[m->move.from].name,
                        s->hosts[m->move.to].name, human_mib(s->vms[m->move.vm].memory_mib, memory));
                report_html_bounded(out, m->predicted.ms_low, m->predicted.ms, m->predicted.ms_high);
                report_html_bounded(out, m->predicted.downtime_ms_low, m->predicted.downtime_ms,
                                    m->predicted.downtime_ms_high);
                html_say(out, "<td>%s</td></tr>\n<tr class=\"under\"><td></td><td colspan=\"6\">%s",
                         action_kind_names[m->kind], m->why);
                if (m->held)
                        html_say(out, " <span class=\"bad\">Left to an operator: %s</span>", m->held);
                html_say(out, "</td></tr>\n");
        }
        html_say(out, "</tbody></table></div>\n");
}

static int report_html_refused(Arena *a, const ReportView *view, FILE *out) {
        const Plan *plan = view->plan;

        if (plan->n_refused == 0 && plan->n_conflicts == 0)
                return 0;
        html_say(out, "<h2>Wanted, and not possible</h2>\n");
        for (uint32_t i = 0; i < plan->n_conflicts; i++)
                html_say(out, "<p class=\"bad\">%s</p>\n", plan->conflicts[i].text);
        if (plan->lacks)
                html_say(out, "<p>%s</p>\n", plan->lacks);
        if (plan->n_refused > 0)
                html_say(out,
                         "<table><thead><tr><th>VM</th><th>On</th><th>Why not</th></tr></thead><tbody>\n");
        for (uint32_t i = 0; i < plan->n_refused; i++) {
                const Vm *vm = &view->snapshot->vms[plan->refused[i].vm];
                const char *why = plan_text_refused(a, view->snapshot, &plan->refused[i]);

                if (!why)
                        return -ENOMEM;
                html_say(out, "<tr><th class=\"name\">%s</th><td>%s</td><td>%s</td></tr>\n", vm->name,
                         vm->host == IX_NONE ? "no host" : view->snapshot->hosts[vm->host].name, why);
        }
        if (plan->n_refused > 0)
                html_say(out, "</tbody></table>\n");
        if (plan->n_refused < plan->n_refused_all)
                html_say(out, "<p class=\"soft\">… and %u more.</p>\n",
                         plan->n_refused_all - plan->n_refused);
        return 0;
}

/* ---- the hosts ---- */

static void report_html_load(FILE *out, Bar b) {
        char share[HUMAN_SIZE];

        html_say(out, "<td class=\"n\">");
        report_chart_bar(b, out);
        html_say(out, "%s</td>", b.used == UNKNOWN ? "unknown" : human_permille(b.used, share));
}

static void report_html_host(const Host *host, const HostShare *before, const HostShare *after, FILE *out) {
        html_say(out, "<tr><th class=\"name\">%s</th>", host->name);
        if (before->vms == after->vms)
                html_say(out, "<td class=\"n\">%u</td>", before->vms);
        else
                html_say(out, "<td class=\"n\">%u → %u</td>", before->vms, after->vms);
        report_html_load(out, before->cpu);
        report_html_load(out, after->cpu);
        report_html_load(out, before->memory);
        report_html_load(out, after->memory);
        html_say(out, "<td>%s",
                 host->excluded != EXCLUDED_NONE ? "excluded: its data is missing or unusable. " : "");
        if (host->fault_grade > 0)
                html_say(out, "fault grade %lld: %s", (long long) host->fault_grade,
                         host->fault_why ? host->fault_why : "");
        html_say(out, "</td></tr>\n");
}

/* What the plan touches, or is not as it should be. */
static int report_html_hosts(Arena *a, const ReportView *view, FILE *out) {
        const Snapshot *s = view->snapshot;
        const HostShare *before = NULL, *after = NULL;
        bool *touched = arena_new(a, bool, s->n_hosts);
        const HostIx *host_of = NULL;
        uint32_t n = 0, left = 0;
        int r = touched ? fleet_after(a, view->problem, view->plan, &host_of) : -ENOMEM;

        if (r == 0)
                r = fleet_shares(a, view->problem, view->problem->home, &before);
        if (r == 0)
                r = fleet_shares(a, view->problem, host_of, &after);
        if (r != 0)
                return r;
        for (uint32_t i = 0; i < view->plan->n_moves; i++)
                touched[view->plan->moves[i].move.from] = touched[view->plan->moves[i].move.to] = true;
        html_say(
                out,
                "<h2>Hosts</h2>\n<div class=\"wide\"><table><thead><tr><th>Host</th><th class=\"n\">VMs</th><th "
                "class=\"n\">CPU now</th><th class=\"n\">after</th><th class=\"n\">Memory now</th><th "
                "class=\"n\">after</th><th></th></tr></thead><tbody>\n");
        for (HostIx h = 0; h < s->n_hosts; h++) {
                const bool odd = before[h].over || after[h].over || s->hosts[h].fault_grade > 0 ||
                                 s->hosts[h].excluded != EXCLUDED_NONE;

                if ((!touched[h] && !odd) || n == REPORT_HOSTS) {
                        left++;
                        continue;
                }
                n++;
                report_html_host(&s->hosts[h], &before[h], &after[h], out);
        }
        html_say(out, "</tbody></table></div>\n");
        if (left > 0)
                html_say(out, "<p class=\"soft\">%u %s not shown%s.</p>\n", left,
                         text_plural(left, "host is", "hosts are"),
                         n < REPORT_HOSTS ? ": the plan leaves them as they are, within their load lines"
                                          : "");
        return 0;
}

/* ---- the settings ---- */

static void report_html_settings(const Settings *settings, FILE *out) {
        SettingRow row;
        uint32_t n = 0;

        html_say(out, "<h2>Settings</h2>\n");
        for (uint32_t i = 0; settings_row(settings, i, &row); i++) {
                char buf[512], shown[512], usual[512];

                if (row.is_default)
                        continue;
                if (n++ == 0)
                        html_say(
                                out,
                                "<table class=\"few\"><thead><tr><th>Setting</th><th>Value</th><th>Default</th>"
                                "</tr></thead><tbody>\n");
                html_say(out, "<tr><th>%s.%s</th><td>%s</td><td class=\"soft\">%s</td></tr>\n",
                         row.section->name, row.def->name,
                         url_secret_masked(setting_print(row.def, row.value, row.text, buf, sizeof(buf)),
                                           shown, sizeof(shown)),
                         setting_print(row.def, row.def->def, row.def->def_text, usual, sizeof(usual)));
        }
        html_say(out, n > 0 ? "</tbody></table>\n" : "<p>All values are at their defaults.</p>\n");
}

int report_html_print(Arena *a, const ReportView *view, FILE *out) {
        int r = report_html_head(a, view, out);

        if (r == 0)
                r = report_html_top(a, view, out);
        if (r < 0)
                return r;
        html_say(out, "<main>\n<div class=\"beside\">\n<section>");
        report_html_pairs(view->plan, out);
        html_say(out, "</section>\n<section>");
        report_html_kinds(view->plan, out);
        html_say(out, "</section>\n</div>\n");
        report_html_frontier(view->frontier, out);
        r = report_html_refused(a, view, out);
        if (r < 0)
                return r;
        report_html_moves(view, out);
        r = report_html_hosts(a, view, out);
        if (r < 0)
                return r;
        report_html_settings(view->settings, out);
        html_say(out, "</main>\n</body>\n</html>\n");
        return 0;
}
