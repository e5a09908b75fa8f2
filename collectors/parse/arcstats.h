/* SPDX-License-Identifier: Apache-2.0 */
/* /proc/spl/kstat/zfs/arcstats → size of ZFS' cache, and the least it shrinks to (OpenZFS, module/os/linux/spl/spl-kstat.c:
 * a line of numbers, a line of titles, then "name type value"). Pure.
 *
 * Units: bytes. Owner: nothing is kept. Errors: -EBADMSG. Threads: any.
 */
#pragma once

#include "scheduler/model/units.h"

typedef struct ArcStats {
        int64_t size, least; /* rows size and c_min */
} ArcStats;

/* What the cache gives back when memory is needed. */
static inline int64_t arcstats_reclaimable(const ArcStats *arc) {
        return arc->size > arc->least ? arc->size - arc->least : 0;
}

/* 0; -EBADMSG: one of the two rows is missing, or no number. */
int arcstats_parse(const char *text, size_t n, ArcStats *ret) must_check;
