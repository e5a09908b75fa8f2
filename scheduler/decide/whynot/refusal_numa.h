/* SPDX-License-Identifier: Apache-2.0 */
/* Which cell of a VM does not fit into which nodes of a host, in words. For refusal.c only.
 *
 * Units: MiB, said in GiB. Owner: text is in `a`. Errors: NULL: the arena is full. Threads: any, each its own arena.
 */
#pragma once

#include "scheduler/decide/whynot/trial.h"

/* "its NUMA node 1 has 30.0 GiB left, cell 1 (CPUs 4-7) needs 48.0 GiB" */
const char *refusal_numa_text(Arena *a, const Trial *t, VmIx v, HostIx h);
