/* SPDX-License-Identifier: Apache-2.0 */
/* What both forms of zpool's answer are read to: its table, a row per device, groups before their members.
 * Pure.
 *
 * Units: numbers of errors. Owner: the arena; pools and leaves are the caller's arrays. Errors: -ENOMEM;
 * UNKNOWN from zfs_count(). Threads: any, each its own arena.
 */
#pragma once

#include "collectors/parse/zpool.h"

typedef enum ZfsGroup {
        ZFS_DATA, /* special and dedup are data too: without them the pool is lost */
        ZFS_LOGS,
        ZFS_CACHE,
        ZFS_SPARES,
        ZFS_GROUP_N,
} ZfsGroup;

typedef struct ZfsRow {
        uint32_t depth; /* 1: directly under the pool or group */
        ZfsGroup group;
        const char *name, *path, *state;
        int64_t read, write, checksum;
        bool resilvering;
} ZfsRow;

typedef struct ZfsTable {
        const char *name, *state, *action;
        int64_t progress_permille, data_errors;
        const ZfsRow *rows;
        uint32_t n_rows;
} ZfsTable;

ZfsGroup zfs_group_named(const char *name); /* ZFS_DATA for what is no other's */

/* "0", "17", "1.52K": errors as people read them; else UNKNOWN. */
int64_t zfs_count(const char *text, size_t n);

/* Whether zpool has that word for the state of a pool or device; if not, it is noted as the pool's. 0 or -ENOMEM. */
int zfs_word_check(Arena *a, const ZfsTable *t, const char *what, const char *word, ZfsFacts *f) must_check;

/* Appended to *f (room for a pool, and for a leaf per row); one without rows is noted as not read. 0 or -ENOMEM. */
int zfs_table_judge(Arena *a, const ZfsTable *t, ZfsPool *pools, ZfsLeaf *leaves, ZfsFacts *f) must_check;
