/* SPDX-License-Identifier: Apache-2.0 */
/* How many requests a client has, and how many wrong tokens. */
#include <criterion/criterion.h>
#include <stdio.h>

#include "scheduler/app/api/api_guard.h"

#define NOW (1000 * USEC_PER_SEC)

static ApiGuard guard;

Test(api_guard, gives_each_client_its_rate) {
        api_guard_open(&guard, 10);
        for (int i = 0; i < 10; i++)
                cr_assert(api_guard_may(&guard, "10.0.0.1", NOW), "%d", i);
        cr_assert_not(api_guard_may(&guard, "10.0.0.1", NOW), "the eleventh within no time");
        cr_assert(api_guard_may(&guard, "10.0.0.2", NOW), "another has its own");
        cr_assert(api_guard_may(&guard, "10.0.0.1", NOW + USEC_PER_SEC / 10),
                  "a tenth of a second later one");
        cr_assert_not(api_guard_may(&guard, "10.0.0.1", NOW + USEC_PER_SEC / 10), "and no more");
        for (int i = 0; i < 10; i++)
                cr_assert(api_guard_may(&guard, "10.0.0.1", NOW + 3600 * USEC_PER_SEC), "%d", i);
        cr_assert_not(api_guard_may(&guard, "10.0.0.1", NOW + 3600 * USEC_PER_SEC),
                      "an hour saves up no more");
        api_guard_close(&guard);
}

Test(api_guard, five_wrong_tokens_a_minute) {
        api_guard_open(&guard, 10);
        for (int i = 0; i < API_FAILURES; i++)
                cr_assert(api_guard_failed(&guard, "h", NOW + i * USEC_PER_SEC));
        cr_assert_not(api_guard_failed(&guard, "h", NOW + 6 * USEC_PER_SEC));
        cr_assert_not(api_guard_failed(&guard, "h", NOW + 59 * USEC_PER_SEC));
        cr_assert(api_guard_failed(&guard, "h", NOW + 60 * USEC_PER_SEC), "the first is a minute ago");
        cr_assert_not(api_guard_failed(&guard, "h", NOW + 60 * USEC_PER_SEC + 1));
        api_guard_close(&guard);
}

Test(api_guard, a_flood_of_addresses_ends_nothing) {
        api_guard_open(&guard, 1);
        for (int i = 0; i < 100000; i++) {
                char name[API_CLIENT_SIZE];

                (void) snprintf(name, sizeof(name), "2001:db8::%x", (unsigned) i);
                cr_assert(api_guard_may(&guard, name, NOW + i));
        }
        api_guard_close(&guard);
}
