/* SPDX-License-Identifier: Apache-2.0 */
/* What plimsolld shows at /metrics: each row of the table is there once, the documents have it, and the text is what
 * Prometheus' own checker takes. */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "collectors/read/slurp.h"
#include "scheduler/app/metrics/metrics_page.h"
#include "scheduler/base/text.h"

static Arena arena;

static void open_all(void) {
        cr_assert_eq(0, arena_open((size_t) 64 << 20, &arena));
}

static void close_all(void) {
        arena_close(&arena);
}

/* One host that is to be emptied and one that is well, a plan, and some moves that ended. */
static void fill(MetricsBoard *board, const char *cluster) {
        static const char *const res[] = { "cpu", "memory" };
        static const int64_t used[] = { 930, 541 }, line[] = { 800, 900 }, spread[] = { 220, 20 };
        ClusterMetrics *m = metrics_board_cluster(board, cluster);
        ClusterFigures *f = cluster_figures_new();
        HostFigures *hosts;

        cr_assert(m && f);
        hosts = arena_new(&f->arena, HostFigures, 2);
        cr_assert(hosts);
        hosts[0] = (HostFigures){ .name = "kvm01",
                                  .used = used,
                                  .line = line,
                                  .waiting = { 10, UNKNOWN, 5 },
                                  .grade = 3,
                                  .to_leave = 25,
                                  .reported = 1796047244 * USEC_PER_SEC,
                                  .leave_by = 1796050844 * USEC_PER_SEC };
        hosts[1] = (HostFigures){ .name = "a \"quoted\" host\\",
                                  .used = used,
                                  .line = line,
                                  .waiting = { UNKNOWN, UNKNOWN, UNKNOWN },
                                  .to_leave = UNKNOWN };
        f->hosts = hosts;
        f->n_hosts = 2;
        f->res_names = res;
        f->n_res = 2;
        f->spread = spread;
        f->status = PLAN_EVACUATED;
        f->gap = 0.057;
        f->round_at = 1796047244 * USEC_PER_SEC + 500000;
        f->waiting_since = 1796040000 * USEC_PER_SEC;
        f->n_waiting = 1;
        f->plan_moves[ACTION_KIND_BALANCE] = 68;
        cluster_metrics_lead(m, true);
        cluster_metrics_put(m, f);
        cluster_metrics_phase(m, ROUND_PLAN, 200 * USEC_PER_MSEC);
        cluster_metrics_ended(m, &(MoveMetric){ .kind = ACTION_KIND_BALANCE,
                                                .result = "done",
                                                .ms = 26000,
                                                .downtime_ms = 200,
                                                .bytes = INT64_C(3200000000),
                                                .predicted_ms = 24000 });
        cluster_metrics_ended(
                m, &(MoveMetric){ .kind = ACTION_KIND_EVACUATION, .result = "failed", .bytes = 7 });
}

static const char *page_of(MetricsBoard *board) {
        RouteMetrics route = { .route = "/metrics" };
        const ReasonCount refused = { "rate", 3 };
        const ProcessView process = { .version = "0.1.0",
                                      .started = 1796047000 * USEC_PER_SEC,
                                      .routes = &route,
                                      .n_routes = 1,
                                      .refused = &refused,
                                      .n_refused = 1,
                                      .connections = 2 };
        ClusterView *list = NULL;
        const char *text = NULL;
        uint32_t n = 0;
        size_t length;

        route_metrics_put(&route, 200, 3 * USEC_PER_MSEC);
        cr_assert_eq(0, metrics_board_look(board, &list, &n));
        cr_assert_eq(0, metrics_page(&arena, &process, list, n, &text, &length));
        cr_assert_eq(strlen(text), length);
        metrics_board_done(board, list, n);
        return text;
}

static void has(const char *page, const char *line) {
        const char *at = strstr(page, line);

        cr_expect(at && (at == page || at[-1] == '\n'), "not there: %s", line);
}

