/* SPDX-License-Identifier: Apache-2.0 */
/* The figures of a board and of the process in Prometheus' text format 0.0.4
 * (prometheus.io/docs/instrumenting/exposition_formats), by the table of service_metrics.def.
 *
 * What is not known is left out, never 0. Pure.
 *
 * Units: base units: seconds, bytes, ratios; counters end in _total. Owner: the text is in the arena. Errors: -ENOMEM.
 * Threads: any, each its own arena.
 */
#pragma once

#include "scheduler/app/metrics/process_metrics.h"

typedef enum MetricOf { METRIC_OF_PROCESS, METRIC_OF_CLUSTER, METRIC_OF_LEADER } MetricOf;
typedef enum MetricType {
        METRIC_TYPE_GAUGE,
        METRIC_TYPE_COUNTER,
        METRIC_TYPE_HISTOGRAM,
        METRIC_TYPE_N
} MetricType;
extern const char *const metric_type_names[METRIC_TYPE_N];

typedef struct ServiceMetric {
        const char *name;
        MetricOf of;
        MetricType type;
        const char *labels; /* beside `cluster`: "kind, mode"; "": none */
        const char *help;
} ServiceMetric;

/* Of the table, by number; NULL past the last. */
const ServiceMetric *service_metric_at(unsigned i);

/* In `a`. 0 or -ENOMEM. */
int metrics_page(Arena *a, const ProcessView *process, const ClusterView *clusters, uint32_t n_clusters,
                 const char **ret, size_t *ret_n) must_check;
