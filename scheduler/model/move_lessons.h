/* SPDX-License-Identifier: Apache-2.0 */
/* What finished migrations taught of the next ones (decide/migration/migration_lessons.h). By name: hosts and
 * VMs come and go. Shares are permille of what the model says of itself: 1000, as it says.
 */
#pragma once

#include "scheduler/model/units.h"

/* From one host to another. */
typedef struct RouteLesson {
        const char *from, *to;
        int64_t speed_permille; /* of the route's bandwidth that memory gets */
        int64_t jobs;           /* it rests on */
} RouteLesson;

typedef struct VmLesson {
        const char *vm;
        int64_t bytes_permille; /* memory really there to be sent, of what is known of it beforehand */
        int64_t dirty_permille; /* memory really dirtied, of what was measured */
        int64_t jobs;
} VmLesson;

typedef struct MoveLessons {
        int64_t jobs;
        int64_t fixed_ms;          /* what a migration takes besides sending */
        int64_t switch_ms;         /* … of it with the VM stopped */
        int64_t speed_permille;    /* of routes that have no lesson of their own */
        int64_t bytes_permille;    /* of VMs that have none */
        int64_t unsure_permille;   /* how far predictions were off, four of five of them */
        const RouteLesson *routes; /* by (from, to) */
        const VmLesson *vms;       /* by name */
        uint32_t n_routes, n_vms;
} MoveLessons;
