/* SPDX-License-Identifier: Apache-2.0 */
/* How far a rolling maintenance is, as it stands in the store (note "roll", schema plimsoll.roll/1). A command carries it out, or
 * the service that leads: then it has an id, and hosts that are emptied now. A command never stands there: its SHA-256 does.
 *
 * Units: usec_t, in microseconds since the epoch. Owner: the arena. Errors: -EBADMSG, -ENOMEM. Threads: any.
 */
#pragma once

#include <jansson.h>

#include "scheduler/base/arena.h"
#include "scheduler/base/clock.h"

#define ROLL_SCHEMA "plimsoll.roll/1"
#define ROLL_NOTE   "roll" /* its name in the store */

/* A host that the service empties for a roll, until its operator has said that the work at it is finished and it has reported since. */
typedef struct RollHost {
        const char *name;
        usec_t since;    /* it is to be emptied */
        usec_t finished; /* the work was; 0: not yet */
        bool entered;    /* it was put into maintenance */
        bool aside;      /* it cannot be emptied for now, and the others go on */
} RollHost;

typedef struct RollState {
        const char *by;
        usec_t at;
        const char *process; /* that carries it out; "": the service */
        const char *digest;  /* of the command it began with, and how that is run; "": there is none */
        uint32_t at_once;
        const char **left, **done; /* hosts, by name; each with room for all */
        uint32_t n_left, n_done;
        const char *id;         /* the operator's name for it; NULL: a command carries it out */
        const char *held;       /* why no other host is begun; NULL: it goes on */
        const char *changed_by; /* who steered it last; NULL: nobody has */
        bool abandoned;         /* nothing more is done of it */
        RollHost *now;          /* [n_now] with room for all */
        uint32_t n_now;
} RollState;

/* -EBADMSG: none of this version, or it has more than `room` hosts in a list. */
int roll_state_parse(Arena *a, const char *text, size_t n, uint32_t room, RollState *ret) must_check;

/* As it is stored; the caller's. NULL: no memory. */
json_t *roll_state_json(const RollState *s);

/* The same as text, in `a`. 0 or -ENOMEM. */
int roll_state_print(Arena *a, const RollState *s, const char **ret) must_check;

/* One that the service has carried out to its end, or that was abandoned. */
static inline bool roll_state_is_over(const RollState *s) {
        return s->id && (s->abandoned || s->n_left + s->n_now == 0);
}

/* 1 to 64 letters, digits, "-", "_" or "."; the first of them no "-". */
bool roll_state_is_id(const char *id) must_check;

/* The host among those that are emptied now; NULL: it is none of them. */
RollHost *roll_state_now(const RollState *s, const char *host);
