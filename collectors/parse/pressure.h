/* SPDX-License-Identifier: Apache-2.0 */
/* /proc/pressure/{cpu,memory,io}, and the same of a cgroup → pressure stall information
 * (Documentation/accounting/psi.rst). Pure.
 *
 * Units: permille, averages over 10 s. Owner: the caller's. Errors: -EBADMSG. Threads: any.
 */
#pragma once

#include "scheduler/model/units.h"

/* UNKNOWN: no such line, or the line does not say. */
typedef struct Pressure {
        int64_t some, full;             /* permille of time, average of 10 s */
        int64_t some_total, full_total; /* us since boot, or since the cgroup was made */
} Pressure;

/* 0; -EBADMSG: neither line is there, avg10 is not a percentage, or total no number. */
int pressure_parse(const char *text, size_t n, Pressure *ret) must_check;
