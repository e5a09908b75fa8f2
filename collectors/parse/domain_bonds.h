/* SPDX-License-Identifier: Apache-2.0 */
/* What of its host a domain is bound to: CPUs, and NUMA nodes; and how its numbers are read.
 *
 * Units: MiB. Owner: texts are in `a`. Errors: texts NULL: none is said, or the arena is full. Threads: any, each its own
 * arena.
 */
#pragma once

#include "collectors/parse/domain_xml.h"
#include "collectors/parse/xml_walk.h"

/* cpu_pins, numa_nodes, numa_cells, numa_bound. After vcpus and memory_mib. */
void domain_bonds_read(Arena *a, const xmlNode *root, DomainFacts *f);

/* A number from 1 to `most`, or UNKNOWN. */
int64_t domain_positive(const char *text, int64_t most);

/* The text in the node's unit; <memory unit='KiB'>: libvirt prints KiB, other units are what people write. UNKNOWN: it is
 * no quantity. */
int64_t domain_mib(Arena *a, const xmlNode *node, const char *text);
