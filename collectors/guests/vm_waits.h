/* SPDX-License-Identifier: Apache-2.0 */
/* What a guest waits for, as samples: a core that others have (vCPU delay), its own limit, memory, I/O; and what
 * is swapped.
 *
 * Units: permille, KiB/s; usec_t, in microseconds, monotonic. Owner: a VmWaits is the caller's; `scratch` is
 * given back. Errors: 0 or what the sink returns. Threads: one for each VmWaits.
 */
#pragma once

#include "collectors/guests/vm_cgroup.h"
#include "collectors/guests/vm_stats.h"
#include "collectors/read/rate.h"
#include "collectors/read/sample_list.h"

#define GUEST_SWAP_KEPT (120 * USEC_PER_SEC) /* the guest's own figures are older than this: not told */

/* Of one domain between readings. Zeroed: none yet. */
typedef struct VmWaits {
        VmCgroup group;
        Rate delay, throttled, swap_in, swap_out;
        int64_t swap_in_kib_s, swap_out_kib_s; /* the last that the guest told */
        usec_t swap_told_at;                   /* 0: never */
        Stall stalls[VM_PRESSURE_N];
} VmWaits;

typedef struct VmWaitsReading {
        const VmStats *stats;
        const char *name, *root; /* root NULL: only libvirt is at hand */
        int64_t vcpus;           /* > 0 */
        bool limited;            /* its XML says that its CPU time is limited */
        usec_t now;
        Arena *scratch;
        SampleSink *sink;
} VmWaitsReading;

/* 0 or the sink's error. */
int vm_waits_emit(VmWaits *w, const VmWaitsReading *reading) must_check;
