/* SPDX-License-Identifier: Apache-2.0 */
/* An instant as RFC 3339 has it: "2026-11-30T00:14:05Z" in UTC, with six decimals of the second where they are not 0.
 *
 * Units: usec_t, microseconds since the epoch, years 1970 … 9999. Owner: `buf` is the caller's. Errors: as said. Threads: any.
 */
#pragma once

#include "scheduler/base/common.h"
#include "scheduler/model/units.h"

#define INSTANT_SIZE 40 /* bytes of one, the NUL included */

const char *instant_print(usec_t at, char buf[INSTANT_SIZE]); /* buf; at >= 0 */

/* Any offset from UTC is read; decimals beyond the sixth are dropped. 0, or -EINVAL: no such text, no such day, or before 1970. */
int instant_parse(const char *text, usec_t *ret) must_check;
