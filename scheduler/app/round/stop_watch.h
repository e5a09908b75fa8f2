/* SPDX-License-Identifier: Apache-2.0 */
/* Whether anything may be started, as far as this program knows: what the store says, what it said before it lost that,
 * and what a service wrote down in its state directory. What the store has lost is written again.
 *
 *   the store has an entry         it counts, unless this program knows a later one, which is written again
 *   it has none                    what was known last counts, and is written again
 *   it does not answer             nothing may be started
 *
 * Whoever starts moves has one: mover_start.c asks it before each start, and the store asks itself once more as the intent is
 * written down (store_journal_intent).
 *
 * Units: usec_t, in microseconds. Owner: stop_watch_close(). Errors: a negative errno of the store, as said at each.
 * Threads: the store's.
 */
#pragma once

#include "scheduler/app/state/stop_entry.h"
#include "scheduler/store/store.h"

typedef struct StopWatch {
        Store *store;
        Arena arena;     /* of a look */
        char file[4400]; /* "": none is kept */
        char by[256], why[STOP_WHY_MAX + 1];
        StopEntry last;   /* the last known; its texts are by and why */
        bool known;       /* there was one */
        bool in_force;    /* by the last look */
        bool kept;        /* `last` stands in the file */
        TextFault unkept; /* why it does not */
} StopWatch;

/* For a service: state_dir has what an earlier one knew; NULL: nothing is kept. 0, also where the file can't be read
 * (then a stop is in force until an operator ends it); -ENOMEM. */
int stop_watch_open(StopWatch *w, Store *store, const char *state_dir, const char *cluster) must_check;
void stop_watch_close(StopWatch *w); /* takes a zeroed one */

/* Asks the store. 0: moves may start. 1: a stop is in force. A negative errno: it can't be asked, and none may start. */
int stop_watch_look(StopWatch *w) must_check;

/* "all moves are stopped since 2026-03-01T12:00:00Z by root@h1 until 2026-03-01T14:00:00Z: why", in `a`; NULL: no
 * memory. */
const char *stop_words(Arena *a, const StopEntry *entry);