Test(metrics_page, has_each_metric_of_the_table, .init = open_all, .fini = close_all) {
        MetricsBoard *board = NULL;
        const ServiceMetric *m;
        const char *page;

        cr_assert_eq(0, metrics_board_open(&board));
        fill(board, "a");
        page = page_of(board);
        for (unsigned i = 0; (m = service_metric_at(i)); i++) {
                char head[256], sample[128];
                const char *at;

                (void) snprintf(head, sizeof(head), "# TYPE %s %s\n%s", m->name, metric_type_names[m->type],
                                m->name);
                has(page, head);
                (void) snprintf(sample, sizeof(sample), "\n# TYPE %s ", m->name);
                at = strstr(page, sample);
                cr_assert(at, "%s", m->name);
                cr_expect_null(strstr(at + 1, sample), "%s stands twice", m->name);
        }
        (void) metrics_board_free(board);
}

Test(metrics_page, says_what_the_figures_say, .init = open_all, .fini = close_all) {
        MetricsBoard *board = NULL;
        const char *page;

        cr_assert_eq(0, metrics_board_open(&board));
        fill(board, "a");
        page = page_of(board);
        has(page, "plimsoll_leader{cluster=\"a\"} 1\n");
        has(page, "plimsoll_round_timestamp_seconds{cluster=\"a\"} 1796047244.5\n");
        has(page, "plimsoll_cluster_status{cluster=\"a\",status=\"evacuated\"} 1\n");
        has(page, "plimsoll_cluster_status{cluster=\"a\",status=\"blind\"} 0\n");
        has(page, "plimsoll_host_used_ratio{cluster=\"a\",host=\"kvm01\",resource=\"cpu\"} 0.93\n");
        has(page, "plimsoll_host_vms_to_leave{cluster=\"a\",host=\"kvm01\"} 25\n");
        has(page, "plimsoll_host_waiting_ratio{cluster=\"a\",host=\"kvm01\",resource=\"io\"} 0.005\n");
        has(page, "plimsoll_host_fault_grade{cluster=\"a\",host=\"a \\\"quoted\\\" host\\\\\"} 0\n");
        has(page, "plimsoll_plan_gap_ratio{cluster=\"a\"} 0.057\n");
        has(page, "plimsoll_moves_total{cluster=\"a\",kind=\"balance\",result=\"done\"} 1\n");
        has(page, "plimsoll_moves_total{cluster=\"a\",kind=\"evacuation\",result=\"failed\"} 1\n");
        has(page, "plimsoll_move_seconds_bucket{cluster=\"a\",le=\"10\"} 0\n");
        has(page, "plimsoll_move_seconds_bucket{cluster=\"a\",le=\"30\"} 1\n");
        has(page, "plimsoll_move_seconds_bucket{cluster=\"a\",le=\"+Inf\"} 1\n");
        has(page, "plimsoll_move_seconds_sum{cluster=\"a\"} 26\n");
        has(page, "plimsoll_move_bytes_total{cluster=\"a\"} 3200000007\n");
        has(page, "plimsoll_move_actual_to_predicted_ratio_bucket{cluster=\"a\",le=\"1.1\"} 1\n");
        has(page, "plimsoll_api_refused_total{reason=\"rate\"} 3\n");
        cr_expect_null(strstr(page, "host_vms_to_leave{cluster=\"a\",host=\"a "), "it is not to be emptied");
        (void) metrics_board_free(board);
}

