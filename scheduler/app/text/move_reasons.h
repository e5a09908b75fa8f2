/* SPDX-License-Identifier: Apache-2.0 */
/* Reasons that several moves of a plan share: given once, by number, above the table of moves. What a reason begins with
 * counts, up to its first semicolon: "sdb of h1 has fault grade 4 (…), and the VM uses it".
 *
 * Units: counts. Threads: any; one arena each. Owner: texts are in the arena or the plan's. Errors: -ENOMEM, or NULL. */
#pragma once

#include "scheduler/base/arena.h"
#include "scheduler/model/plan.h"

typedef struct MoveReasons {
        const char **texts; /* [n] */
        uint32_t n;
        uint32_t *of; /* [moves]: index in texts, or n: its reason is its own */
} MoveReasons;

/* Of the first n_moves of the plan. 0 or -ENOMEM. */
int move_reasons(Arena *a, const Plan *plan, uint32_t n_moves, MoveReasons *ret) must_check;

/* Why move i is made: "[1] h2 keeps 10.8 cores free", or all of it. NULL: the arena is full. */
const char *move_reasons_why(Arena *a, const MoveReasons *reasons, const Plan *plan, uint32_t i) must_check;
