/* SPDX-License-Identifier: Apache-2.0 */
/* Cells of VMs, and nodes of hosts: what of a VM's memory must be where (docs/numa.md).
 *
 * A VM's memory is bound where libvirt says "strict" or "restrictive": then it is on these nodes of its host and nowhere
 * else, and a migration takes the numbers of the nodes along. VmTies.numa_bound has a cell after the other, in their order,
 * each as "CPUs MiB nodes pins": "0-3 4096 0 8-11; 4-7 4096 1 -". CPUs are the VM's; nodes "-": not bound; pins are the
 * CPUs of the host that those of the cell run on, "-" or nothing: any.
 *
 * Nodes are sets of numbers, a bit each: those below 64. A cell that is bound to others is odd, and its VM is not moved.
 *
 * Units: MiB. Owner: texts are the snapshot's. Errors: -ENOMEM from host_numa_shift() alone. Threads: any.
 */
#pragma once

#include "scheduler/model/cluster.h"

#define CELLS_MAX 64U /* of a VM: more are odd */

typedef struct BoundCell {
        const char *cpus; /* the VM's own; up to a blank */
        const char *pins; /* up to a blank or ';'; NULL: any */
        uint64_t nodes;   /* 0: not bound */
        int64_t vcpus, memory_mib;
} BoundCell;

typedef struct BoundCells {
        BoundCell at[CELLS_MAX];
        uint32_t n;
        bool odd; /* not all of it is understood */
} BoundCells;

/* The cells of numa_bound; none for NULL. */
void bound_cells(const char *text, BoundCells *ret);

/* "3" or "3-7" at *s, which moves on past it and its comma. False: the list is at its end, or no list. */
bool number_range_next(const char **s, int64_t *ret_first, int64_t *ret_last);

/* Sets of nodes that are kept account of, for ordinary memory and for each size of huge pages: those that memory of some VM is
 * bound to, and the union of any two of a size that share a node without one being part of the other; so that what is bound
 * fits exactly where it fits in each of them (Hall). Where there are more, the sets of most VMs; a VM that is bound to another
 * is not moved. */
#define NUMA_SETS_MAX 8

/* A list of more CPUs, one counted as often as it stands there, fits nowhere: it is no list of one machine's. */
#define NUMA_PINS_MAX 4096
typedef struct NumaSets {
        uint64_t nodes[NUMA_SETS_MAX];
        int64_t kib[NUMA_SETS_MAX]; /* a page; 0: ordinary memory */
        uint32_t n;
} NumaSets;

/* By size of pages, then in the order of their numbers. */
NumaSets snapshot_numa_sets(const Snapshot *s);

/* The VM is bound to nodes of which no account is kept. */
bool vm_has_odd_cells(const NumaSets *sets, const Vm *vm);

/* What the VM needs of the i-th set, bound to nodes of it and to no other: at most its memory. */
int64_t vm_bound_mib(const Vm *vm, const NumaSets *sets, uint32_t i);

/* What a target must have free for the VM, of its nodes, right before it goes there: asked of the target itself. */
typedef struct NodeNeed {
        uint64_t nodes; /* a bit each; 0: all of the host together */
        int64_t kib;    /* of huge pages of that size; 0: of ordinary memory */
        int64_t need_mib;
        int64_t lent_mib; /* what these nodes give back beyond what they call free, as the facts have it */
} NodeNeed;

/* One for each set of nodes that cells of the VM are bound to, what is bound within it counted; of ordinary memory only where
 * the host's facts say what its nodes give back; of huge pages also all that it has of them. Returns how many. */
#define NODE_NEEDS_MAX (NUMA_SETS_MAX + 1)
uint32_t vm_node_needs(const Vm *vm, const Host *to, NodeNeed ret[NODE_NEEDS_MAX]);

/* "0", "0-1": up to 64 nodes of a set, as people write them. In `a`; NULL: it is full. */
const char *node_set_text(Arena *a, uint64_t nodes);

/* Of the nodes of the host so much less (sign 1: the VM comes) or more (-1: it leaves) is available, or of their huge pages free,
 * where that is known. Its platform becomes a copy. 0 or -ENOMEM. */
int host_numa_shift(Arena *a, Host *host, const Vm *vm, int sign) must_check;
