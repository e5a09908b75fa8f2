/* SPDX-License-Identifier: Apache-2.0 */
/* A report in Prometheus' text format 0.0.4 (prometheus.io/docs/instrumenting/exposition_formats): each
 * number as a gauge plimsoll_NAME_UNIT in its base unit (seconds, bytes, ratios, cores …), each text as plimsoll_NAME_info{…, value="…"} 1, and of each
 * collector whether and when it read. Labels: host, and vm, nic, cpu, disk, array … for the subject, by the
 * first word of the metric's name.
 *
 * A metric nobody read is left out, never 0. Pure.
 *
 * Units: base units, made of those of metrics.def. Owner: the text is in the arena. Errors: -ENOMEM. Threads: any,
 * each its own arena.
 */
#pragma once

#include "scheduler/base/arena.h"
#include "scheduler/model/sample.h"

/* In `a`. 0 or -ENOMEM. */
int metrics_text(Arena *a, const Report *r, const char **ret, size_t *ret_n) must_check;
