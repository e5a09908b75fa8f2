/* SPDX-License-Identifier: Apache-2.0 */
/* The kernel's names of block devices: sda1, md0, dm-3. From /sys and /dev alone, which hang nobody.
 *
 * Units: none. Owner: the name is in the arena. Errors: -ENOMEM; 1 is no error. Threads: any, each its own
 * arena.
 */
#pragma once

#include "scheduler/base/arena.h"

/* Of "8:1". 0; 1: there is none of that number; -ENOMEM. */
int block_name_of_number(Arena *a, const char *root, const char *number, const char **ret) must_check;

/* Of "/dev/mapper/vg-root" and the like, links followed. "zfs/POOL" of a ZFS volume. 0; 1: not one; -ENOMEM.
 */
int block_name_of_path(Arena *a, const char *root, const char *path, const char **ret) must_check;
