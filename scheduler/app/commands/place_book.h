/* SPDX-License-Identifier: Apache-2.0 */
/* plimsoll place --book, --list, --release: room that is held for VMs to be started.
 *
 * Units: usec_t, in microseconds. Owner: texts are in the invocation's arena. Errors: an ExitStatus; what is wrong was said.
 * Threads: the main one.
 */
#pragma once

#include "scheduler/app/commands/facts.h"
#include "scheduler/app/commands/what_if_facts.h"

#define BOOKING_OPTIONS                                                                                                 \
        { "", 0, OPTION_HEADING, NULL, 0, 0, 0, "Booking room (needs --redis):" },                                      \
                { "book",                                                                                               \
                  0,                                                                                                    \
                  OPTION_DURATION,                                                                                      \
                  "TIME",                                                                                               \
                  0,                                                                                                    \
                  USEC_PER_SEC,                                                                                         \
                  BOOKING_LAST,                                                                                         \
                  "reserve the room that was found for TIME (30s, 10m, 2h), or until a VM of that name or UUID runs" }, \
                { "uuid",      0,                                                                                       \
                  OPTION_TEXT, "UUID",                                                                                  \
                  0,           0,                                                                                       \
                  0,           "UUID of the future VM: it takes the booked room whatever its name is" },                \
                { "list", 0, OPTION_FLAG, NULL, 0, 0, 0, "list bookings, and place nothing" }, {                        \
                "release", 0, OPTION_TEXT, "NAME", 0, 0, 0, "cancel this booking, and place nothing"                    \
        }

/* Whether room may be booked by what was asked for: a store, the cluster as it is, a name that is free. */
ExitStatus place_book_check(Invocation *in, const Facts *facts, const WhatIfFacts *what_if,
                            const NewVm *wanted);

/* Holds what was found on these facts. *ret_again: somebody else booked or released room meanwhile: nothing was held, the
 * facts are to be read again. Else *ret: what is held now, [n_vms]. */
ExitStatus place_book_hold(Invocation *in, const Facts *facts, const PlaceAnswer *answer, const Booking **ret,
                           bool *ret_again);

/* What the command does instead of placing. */
ExitStatus place_book_list(Invocation *in, const Facts *facts);
ExitStatus place_book_release(Invocation *in, const char *name);
