/* SPDX-License-Identifier: Apache-2.0 */
#include "collectors/guests/dirty_rate.h"

#include <errno.h>

#define SHORT_SECONDS      1
#define LONG_SECONDS_LEAST 4
#define LONG_SECONDS_MOST  10
#define TURN_SLACK         (USEC_PER_SEC / 2)  /* between the end of a window and the reading that finds it */
#define SAMPLE_MIB         2                   /* QEMU: 512 samples a GiB */
#define RESULT_LATE        (30 * USEC_PER_SEC) /* a measurement that is so late will not come */
#define REFUSED_PAUSE      (600 * USEC_PER_SEC) /* before a guest that refused is asked again */
#define UNSUPPORTED_PAUSE  (86400 * USEC_PER_SEC)

/* A visit hashes 8 MiB a GiB of the guest (two windows, each twice), about 8 ms of a core: rest enough that
 * this stays below 3 % of one core however large guests are. */
#define REST_MS_PER_GIB 300
#define MIB_PER_GIB     1024
#define VALUE_MAX       (INT64_C(1) << 30) /* MiB/s; far beyond any memory */

int64_t dirty_kib_of(int64_t mib_s, int64_t seconds) {
        int64_t lost =
                512 - INT64_C(512) * SAMPLE_MIB / seconds; /* half of 1 MiB less half of one sample's share */

        if (mib_s <= 0 || mib_s > VALUE_MAX)
                return mib_s <= 0 ? 0 : VALUE_MAX * 1024;
        return mib_s * 1024 + (lost > 0 ? lost : 0);
}

static void history_add(DirtyHistory *guest, DirtyWindow window, int64_t kib_s, usec_t now) {
        uint32_t at = guest->window[window].n++ % DIRTY_KEPT;

        guest->window[window].kib_s[at] = kib_s;
        guest->window[window].at[at] = now;
}

static void visit_end(DirtyTour *tour, DirtyHistory *guest, int64_t memory_mib, usec_t now) {
        usec_t rest = memory_mib > 0 ? memory_mib * REST_MS_PER_GIB / MIB_PER_GIB * USEC_PER_MSEC : 0;

        guest->visited_at = now;
        tour->guest = NULL;
        tour->waits = false;
        tour->rest_until = now + rest;
}

void dirty_note(DirtyTour *tour, DirtyHistory *guest, const DirtyNews *news, usec_t now) {
        if (tour->guest != guest)
                return;
        if (!news->may) { /* a job began, or it was paused: what is measured now is not how it usually is */
                visit_end(tour, guest, 0, now);
                return;
        }
        if (tour->waits || now - tour->started_at < tour->seconds * USEC_PER_SEC)
                return;
        if (news->status != 2 || news->seconds != tour->seconds || news->mib_s < 0) { /* MEASURED is 2 */
                if (now - tour->started_at > tour->seconds * USEC_PER_SEC + RESULT_LATE) {
                        guest->not_before = now + REFUSED_PAUSE;
                        visit_end(tour, guest, 0, now);
                }
                return;
        }
        history_add(guest, tour->window, dirty_kib_of(news->mib_s, tour->seconds), now);
        if (tour->window == DIRTY_LONG) {
                guest->long_seconds = tour->seconds;
                visit_end(tour, guest, news->memory_mib, now);
                return;
        }
        tour->window = DIRTY_LONG;
        tour->waits = true;
}

bool dirty_is_next(const DirtyTour *tour, const DirtyHistory *guest, const DirtyHistory *other,
                   const DirtyNews *news, usec_t now) {
        if (!news->answers || !news->may || now < guest->not_before)
                return false;
        if (tour->guest)
                return tour->guest == guest && tour->waits;
        return !other || guest->visited_at < other->visited_at;
}

/* The long window: what is left of the visit's share of a tour, a turn being spent on the short one; and over
 * by the time of a reading. */
static int64_t long_seconds(uint32_t n_guests, usec_t turn) {
        usec_t share = DIRTY_TOUR / (n_guests > 0 ? n_guests : 1) - turn;
        usec_t most = LONG_SECONDS_MOST * USEC_PER_SEC + TURN_SLACK;
        int64_t turns = (share < most ? share : most) / turn;
        int64_t seconds = ((turns > 1 ? turns : 1) * turn - TURN_SLACK) / USEC_PER_SEC;

        return seconds < LONG_SECONDS_LEAST  ? LONG_SECONDS_LEAST
               : seconds > LONG_SECONDS_MOST ? LONG_SECONDS_MOST
                                             : seconds;
}

int64_t dirty_window(DirtyTour *tour, const DirtyHistory *next, uint32_t n_guests, usec_t now) {
        usec_t turn = tour->last_turn > 0 ? now - tour->last_turn : 0;
        bool gone = tour->guest && now - tour->started_at > RESULT_LATE * 2; /* nobody told of it any more */

        tour->last_turn = now;
        if (gone)
                tour->guest = NULL;
        if (!next || turn <= 0 || (tour->guest && !tour->waits) || (!tour->guest && now < tour->rest_until))
                return 0;
        return tour->guest ? long_seconds(n_guests, turn) : SHORT_SECONDS;
}

void dirty_started(DirtyTour *tour, DirtyHistory *guest, int64_t seconds, int error, usec_t now) {
        if (error < 0) {
                guest->not_before = now + (error == -ENOTSUP ? UNSUPPORTED_PAUSE : REFUSED_PAUSE);
                visit_end(tour, guest, 0, now);
                return;
        }
        if (!tour->guest)
                tour->window = DIRTY_SHORT;
        tour->guest = guest;
        tour->seconds = seconds;
        tour->started_at = now;
        tour->waits = false;
}

void dirty_put_off(DirtyTour *tour, DirtyHistory *guest, usec_t now) {
        visit_end(tour, guest, 0, now);
}

int64_t dirty_mean(const DirtyHistory *guest, DirtyWindow window, usec_t now) {
        uint32_t kept = guest->window[window].n < DIRTY_KEPT ? guest->window[window].n : DIRTY_KEPT;
        int64_t sum = 0, n = 0;

        for (uint32_t i = 0; i < kept; i++)
                if (now - guest->window[window].at[i] <= DIRTY_AGE) {
                        sum += guest->window[window].kib_s[i];
                        n++;
                }
        return n > 0 ? sum / n : UNKNOWN;
}
