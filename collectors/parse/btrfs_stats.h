/* SPDX-License-Identifier: Apache-2.0 */
/* /sys/fs/btrfs/UUID/devinfo/N/error_stats (Linux 5.14 and later): "write_errs 0\nread_errs 0\n…", what the file system
 * has counted of a device since its counters were cleared. Pure.
 *
 * Units: numbers of errors. Owner: nothing is kept. Errors: none; UNKNOWN as said. Threads: any.
 */
#pragma once

#include "scheduler/model/units.h"

/* The sum of its counters; UNKNOWN: that is no such file, or holds no counter. */
int64_t btrfs_stats_sum(const char *text, size_t n);
