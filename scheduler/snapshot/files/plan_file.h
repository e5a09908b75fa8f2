/* SPDX-License-Identifier: Apache-2.0 */
/* The plan file, schema plimsoll.plan/1 (docs/plan-file.md): names, not indexes, so that it outlives its
 * snapshot. Pure but for jansson's own memory.
 *
 * Units: ms, bytes, MiB by suffix. Owner: the arena. Errors: printing: -ENOMEM; parsing: -EBADMSG with
 * *reterr_fault, -ENOMEM. Threads: any, each its own arena.
 */
#pragma once

#include "scheduler/base/arena.h"
#include "scheduler/base/text.h"
#include "scheduler/model/move_order.h"

#define PLAN_SCHEMA "plimsoll.plan/1"

int plan_file_print(Arena *a, const Snapshot *s, const Plan *plan, const char **ret,
                    size_t *ret_n) must_check;

/* A plan as read back: what `check` and `apply` need. */
typedef struct PlanFile {
        const char *cluster;
        PlanStatus status;
        const MoveOrder *moves;
        uint32_t n_moves, n_waves;
} PlanFile;

int plan_file_parse(Arena *a, const char *text, size_t n, const PlanFile **ret,
                    TextFault *reterr_fault) must_check;
