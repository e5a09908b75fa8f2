/* SPDX-License-Identifier: Apache-2.0 */
/* Which metric fills which member of a Snapshot. Internal to snapshot/build. Pure. */
#pragma once

#include "scheduler/model/cluster.h"
#include "scheduler/model/sample.h"

typedef enum TargetOf {
        OF_NOTHING, /* not in a Snapshot, or by code of its own */
        OF_HOST,
        OF_HOST_CONTENTION,
        OF_HOST_PLATFORM,
        OF_NUMA,
        OF_NUMA_PAGES,
        OF_NIC,
        OF_PEER,
        OF_HUGEPAGES,
        OF_COLLECTOR,
        OF_VM,
        OF_VM_CONTENTION,
        OF_VM_TIES,
} TargetOf;

typedef enum TargetKind {
        TARGET_NUMBER,
        TARGET_NAME,  /* at most 255 bytes */
        TARGET_TEXT,  /* at most 4096 */
        TARGET_NAMES, /* separated by commas */
        TARGET_LABELS,
        TARGET_HOST_LABELS,
        TARGET_SPECIAL,
} TargetKind;

typedef struct Target {
        TargetOf of;
        TargetKind kind;
        size_t at;
        int64_t max; /* the same as in snapshot_fields.c */
} Target;

extern const Target report_targets[METRIC_N];
