/* SPDX-License-Identifier: Apache-2.0 */
/* A host's pulse: a few numbers beside each report, small enough for the service to look at those of all
 * hosts between its rounds. A round never decides by them: they only call one.
 *
 * Units: usec_t, in microseconds; permille. Owner: all is the caller's. Errors: -EBADMSG from pulse_parse()
 * alone. Threads: any.
 */
#pragma once

#include "scheduler/model/sample.h"

typedef struct Pulse {
        usec_t sent_at, interval;              /* of the report */
        int64_t cpu_permille, memory_permille; /* of the host's, in use; UNKNOWN */
        int64_t n_vms;                         /* UNKNOWN: they could not be asked for */
        int64_t vms_hash; /* another number for other VMs, whatever their order; not negative */
} Pulse;

enum { PULSE_SIZE = 160 };

void pulse_of_report(const Report *report, Pulse *ret);

/* "1 SENT_MS INTERVAL_MS CPU MEMORY VMS NUMBER" in buf, "-" for UNKNOWN; returns its length. */
size_t pulse_print(const Pulse *pulse, char buf[PULSE_SIZE]);
/* 0; -EBADMSG: it is none, or of a later version. */
int pulse_parse(const char *text, size_t n, Pulse *ret) must_check;
