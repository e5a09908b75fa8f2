/* SPDX-License-Identifier: Apache-2.0 */
/* Hosts that cannot be seen, and VMs that must leave one: nothing is moved by facts that are old, and nothing is well
 * either.
 *
 * Units: none. Owner: the arena. Errors: NULL: no room in the arena. Threads: any, each its own arena.
 */
#pragma once

#include "scheduler/base/arena.h"
#include "scheduler/model/cluster.h"

/* Its facts are stale, missing or not to be used, or it is offline. */
bool host_is_silent(const Host *host);

/* The VM must leave its host (in maintenance; a fault of grade 3 or 4 concerns it; the host is offline), and that host is
 * silent. Not of a host that is held, nor of a kind of action that is not wanted now (Snapshot.not_now); of a host that
 * was never admitted its own word of a fault counts for nothing. */
bool vm_is_stranded(const Snapshot *s, VmIx v);

/* How many VMs are; and of one host, of any host for IX_NONE. */
uint32_t stranded_vms(const Snapshot *s, HostIx h);

/* Hosts with a fault of grade 3 or 4, and hosts that are silent; one that is both counts as both. */
uint32_t hosts_failing(const Snapshot *s);
uint32_t hosts_silent(const Snapshot *s);

/* ", 3 failing, 4 not known": after the number of hosts; "" where there is neither. */
const char *hosts_count_words(Arena *a, const Snapshot *s);

/* Why it is silent, in words; "" where it is not. Static, or the host's. */
const char *host_silence_why(const Host *host);

/* Why it must be left: "fault grade 4: memory mc0: uncorrectable errors", "in maintenance", "" where it need not. */
const char *host_leave_why(Arena *a, const Host *host);

/* Both, the worst first: "fault grade 4: memory mc0: …; its last report is 95.0 s old; 30.0 s are allowed". */
const char *host_silence_words(Arena *a, const Host *host);
