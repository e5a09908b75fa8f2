/* SPDX-License-Identifier: Apache-2.0 */
/* The answer of Prometheus' HTTP API to an instant query (prometheus.io/docs/prometheus/latest/querying/api):
 * {"status":"success","data":{"resultType":"vector","result":[{"metric":{…},"value":[time,"12.5"]}]}}. Pure
 * but for jansson's own memory.
 *
 * Units: seconds since the epoch in a series' time, as Prometheus has it. Owner: the arena. Errors: -EBADMSG,
 * -ENOMEM. Threads: any, each its own arena.
 */
#pragma once

#include "scheduler/base/arena.h"
#include "scheduler/base/text.h"

typedef struct PromSeries {
        const char *host;    /* of the host label, its port cut off */
        const char *subject; /* of the subject label; "" where there is none to look for */
        const char *text;    /* of the text label, or NULL */
        double value;        /* finite */
} PromSeries;

typedef struct PromLabels {
        const char *host, *subject, *text; /* which labels to take; subject and text may be NULL */
} PromLabels;

/* Series that lack the host label, or the subject or text label asked for, and values that are no number are
 * left out. -EBADMSG with *reterr_fault: not such an answer, or Prometheus' own words for what is wrong with
 * the query. */
int prometheus_answer(Arena *a, const char *json, size_t n, const PromLabels *labels, PromSeries **ret,
                      uint32_t *ret_n, TextFault *reterr_fault) must_check;
