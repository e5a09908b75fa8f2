/* SPDX-License-Identifier: Apache-2.0 */
/* /proc/diskstats (Linux, Documentation/admin-guide/iostats.rst). Pure.
 *
 * Units: milliseconds; I/Os since boot. Owner: names point into the text. Errors: -EBADMSG. Threads: any.
 */
#pragma once

#include "collectors/parse/lines.h"

typedef struct DiskStats {
        Span name;
        uint64_t ios;       /* reads and writes that have ended */
        uint64_t ms;        /* all of theirs */
        uint64_t in_flight; /* under way */
} DiskStats;

/* The next whole line of `rest`, which moves on. 0; 1: the end; -EBADMSG. */
int diskstats_next(Span *rest, DiskStats *ret) must_check;
