/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/app/state/stop_signal.h"

#include <signal.h>

static volatile sig_atomic_t stop_signal_stops,
        stop_signal_reloads_seen; /* read by any thread; written by one signal at a time */

static void stop_signal_counted(int signal) {
        if (signal == SIGHUP)
                stop_signal_reloads_seen = stop_signal_reloads_seen + 1;
        else if (stop_signal_stops < 2)
                stop_signal_stops = stop_signal_stops + 1;
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
        return (unsigned) stop_signal_stops;
}

StopRequest stop_signal_request(void) {
        return stop_signal_stops >= 2 ? STOP_ABORT : stop_signal_stops == 1 ? STOP_DRAIN : STOP_NONE;
}

unsigned stop_signal_reloads(void) {
        return (unsigned) stop_signal_reloads_seen;
}
