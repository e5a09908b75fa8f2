/* SPDX-License-Identifier: Apache-2.0 */
/* What a service knows of a stop of all moves (plimsoll stop), said in its log as it begins and ends.
 *
 * Units: none. Owner: service_stop_close(). Errors: as stop_watch.h. Threads: the store's.
 */
#pragma once

#include "scheduler/app/round/stop_watch.h"

typedef struct ServiceStop {
        StopWatch watch;
        usec_t said;      /* the `at` of the stop that was said to have begun, and has not ended; 0: none */
        bool said_unkept; /* that its file can't be written */
} ServiceStop;

/* 0 or -ENOMEM. */
int service_stop_open(ServiceStop *stop, Store *store, const char *state_dir, const char *cluster) must_check;
void service_stop_close(ServiceStop *stop);

/* Asks the store, and logs what has changed. true: nothing may be started. */
bool service_stop_look(ServiceStop *stop);

/* Logs what has changed by the last look of whoever has the watch. */
void service_stop_say(ServiceStop *stop);
