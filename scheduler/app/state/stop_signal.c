/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/app/state/stop_signal.h"

#include <signal.h>
#include <stdatomic.h>

/* Written by the handler, read by any thread; free of locks, so that a handler may. */
static atomic_uint stop_signal_stops, stop_signal_reloads_seen;
_Static_assert(ATOMIC_INT_LOCK_FREE == 2, "a handler of signals must not wait for a lock");

static void stop_signal_counted(int signal) {
        if (signal == SIGHUP)
                atomic_fetch_add(&stop_signal_reloads_seen, 1);
        else if (atomic_load(&stop_signal_stops) < 2)
                atomic_fetch_add(&stop_signal_stops, 1);
}

void stop_signal_watch(void) {
        struct sigaction action = { .sa_handler = stop_signal_counted }, ignore = { .sa_handler = SIG_IGN };

        (void) sigemptyset(&action.sa_mask);
        (void) sigaction(SIGINT, &action, NULL);
        (void) sigaction(SIGTERM, &action, NULL);
        (void) sigaction(SIGHUP, &action, NULL);
        (void) sigaction(SIGPIPE, &ignore, NULL);
}

unsigned stop_signal_count(void) {
        return atomic_load(&stop_signal_stops);
}

StopRequest stop_signal_request(void) {
        const unsigned stops = atomic_load(&stop_signal_stops);

        return stops >= 2 ? STOP_ABORT : stops == 1 ? STOP_DRAIN : STOP_NONE;
}

unsigned stop_signal_reloads(void) {
        return atomic_load(&stop_signal_reloads_seen);
}
