/* SPDX-License-Identifier: Apache-2.0 */
/* /proc/vmstat → pages swapped in and out since boot (proc(5)). Pure.
 *
 * Units: pages since boot. Owner: nothing is kept. Errors: -EBADMSG. Threads: any.
 */
#pragma once

#include "scheduler/model/units.h"

typedef struct VmStat { /* UNKNOWN: a kernel without swap does not say */
        int64_t swapped_in, swapped_out;
} VmStat;

/* 0; -EBADMSG: no line of it, or a count that is none. */
int vmstat_parse(const char *text, size_t n, VmStat *ret) must_check;
