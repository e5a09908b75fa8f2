/* SPDX-License-Identifier: Apache-2.0 */
/* VMs that are off (VM_OFF): a host's for good if it is to be left for good, else of no concern to any
 * decision. Pure.
 *
 * Units: none. Owner: the arena; it refers to `s`. Errors: -ENOMEM; 1 is no error; NULL: no memory. Threads:
 * any, each its own arena.
 */
#pragma once

#include "scheduler/model/cluster.h"

/* The snapshot whose `vms` are without those that are off and stay: these are in `off`. Rules and traffic
 * follow. `s` itself when there is none. In `a`. 0 or -ENOMEM. */
int off_vms_part(Arena *a, const Snapshot *s, const Snapshot **ret) must_check;

/* Facts as they were read, before off_vms_part(): the host is to be left for good. It is in maintenance then,
 * too. 0; 1: there is no such host, *ret is `s`; -ENOMEM. In `a`. */
int off_vms_leave(Arena *a, const Snapshot *s, const char *host, const Snapshot **ret) must_check;

/* How many of the host's stay on it. */
uint32_t off_vms_on(const Snapshot *s, HostIx h);

/* "3 VMs are off and stay (a, b, c); --for-good moves them, too"; "" when there is none; NULL: no memory. In
 * `a`. */
const char *off_vms_words(Arena *a, const Snapshot *s, HostIx h);
