/* SPDX-License-Identifier: Apache-2.0 */
/* A report for people, and as JSON for programs.
 *
 * Units: as metrics.def says of each metric. Owner: the text is in the arena. Errors: NULL: the arena is
 * full. Threads: any, each its own arena.
 */
#pragma once

#include "scheduler/base/arena.h"
#include "scheduler/model/sample.h"

/* The text, NUL-terminated, in `a`. NULL when the arena is full. */
const char *report_table(Arena *a, const Report *r);
const char *report_json(Arena *a, const Report *r);
