/* SPDX-License-Identifier: Apache-2.0 */
/* What goes on is said when it begins, when it changes and when it ends, not each time it is seen.
 *
 * A Said holds things that go on, by name. said_look(): it is so, in these words; the answer is whether that is worth a
 * line. What ends is found by turns: said_turn() after all that is so has been looked at; or by name, said_end().
 *
 * Words are those that matter: what differs each time (an age, how long it took) would be a change each time.
 *
 * Owner: said_close(). All zero: nothing goes on. Bounds: SAID_MAX things; what is beyond is never worth a line, so that a log
 * stays short whatever goes on. Errors: none: without memory a thing is beyond the bound.
 * Threads: one. Units: usec_t, by one clock of the caller's.
 */
#pragma once

#include "scheduler/base/clock.h"
#include "scheduler/base/common.h"

enum { SAID_MAX = 1024, SAID_NAME_SIZE = 256 };

typedef struct SaidThing {
        char name[SAID_NAME_SIZE]; /* cut to fit; of longer names the hash tells them apart */
        uint64_t hash, words;
        uint64_t times;  /* it was seen, since it began */
        uint64_t before; /* how often in the words before these */
        usec_t since, last;
        uint32_t turn;
} SaidThing;

typedef struct Said {
        SaidThing *things;
        uint32_t n, room, turn;
} Said;

typedef enum SaidStep {
        SAID_GOES_ON, /* or is beyond the bound */
        SAID_BEGINS,
        SAID_CHANGES, /* the same thing in other words */
} SaidStep;

void said_close(Said *said);

/* It is so. */
SaidStep said_look(Said *said, const char *name, const char *words, usec_t now);

/* The thing of that name, or NULL: none goes on. Valid until the next call of another function. */
const SaidThing *said_find(const Said *said, const char *name);

/* It has ended. True: it went on until now; *ret is what it was. */
bool said_end(Said *said, const char *name, SaidThing *ret);

/* What was not looked at since the last turn has ended: handed to `ended`, by the order in which it began. */
typedef void (*SaidEnded)(void *arg, const SaidThing *thing);
void said_turn(Said *said, SaidEnded ended, void *arg);
