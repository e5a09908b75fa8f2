/* SPDX-License-Identifier: Apache-2.0 */
/* What stayed of what was to move, and why: a table for people, a list in JSON.
 *
 * Units: none. Owner: the arena of the invocation. Errors: -ENOMEM. Threads: one.
 */
#pragma once

#include <jansson.h>

#include "scheduler/act/run_waves.h"
#include "scheduler/app/commands/command.h"
#include "scheduler/model/plan.h"

/* A VM that is not where it was to be. */
typedef struct Stay {
        const char *vm, *host; /* host: where it stayed */
        const char *to;        /* NULL: it was to leave, and no host was found */
        const char *end;       /* of its move, move_end_names; "no-place": there was none */
        const char *why;
} Stay;

typedef struct Stayed {
        const Stay *list;
        uint32_t n;
} Stayed;

/* Of the moves with what came of them, each VM once, and of what the plan refused (NULL: there was none, or a person
 * wrote it). 0 or -ENOMEM. */
int stayed_of(Arena *a, const Snapshot *s, const Plan *plan, const MoveOrder *moves,
              const MoveOutcome *outcomes, uint32_t n, Stayed *ret) must_check;

/* Nothing when nothing stayed; the first ones, unless `all`. 0 or -ENOMEM. */
int stayed_print(Invocation *in, const Stayed *stayed, bool all) must_check;
json_t *stayed_json(const Stayed *stayed) must_check;
