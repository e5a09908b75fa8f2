/* SPDX-License-Identifier: Apache-2.0 */
/* One disk that two sources tell of, as smartctl behind a controller and the controller's own tool, or a BMC:
 * by its serial number, its world-wide name, or the slot its controller counts. Internal to snapshot/. Pure.
 *
 * The name that stands for both is the kernel's, else that of an array's member, else the first by the
 * alphabet. What the others say of it becomes its own. Names that one source tells of twice (two paths, two
 * namespaces, a maker who gives all the same number) are never joined with each other; one that could be any
 * of several block devices is said to appear as all of them.
 *
 * Units: none. Owner: what is joined lives in the arena. Errors: -ENOMEM. Threads: one for each DeviceTable.
 */
#pragma once

#include "scheduler/snapshot/health/fault_facts.h"

/* Fills Device.same and Device.other. 0 or -ENOMEM. */
int disks_join(Arena *a, DeviceTable *t) must_check;
