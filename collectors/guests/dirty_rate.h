/* SPDX-License-Identifier: Apache-2.0 */
/* How fast guests dirty their memory, measured by page sampling, one guest at a time.
 *
 * QEMU hashes 512 pages of each GiB, waits, and hashes them again (docs/devel and migration/dirtyrate.c of
 * QEMU): no page is tracked and the guest does not notice. The other two modes libvirt offers are never used:
 * dirty-bitmap and dirty-ring switch on dirty logging, and the first one ends QEMU 7.2 under TCG.
 *
 * A visit to a guest has two windows: a second, and then as many more as a whole tour of the host leaves
 * (DIRTY_TOUR, 4 to 10 s). A page written twice in a window counts once, so that the short one tells what a
 * guest rewrites at once, and the long one what a longer round of a migration will find. What is told is the
 * mean of the last visits; what is older than DIRTY_AGE is not told.
 *
 * The functions here are pure but for those that say so. Threads: the caller's.
 *
 * Units: KiB/s in what is told, MiB/s from QEMU; usec_t, in microseconds, monotonic. Owner: the histories and
 * the tour are the caller's. Errors: none; UNKNOWN where there is no rate.
 */
#pragma once

#include "scheduler/base/clock.h"
#include "scheduler/model/units.h"

#define DIRTY_KEPT 8                    /* measurements of a window in a mean */
#define DIRTY_TOUR (600 * USEC_PER_SEC) /* all guests of a host are visited within about this */
#define DIRTY_AGE  (1200 * USEC_PER_SEC)

typedef enum DirtyWindow {
        DIRTY_SHORT,
        DIRTY_LONG,
        DIRTY_WINDOW_N,
} DirtyWindow;

/* Of one guest. Zeroed: never visited. */
typedef struct DirtyHistory {
        struct {
                int64_t kib_s[DIRTY_KEPT];
                usec_t at[DIRTY_KEPT];
                uint32_t n; /* ever; the newest is at (n − 1) % DIRTY_KEPT */
        } window[DIRTY_WINDOW_N];
        int64_t long_seconds; /* of the newest long window; 0: none yet */
        usec_t visited_at;    /* 0: never */
        usec_t not_before;    /* it could not be measured: not again before */
} DirtyHistory;

/* What is under way on a host. Zeroed: nothing. `guest` is only compared, never followed. */
typedef struct DirtyTour {
        const void *guest;
        DirtyWindow window;
        int64_t seconds;
        usec_t started_at, rest_until, last_turn;
        bool waits; /* for the long window to be started */
} DirtyTour;

/* What a guest's statistics say at one reading. */
typedef struct DirtyNews {
        bool answers;           /* its monitor told of dirty rates at all */
        bool may;               /* running, and without a job */
        int64_t status;         /* virDomainDirtyRateStatus, or UNKNOWN */
        int64_t seconds, mib_s; /* of the last measurement, or UNKNOWN */
        int64_t memory_mib;
} DirtyNews;

/* Takes in one guest's news; a measurement that ended goes into its history. Guests are told one after the
 * other, each turn. */
void dirty_note(DirtyTour *tour, DirtyHistory *guest, const DirtyNews *news, usec_t now);

/* Whether `guest` should be measured before `other` (NULL: nobody yet). */
bool dirty_is_next(const DirtyTour *tour, const DirtyHistory *guest, const DirtyHistory *other,
                   const DirtyNews *news, usec_t now);

/* After all were noted: seconds of the window to be started on `next`, or 0: nothing is to be started now. */
int64_t dirty_window(DirtyTour *tour, const DirtyHistory *next, uint32_t n_guests, usec_t now);

/* It was started, or (error < 0) could not be. */
void dirty_started(DirtyTour *tour, DirtyHistory *guest, int64_t seconds, int error, usec_t now);

/* It was not started: a job began. The others go first. */
void dirty_put_off(DirtyTour *tour, DirtyHistory *guest, usec_t now);

/* The mean in KiB/s, or UNKNOWN. */
int64_t dirty_mean(const DirtyHistory *guest, DirtyWindow window, usec_t now);

/* What QEMU says in whole MiB/s, in KiB/s. It rounds down; the rate is a multiple of 2 MiB in the window (a
 * page sampled for each 2 MiB), so that on average half of what is between two multiples and the next whole
 * number is lost, and is given back here. 0 stays 0. */
int64_t dirty_kib_of(int64_t mib_s, int64_t seconds);
