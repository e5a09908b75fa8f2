/* SPDX-License-Identifier: Apache-2.0 */
/* Which VMs hosts had when they were last seen: so that one that is silent, or whose libvirt is, keeps them, with the age,
 * also when its report has expired.
 *
 * A process that reads facts again and again remembers every host's (known_hosts_keep). The leader writes those of hosts
 * that it does not see any more into the store, once, and takes them away when it sees them again (known_hosts_write):
 * so they outlive it, commands have them, and as long as all hosts are seen nothing is written or read.
 *
 * A host's text is a report of the usual form with its size and its VMs' UUID, state, vCPUs and memory: what a report may
 * hold bounds it.
 *
 * Units: usec_t, in microseconds since the epoch. Owner: known_hosts_close(). Errors: a negative errno of the store, -ENOMEM.
 * Threads: one.
 */
#pragma once

#include "scheduler/app/state/leadership.h"
#include "scheduler/base/arena_pair.h"
#include "scheduler/snapshot/build/build.h"

typedef struct KnownHost {
        const char *name;
        const char *text;
        size_t n;
} KnownHost;

/* All zero: nothing is known. */
typedef struct KnownHosts {
        ArenaPair memory;
        const KnownHost *at; /* [n] by name */
        uint32_t n;
} KnownHosts;

void known_hosts_close(KnownHosts *known);

/* As the snapshot has it; of hosts whose VMs it does not know what was known before. -ENOMEM: it stays as it was. */
int known_hosts_keep(KnownHosts *known, const Snapshot *s) must_check;

/* Into in->known, in `a`, of those that the process remembers. */
int known_hosts_recall(const KnownHosts *known, Arena *a, BuildInput *in) must_check;

/* The same of those that the store has; *ret: their texts, for known_hosts_write(). What cannot be read is left out. */
int known_hosts_read(Store *store, Arena *a, BuildInput *in, const StoredText **ret,
                     uint32_t *ret_n) must_check;

/* After known_hosts_keep(): what the store, which has stored[n], is to be told. 1: refused, another leads. */
int known_hosts_write(const KnownHosts *known, const Leadership *l, const Snapshot *s,
                      const StoredText *stored, uint32_t n) must_check;
