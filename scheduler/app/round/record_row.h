/* SPDX-License-Identifier: Apache-2.0 */
/* What a list of records shows of each, without reading all of it.
 *
 * Units: usec_t, in microseconds since the epoch. Owner: the arena. Errors: -ENOMEM. Threads: any.
 */
#pragma once

#include "scheduler/base/arena.h"
#include "scheduler/base/clock.h"

typedef struct RecordRow {
        const char *mode, *status; /* status: "cannot be read" where it cannot */
        usec_t at;                 /* 0: not known */
        uint32_t n_moves;
} RecordRow;

/* 0 or -ENOMEM. */
int record_row_parse(Arena *a, const char *text, size_t n, RecordRow *ret) must_check;
