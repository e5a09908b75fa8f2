/* SPDX-License-Identifier: Apache-2.0 */
/* What would become of the VMs of hosts that are lost (decide/query/failover.h), with the judge's word on it.
 *
 * Units: none. Owner: the arena. Errors: a negative errno, as failover_find(). Threads: one.
 */
#pragma once

#include "scheduler/decide/query/failover.h"

typedef struct FailoverLook {
        Failover found; /* n_protected: of those that the judge lets start as well */
        const char
                *objection; /* what the judge says against it, in words: a mistake of ours; NULL: nothing */
} FailoverLook;

/* only: a host, or IX_NONE: each in turn. 0 or a negative errno. */
int failover_look(Arena *a, const Snapshot *s, const Settings *settings, HostIx only,
                  FailoverLook *ret) must_check;
