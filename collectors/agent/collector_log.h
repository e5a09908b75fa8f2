/* SPDX-License-Identifier: Apache-2.0 */
/* What became of the collectors' readings since the agent started: how often each failed, and why it does
 * now. One line of the log when a collector begins to fail, fails otherwise, or is well again.
 *
 * Owner:   it owns nothing. Threads: one.
 *
 * Units: usec_t, in microseconds since the epoch. Errors: -ENOMEM from collector_log_emit() alone.
 */
#pragma once

#include "collectors/read/sample_list.h"

enum { COLLECTOR_LOG_MAX = 128 };

typedef struct CollectorLog {
        struct CollectorPast {
                const char *collector; /* lives as long as the process */
                usec_t read_at;        /* of the reading last noted: each counts once */
                int error;             /* of that reading; 0: it went well */
                int64_t failed, late;  /* readings: failed, of these for want of an answer in time */
                int64_t in_a_row;
                int64_t unread;  /* items of that reading that were not understood */
                char words[160]; /* why, of the last that failed */
        } past[COLLECTOR_LOG_MAX];
        uint32_t n;
} CollectorLog;

/* An error of a section in words: that of a network for one that came too late would mislead. */
const char *collector_words(int error);

/* `words`: why it failed, when the error number does not say it all; "" when it does. */
void collector_log_note(CollectorLog *l, const Section *s, const char *words);

/* Of each collector that ever failed, how often, and why it does now; of each that did not understand something,
 * how much. No samples when all is well. Texts are in `a`. 0 or -ENOMEM. */
int collector_log_emit(const CollectorLog *l, Arena *a, SampleSink *sink) must_check;
