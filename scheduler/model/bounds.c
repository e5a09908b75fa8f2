/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/model/bounds.h"

#include <string.h>

#include "scheduler/model/booking.h"
#include "scheduler/model/plan.h"
#include "scheduler/model/problem.h"

typedef struct UnitBound {
        const char *unit;
        int64_t most;
} UnitBound;

#define METRIC_BOUND(metric, most, source)
#define FIELD_BOUND(unit, most, source)
#define SIZE_BOUND(id, most, what, source)
#define VALUE_BOUND(id, most, what, source)
#define UNIT_BOUND(unit, most, source) { unit, most },
static const UnitBound unit_bounds[] = {
#include "scheduler/model/bounds.def"
};
#undef UNIT_BOUND
#undef METRIC_BOUND

#define UNIT_BOUND(unit, most, source)
#define METRIC_BOUND(metric, most, source) [METRIC_##metric] = (most) + 1,
static const int64_t metric_bounds[METRIC_N] = {
/* + 1: 0 is none */
#include "scheduler/model/bounds.def"
};
#undef METRIC_BOUND
#undef FIELD_BOUND

#define METRIC_BOUND(metric, most, source)
#define FIELD_BOUND(unit, most, source) { unit, most },
static const UnitBound field_bounds[] = {
#include "scheduler/model/bounds.def"
};
#undef FIELD_BOUND
#undef SIZE_BOUND
#undef VALUE_BOUND

#define FIELD_BOUND(unit, most, source)
#define SIZE_BOUND(id, most, what, source)  [BOUND_##id] = { most, what, source },
#define VALUE_BOUND(id, most, what, source) [BOUND_##id] = { most, what, source },
const Bound bounds[BOUND_N] = {
#include "scheduler/model/bounds.def"
};

int64_t metric_bound(Metric m) {
        if (metric_bounds[m] > 0)
                return metric_bounds[m] - 1;
        for (size_t i = 0; i < ARRAY_SIZE(unit_bounds); i++)
                if (strcmp(unit_bounds[i].unit, metric_defs[m].unit) == 0)
                        return unit_bounds[i].most;
        return -1;
}

bool field_bound_is(const char *unit, int64_t most) {
        for (size_t i = 0; i < ARRAY_SIZE(field_bounds); i++)
                if (field_bounds[i].most == most && strcmp(field_bounds[i].unit, unit) == 0)
                        return true;
        return false;
}
