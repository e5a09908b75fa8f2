/* SPDX-License-Identifier: Apache-2.0 */
/* Where two plans, as JSON texts of schema plimsoll.plan/1, differ: byte for byte, blanks between values
 * aside.
 *
 * Units: none. Owner: the arena. Errors: -EBADMSG, -ENOMEM. Threads: any, each its own arena.
 */
#pragma once

#include "scheduler/base/arena.h"
#include "scheduler/base/text.h"

typedef struct PlanDifference {
        const char *path;     /* "moves[2].to" */
        const char *was, *is; /* compact JSON, cut to a line; "nothing" where one lacks it */
} PlanDifference;

/* In the order of the first text; at most `most` are kept, *ret_all counts them. The texts are the same
 * exactly if that is 0. In `a`. 0; -EBADMSG: one is no JSON object; -ENOMEM. */
int plan_difference(Arena *a, const char *was, const char *is, uint32_t most, const PlanDifference **ret,
                    uint32_t *ret_n, uint32_t *ret_all) must_check;
