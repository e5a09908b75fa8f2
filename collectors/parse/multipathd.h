/* SPDX-License-Identifier: Apache-2.0 */
/* `multipathd show maps json` (multipath-tools 0.6 and later) → maps and their paths. Pure. Texts in the
 * arena. */
#pragma once

#include "scheduler/base/arena.h"
#include "scheduler/model/units.h"

typedef struct MultipathMap {
        const char *name, *block; /* "mpatha", "dm-3" */
        const char *working, *failed,
                *shaky; /* paths, by commas; shaky: up by the kernel or the checker alone */
        int64_t n_paths, n_working;
} MultipathMap;

/* 0; -EBADMSG; -ENOMEM. */
int multipathd_parse(Arena *a, const char *text, size_t n, const MultipathMap **ret,
                     uint32_t *ret_n) must_check;
