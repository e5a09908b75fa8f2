/* SPDX-License-Identifier: Apache-2.0 */
/* What many hosts have alike: a hot room is one finding, not one a host.
 *
 * Units: none. Owner: the arena. Errors: -ENOMEM. Threads: any.
 */
#pragma once

#include "scheduler/base/arena.h"
#include "scheduler/model/cluster.h"

/* From so many hosts on, and a tenth of all, they are said together. */
#define FINDING_SHARED 5U

typedef struct SharedFinding {
        const char *hazard; /* or the words of a fault that names none */
        int64_t grade;
        uint32_t n;
        HostIx first;
} SharedFinding;

typedef struct SharedFindings {
        const SharedFinding *at;
        uint32_t n;
        const bool *has; /* [host] its worst finding is among them */
} SharedFindings;

/* 0 or -ENOMEM. In `a`. */
int shared_findings(Arena *a, const Snapshot *s, SharedFindings *ret) must_check;

/* "36 of 40 hosts have fault grade 1: sensor-hot (h05: inlet at 41 C, at most 35 is right)"; NULL: no memory. */
const char *shared_finding_words(Arena *a, const Snapshot *s, const SharedFinding *finding);
