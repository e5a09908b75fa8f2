/* SPDX-License-Identifier: Apache-2.0 */
/* Faults as tools say them, as samples: for the collectors faults_d and exec.
 *
 * Units: usec_t, in microseconds since the epoch. Owner: nothing is kept; the arena is scratch. Errors:
 * -ENOMEM; a text that cannot be read is a sample. Threads: any, each its own arena.
 */
#pragma once

#include "collectors/read/collector.h"
#include "scheduler/base/arena.h"

/* Parses one text of `source` (a file's or a command's name) and emits what is in it and has not run out at
 * `wall` (since the epoch). A list's faults are SOURCE#1, SOURCE#2 … A text that cannot be read is emitted as
 * such: a complaint, not silence. 0 or -ENOMEM. */
int tool_faults_emit(Arena *a, const char *source, const char *text, size_t n, usec_t wall,
                     SampleSink *sink) must_check;

/* "what SOURCE says cannot be read: `why`". 0 or -ENOMEM. */
int tool_faults_complain(const char *source, const char *why, SampleSink *sink) must_check;

/* "SOURCE is not read: `why`": its words are nobody's, so that they are no fault either. 0 or -ENOMEM. */
int tool_faults_refuse(const char *source, const char *why, SampleSink *sink) must_check;