Test(metrics_page, of_a_follower_has_the_process_alone, .init = open_all, .fini = close_all) {
        MetricsBoard *board = NULL;
        const char *page;

        cr_assert_eq(0, metrics_board_open(&board));
        fill(board, "a");
        fill(board, "b");
        cluster_metrics_lead(metrics_board_cluster(board, "a"), false);
        page = page_of(board);
        has(page, "plimsoll_leader{cluster=\"a\"} 0\n");
        has(page, "plimsoll_leader{cluster=\"b\"} 1\n");
        has(page, "plimsoll_build_info{version=\"0.1.0\"} 1\n");
        cr_expect_null(strstr(page, "plimsoll_moves_total{cluster=\"a\""));
        cr_expect_null(strstr(page, "plimsoll_hosts{cluster=\"a\""));
        has(page, "plimsoll_moves_total{cluster=\"b\",kind=\"balance\",result=\"done\"} 1\n");
        metrics_board_drop(board, "b");
        cr_expect_null(strstr(page_of(board), "\"b\""), "it is served no more");
        (void) metrics_board_free(board);
}

Test(metrics_page, figures_outlive_those_that_replace_them, .init = open_all, .fini = close_all) {
        MetricsBoard *board = NULL;
        ClusterView *list = NULL;
        uint32_t n = 0;

        cr_assert_eq(0, metrics_board_open(&board));
        fill(board, "a");
        cr_assert_eq(0, metrics_board_look(board, &list, &n));
        fill(board, "a");
        cluster_metrics_lead(metrics_board_cluster(board, "a"), false);
        cr_assert_eq(n, 1);
        cr_assert_str_eq(list[0].figures->hosts[0].name, "kvm01");
        metrics_board_done(board, list, n);
        (void) metrics_board_free(board);
}

/* ---- how many series ---- */

#define MANY_RES 28

/* A cluster of n hosts of which all is known, with all the resources that a cluster can have; one host is to be emptied. */
static void fill_many(MetricsBoard *board, uint32_t n_hosts, int64_t other_used) {
        static const char *res[MANY_RES] = { "cpu", "memory", "net rx", "net tx", "memory of NUMA node 0" };
        static int64_t used[MANY_RES], line[MANY_RES], spread[MANY_RES];
        ClusterMetrics *m = metrics_board_cluster(board, "c");
        ClusterFigures *f = cluster_figures_new();
        HostFigures *hosts;

        cr_assert(m && f);
        hosts = arena_new(&f->arena, HostFigures, n_hosts);
        cr_assert(hosts);
        for (unsigned r = 0; r < MANY_RES; r++) {
                res[r] = res[r] ? res[r] : text_format(&arena, "licence %u", r);
                line[r] = 800;
                used[r] = r < 4 ? 900 : other_used + r;
        }
        for (uint32_t h = 0; h < n_hosts; h++)
                hosts[h] = (HostFigures){ .name = text_format(&f->arena, "kvm%05u", h),
                                          .used = used,
                                          .line = line,
                                          .waiting = { 1, 2, 3 },
                                          .to_leave = h == 0 ? 7 : UNKNOWN,
                                          .reported = 1796047244 * USEC_PER_SEC,
                                          .leave_by = h == 0 ? 1796050844 * USEC_PER_SEC : 0 };
        f->hosts = hosts;
        f->n_hosts = n_hosts;
        f->res_names = res;
        f->n_res = MANY_RES;
        f->spread = spread;
        cluster_metrics_lead(m, true);
        cluster_metrics_put(m, f);
}

/* Lines that are samples; of_hosts: those of one host. */
static uint32_t count_series(const char *page, bool of_hosts) {
        uint32_t n = 0;

        for (const char *line = page; *line; line = strchr(line, '\n') + 1) {
                const char *end = strchr(line, '\n'), *host = strstr(line, ",host=\"");

                n += line[0] != '#' && (!of_hosts || (host && host < end));
        }
        return n;
}

Test(metrics_page, of_a_host_are_thirteen_series_at_most, .init = open_all, .fini = close_all) {
        static const uint32_t sizes[] = { 3, 40, 1000 };
        uint32_t beside[ARRAY_SIZE(sizes)];

        for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
                MetricsBoard *board = NULL;
                uint32_t of_hosts;
                const char *page;

                cr_assert_eq(0, metrics_board_open(&board));
                fill_many(board, sizes[i], 700);
                page = page_of(board);
                of_hosts = count_series(page, true);
                beside[i] = count_series(page, false) - of_hosts;
                cr_expect_eq(of_hosts, 13 * sizes[i] + 2, "%u series of %u hosts", of_hosts, sizes[i]);
                (void) metrics_board_free(board);
        }
        cr_expect(beside[0] == beside[1] && beside[1] == beside[2], "%u, %u, %u series beside those of hosts",
                  beside[0], beside[1], beside[2]);
        cr_expect_leq(beside[0], 250, "%u series beside those of hosts", beside[0]);
}

