/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/app/metrics/metrics_page.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "scheduler/base/text_harmless.h"
#include "scheduler/snapshot/json/text_writer.h"

typedef enum ServiceMetricId {
#define SERVICE_METRIC(id, of, type, name, labels, help) SERVICE_METRIC_##id,
#include "scheduler/app/metrics/service_metrics.def"
#undef SERVICE_METRIC
        SERVICE_METRIC_N,
} ServiceMetricId;

static const ServiceMetric service_metric_defs[SERVICE_METRIC_N] = {
#define SERVICE_METRIC(id, of, type, name, labels, help)                                                     \
        { name, METRIC_OF_##of, METRIC_TYPE_##type, labels, help },
#include "scheduler/app/metrics/service_metrics.def"
#undef SERVICE_METRIC
};
const char *const metric_type_names[METRIC_TYPE_N] = { "gauge", "counter", "histogram" };

const ServiceMetric *service_metric_at(unsigned i) {
        return i < SERVICE_METRIC_N ? &service_metric_defs[i] : NULL;
}

#define LABELS_MAX 3
#define PERMILLE   0.001
#define MSEC       0.001

/* A metric that is being written, and whose. */
typedef struct MetricsPage {
        TextWriter w;
        const ServiceMetric *metric;
        const ClusterView *cluster; /* NULL: of the process */
} MetricsPage;

typedef struct MetricLabels {
        const char *names[LABELS_MAX], *values[LABELS_MAX];
} MetricLabels;

/* As Prometheus reads it: backslash, quote and line end are escaped; what would harm a terminal is replaced. */
static void page_label_value(TextWriter *w, const char *value) {
        for (size_t left = strlen(value), len; left > 0; value += len, left -= len) {
                uint32_t c;

                len = text_char(value, left, &c);
                if (c == '\\' || c == '"')
                        text_writer_put(w, "\\", 1);
                if (text_char_is_harmless(c))
                        text_writer_put(w, value, len);
                else
                        text_writer_put(w, "?", 1);
        }
}

static void page_label(TextWriter *w, bool *any, const char *name, const char *value) {
        text_writer_put(w, *any ? "," : "{", 1);
        *any = true;
        text_writer_word(w, name);
        text_writer_word(w, "=\"");
        page_label_value(w, value);
        text_writer_put(w, "\"", 1);
}

static void page_number(TextWriter *w, double value) {
        char text[40];

        if (value == floor(value) && fabs(value) < 1e15)
                (void) snprintf(text, sizeof(text), "%.0f", value);
        else
                (void) snprintf(text, sizeof(text), "%.15g", value);
        text_writer_word(w, text);
}

static void page_sample(MetricsPage *page, const char *suffix, const MetricLabels *labels, const char *le,
                        double value) {
        TextWriter *w = &page->w;
        bool any = false;

        text_writer_word(w, page->metric->name);
        text_writer_word(w, suffix);
        if (page->cluster)
                page_label(w, &any, "cluster", page->cluster->name);
        for (unsigned i = 0; i < LABELS_MAX && labels->names[i]; i++)
                page_label(w, &any, labels->names[i], labels->values[i]);
        if (le)
                page_label(w, &any, "le", le);
        text_writer_word(w, any ? "} " : " ");
        page_number(w, value);
        text_writer_put(w, "\n", 1);
}

static void page_put(MetricsPage *page, double value) {
        page_sample(page, "", &(MetricLabels){ 0 }, NULL, value);
}

static void page_put_1(MetricsPage *page, const char *name, const char *label, double value) {
        page_sample(page, "", &(MetricLabels){ { name }, { label } }, NULL, value);
}

static void page_put_2(MetricsPage *page, const char *const names[2], const char *const labels[2],
                       double value) {
        page_sample(page, "", &(MetricLabels){ { names[0], names[1] }, { labels[0], labels[1] } }, NULL,
                    value);
}

static void page_histogram(MetricsPage *page, const MetricLabels *labels, const MetricsHistogram *histogram,
                           const double *bounds) {
        uint64_t so_far = 0;
        char le[40];

        for (unsigned i = 0; i < METRICS_BUCKETS; i++) {
                so_far += histogram->in[i];
                (void) snprintf(le, sizeof(le), "%g", bounds[i]);
                page_sample(page, "_bucket", labels, le, (double) so_far);
        }
        page_sample(page, "_bucket", labels, "+Inf", (double) histogram->n);
        page_sample(page, "_sum", labels, NULL, histogram->sum);
        page_sample(page, "_count", labels, NULL, (double) histogram->n);
}

/* ---- of the process ---- */

static void page_process(MetricsPage *page, ServiceMetricId id, const ProcessView *process) {
        static const char *const route_code[] = { "route", "code" };

        switch (id) {
        case SERVICE_METRIC_BUILD_INFO:
                page_put_1(page, "version", process->version, 1);
                break;
        case SERVICE_METRIC_START:
                page_put(page, (double) process->started / USEC_PER_SEC);
                break;
        case SERVICE_METRIC_ERRORS:
                for (unsigned i = 0; i < ERROR_PARTS; i++)
                        page_put_1(page, "part", error_part_names[i], (double) process_metrics_errors(i));
                break;
        case SERVICE_METRIC_API_SECONDS:
                for (uint32_t i = 0; i < process->n_routes; i++)
                        for (unsigned c = 0; c < CODE_CLASSES; c++)
                                if (process->routes[i].of[c].n > 0)
                                        page_histogram(page,
                                                       &(MetricLabels){ { route_code[0], route_code[1] },
                                                                        { process->routes[i].route,
                                                                          code_class_names[c] } },
                                                       &process->routes[i].of[c], metrics_bounds_short);
                break;
        case SERVICE_METRIC_API_REFUSED:
                for (uint32_t i = 0; i < process->n_refused; i++)
                        page_put_1(page, "reason", process->refused[i].reason,
                                   (double) process->refused[i].n);
                break;
        case SERVICE_METRIC_EVENT_STREAMS:
                page_put(page, process->event_streams);
                break;
        default:
                page_put(page, process->connections);
                break;
        }
}

/* ---- of a cluster: hosts ---- */

/* Every host has these; with other labels and all that a cluster may have besides (huge pages by size, NUMA nodes, resources of
 * its settings) one host would have 60 series. NULL: it is none of them. */
static const char *page_resource(const char *name) {
        static const char *const names[][2] = {
                { "cpu", "cpu" }, { "memory", "memory" }, { "net rx", "net_rx" }, { "net tx", "net_tx" }
        };

        for (size_t i = 0; i < ARRAY_SIZE(names); i++)
                if (strcmp(names[i][0], name) == 0)
                        return names[i][1];
        return NULL;
}

/* Of those besides: the one that is furthest above its load line; n_res: none is above. */
static uint32_t page_other(const ClusterFigures *f, const HostFigures *figures) {
        uint32_t worst = f->n_res;
        int64_t most = 0;

        for (uint32_t r = 0; r < f->n_res; r++) {
                const int64_t used = figures->used[r], line = figures->line[r];

                if (page_resource(f->res_names[r]) || used == UNKNOWN || line == UNKNOWN ||
                    used - line <= most)
                        continue;
                most = used - line;
                worst = r;
        }
        return worst;
}

static void page_shares(MetricsPage *page, const ClusterFigures *f, const HostFigures *figures,
                        const int64_t *of) {
        static const char *const host_resource[] = { "host", "resource" };
        const uint32_t other = page_other(f, figures);

        for (uint32_t r = 0; r < f->n_res; r++) {
                const char *resource = r == other ? "other" : page_resource(f->res_names[r]);

                if (resource && of[r] != UNKNOWN)
                        page_put_2(page, host_resource, (const char *const[]){ figures->name, resource },
                                   (double) of[r] * PERMILLE);
        }
}

static void page_spread(MetricsPage *page, const ClusterFigures *f) {
        for (uint32_t r = 0; f->spread && r < f->n_res; r++)
                if (page_resource(f->res_names[r]))
                        page_put_1(page, "resource", page_resource(f->res_names[r]),
                                   (double) f->spread[r] * PERMILLE);
}

static void page_waiting(MetricsPage *page, const HostFigures *figures) {
        static const char *const host_resource[] = { "host", "resource" };

        for (unsigned i = 0; i < WAITING_FOR_N; i++)
                if (figures->waiting[i] != UNKNOWN)
                        page_put_2(page, host_resource,
                                   (const char *const[]){ figures->name, waiting_for_names[i] },
                                   (double) figures->waiting[i] * PERMILLE);
}

static void page_host(MetricsPage *page, ServiceMetricId id, const ClusterFigures *f,
                      const HostFigures *figures) {
        if (id == SERVICE_METRIC_HOST_USED)
                page_shares(page, f, figures, figures->used);
        if (id == SERVICE_METRIC_HOST_LINE)
                page_shares(page, f, figures, figures->line);
        if (id == SERVICE_METRIC_HOST_WAITING)
                page_waiting(page, figures);
        if (id == SERVICE_METRIC_HOST_GRADE)
                page_put_1(page, "host", figures->name, (double) figures->grade);
        if (id == SERVICE_METRIC_HOST_TO_LEAVE && figures->to_leave != UNKNOWN)
                page_put_1(page, "host", figures->name, (double) figures->to_leave);
        if (id == SERVICE_METRIC_HOST_REPORT_AT && figures->reported > 0)
                page_put_1(page, "host", figures->name, (double) figures->reported / USEC_PER_SEC);
        if (id == SERVICE_METRIC_HOST_LEAVE_BY && figures->leave_by > 0)
                page_put_1(page, "host", figures->name, (double) figures->leave_by / USEC_PER_SEC);
}

/* ---- of a cluster: state sets and counts by a label ---- */

static void page_modes(MetricsPage *page, const ServiceModes *modes) {
        static const char *const kind_mode[] = { "kind", "mode" };

        for (int k = 0; k < ACTION_KIND_N; k++)
                for (int m = 0; m < MODE_N; m++)
                        page_put_2(page, kind_mode,
                                   (const char *const[]){ action_kind_names[k], service_mode_names[m] },
                                   (int) modes->of[k] == m);
}

static void page_counts(MetricsPage *page, const char *label, const char *const *names, const uint32_t *of,
                        unsigned n) {
        for (unsigned i = 0; i < n; i++)
                page_put_1(page, label, names[i], of[i]);
}

static void page_ended(MetricsPage *page, const ClusterCounters *c) {
        static const char *const kind_result[] = { "kind", "result" };

        for (int k = 0; k < ACTION_KINDS_NAMED; k++)
                for (unsigned i = 0; i < METRICS_RESULTS; i++)
                        page_put_2(page, kind_result,
                                   (const char *const[]){ action_kind_names[k], metrics_results[i] },
                                   (double) c->ended[k][i]);
}

static void page_notified(MetricsPage *page, const ClusterCounters *c) {
        static const char *const channel_result[] = { "channel", "result" };

        for (unsigned i = 0; i < METRICS_CHANNELS; i++)
                for (unsigned k = 0; k < METRICS_SENDINGS; k++)
                        page_put_2(page, channel_result,
                                   (const char *const[]){ metrics_channels[i], metrics_sendings[k] },
                                   (double) c->notified[i][k]);
}

static void page_phases(MetricsPage *page, const ClusterCounters *c) {
        for (unsigned i = 0; i < ROUND_PHASE_N; i++)
                page_histogram(page, &(MetricLabels){ { "phase" }, { round_phase_names[i] } }, &c->phases[i],
                               metrics_bounds_seconds);
}

static void page_sets(MetricsPage *page, ServiceMetricId id, const ClusterFigures *f) {
        switch (id) {
        case SERVICE_METRIC_MODE:
                page_modes(page, &f->modes);
                break;
        case SERVICE_METRIC_STATUS:
                for (int s = 0; s < PLAN_STATUS_N; s++)
                        page_put_1(page, "status", plan_status_names[s], f->status == s);
                break;
        case SERVICE_METRIC_HOSTS:
                page_counts(page, "state", hosts_state_names, f->hosts_in, HOSTS_STATE_N);
                break;
        case SERVICE_METRIC_VMS:
                page_counts(page, "state", vms_state_names, f->vms_in, VMS_STATE_N);
                break;
        case SERVICE_METRIC_PLAN_MOVES:
                page_counts(page, "kind", action_kind_names, f->plan_moves, ACTION_KINDS_NAMED);
                break;
        case SERVICE_METRIC_SPREAD:
                page_spread(page, f);
                break;
        default:
                for (uint32_t h = 0; h < f->n_hosts; h++)
                        page_host(page, id, f, &f->hosts[h]);
                break;
        }
}

/* ---- of a cluster: one number, and what is counted ---- */

/* False: it is none of these. */
static bool page_one(MetricsPage *page, ServiceMetricId id, const ClusterFigures *f) {
        if (id == SERVICE_METRIC_ROUND_AT)
                page_put(page, (double) f->round_at / USEC_PER_SEC);
        else if (id == SERVICE_METRIC_OVER_LINE)
                page_put(page, f->over_line);
        else if (id == SERVICE_METRIC_RULES_BROKEN)
                page_put(page, f->rules_broken);
        else if (id == SERVICE_METRIC_PLAN_GAP && f->gap >= 0)
                page_put(page, f->gap);
        else if (id == SERVICE_METRIC_PLAN_WAITING && f->waiting_since > 0)
                page_put(page, (double) f->waiting_since / USEC_PER_SEC);
        else if (id == SERVICE_METRIC_PLANS_WAITING)
                page_put(page, f->n_waiting);
        else if (id == SERVICE_METRIC_VM_MOVES_DAY)
                page_put(page, f->vm_moves_day);
        else if (id == SERVICE_METRIC_PAUSED)
                page_put(page, f->paused);
        else if (id == SERVICE_METRIC_STOPPED)
                page_put(page, f->stopped);
        else
                return id == SERVICE_METRIC_PLAN_GAP || id == SERVICE_METRIC_PLAN_WAITING;
        return true;
}

static bool page_counted(MetricsPage *page, ServiceMetricId id, const ClusterCounters *c) {
        const MetricLabels none = { 0 };

        if (id == SERVICE_METRIC_ROUND_SECONDS)
                page_phases(page, c);
        else if (id == SERVICE_METRIC_MOVES)
                page_ended(page, c);
        else if (id == SERVICE_METRIC_NOTIFICATIONS)
                page_notified(page, c);
        else if (id == SERVICE_METRIC_MOVES_RUNNING)
                page_put(page, c->running);
        else if (id == SERVICE_METRIC_MOVE_BYTES)
                page_put(page, (double) c->bytes);
        else if (id == SERVICE_METRIC_MOVE_SECONDS)
                page_histogram(page, &none, &c->moves, metrics_bounds_seconds);
        else if (id == SERVICE_METRIC_MOVE_DOWNTIME)
                page_histogram(page, &none, &c->downtime, metrics_bounds_short);
        else if (id == SERVICE_METRIC_MOVE_RATIO)
                page_histogram(page, &none, &c->ratio, metrics_bounds_ratio);
        else
                return false;
        return true;
}

static void page_cluster(MetricsPage *page, ServiceMetricId id, const ClusterView *c) {
        page->cluster = c;
        if (id == SERVICE_METRIC_LEADER)
                page_put(page, c->leads);
        else if (c->leads && !page_counted(page, id, &c->counters) && c->figures &&
                 !page_one(page, id, c->figures))
                page_sets(page, id, c->figures);
        page->cluster = NULL;
}

int metrics_page(Arena *a, const ProcessView *process, const ClusterView *clusters, uint32_t n_clusters,
                 const char **ret, size_t *ret_n) {
        MetricsPage page = { .w = text_writer_new(a) };

        for (int id = 0; id < SERVICE_METRIC_N; id++) {
                const ServiceMetric *m = page.metric = &service_metric_defs[id];

                text_writer_word(&page.w, "# HELP ");
                text_writer_word(&page.w, m->name);
                text_writer_put(&page.w, " ", 1);
                text_writer_word(&page.w, m->help);
                text_writer_word(&page.w, "\n# TYPE ");
                text_writer_word(&page.w, m->name);
                text_writer_put(&page.w, " ", 1);
                text_writer_word(&page.w, metric_type_names[m->type]);
                text_writer_put(&page.w, "\n", 1);
                if (m->of == METRIC_OF_PROCESS)
                        page_process(&page, (ServiceMetricId) id, process);
                for (uint32_t c = 0; m->of != METRIC_OF_PROCESS && c < n_clusters; c++)
                        page_cluster(&page, (ServiceMetricId) id, &clusters[c]);
        }
        return text_writer_end(&page.w, ret, ret_n);
}
