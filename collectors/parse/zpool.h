/* SPDX-License-Identifier: Apache-2.0 */
/* `zpool status -j --json-int -P` (OpenZFS 2.3 and later) or `zpool status -P` → pools and their devices.
 * Pure.
 *
 * Units: numbers of devices and errors; permille. Owner: the arena. Errors: -EBADMSG, -ENOMEM. Threads: any,
 * each its own arena.
 */
#pragma once

#include "collectors/parse/unread.h"
#include "scheduler/model/units.h"

typedef enum ZfsLeafState {
        ZFS_WORKING,
        ZFS_SUSPECT, /* used, and counts errors, or is called degraded */
        ZFS_FILLING, /* being resilvered */
        ZFS_LOST,
        ZFS_SPARE,   /* idle */
        ZFS_UNKNOWN, /* its word is not understood */
        ZFS_LEAF_N,
} ZfsLeafState;

typedef struct ZfsLeaf {
        const char *path; /* "/dev/sda1", or what is left of it */
        const char *word; /* its state as zpool says it */
        const char *role; /* member, spare, log, cache */
        uint32_t pool;
        ZfsLeafState state;
        bool data;                     /* not a log, a cache or a spare, whose loss is none of data */
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
        Unread *unread; /* pools without a table, words of pools and groups; a leaf's word is its own */
} ZfsFacts;

/* 0; -EBADMSG: that is no such answer; -ENOMEM. No pools is a fact too ("no pools available"). */
int zpool_json_parse(Arena *a, const char *text, size_t n, ZfsFacts *ret) must_check;
int zpool_text_parse(Arena *a, const char *text, size_t n, ZfsFacts *ret) must_check;
