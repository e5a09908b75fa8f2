/* SPDX-License-Identifier: Apache-2.0 */
/* Room that is booked, in words and as JSON: for who looks at the status, and for the list of bookings.
 *
 * Units: none. Owner: words are in the arena; JSON is the caller's. Errors: NULL, -ENOMEM: the arena is full. Threads: one.
 */
#pragma once

#include <jansson.h>

#include "scheduler/app/terminal/screen.h"
#include "scheduler/model/booking.h"

/* Of s->bookings, as the facts `s` have them: what each is. An object each: vm, host, state, … */
json_t *bookings_json(const Snapshot *s);

/* "held", "not held: h3 takes no VM now", "web9 runs on h5: not needed any more". In `a`. */
const char *booking_words(Arena *a, const Snapshot *s, const Booking *booking);

/* ", room booked for 2 more", of what a decision counts; "": none. In `a`; NULL: it is full. */
const char *bookings_count_words(Arena *a, const Snapshot *s);

/* A line each of the first few, with what ends it. */
void bookings_print(const Snapshot *s, const Screen *screen);
