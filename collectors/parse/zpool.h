/* SPDX-License-Identifier: Apache-2.0 */
/* `zpool status -j --json-int -P` (OpenZFS 2.3 and later) or `zpool status -P` → pools and their devices.
 * Pure. */
#pragma once

#include "scheduler/base/arena.h"
#include "scheduler/model/units.h"

typedef enum ZfsLeafState {
        ZFS_WORKING,
        ZFS_SUSPECT, /* used, and counts errors, or is called degraded */
        ZFS_FILLING, /* being resilvered */
        ZFS_LOST,
        ZFS_SPARE, /* idle */
        ZFS_LEAF_N,
} ZfsLeafState;

typedef struct ZfsLeaf {
        const char *path; /* "/dev/sda1", or what is left of it */
        uint32_t pool;
        ZfsLeafState state;
        bool data;                     /* not a log or a cache, whose loss is none of data */
        int64_t read, write, checksum; /* errors, or UNKNOWN */
} ZfsLeaf;

typedef struct ZfsPool {
        const char *name, *level, *state; /* as metrics name them */
        const char *action;               /* "" idle */
        int64_t wanted, working, spares;  /* devices of data */
        int64_t redundancy, progress_permille, data_errors;
} ZfsPool;

typedef struct ZfsFacts {
        const ZfsPool *pools;
        const ZfsLeaf *leaves;
        uint32_t n_pools, n_leaves;
} ZfsFacts;

/* 0; -EBADMSG; -ENOMEM. No pools is a fact too ("no pools available"). */
int zpool_json_parse(Arena *a, const char *text, size_t n, ZfsFacts *ret) must_check;
int zpool_text_parse(Arena *a, const char *text, size_t n, ZfsFacts *ret) must_check;
