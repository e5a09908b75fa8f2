/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/app/metrics/process_metrics.h"

#include <string.h>

const char *const error_part_names[ERROR_PARTS] = { "api",      "bmc",   "events", "journal", "lease",
                                                    "libvirt",  "move",  "notify", "plan",    "round",
                                                    "settings", "state", "store",  "other" };
const char *const code_class_names[CODE_CLASSES] = { "1xx", "2xx", "3xx", "4xx", "5xx" };

static _Atomic uint64_t process_errors[ERROR_PARTS];

void process_metrics_log(LogLevel level, const char *event) {
        const size_t n = strcspn(event, ".");
        unsigned i = 0;

        if (level < LOG_WARNING)
                return;
        while (i + 1 < ERROR_PARTS &&
               (strlen(error_part_names[i]) != n || strncmp(error_part_names[i], event, n) != 0))
                i++;
        atomic_fetch_add(&process_errors[i], 1);
}

uint64_t process_metrics_errors(unsigned part) {
        return atomic_load(&process_errors[part]);
}

void route_metrics_put(RouteMetrics *m, unsigned code, usec_t took) {
        MetricsHistogram *h = &m->of[code >= 100 && code < 600 ? code / 100 - 1 : 4];

        metrics_histogram_put(h, metrics_bounds_short, (double) took / USEC_PER_SEC);
}
