/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/model/sample.h"

#include <string.h>

const MetricDef metric_defs[METRIC_N] = {
#define METRIC(id, name, kind, unit, doc) { name, METRIC_##kind, unit, doc },
#include "scheduler/model/metrics.def"
#undef METRIC
};

static const uint8_t name_lengths[METRIC_N] = {
#define METRIC(id, name, kind, unit, doc) sizeof(name) - 1,
#include "scheduler/model/metrics.def"
#undef METRIC
};

bool metric_is_named(Metric m, const char *name, size_t n) {
        return name_lengths[m] == n && memcmp(metric_defs[m].name, name, n) == 0;
}

Metric metric_by_name(const char *name, size_t n) {
        for (int m = 0; m < METRIC_N; m++)
                if (metric_is_named((Metric) m, name, n))
                        return (Metric) m;
        return METRIC_N;
}
