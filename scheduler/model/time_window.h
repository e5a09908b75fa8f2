/* SPDX-License-Identifier: Apache-2.0 */
/* A time of the week in a time zone: "mon-fri 22:00 to 06:00 Europe/Berlin". What is asked is always a given
 * time (a snapshot's taken_at), never the clock. Pure. Threads: any.
 *
 * It opens on each of its days at `from` and closes at `to`, on the next day when `to` is not after `from`,
 * by the wall clock of its zone: an hour that a change of daylight saving time skips is missing from it, one
 * that comes twice is in it twice.
 *
 * Units: usec_t, in microseconds since the epoch. Owner: texts are in the arena. Errors: none; NULL: the
 * arena is full.
 */
#pragma once

#include "scheduler/base/text.h"
#include "scheduler/model/time_zone.h"
#include "scheduler/model/units.h"

/* What a plan does, for windows that are about a kind of action: bits. */
typedef enum Action {
        ACTION_BALANCE = 1, /* moves for even use and for wishes */
        ACTION_LOAD = 2,    /* moves off hosts above their load line */
} Action;
#define ACTIONS_ALL (ACTION_BALANCE | ACTION_LOAD)

typedef struct TimeWindow {
        const char *name;
        unsigned days; /* bit 0 Monday … bit 6 Sunday */
        int from, to;  /* minutes after midnight, 0 … 1440 */
        const char *zone_name;
        TimeZone zone;
        unsigned actions; /* of Action: these are done in it only, or in another that says so; 0: none */
        uint32_t line, column;
} TimeWindow;

#define DAYS_ALL 0x7fU
extern const char *const day_names[7]; /* "mon" … "sun" */

/* at: microseconds since the epoch. A time of 0 is not known: no window is open then. */
bool time_window_open(const TimeWindow *w, usec_t at);

/* The first minute after `at` in which it opens; 0: not within nine days, or `at` is not known. */
usec_t time_window_opens(const TimeWindow *w, usec_t at);

/* "mon-fri 22:00-06:00 Europe/Berlin". NULL: the arena is full. */
const char *time_window_text(Arena *a, const TimeWindow *w);

/* "sat 22:00 Europe/Berlin": a time by the window's own clock. NULL: the arena is full. */
const char *time_window_clock(Arena *a, const TimeWindow *w, usec_t at);
