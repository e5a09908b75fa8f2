/* SPDX-License-Identifier: Apache-2.0 */
/* What is remembered of a host's devices between readings: grades that are held, what was accepted by hand,
 * and where counters stood. A JSON text in the store, schema plimsoll.faults/1 (docs/faults.md). Pure but for
 * jansson's own memory. All is in the arena given.
 *
 * Units: usec_t, in microseconds since the epoch. Owner: the arena. Errors: -EBADMSG, -ENOMEM; the others
 * have none. Threads: any, each its own arena.
 */
#pragma once

#include "scheduler/base/arena.h"
#include "scheduler/base/text.h"
#include "scheduler/model/cluster.h"
#include "scheduler/model/sample.h"

#define MARKS_MAX 12U /* changes of a counter that are kept */

typedef struct MarkPoint {
        usec_t at;
        int64_t number;
} MarkPoint;

/* Where a counter stood, and since when: oldest first. */
typedef struct CounterMark {
        Metric metric;
        uint32_t n;
        MarkPoint points[MARKS_MAX];
} CounterMark;

/* A hazard that somebody looked at and accepted: it counts again when the number grows. */
typedef struct Accepted {
        const char *hazard;
        int64_t number;
} Accepted;

typedef struct DeviceMemory {
        const char *device, *serial, *hazard, *why;
        int64_t grade;
        usec_t since, clean_since, cleared_at;
        int64_t hours; /* clean ones it needs */
        bool partly;
        Strings vms;
        const Accepted *accepted;
        const CounterMark *marks;
        uint32_t n_accepted, n_marks;
} DeviceMemory;

typedef struct FaultMemory {
        const char *host;
        const DeviceMemory *devices; /* sorted by device */
        uint32_t n_devices;
} FaultMemory;

/* "forget what speaks against this device": said by hand. */
typedef struct Clear {
        const char *host, *device;
        const char *by, *why; /* or NULL */
        usec_t at;
} Clear;

/* 0; -EBADMSG with *reterr_fault; -ENOMEM. ret->host is not set. */
int fault_memory_parse(Arena *a, const char *text, size_t n, FaultMemory *ret,
                       TextFault *reterr_fault) must_check;
/* 0 or -ENOMEM. */
int fault_memory_print(Arena *a, const FaultMemory *memory, const char **ret, size_t *ret_n) must_check;

/* NULL: none of that name. */
const DeviceMemory *device_memory(const FaultMemory *memory, const char *device);

/* How much the counter has risen since `window` ago; 0 where it was not known then. */
int64_t mark_rise(const DeviceMemory *memory, Metric metric, int64_t now_number, usec_t now, usec_t window);
/* The mark with this reading taken in. */
CounterMark mark_next(const DeviceMemory *memory, Metric metric, int64_t number, usec_t now);
