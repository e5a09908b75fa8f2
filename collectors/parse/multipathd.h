/* SPDX-License-Identifier: Apache-2.0 */
/* `multipathd show maps json` (multipath-tools 0.6 and later) → maps and their paths. Pure. Texts in the
 * arena.
 *
 * Units: numbers of paths. Owner: the arena. Errors: -EBADMSG, -ENOMEM. Threads: any, each its own arena.
 */
#pragma once

#include "collectors/parse/unread.h"
#include "scheduler/model/units.h"

typedef struct MultipathMap {
        const char *name, *block; /* "mpatha", "dm-3" */
        const char *working, *failed,
                *shaky; /* paths, by commas; shaky: up by the kernel or the checker alone */
        int64_t n_paths, n_working;
        bool unsure; /* of some path it is not known whether it works */
} MultipathMap;

typedef struct MultipathFacts {
        const MultipathMap *maps;
        uint32_t n;
        Unread *unread;
} MultipathFacts;

/* A map that cannot be read is named, and the others are read. 0; -EBADMSG: that is no such answer; -ENOMEM. */
int multipathd_parse(Arena *a, const char *text, size_t n, MultipathFacts *ret) must_check;
