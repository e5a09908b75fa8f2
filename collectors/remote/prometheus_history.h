/* SPDX-License-Identifier: Apache-2.0 */
/* What Prometheus remembers of VMs' CPU: one query a step, of the time that the step ended.
 *
 * Units: usec_t since the epoch; mcores. Owner: what is given to `take` lives until it returns. Errors: those of
 * prometheus_read(), what `take` returns, each with *reterr_fault but the last. Threads: any. Blocks for at most
 * prometheus.timeout a query.
 */
#pragma once

#include "scheduler/base/arena.h"
#include "scheduler/base/text.h"
#include "scheduler/model/settings.h"

typedef struct PromSpan {
        usec_t from, to, step; /* steps begin at `from`, and end by `to` */
} PromSpan;

typedef struct PromUse {
        const char *host, *vm;
        int64_t mcores; /* mean of the step */
} PromUse;

/* 0, or a negative errno, which ends it. Steps of which Prometheus knows nothing are passed over. */
typedef int (*PromTake)(void *arg, usec_t step_at, const PromUse *use, uint32_t n);

/* 0; a negative errno. `url` NULL: the setting prometheus.url. Of the arena nothing is kept. */
int prometheus_history(Arena *a, const Settings *settings, const char *url, PromSpan span, PromTake take,
                       void *arg, TextFault *reterr_fault) must_check;
