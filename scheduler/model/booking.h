/* SPDX-License-Identifier: Apache-2.0 */
/* Room that a person holds on a host for a VM that is to be started there soon (plimsoll place --book).
 *
 * While it is held, the decision's snapshot has a VM of that name on that host, in state VM_BOOKED: all that counts VMs
 * counts it, and nothing moves it. It is held no more once a VM of its name or UUID is there (on that host: taken; on
 * another one: nobody needs it), or while its host takes no VM: then nothing else can come either.
 *
 * Pure. Units: usec_t, in microseconds since the epoch; vm's as cluster.h. Owner: the arena of who made it. Errors: none.
 * Threads: any, const once made.
 */
#pragma once

#include "scheduler/model/cluster.h"

#define BOOKINGS_MAX UINT32_C(1000)                          /* of a cluster: bounds.def */
#define BOOKING_LAST (INT64_C(7) * 24 * 3600 * USEC_PER_SEC) /* at most so long: bounds.def */

typedef struct Booking {
        Vm vm;            /* name, and what it will need in units of its host; host IX_NONE */
        const char *host; /* by name: it may be gone */
        const char *by;   /* who booked: "root@h1" */
        usec_t at, until; /* 0: not known */
} Booking;

typedef enum BookingState {
        BOOKING_HELD,
        BOOKING_TAKEN,     /* its VM is on its host */
        BOOKING_ELSEWHERE, /* its VM is on another host */
        BOOKING_IDLE,      /* its host takes no VM now */
        BOOKING_LOST,      /* there is no such host */
        BOOKING_STATE_N,
} BookingState;
extern const char
        *const booking_state_names[BOOKING_STATE_N]; /* "held", "taken", "elsewhere", "idle", "lost" */

/* By the VMs and hosts of `s`. *ret_host: that of its VM, where there is one; else its own, or IX_NONE. */
BookingState booking_state(const Snapshot *s, const Booking *booking, HostIx *ret_host);

/* The one of that name, or NULL. */
const Booking *snapshot_booking(const Snapshot *s, const char *name);
