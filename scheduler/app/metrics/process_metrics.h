/* SPDX-License-Identifier: Apache-2.0 */
/* What a process counts of itself, whatever clusters it serves: errors in its log, answers of its API.
 *
 * Units: usec_t: microseconds; since the epoch where it is an instant. Owner: static; a table of routes its caller's.
 * Errors: none. Threads: any.
 */
#pragma once

#include <stdatomic.h>

#include "scheduler/app/metrics/metrics_board.h"
#include "scheduler/base/log.h"

#define ERROR_PARTS 14
extern const char *const error_part_names[ERROR_PARTS]; /* the last is of all others */

/* To be given to log_watch(): counts warnings and errors by what stands before the dot of their event. */
void process_metrics_log(LogLevel level, const char *event);
uint64_t process_metrics_errors(unsigned part);

enum { CODE_CLASSES = 5 };
extern const char *const code_class_names[CODE_CLASSES]; /* "1xx" … */

typedef struct RouteMetrics {
        const char *route; /* its template */
        MetricsHistogram of[CODE_CLASSES];
} RouteMetrics;

typedef struct ReasonCount {
        const char *reason;
        uint64_t n;
} ReasonCount;

typedef struct ProcessView {
        const char *version;
        usec_t started;
        const RouteMetrics *routes; /* [n_routes]; as they were copied */
        uint32_t n_routes;
        const ReasonCount *refused; /* [n_refused] */
        uint32_t n_refused, connections, event_streams;
} ProcessView;

/* Under whatever lock the caller keeps. */
void route_metrics_put(RouteMetrics *m, unsigned code, usec_t took);
