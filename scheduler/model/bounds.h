/* SPDX-License-Identifier: Apache-2.0 */
/* What is taken of what comes from outside (bounds.def): of each quantity and size at most so much.
 *
 * Units: those of the quantity; bytes, counts or µs of a size. Owner: static. Errors: none. Threads: any.
 */
#pragma once

#include "scheduler/model/limits.h"
#include "scheduler/model/sample.h"

typedef enum BoundId {
#define UNIT_BOUND(unit, most, source)
#define METRIC_BOUND(metric, most, source)
#define FIELD_BOUND(unit, most, source)
#define SIZE_BOUND(id, most, what, source)  BOUND_##id,
#define VALUE_BOUND(id, most, what, source) BOUND_##id,
#include "scheduler/model/bounds.def"
#undef UNIT_BOUND
#undef METRIC_BOUND
#undef FIELD_BOUND
#undef SIZE_BOUND
#undef VALUE_BOUND
        BOUND_N,
} BoundId;

typedef struct Bound {
        int64_t most;
        const char *what, *source;
} Bound;

extern const Bound bounds[BOUND_N];

static inline int64_t bound_of(BoundId id) {
        return bounds[id].most;
}

/* Of a metric that is a number; -1: no row says, so that nothing of it is taken. */
int64_t metric_bound(Metric m);

/* A number of a snapshot file, in this unit, may be as much: some row says so. */
bool field_bound_is(const char *unit, int64_t most);
