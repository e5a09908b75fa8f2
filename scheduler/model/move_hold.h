/* SPDX-License-Identifier: Apache-2.0 */
/* A migration that did not come about, and until when it is not tried again. It is a fact like others: part of the Snapshot.
 *
 *   vm and to     this VM to that target
 *   vm alone      this VM, wherever to: it is by itself that it cannot leave `from`
 *   to alone      that target, for all VMs: it could not be reached
 *   from alone    that host as a source, for all its VMs: likewise
 *
 * Which hold is made, how long it is and what ends it early is in snapshot/health/move_holds.h.
 *
 * Units: usec_t, in microseconds since the epoch. Owner: the arena of who made it. Errors: none; NULL: the arena is full, or
 * there is none. Threads: any.
 */
#pragma once

#include "scheduler/base/arena.h"
#include "scheduler/model/units.h"

typedef enum MoveMiss {
        MISS_REFUSED,   /* before it began */
        MISS_FAILED,    /* under way */
        MISS_DEADLINE,  /* it had not ended at its deadline */
        MISS_UNREACHED, /* a host could not be reached */
        MOVE_MISS_N,
} MoveMiss;
extern const char *const
        move_miss_names[MOVE_MISS_N]; /* "refused", "failed", "deadline", "unreached": stable in JSON */

/* Who it is that a miss is about. */
typedef enum MissBlame {
        BLAME_NONE, /* nothing is to be learned of it */
        BLAME_PAIR, /* this VM to that target */
        BLAME_VM,   /* the VM, wherever to: its source refuses */
        BLAME_TARGET,
        BLAME_SOURCE,
        MISS_BLAME_N,
} MissBlame;

typedef struct MoveHold {
        const char *vm, *uuid; /* NULL: all; uuid NULL: not known */
        const char *from, *to; /* NULL: wherever; of one VM to one target `from` is where it ran then */
        MoveMiss miss;         /* the last time */
        int64_t tries;         /* in a row */
        usec_t at, until;      /* of the last; it is not tried again before then */
        const char *as;        /* a digest of what VM and hosts were then; NULL: not known */
        const char *why;       /* the last time, in libvirt's words; NULL: not said */
} MoveHold;

typedef struct MoveHolds {
        const MoveHold *at; /* by move_hold_compare(), each once */
        uint32_t n;
} MoveHolds;

#define MOVE_HOLDS_MAX     1000 /* so many are remembered */
#define MOVE_HOLD_WHY_SIZE 240  /* bytes of words, with the NUL */

/* By VM, target and source. */
int move_hold_compare(const void *left, const void *right);

/* `now` 0: not known, and each holds. */
static inline bool move_hold_holds(const MoveHold *hold, usec_t now) {
        return now == 0 || hold->until > now;
}

/* What happened, how often, and until when it is left alone, in a sentence: of one line. NULL: no memory. */
const char *move_hold_text(Arena *a, const MoveHold *hold);
