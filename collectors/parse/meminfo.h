/* SPDX-License-Identifier: Apache-2.0 */
/* /proc/meminfo → memory (proc(5)), or that of a NUMA node, each line of which begins with "Node 0". Pure.
 *
 * Units: KiB, pages. Owner: the caller's. Errors: -EBADMSG. Threads: any.
 */
#pragma once

#include "scheduler/model/units.h"

typedef struct MemInfo { /* KiB; UNKNOWN: the kernel does not say */
        int64_t total, available, swap_total, swap_free;
        int64_t hugepages_total, hugepages_free; /* pages of the default size */
        int64_t hugepage_kib;
        int64_t free, active_file, inactive_file, slab_reclaimable;
} MemInfo;

/* 0; -EBADMSG: no whole MemTotal line, or a number that is none or beyond 2^60 KiB. */
int meminfo_parse(const char *text, size_t n, MemInfo *ret) must_check;
