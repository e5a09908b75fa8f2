/* SPDX-License-Identifier: Apache-2.0 */
/* Room that is booked, as the store has it: "SINCE UNTIL WORD …", µs by the server's clock, and behind WORD
 *
 *   new, told  a snapshot file that has one booking and nothing else; told: the leader has written it into log and audit
 *   gone       who released it, and in the next line the same file
 *
 * Units: usec_t, in microseconds since the epoch. Owner: the arena of the reading. Errors: a negative errno of the store,
 * -ENOMEM; 1 and 2 are no errors. Threads: the store's.
 */
#pragma once

#include "scheduler/app/state/leadership.h"
#include "scheduler/model/booking.h"
#include "scheduler/store/store.h"

typedef struct StoredBooking {
        StoredText stored; /* name: of the VM */
        usec_t at, until;
        const Booking *booking;  /* NULL: it cannot be read */
        const char *released_by; /* NULL: it was not */
        bool told;
} StoredBooking;

typedef struct BookingStore {
        const StoredBooking *all; /* by VM, also those that are over */
        uint32_t n_all;
        const Booking *held; /* by VM, those that are in force */
        uint32_t n_held;
        int64_t changes; /* before all of it was read */
        usec_t now;      /* the server's */
} BookingStore;

static inline bool stored_booking_is_over(const StoredBooking *one, usec_t now) {
        return one->released_by || one->until <= now;
}

/* Of one text. 0; -EBADMSG: it is none, and nothing of it counts; -ENOMEM. */
int booking_store_parse(Arena *a, const StoredText *stored, StoredBooking *ret) must_check;

/* One that cannot be read reserves nothing (store_unread.h). 0; -ENOMEM; a negative errno of the store. */
int booking_store_read(Store *store, Arena *a, BookingStore *ret) must_check;

/* Holds what was found on facts that were read with `was`: all or none. 1: something was booked or released since then; 2:
 * there would be too many (bounds.def). */
int booking_store_put(Store *store, Arena *a, const BookingStore *was, const Booking *bookings, uint32_t n,
                      usec_t lasts) must_check;

/* By the leader: it has been told; or it is over, and goes. 0; 1: another leads; a negative errno of the store. */
int booking_store_tell(const Leadership *l, Arena *a, const StoredBooking *one) must_check;
int booking_store_end(const Leadership *l, const StoredBooking *one) must_check;
