/* SPDX-License-Identifier: Apache-2.0 */
/* What finished migrations teach: how fast routes really are, what a migration takes besides sending, how
 * much of a VM's memory is really sent, and how far predictions were off. Pure.
 *
 * All are medians, since one migration that shared its link or was throttled says little of others; drawn
 * towards the cluster's own figure, and that towards the model's, while they rest on few jobs; and bounded: a
 * day of bad luck must not make every move look impossible.
 *
 * Units: permille, ms, bytes by suffix. Owner: the arena; names are the moves'. Errors: -ENOMEM. Threads:
 * any, each its own arena.
 */
#pragma once

#include "scheduler/base/arena.h"
#include "scheduler/model/move_lessons.h"
#include "scheduler/model/record.h"

/* Bounds of what is learned. */
#define LESSON_SPEED_LEAST  2 /* 50 Mbit/s of 25 Gbit/s */
#define LESSON_SPEED_MOST   1100
#define LESSON_FIXED_LEAST  50
#define LESSON_FIXED_MOST   10000
#define LESSON_BYTES_LEAST  20
#define LESSON_BYTES_MOST   4000
#define LESSON_DIRTY_LEAST  50
#define LESSON_DIRTY_MOST   10000
#define LESSON_UNSURE_LEAST 50
#define LESSON_UNSURE_MOST  600

/* The newest of them count: of all, of a route, of a VM. */
#define LESSON_JOBS     256
#define LESSON_WAY_JOBS 16
#define LESSON_VM_JOBS  8

/* RecordMove.end of one that did not come to its end (it was late, or cut short): it teaches how fast its way is, and nothing
 * else. */
#define MIGRATION_BROKEN_OFF "aborted"

/* moves newest first; of a RecordMove its order, whether it broke off and what it took count. One whose prediction was not written
 * down teaches nothing. *ret NULL: none teaches anything. In `a`; names are the moves'. 0 or -ENOMEM. */
int migration_learn(Arena *a, const RecordMove *moves, uint32_t n, const MoveLessons **ret) must_check;

/* How far predictions were off, permille of what was measured. n: those with both. */
typedef struct PredictionError {
        uint32_t n;
        int64_t median, p90; /* of the absolute errors */
        int64_t bias;        /* median of the signed ones: > 0, more was predicted than was measured */
        int64_t within;      /* of the measured values, permille that lay in the predicted interval */
} PredictionError;

typedef struct PredictionErrors {
        PredictionError ms, bytes, downtime;
} PredictionErrors;

/* 0 or -ENOMEM; `a` is left as it was. */
int migration_errors(Arena *a, const RecordMove *moves, uint32_t n, PredictionErrors *ret) must_check;
