/* SPDX-License-Identifier: Apache-2.0 */
/* A line on a terminal while something lasts: "planning … 3 s". It comes after a second, is drawn again each second, and is
 * gone when the work ends; elsewhere than on a terminal there is none. Between begin and end nothing else is written there.
 *
 * Units: none. Owner: the caller's struct, until busy_end(). Errors: none: without a thread there is no line. Threads: begin
 * and end on one; the line is drawn by another.
 */
#pragma once

#include <pthread.h>

#include "scheduler/app/terminal/screen.h"
#include "scheduler/base/clock.h"

typedef struct Busy {
        const Screen *screen;
        const char *what; /* static: "planning" */
        usec_t since;     /* monotonic */
        pthread_t thread;
        pthread_mutex_t lock;
        pthread_cond_t ended;
        bool runs, over;
} Busy;

/* `screen` and `what` must outlive it. */
void busy_begin(Busy *busy, const Screen *screen, const char *what);
void busy_end(Busy *busy);
