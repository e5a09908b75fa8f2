/* SPDX-License-Identifier: Apache-2.0 */
/* How many members of an array may still be lost, whichever they are, before data is. Pure.
 *
 * Units: numbers of members. Owner: nothing is kept. Errors: INT64_MIN, as said. Threads: any.
 */
#pragma once

#include "scheduler/base/common.h"

/* `level` as metrics name it: raid0, raid1, raid4, raid5, raid6, raid10, raid50, raid60, linear, raidz1 …
 * `wanted` members, of which `lost` do not (or not yet) hold their data; `copies`: of raid10, 0 for two.
 * The worst case is counted: a raid10 that lost one may survive another, but not any other.
 * < 0: more are lost than it can bear, in the worst case; INT64_MIN: a level nobody knows. */
int64_t array_redundancy(const char *level, int64_t wanted, int64_t lost, int64_t copies);
