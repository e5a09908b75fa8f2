/* SPDX-License-Identifier: Apache-2.0 */
/* The NVMe controllers of a host by sysfs, as disks that nvme-cli is asked about.
 *
 * Units: none. Owner: the list is in the arena. Errors: a negative errno, as said below. Threads: any, each
 * its own arena.
 */
#pragma once

#include "collectors/parse/smartctl.h"

/* In `a`; in the order of their names. 0; none is no error; negative errno. */
int nvme_list(Arena *a, const char *root, const SmartDevice **ret, uint32_t *ret_n) must_check;
