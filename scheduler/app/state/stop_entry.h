/* SPDX-License-Identifier: Apache-2.0 */
/* Whether anything may be moved in a cluster, as an operator said it (plimsoll stop, plimsoll resume): one text in the
 * store, schema plimsoll.stop/1, which a service also keeps in its state directory. The end of a stop is written, too:
 * what is not there may have been lost, and what was known last stands.
 *
 * Of two entries the later one counts; `at` and `until` are the server's time, so that clocks of services do not matter.
 * One that can't be read is a stop without an end: it is better to ask an operator than to move.
 *
 * Units: usec_t, in microseconds since the epoch. Owner: texts are in the arena. Errors: -EBADMSG, -ENOMEM. Threads: any.
 */
#pragma once

#include "scheduler/base/arena.h"
#include "scheduler/base/text.h"
#include "scheduler/model/units.h"

#define STOP_ENTRY_SCHEMA "plimsoll.stop/1"
#define STOP_WHY_MAX      400                       /* bytes */
#define STOP_TIME_MAX     INT64_C(9000000000000000) /* µs: year 2255; a Lua number holds it to the digit */

typedef struct StopEntry {
        bool stopped;         /* false: its end */
        const char *by, *why; /* by: "root@h1"; why: "" of its end */
        usec_t at, until;     /* until: 0: until an operator ends it */
        usec_t since;         /* of its end: when the stop had begun; 0: none had */
} StopEntry;

/* 0 or -ENOMEM. */
int stop_entry_print(Arena *a, const StopEntry *entry, const char **ret, size_t *ret_n) must_check;

/* 0; -EBADMSG: it is none of this version's; -ENOMEM. In `a`. */
int stop_entry_parse(Arena *a, const char *text, size_t n, StopEntry *ret) must_check;

/* The same; what is none is a stop that says so. 0 or -ENOMEM. */
int stop_entry_read(Arena *a, const char *text, size_t n, StopEntry *ret) must_check;

/* By the server's time. */
bool stop_entry_is_in_force(const StopEntry *entry, usec_t now);

/* Later than all that was known: `now`, or right after the entry before it. */
usec_t stop_entry_next(const StopEntry *before, usec_t now);

/* Text for people: a line that holds nothing a terminal would act on, 1 to STOP_WHY_MAX bytes. */
bool stop_entry_is_why(const char *text);
