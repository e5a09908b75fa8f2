/* SPDX-License-Identifier: Apache-2.0 */
/* Quantities as people read them. Each returns buf. UNKNOWN is "?".
 *
 * Units: as each name says; usec_t, in microseconds since the epoch. Owner: `buf` is the caller's. Errors:
 * none. Threads: any.
 */
#pragma once

#include "scheduler/model/units.h"

#define HUMAN_SIZE 32

const char *human_mib(int64_t mib, char buf[HUMAN_SIZE]);     /* "512 MiB", "1.5 GiB", "63 GiB" */
const char *human_bytes(int64_t bytes, char buf[HUMAN_SIZE]); /* "812 KiB", "1.5 GiB" */
const char *human_ms(int64_t ms, char buf[HUMAN_SIZE]); /* "40 ms", "3.2 s", "2 min 5 s", "3 h 10 min" */
const char *human_permille(int64_t permille, char buf[HUMAN_SIZE]); /* "61%" */
const char *human_time(usec_t when, char buf[HUMAN_SIZE]);          /* "2026-03-01T12:00:00Z" */
