/* SPDX-License-Identifier: Apache-2.0 */
/* How long the parts of a command took, for --timing: on standard error, so that what is printed stays the
 * same bytes for the same input.
 *
 * Units: usec_t, in microseconds, monotonic and of CPU. Owner: the Timing is the caller's. Errors: none.
 * Threads: the main one.
 */
#pragma once

#include "scheduler/app/terminal/invocation.h"
#include "scheduler/base/clock.h"

#define TIMING_OPTION                                                                                        \
        {                                                                                                    \
                "timing", 0, OPTION_FLAG, NULL, 0, 0, 0,                                                     \
                        "print on standard error how long each part took, and the peak memory use"           \
        }

#define TIMING_PARTS 4

typedef struct TimingPart {
        const char *name;
        usec_t wall, cpu;
} TimingPart;

typedef struct Timing {
        bool on;
        usec_t wall, cpu; /* when the part began */
        FILE *out;
        TimingPart parts[TIMING_PARTS];
        unsigned n_parts;
} Timing;

/* The first part begins here; its CPU time is all that the program has used so far. */
Timing timing_begin(const Invocation *in);

/* The part that began last ends here, and has a name; the next one begins. */
void timing_mark(Timing *t, const char *part);

/* With the option: "timing: load 0.120 s (0.118 s of CPU), plan …, peak memory 26 MiB". */
void timing_end(const Timing *t);
