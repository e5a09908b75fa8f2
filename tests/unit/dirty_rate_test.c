/* SPDX-License-Identifier: Apache-2.0 */
/* The tour of the guests of a host whose dirty rates are measured, without any guest. */
#include <criterion/criterion.h>
#include <errno.h>

#include "collectors/guests/dirty_rate.h"

#define SEC         USEC_PER_SEC
#define MEASURED    2
#define HOSTFUL_MAX 64

/* Guests that answer as QEMU would: a measurement is there once its window is over. */
typedef struct Host {
        DirtyTour tour;
        DirtyHistory guests[HOSTFUL_MAX];
        usec_t started[HOSTFUL_MAX];
        int64_t seconds[HOSTFUL_MAX];
        unsigned visits[HOSTFUL_MAX]; /* windows started */
        unsigned at_once;
        bool may[HOSTFUL_MAX];
        uint32_t n;
} Host;

static Host host_of(uint32_t n) {
        Host h = { .n = n };

        for (uint32_t i = 0; i < n; i++)
                h.may[i] = true;
        return h;
}

static DirtyNews news_of(const Host *h, uint32_t i, usec_t now) {
        bool over = h->seconds[i] > 0 && now >= h->started[i] + h->seconds[i] * SEC;

        return (DirtyNews){ .answers = true,
                            .may = h->may[i],
                            .status = over                ? MEASURED
                                      : h->seconds[i] > 0 ? 1
                                                          : 0,
                            .seconds = h->seconds[i] > 0 ? h->seconds[i] : UNKNOWN,
                            .mib_s = over ? 4 + (int64_t) i : UNKNOWN,
                            .memory_mib = 1024 };
}

static void turn(Host *h, usec_t now, int error) {
        uint32_t next = UINT32_MAX;
        int64_t seconds;

        for (uint32_t i = 0; i < h->n; i++) {
                const DirtyNews news = news_of(h, i, now);

                dirty_note(&h->tour, &h->guests[i], &news, now);
                if (dirty_is_next(&h->tour, &h->guests[i], next == UINT32_MAX ? NULL : &h->guests[next],
                                  &news, now))
                        next = i;
        }
        seconds = dirty_window(&h->tour, next == UINT32_MAX ? NULL : &h->guests[next], h->n, now);
        if (seconds == 0)
                return;
        for (uint32_t i = 0; i < h->n; i++) /* one at a time, whatever happens */
                cr_assert(h->seconds[i] == 0 || now >= h->started[i] + h->seconds[i] * SEC);
        if (error == 0) {
                h->started[next] = now;
                h->seconds[next] = seconds;
                h->visits[next]++;
        }
        dirty_started(&h->tour, &h->guests[next], seconds, error, now);
}

Test(dirty_rate, of_sixty_guests_is_known_within_minutes) {
        Host h = host_of(60);

        for (usec_t t = 1000 * SEC; t <= 1900 * SEC; t += 5 * SEC)
                turn(&h, t, 0);
        for (uint32_t i = 0; i < h.n; i++) {
                cr_assert_geq(h.visits[i], 2, "guest %u was not visited", i);
                cr_assert_eq((4 + (int64_t) i) * 1024 + 256,
                             dirty_mean(&h.guests[i], DIRTY_LONG, 1900 * SEC));
                cr_assert_eq((4 + (int64_t) i) * 1024, dirty_mean(&h.guests[i], DIRTY_SHORT, 1900 * SEC));
        }
}

Test(dirty_rate, of_few_guests_is_measured_in_long_windows) {
        Host h = host_of(2);

        for (usec_t t = 1000 * SEC; t <= 1060 * SEC; t += 5 * SEC)
                turn(&h, t, 0);
        cr_assert_eq(9, h.seconds[0] > h.seconds[1] ? h.seconds[0] : h.seconds[1]);
}

Test(dirty_rate, is_forgotten_when_it_is_old) {
        Host h = host_of(1);

        for (usec_t t = 1000 * SEC; t <= 1020 * SEC; t += 5 * SEC)
                turn(&h, t, 0);
        cr_assert_neq(UNKNOWN, dirty_mean(&h.guests[0], DIRTY_LONG, 1020 * SEC));
        cr_assert_neq(UNKNOWN, dirty_mean(&h.guests[0], DIRTY_LONG, 1015 * SEC + DIRTY_AGE));
        cr_assert_eq(UNKNOWN, dirty_mean(&h.guests[0], DIRTY_LONG, 1021 * SEC + DIRTY_AGE));
}

Test(dirty_rate, is_not_measured_while_a_guest_has_a_job) {
        Host h = host_of(2);
        unsigned before;

        turn(&h, 1000 * SEC, 0);
        turn(&h, 1005 * SEC, 0); /* the first one is under way */
        before = h.visits[0];
        h.may[0] = false;
        for (usec_t t = 1010 * SEC; t <= 1300 * SEC; t += 5 * SEC)
                turn(&h, t, 0);
        cr_assert_eq(before, h.visits[0]);
        cr_assert_eq(0, h.guests[0].window[DIRTY_SHORT].n, "what a job disturbed does not count");
        cr_assert_geq(h.visits[1], 4, "the others go on");
}

Test(dirty_rate, that_cannot_be_measured_is_not_asked_for_each_turn) {
        Host h = host_of(1);
        unsigned asked = 0;

        for (usec_t t = 1000 * SEC; t <= 1000 * SEC + 3600 * SEC; t += 5 * SEC) {
                usec_t before = h.guests[0].not_before;

                turn(&h, t, -EIO);
                asked += h.guests[0].not_before != before;
        }
        cr_assert(asked >= 5 && asked <= 7, "asked %u times an hour", asked);
}

Test(dirty_rate, that_never_comes_ends_the_visit) {
        Host h = host_of(2);

        turn(&h, 1000 * SEC, 0);
        turn(&h, 1005 * SEC, 0);
        h.seconds[0] = 50; /* what QEMU tells is another measurement */
        h.started[0] = 0;
        for (usec_t t = 1010 * SEC; t <= 1040 * SEC; t += 5 * SEC)
                turn(&h, t, 0);
        cr_assert_gt(h.guests[0].not_before, 1030 * SEC);
}

Test(dirty_rate, gives_back_what_qemu_rounds_off) {
        cr_assert_eq(0, dirty_kib_of(0, 10));
        cr_assert_eq(4 * 1024, dirty_kib_of(4, 1), "in a second it is a multiple of 2 MiB");
        cr_assert_eq(4 * 1024 + 256, dirty_kib_of(4, 4), "a multiple of 0.5 MiB: 4.0 or 4.5");
        cr_assert_eq(4 * 1024 + 410, dirty_kib_of(4, 10));
        cr_assert_gt(dirty_kib_of(INT64_MAX, 10), 0);
}
