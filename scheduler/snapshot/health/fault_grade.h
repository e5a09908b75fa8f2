/* SPDX-License-Identifier: Apache-2.0 */
/* The grade of a host's hardware, 0 … 4: a pure function of what its agent reports, what is
 * remembered of its devices, and the time. What counts is in hazards.def, with its sources; docs/faults.md is
 * the manual.
 *
 * A grade rises at once. It falls when the facts have been better for as long as the table says, by hand, or
 * when the device has become another one (its serial number). Facts that are not there are not better: a
 * host that does not report, a disk that does not answer, keep their grades.
 *
 * Units: usec_t, in microseconds since the epoch; grades 0 … 4. Owner: the arena. Errors: -ENOMEM. Threads:
 * any, each its own arena.
 */
#pragma once

#include "scheduler/snapshot/health/fault_memory.h"

#define FAULT_ALARM_FROM 2 /* the grade from which VMs are concerned: a host that gets there calls a round */

typedef struct FaultInput {
        const Report *report;      /* NULL: the host does not report */
        const FaultMemory *memory; /* NULL: nothing is remembered, levels alone count */
        const Clear *clears;       /* of this host */
        uint32_t n_clears;
        usec_t now;
        int64_t hold_permille; /* of the table's clean hours */
} FaultInput;

typedef struct FaultOutput {
        Fault *faults; /* one a device that has a grade; not sorted */
        uint32_t n_faults;
        FaultMemory memory; /* to be given back with the next reading */
} FaultOutput;

/* In `a`; strings of the input are referred to. 0 or -ENOMEM. */
int fault_grade(Arena *a, const FaultInput *in, FaultOutput *ret) must_check;
