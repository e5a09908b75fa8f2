#include "scheduler/app/state/stop_signal.h"

#include <signal.h>

static volatile sig_atomic_t stops, reloads; /* read by any thread; written by one signal at a time */

static void count(int signal) {
        if (signal == SIGHUP)
                reloads = reloads + 1;
        else if (stops < 2)
                stops = stops + 1;
}

void stop_signal_watch(void) {
        struct sigaction action = { .sa_handler = count }, ignore = { .sa_handler = SIG_IGN };

        (void) sigemptyset(&action.sa_mask);
        (void) sigaction(SIGINT, &action, NULL);
        (void) sigaction(SIGTERM, &action, NULL);
        (void) sigaction(SIGHUP, &action, NULL);
        (void) sigaction(SIGPIPE, &ignore, NULL);
}

unsigned stop_signal_count(void) {
        return (unsigned) stops;
}

RunWish stop_signal_wish(void) {
        return stops >= 2 ? RUN_ABORT : stops == 1 ? RUN_DRAIN : RUN_ON;
}

unsigned stop_signal_reloads(void) {
        return (unsigned) reloads;
}
