/* SPDX-License-Identifier: Apache-2.0 */
/* How far a rolling maintenance is, read as it stands in the store (state "roll", schema plimsoll.roll/1). A command never
 * stands there: its SHA-256 does.
 *
 * Units: usec_t, in microseconds since the epoch. Owner: the arena. Errors: -EBADMSG, -ENOMEM. Threads: any.
 */
#pragma once

#include "scheduler/base/arena.h"
#include "scheduler/base/clock.h"

#define ROLL_SCHEMA "plimsoll.roll/1"
#define ROLL_NOTE   "roll" /* its name in the store */

typedef struct RollState {
        const char *by;
        usec_t at;
        const char *digest; /* of the command it began with, and how that is run */
        uint32_t at_once;
        const char **left, **done; /* hosts, by name; each with room for all */
        uint32_t n_left, n_done;
} RollState;

/* -EBADMSG: none of this version, or it has more than `room` hosts in a list. */
int roll_state_parse(Arena *a, const char *text, size_t n, uint32_t room, RollState *ret) must_check;
