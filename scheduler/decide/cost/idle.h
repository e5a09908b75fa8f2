/* SPDX-License-Identifier: Apache-2.0 */
/* Hosts without VMs: which of them may be powered off, all at once, without the reserve lacking more for it.
 * Pure.
 *
 * Units: none: hosts. Owner: the arrays are the caller's; `a` is scratch. Errors: -ENOMEM. Threads: any, each
 * its own arena.
 */
#pragma once

#include "scheduler/model/problem.h"

/* ret_off[h] is set for those of `idle` [n], in this order, that may be off together with the ones before
 * them: VMs are where host_of says, and hosts that are off are no refuge for VMs of lost hosts. Without a
 * reserve all may. After so many questions (a reserve is dear to ask) the rest stays on. 0 or -ENOMEM; `a` is
 * as before. */
int idle_may_be_off(Arena *a, const Problem *p, const HostIx *host_of, const HostIx *idle, uint32_t n,
                    bool *ret_off) must_check;

/* The idle hosts at host_of that VMs could run on, ascending; nothing is under way to them. *ret has room for
 * all hosts. Only of a problem with a PackGoal. */
int idle_list(Arena *a, const Problem *p, const HostIx *host_of, HostIx *ret, uint32_t *ret_n) must_check;
