/* SPDX-License-Identifier: Apache-2.0 */
/* Room that is booked, as VMs of the snapshot that decisions are made on (model/booking.h).
 *
 * Pure. Units: none. Owner: the arena. Errors: -ENOMEM. Threads: any, each its own arena.
 */
#pragma once

#include "scheduler/model/booking.h"

/* A VM in state VM_BOOKED for each booking that is held, in the rules that were written with its groups; the same snapshot
 * where there is none, or all have theirs. 0 or -ENOMEM. */
int bookings_seat(Arena *a, const Snapshot *s, const Snapshot **ret) must_check;
