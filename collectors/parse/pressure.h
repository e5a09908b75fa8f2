/* SPDX-License-Identifier: Apache-2.0 */
/* /proc/pressure/{cpu,memory,io} → pressure stall information (Documentation/accounting/psi.rst). Pure. */
#pragma once

#include "scheduler/model/units.h"

typedef struct Pressure { /* permille of time, average of 10 s; UNKNOWN: no such line */
        int64_t some, full;
} Pressure;

/* 0; -EBADMSG: neither line is there, or avg10 is not a percentage. */
int pressure_parse(const char *text, size_t n, Pressure *ret) must_check;