Test(metrics_page, of_other_resources_the_worst_is_shown_while_above_its_line, .init = open_all,
     .fini = close_all) {
        MetricsBoard *board = NULL;
        const char *page;

        cr_assert_eq(0, metrics_board_open(&board));
        fill_many(board, 3, 780);
        page = page_of(board);
        has(page, "plimsoll_host_used_ratio{cluster=\"c\",host=\"kvm00001\",resource=\"net_tx\"} 0.9\n");
        has(page, "plimsoll_host_used_ratio{cluster=\"c\",host=\"kvm00001\",resource=\"other\"} 0.807\n");
        has(page, "plimsoll_host_load_line_ratio{cluster=\"c\",host=\"kvm00001\",resource=\"other\"} 0.8\n");
        cr_expect_eq(count_series(page, true), 15 * 3 + 2);
        cr_expect_null(strstr(page, "NUMA"), "names of resources of one cluster are no labels");
        (void) metrics_board_free(board);
}

Test(metrics_page, stands_in_the_documents, .init = open_all, .fini = close_all) {
        const ServiceMetric *m;
        const char *text;
        size_t n;

        cr_assert_eq(0, file_slurp(&arena, SOURCE_DIR, "/docs/metrics.md", &text, &n));
        for (unsigned i = 0; (m = service_metric_at(i)); i++) {
                char row[600];

                (void) snprintf(row, sizeof(row), "\n| `%s` | %s | %s%s%s | %s |\n", m->name,
                                metric_type_names[m->type], m->of == METRIC_OF_PROCESS ? "" : "cluster",
                                m->of == METRIC_OF_PROCESS ? (m->labels[0] ? "" : "-")
                                : m->labels[0]             ? ", "
                                                           : "",
                                m->labels, m->help);
                cr_expect(strstr(text, row), "docs/metrics.md lacks:%s", row);
        }
}

/* Names by the rules of the exposition format, as promtool asks: the whole of it where it is installed. */
Test(metrics_page, is_what_promtool_takes, .init = open_all, .fini = close_all) {
        MetricsBoard *board = NULL;
        const ServiceMetric *m;
        char path[] = "/tmp/metrics_page.XXXXXX", command[256];
        FILE *f;
        int fd;

        for (unsigned i = 0; (m = service_metric_at(i)); i++) {
                const size_t length = strlen(m->name);
                const bool total = length > 6 && strcmp(m->name + length - 6, "_total") == 0;

                cr_expect_eq(total, m->type == METRIC_TYPE_COUNTER,
                             "%s: a counter ends in _total, nothing else does", m->name);
                cr_expect_eq(0, strncmp(m->name, "plimsoll_", 9), "%s", m->name);
                cr_expect(m->help[strlen(m->help) - 1] == '.', "%s: its help is a sentence", m->name);
        }
        if (system("command -v promtool >/dev/null") != 0)
                cr_skip_test("promtool is not installed (package prometheus)");
        cr_assert_eq(0, metrics_board_open(&board));
        fill(board, "a");
        fill(board, "b");
        fd = mkstemp(path);
        cr_assert_geq(fd, 0);
        f = fdopen(fd, "w");
        cr_assert(f && fputs(page_of(board), f) >= 0 && fclose(f) == 0);
        (void) snprintf(command, sizeof(command), "promtool check metrics <%s", path);
        cr_expect_eq(0, system(command), "promtool has something against it");
        (void) remove(path);
        (void) metrics_board_free(board);
}
