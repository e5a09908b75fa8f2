#include "scheduler/model/sample.h"

#include <string.h>

const MetricDef metric_defs[METRIC_N] = {
#define METRIC(id, name, kind, unit, doc) { name, METRIC_##kind, unit, doc },
#include "scheduler/model/metrics.def"
#undef METRIC
};

Metric metric_by_name(const char *name, size_t n) {
        for (int m = 0; m < METRIC_N; m++)
                if (strlen(metric_defs[m].name) == n && memcmp(metric_defs[m].name, name, n) == 0)
                        return (Metric) m;
        return METRIC_N;
}
